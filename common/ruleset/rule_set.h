// All rules that run, as one immutable value, and how one set becomes the next.
//
// A folder is loaded as a whole and swapped in at once. A file that is bad keeps its rule as it was before (stale), if it had one; a
// folder that cannot be read keeps all of its rules. Of two files of one folder with the same id the one that had it before stays,
// otherwise the first by name. Sources are in order: a rule of a later one replaces a rule of the same id of an earlier one, which
// is how customers change shipped rules.
//
// Threading: RuleSet is immutable; RuleSetHolder is thread-safe. Ownership: sets are shared; who evaluates keeps its own pointer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/ruleset/load_result.h"
#include "common/ruleset/query_checker.h"
#include "common/ruleset/rule.h"
#include "common/ruleset/rule_source.h"
#include "common/sync/mutex.h"

namespace zoomwatch::ruleset {

struct LoadedRule {
  Rule rule;
  std::string source;  // RuleSource::name()
  std::string file;    // RuleFile::name
  bool stale = false;  // the file is bad now; this is what it said before
};

class RuleSet {
 public:
  // By id, ids unique.
  explicit RuleSet(std::vector<std::shared_ptr<const LoadedRule>> rules) : rules_(std::move(rules)) {}
  const std::vector<std::shared_ptr<const LoadedRule>>& rules() const { return rules_; }
  // nullptr when there is none.
  const LoadedRule* Find(std::string_view id) const;

 private:
  const std::vector<std::shared_ptr<const LoadedRule>> rules_;
};

// What changes for an engine, by id. Rules that are not enabled count as absent.
struct RuleSetDiff {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed_query;  // query, kind or period: state starts anew
  std::vector<std::string> changed_text;   // threshold, texts, mappings, ...: state stays
  bool empty() const { return added.empty() && removed.empty() && changed_query.empty() && changed_text.empty(); }
};
RuleSetDiff Compare(const RuleSet& before, const RuleSet& after);

struct FileResult {
  enum class Outcome { kLoaded, kKept, kRefused };
  std::string source;
  std::string file;
  LoadResult result;
  std::string rule_id;  // of the rule in force for this file; "" when kRefused
  Outcome outcome = Outcome::kRefused;
};

struct ReloadResult {
  std::shared_ptr<const RuleSet> set;
  RuleSetDiff diff;
  std::vector<FileResult> files;  // in the order of sources and names
  bool HasErrors() const;
};

// What the files of the last load were read as, so that a file which did not change costs next to nothing. Not thread-safe.
class LoadedTexts {
 public:
  // As LoadRule(). Null: the file is bad.
  std::shared_ptr<LoadedRule> Load(const std::string& source, const std::string& file, const std::string& text, const QueryChecker& checker, LoadResult& result);
  // Forgets the files that were not asked for since the last call.
  void EndLoad();

 private:
  struct Entry {
    std::string text;
    std::uint64_t checker_version = 0;
    LoadResult result;
    std::shared_ptr<LoadedRule> rule;
  };
  using Entries = std::map<std::pair<std::string, std::string>, Entry>;  // by source and file
  Entries last_, now_;
};

// `previous`: the set in force, empty at the start.
ReloadResult LoadRuleSet(const std::vector<const RuleSource*>& sources, const QueryChecker& checker, const RuleSet& previous);
ReloadResult LoadRuleSet(const std::vector<const RuleSource*>& sources, const QueryChecker& checker, const RuleSet& previous, LoadedTexts& texts);

// The set in force.
class RuleSetHolder {
 public:
  // Sources and checker must outlive the holder. The set is empty until the first Reload().
  RuleSetHolder(std::vector<const RuleSource*> sources, const QueryChecker& checker);

  std::shared_ptr<const RuleSet> Current() const;
  // Loads and swaps. Concurrent calls load one after another; readers never wait for one.
  ReloadResult Reload();

 private:
  const std::vector<const RuleSource*> sources_;
  const QueryChecker& checker_;
  Mutex reload_mutex_;
  LoadedTexts texts_ ABSL_GUARDED_BY(reload_mutex_);
  mutable Mutex mutex_;
  std::shared_ptr<const RuleSet> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::ruleset
