// Every key of a rule file as one table: where it stands, what it holds, and what each kind of rule makes of it. The reader, the
// schema for editors (rules/schema.json) and docs/rules.md follow it; tests compare them. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/ruleset/rule.h"

namespace zoomwatch::ruleset {

// The mappings that a rule file is made of, the file itself first.
enum class Scope : std::uint8_t {
  kRule,
  kDataConnector,
  kEntityMapping,
  kFieldMapping,
  kAlertDetailsOverride,
  kDynamicProperty,
  kEventGrouping,
  kIncident,
  kGrouping,
};

enum class ValueType : std::uint8_t {
  kText,
  kWord,        // of a closed list
  kGuid,
  kDuration,
  kInteger,
  kBool,
  kTextList,
  kTextMap,     // free keys, texts
  kMapping,
  kMappingList,
  kAny,         // kept out of the rule, whatever it is
};

enum class Use : std::uint8_t {
  kRequired,  // absent: error
  kExpected,  // absent: warning, with a default
  kOptional,
  kUnused,    // present: warning
};

struct KeyRow {
  Scope scope;
  std::string_view name;
  ValueType type;
  Use scheduled;
  Use nrt;
  Use hunting;
  Scope inner = Scope::kRule;  // of kMapping and kMappingList: what stands inside
};
std::span<const KeyRow> KeyTable();

Use UseFor(const KeyRow& row, RuleKind kind);
const KeyRow* FindKey(Scope scope, std::string_view name);
std::vector<std::string_view> KeyNames(Scope scope);

}  // namespace zoomwatch::ruleset
