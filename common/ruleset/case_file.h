// Reads the case file of a rule (<rule>.test.yaml): webhooks at virtual times, and the alerts that must come of them. The format is
// documented in rules/README.md. Pure; thread-safe. Everything that is wrong is reported at once, as for rule files.
// Limits: those of the YAML reader; kMaxCaseWebhooks webhooks in a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/ruleset/load_result.h"
#include "common/ruleset/yaml_document.h"

namespace zoomwatch::ruleset {

inline constexpr std::size_t kMaxCaseWebhooks = 100'000;

enum class CaseKind : std::uint8_t { kFiring, kNearMiss, kDuplicate, kLate, kBoundary };
std::string_view CaseKindName(CaseKind kind);

// A webhook, by the virtual clock, which starts at zero.
struct CaseWebhook {
  absl::Duration at;        // when it arrives
  absl::Duration happened;  // Zoom's event_ts
  yaml::Node body;            // a mapping
  Place place;
};

// The text that is posted: the body as JSON, with event_ts unless the body has one of its own.
std::string BodyText(const CaseWebhook& webhook, absl::Time start);

struct ExpectedAlert {
  absl::Duration at;  // when it appears
  // Some of its columns with their values as JSON, when it appears and at the time of the last step.
  std::vector<std::pair<std::string, std::string>> row;
  std::vector<std::pair<std::string, std::string>> later;
  std::string severity;  // "": not looked at
  Place place;
};

struct RuleCase {
  std::string name;
  CaseKind kind = CaseKind::kFiring;
  std::vector<CaseWebhook> webhooks;  // in the order of `at`
  absl::Duration end;                 // the last step's time
  std::vector<ExpectedAlert> alerts;  // all of them, in the order in which they appear
  Place place;
};

// Nothing when the result has errors.
std::optional<std::vector<RuleCase>> ReadCaseFile(std::string_view text, LoadResult& result);

// A node as JSON. Plain scalars that are true, false, null or a JSON number are that; others are texts.
std::string JsonText(const yaml::Node& node);

}  // namespace zoomwatch::ruleset
