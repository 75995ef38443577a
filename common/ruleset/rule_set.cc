#include "common/ruleset/rule_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/ruleset/rule_loader.h"

namespace zoomwatch::ruleset {
namespace {

using RuleById = std::map<std::string, std::shared_ptr<const LoadedRule>>;

// One file on its way into the set.
struct Candidate {
  FileResult report;
  std::shared_ptr<LoadedRule> rule;  // null: bad
};

std::vector<Candidate> ReadSource(const RuleSource& source, const std::vector<RuleFile>& files, const QueryChecker& checker, LoadedTexts& texts) {
  std::vector<Candidate> candidates;
  for (const RuleFile& file : files) {
    Candidate& candidate = candidates.emplace_back();
    candidate.report.source = source.name();
    candidate.report.file = file.name;
    if (!file.text.has_value()) {
      candidate.report.result.Add(LoadCode::kFileUnreadable, {}, file.problem);
    } else {
      candidate.rule = texts.Load(source.name(), file.name, *file.text, checker, candidate.report.result);
    }
  }
  return candidates;
}

bool IsOf(const LoadedRule* rule, const FileResult& report) {
  return rule != nullptr && rule->source == report.source && rule->file == report.file;
}

// Of files with one id the one that had it before stays, otherwise the first.
void RefuseDuplicates(std::vector<Candidate>& candidates, const RuleSet& previous) {
  std::map<std::string_view, Candidate*> owners;
  for (Candidate& candidate : candidates) {
    if (candidate.rule == nullptr) continue;
    Candidate*& owner = owners[candidate.rule->rule.id];
    if (owner == nullptr || IsOf(previous.Find(candidate.rule->rule.id), candidate.report)) owner = &candidate;
  }
  for (Candidate& candidate : candidates) {
    if (candidate.rule == nullptr) continue;
    const Candidate* owner = owners[candidate.rule->rule.id];
    if (owner == &candidate) continue;
    candidate.report.result.Add(LoadCode::kDuplicateId, {}, fmt::format("id: {} is the id of {}", candidate.rule->rule.id, owner->report.file));
  }
  // In a pass of its own: the keys of `owners` are the rules' ids.
  for (Candidate& candidate : candidates) {
    if (candidate.report.result.HasErrors()) candidate.rule.reset();
  }
}

// Puts the rules of a source's good files into `rules`, and for bad files the rules that they had.
void TakeRules(std::vector<Candidate>& candidates, const RuleSet& previous, RuleById& rules) {
  for (Candidate& candidate : candidates) {
    if (candidate.rule == nullptr) continue;
    candidate.report.rule_id = candidate.rule->rule.id;
    candidate.report.outcome = FileResult::Outcome::kLoaded;
    rules[candidate.report.rule_id] = candidate.rule;
  }
  for (Candidate& candidate : candidates) {
    if (candidate.rule != nullptr) continue;
    for (const auto& old : previous.rules()) {
      if (!IsOf(old.get(), candidate.report) || rules.contains(old->rule.id)) continue;
      auto kept = std::make_shared<LoadedRule>(*old);
      kept->stale = true;
      candidate.report.rule_id = kept->rule.id;
      candidate.report.outcome = FileResult::Outcome::kKept;
      rules[kept->rule.id] = std::move(kept);
    }
  }
}

// A source that cannot be read keeps what it had.
FileResult KeepSource(const RuleSource& source, const absl::Status& status, const RuleSet& previous, RuleById& rules) {
  FileResult report{.source = source.name()};
  const absl::string_view message = status.message();
  report.result.Add(LoadCode::kFileUnreadable, {}, std::string(message.data(), message.size()));
  for (const auto& old : previous.rules()) {
    if (old->source != source.name()) continue;
    auto kept = std::make_shared<LoadedRule>(*old);
    kept->stale = true;
    rules[kept->rule.id] = std::move(kept);
    report.outcome = FileResult::Outcome::kKept;
  }
  return report;
}

// Lays the rules of a later source over those before it.
void Override(RuleById& all, RuleById rules, std::vector<FileResult>& files) {
  for (auto& [id, rule] : rules) {
    std::shared_ptr<const LoadedRule>& place = all[id];
    for (FileResult& file : files) {
      if (!IsOf(place.get(), file)) continue;
      file.result.Add(LoadCode::kOverridden, {}, fmt::format("id: {} is taken from {} in {}", id, rule->file, rule->source));
    }
    place = rule;
  }
}

std::map<std::string_view, const Rule*> EnabledRules(const RuleSet& set) {
  std::map<std::string_view, const Rule*> rules;
  for (const auto& loaded : set.rules()) {
    if (loaded->rule.enabled) rules.emplace(loaded->rule.id, &loaded->rule);
  }
  return rules;
}

bool SameState(const Rule& a, const Rule& b) { return a.query == b.query && a.kind == b.kind && a.query_period == b.query_period; }

}  // namespace

const LoadedRule* RuleSet::Find(std::string_view id) const {
  const auto found = std::lower_bound(rules_.begin(), rules_.end(), id, [](const auto& rule, std::string_view key) { return rule->rule.id < key; });
  return found != rules_.end() && (*found)->rule.id == id ? found->get() : nullptr;
}

RuleSetDiff Compare(const RuleSet& before, const RuleSet& after) {
  RuleSetDiff diff;
  const auto old_rules = EnabledRules(before);
  const auto new_rules = EnabledRules(after);
  for (const auto& [id, rule] : new_rules) {
    const auto old = old_rules.find(id);
    if (old == old_rules.end()) {
      diff.added.emplace_back(id);
    } else if (!SameState(*old->second, *rule)) {
      diff.changed_query.emplace_back(id);
    } else if (*old->second != *rule) {
      diff.changed_text.emplace_back(id);
    }
  }
  for (const auto& [id, rule] : old_rules) {
    if (!new_rules.contains(id)) diff.removed.emplace_back(id);
  }
  return diff;
}

bool ReloadResult::HasErrors() const {
  return std::any_of(files.begin(), files.end(), [](const FileResult& file) { return file.result.HasErrors(); });
}

std::shared_ptr<LoadedRule> LoadedTexts::Load(const std::string& source, const std::string& file, const std::string& text, const QueryChecker& checker,
                                              LoadResult& result) {
  auto entry = last_.extract({source, file});
  if (entry.empty() || entry.mapped().text != text || entry.mapped().checker_version != checker.version()) {
    Entry read{.text = text, .checker_version = checker.version(), .result = {}, .rule = nullptr};
    if (std::optional<Rule> rule = LoadRule(text, checker, read.result)) {
      read.rule = std::make_shared<LoadedRule>(LoadedRule{.rule = *std::move(rule), .source = source, .file = file});
    }
    const auto& [place, added] = now_.insert_or_assign({source, file}, std::move(read));
    result = place->second.result;
    return place->second.rule;
  }
  result = entry.mapped().result;
  std::shared_ptr<LoadedRule> rule = entry.mapped().rule;
  now_.insert(std::move(entry));
  return rule;
}

void LoadedTexts::EndLoad() { last_ = std::exchange(now_, {}); }

ReloadResult LoadRuleSet(const std::vector<const RuleSource*>& sources, const QueryChecker& checker, const RuleSet& previous) {
  LoadedTexts none;
  return LoadRuleSet(sources, checker, previous, none);
}

ReloadResult LoadRuleSet(const std::vector<const RuleSource*>& sources, const QueryChecker& checker, const RuleSet& previous, LoadedTexts& texts) {
  ReloadResult reload;
  RuleById all;
  for (const RuleSource* source : sources) {
    RuleById rules;
    std::vector<FileResult> reports;
    const absl::StatusOr<std::vector<RuleFile>> files = source->Read();
    if (files.ok()) {
      std::vector<Candidate> candidates = ReadSource(*source, *files, checker, texts);
      RefuseDuplicates(candidates, previous);
      TakeRules(candidates, previous, rules);
      for (Candidate& candidate : candidates) reports.push_back(std::move(candidate.report));
    } else {
      reports.push_back(KeepSource(*source, files.status(), previous, rules));
    }
    Override(all, std::move(rules), reload.files);
    std::move(reports.begin(), reports.end(), std::back_inserter(reload.files));
  }
  texts.EndLoad();
  std::vector<std::shared_ptr<const LoadedRule>> rules;
  for (auto& [id, rule] : all) rules.push_back(std::move(rule));
  reload.set = std::make_shared<const RuleSet>(std::move(rules));
  reload.diff = Compare(previous, *reload.set);
  return reload;
}

RuleSetHolder::RuleSetHolder(std::vector<const RuleSource*> sources, const QueryChecker& checker)
    : sources_(std::move(sources)),
      checker_(checker),
      current_(std::make_shared<const RuleSet>(std::vector<std::shared_ptr<const LoadedRule>>())) {}

std::shared_ptr<const RuleSet> RuleSetHolder::Current() const {
  const MutexLock lock(mutex_);
  return current_;
}

ReloadResult RuleSetHolder::Reload() {
  const MutexLock one_at_a_time(reload_mutex_);
  ReloadResult reload = LoadRuleSet(sources_, checker_, *Current(), texts_);
  const MutexLock lock(mutex_);
  current_ = reload.set;
  return reload;
}

}  // namespace zoomwatch::ruleset
