#include "common/ruleset/case_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <span>

#include "common/kql/diagnostic.h"
#include "common/ruleset/duration.h"
#include "common/ruleset/vocabulary.h"

namespace zoomwatch::ruleset {
namespace {

constexpr std::string_view kKinds[] = {"firing", "near miss", "duplicate", "late", "boundary"};
constexpr std::string_view kSeverities[] = {"Informational", "Low", "Medium", "High"};
constexpr std::string_view kFileKeys[] = {"events", "cases"};
constexpr std::string_view kCaseKeys[] = {"name", "kind", "steps", "alerts"};
constexpr std::string_view kStepKeys[] = {"at", "send", "happened", "times", "every", "with", "without"};
constexpr std::string_view kAlertKeys[] = {"at", "row", "later", "severity"};
constexpr std::string_view kCounter = "{n}";

// The value at a dotted path below `node`, made where it is missing.
yaml::Node& At(yaml::Node& node, std::string_view path) {
  yaml::Node* place = &node;
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string_view key = path.substr(0, dot);
    if (place->kind != yaml::Node::Kind::kMapping) *place = {.kind = yaml::Node::Kind::kMapping, .place = place->place};
    auto found = std::find_if(place->entries.begin(), place->entries.end(), [&](const auto& entry) { return entry.key.text == key; });
    if (found == place->entries.end()) {
      place->entries.push_back({{.kind = yaml::Node::Kind::kScalar, .place = place->place, .text = std::string(key)}, {.place = place->place}});
      found = std::prev(place->entries.end());
    }
    place = &found->value;
    if (dot == std::string_view::npos) return *place;
    path.remove_prefix(dot + 1);
  }
}

// False when there is nothing at the path.
bool RemoveAt(yaml::Node& node, std::string_view path) {
  yaml::Node* place = &node;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const std::string_view key = path.substr(0, dot);
    const auto found = std::find_if(place->entries.begin(), place->entries.end(), [&](const auto& entry) { return entry.key.text == key; });
    if (found == place->entries.end()) return false;
    place = &found->value;
    path.remove_prefix(dot + 1);
  }
  return std::erase_if(place->entries, [&](const auto& entry) { return entry.key.text == path; }) != 0;
}

// Puts the number of the repetition where "{n}" stands.
void Count(yaml::Node& node, std::size_t number) {
  for (std::size_t at = node.text.find(kCounter); at != std::string::npos; at = node.text.find(kCounter, at)) {
    node.text.replace(at, kCounter.size(), std::to_string(number));
  }
  for (yaml::Node& item : node.items) Count(item, number);
  for (auto& [key, value] : node.entries) Count(value, number);
}

class CaseReader {
 public:
  explicit CaseReader(LoadResult& result) : result_(result) {}

  std::vector<RuleCase> Read(const yaml::Node& root) {
    std::vector<RuleCase> cases;
    if (!IsMapping(root, "the file", kFileKeys, {"events", "cases"})) return cases;
    events_ = Member(root, "events", yaml::Node::Kind::kMapping);
    if (events_ == nullptr) return cases;
    for (const auto& [name, body] : events_->entries) {
      if (body.kind != yaml::Node::Kind::kMapping || body.Find("event") == nullptr) {
        result_.Add(LoadCode::kWrongType, body.place, fmt::format("events.{}: must be a webhook's body, a mapping with 'event'", name.text));
      }
    }
    const yaml::Node* list = Member(root, "cases", yaml::Node::Kind::kList);
    if (list == nullptr) return cases;
    if (list->items.empty()) result_.Add(LoadCode::kMissingKey, list->place, "cases: is empty");
    for (const yaml::Node& item : list->items) ReadCase(item, cases.emplace_back());
    return cases;
  }

