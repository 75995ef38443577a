// What loading rules found: one entry per finding, with its code, place and impact. Errors keep a rule from loading, warnings do
// not. Plain values; thread-compatible. The table of codes is the source of docs/rules.md's last section; a test compares them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/yaml/yaml.h"

namespace zoomwatch::ruleset {

// Order is free; outside the program only the names of the table are used.
enum class LoadCode : std::uint8_t {
  // The file.
  kFileUnreadable,
  kFileTooLarge,
  kYamlMalformed,
  kDuplicateKey,
  // Keys and values.
  kMissingKey,
  kExpectedKeyMissing,
  kMisspeltKey,
  kUnknownKey,
  kKeyNotUsed,
  kWrongType,
  kMalformedValue,
  kUnknownValue,
  kOutOfRange,
  kTooLong,
  kTooMany,
  kPeriodTooShort,
  kPeriodNeedsFrequency,
  kSuppressionWithoutDuration,
  kBadEntity,
  kPlaceholderMalformed,
  kTechniqueRetired,
  kTechniqueWithoutTactic,
  // The query.
  kQueryError,
  kQueryWarning,
  kLookbackBeyondPeriod,
  kColumnUnknown,
  // The set.
  kDuplicateId,
  kOverridden,
};

enum class Impact : std::uint8_t { kError, kWarning };

struct LoadCodeRow {
  LoadCode code;
  std::string_view name;  // UPPER_SNAKE: what programs and people search for
  Impact impact;
  std::string_view text;  // what it means and what to do, for the reference page
};
std::span<const LoadCodeRow> LoadCodeTable();
const LoadCodeRow& RowOf(LoadCode code);

using yaml::Place;

struct LoadFinding {
  LoadCode code = LoadCode::kYamlMalformed;
  Place place;
  std::string message;  // lower case, no full stop; begins with the key's path where there is one
  Impact impact() const { return RowOf(code).impact; }
};

// The findings of one file, in the order in which they were found.
struct LoadResult {
  std::vector<LoadFinding> findings;

  void Add(LoadCode code, Place place, std::string message) { findings.push_back({code, place, std::move(message)}); }
  bool HasErrors() const;
  // By place, for people; findings of one place keep their order.
  void Sort();
};

// "zoom/a.yaml:3:7: error MISSPELT_KEY: severty: unknown key, did you mean 'severity'?"
std::string Explain(std::string_view file_name, const LoadFinding& finding);

}  // namespace zoomwatch::ruleset