 private:
  bool IsMapping(const yaml::Node& node, std::string_view what, std::span<const std::string_view> keys,
                 std::initializer_list<std::string_view> required) {
    if (node.kind != yaml::Node::Kind::kMapping) {
      result_.Add(LoadCode::kWrongType, node.place, fmt::format("{}: must be a mapping, not {}", what, KindName(node.kind)));
      return false;
    }
    for (const auto& [key, value] : node.entries) {
      if (std::find(keys.begin(), keys.end(), key.text) != keys.end()) continue;
      const std::string_view nearest = kql::Nearest(key.text, {keys.begin(), keys.end()});
      result_.Add(LoadCode::kMisspeltKey, key.place,
                  fmt::format("{}: unknown key '{}'{}", what, key.text, nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
    }
    for (const std::string_view key : required) {
      if (node.Find(key) == nullptr) result_.Add(LoadCode::kMissingKey, node.place, fmt::format("{}: '{}' is required", what, key));
    }
    return true;
  }

  const yaml::Node* Member(const yaml::Node& node, std::string_view key, yaml::Node::Kind kind) {
    const yaml::Node* value = node.Find(key);
    if (value == nullptr || value->kind == kind) return value;
    result_.Add(LoadCode::kWrongType, value->place, fmt::format("{}: must be {}, not {}", key, KindName(kind), KindName(value->kind)));
    return nullptr;
  }

  absl::Duration Duration(const yaml::Node& node, std::string_view key, absl::Duration otherwise) {
    const yaml::Node* value = Member(node, key, yaml::Node::Kind::kScalar);
    if (value == nullptr) return otherwise;
    const absl::StatusOr<absl::Duration> duration = ParseRuleDuration(value->text);
    if (duration.ok()) return *duration;
    const absl::string_view message = duration.status().message();
    result_.Add(LoadCode::kMalformedValue, value->place, fmt::format("{}: {}", key, std::string_view(message.data(), message.size())));
    return otherwise;
  }

  void Word(const yaml::Node& node, std::string_view key, std::span<const std::string_view> words, std::string& target) {
    const yaml::Node* value = Member(node, key, yaml::Node::Kind::kScalar);
    if (value == nullptr) return;
    target = FindWord(words, value->text);
    if (target.empty()) result_.Add(LoadCode::kUnknownValue, value->place, fmt::format("{}: {}", key, UnknownWord(words, value->text)));
  }

  void ReadCase(const yaml::Node& node, RuleCase& one) {
    one.place = node.place;
    last_start_ = absl::ZeroDuration();
    if (!IsMapping(node, "a case", kCaseKeys, {"name", "kind", "steps", "alerts"})) return;
    if (const yaml::Node* name = Member(node, "name", yaml::Node::Kind::kScalar)) one.name = name->text;
    std::string kind;
    Word(node, "kind", kKinds, kind);
    one.kind = static_cast<CaseKind>(std::find(std::begin(kKinds), std::end(kKinds), kind) - std::begin(kKinds));
    if (const yaml::Node* steps = Member(node, "steps", yaml::Node::Kind::kList)) {
      for (const yaml::Node& step : steps->items) ReadStep(step, one);
    }
    std::stable_sort(one.webhooks.begin(), one.webhooks.end(), [](const CaseWebhook& a, const CaseWebhook& b) { return a.at < b.at; });
    if (const yaml::Node* alerts = Member(node, "alerts", yaml::Node::Kind::kList)) {
      for (const yaml::Node& alert : alerts->items) ReadAlert(alert, one);
    }
  }

  void ReadStep(const yaml::Node& node, RuleCase& one) {
    if (!IsMapping(node, "a step", kStepKeys, {"at"})) return;
    const absl::Duration at = Duration(node, "at", absl::ZeroDuration());
    if (at < last_start_) result_.Add(LoadCode::kOutOfRange, node.place, "at: earlier than the step before");
    last_start_ = at;
    one.end = std::max(one.end, at);
    const yaml::Node* send = Member(node, "send", yaml::Node::Kind::kScalar);
    if (send == nullptr) {
      if (node.Find("send") == nullptr && node.entries.size() > 1) {
        result_.Add(LoadCode::kMissingKey, node.place, "a step: 'send' is required with anything but 'at'");
      }
      return;
    }
    const yaml::Node* body = events_->Find(send->text);
    if (body == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& [name, event] : events_->entries) names.push_back(name.text);
      result_.Add(LoadCode::kUnknownValue, send->place, fmt::format("send: event {}", UnknownWord(names, send->text)));
      return;
    }
    const std::size_t times = Times(node);
    const absl::Duration every = Duration(node, "every", absl::ZeroDuration());
    for (std::size_t i = 0; i < times; ++i) {
      CaseWebhook& webhook = one.webhooks.emplace_back();
      webhook.at = at + static_cast<std::int64_t>(i) * every;
      webhook.happened = node.Find("happened") == nullptr ? webhook.at : Duration(node, "happened", at);
      webhook.place = node.place;
      webhook.body = *body;
      Change(node, webhook.body);
      Count(webhook.body, i + 1);
      one.end = std::max(one.end, webhook.at);
    }
  }

  std::size_t Times(const yaml::Node& node) {
    const yaml::Node* value = Member(node, "times", yaml::Node::Kind::kScalar);
    if (value == nullptr) return 1;
    std::size_t times = 0;
    const char* const end = value->text.data() + value->text.size();
    const auto [rest, error] = std::from_chars(value->text.data(), end, times);
    if (error != std::errc() || rest != end || times == 0 || times > kMaxCaseWebhooks - webhooks_) {
      result_.Add(LoadCode::kOutOfRange, value->place, fmt::format("times: '{}' is not a number from 1, or too many webhooks", value->text));
      return 0;
    }
    webhooks_ += times;
    return times;
  }

  void Change(const yaml::Node& node, yaml::Node& body) {
    if (const yaml::Node* with = Member(node, "with", yaml::Node::Kind::kMapping)) {
      for (const auto& [path, value] : with->entries) At(body, path.text) = value;
    }
    const yaml::Node* without = Member(node, "without", yaml::Node::Kind::kList);
    if (without == nullptr) return;
    for (const yaml::Node& path : without->items) {
      if (!RemoveAt(body, path.text)) result_.Add(LoadCode::kUnknownValue, path.place, fmt::format("without: nothing at '{}'", path.text));
    }
  }

  void ReadAlert(const yaml::Node& node, RuleCase& one) {
    ExpectedAlert& alert = one.alerts.emplace_back();
    alert.place = node.place;
    if (!IsMapping(node, "an alert", kAlertKeys, {"at", "row"})) return;
    alert.at = Duration(node, "at", absl::ZeroDuration());
    ReadRow(node, "row", alert.row);
    ReadRow(node, "later", alert.later);
    Word(node, "severity", kSeverities, alert.severity);
  }

  void ReadRow(const yaml::Node& node, std::string_view key, std::vector<std::pair<std::string, std::string>>& row) {
    const yaml::Node* columns = Member(node, key, yaml::Node::Kind::kMapping);
    if (columns == nullptr) return;
    for (const auto& [name, value] : columns->entries) row.emplace_back(name.text, JsonText(value));
  }

  LoadResult& result_;
  const yaml::Node* events_ = nullptr;
  std::size_t webhooks_ = 0;
  absl::Duration last_start_;  // of the case that is being read: its steps are in order
};

}  // namespace

std::string_view CaseKindName(CaseKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::string BodyText(const CaseWebhook& webhook, absl::Time start) {
  yaml::Node body = webhook.body;
  if (body.Find("event_ts") == nullptr) {
    At(body, "event_ts") = {.kind = yaml::Node::Kind::kScalar, .text = std::to_string(absl::ToUnixMillis(start + webhook.happened))};
  }
  return JsonText(body);
}

std::optional<std::vector<RuleCase>> ReadCaseFile(std::string_view text, LoadResult& result) {
  const std::optional<yaml::Node> root = ParseYaml(text, result);
  if (!root.has_value()) return std::nullopt;
  std::vector<RuleCase> cases = CaseReader(result).Read(*root);
  result.Sort();
  if (result.HasErrors()) return std::nullopt;
  return cases;
}

}  // namespace zoomwatch::ruleset
