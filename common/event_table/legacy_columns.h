// The columns that Azure's retired HTTP Data Collector API made of a webhook: the path of a value in the body, joined by "_", and a
// suffix for its type: _s text, _b boolean, _d number, _t date and time, _g GUID. Pure; thread-safe.
//
// A name has a value for a body when a path of keys spells it and the value there is of the suffix's type. Texts that look like a
// GUID or a date were given _g and _t, not _s; arrays became their JSON text under _s. Source: Data Collector API, "Record type and
// properties"; flattening of nested objects as its users observed it.
// A table had a column from the first value on, and for good: who keeps names of columns keeps at most kMaxLegacyNames.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/schema.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::event_table {

inline constexpr std::size_t kMaxLegacyNames = 10'000;
// Longer ones are no names.
inline constexpr std::size_t kMaxLegacyNameBytes = 500;

struct LegacyColumn {
  std::string path;  // the name without its suffix: "payload_object_timezone"
  kql::Type type = kql::Type::kString;
};

// None when the name is not of that form.
std::optional<LegacyColumn> ParseLegacyColumn(std::string_view name);

// The value for a body; null when the body has none of that type.
kql::Value ReadLegacyColumn(const LegacyColumn& column, const kql::Value& body);

// Calls `visit` with the name of every value of a body, suffix included, in the order of the body; a name may come twice. What is
// visited lives as long as the call. A body that is not JSON has none.
void VisitLegacyNames(std::string_view body, const std::function<void(std::string_view name)>& visit);

// Those that exist whatever bodies came: the published queries refer to them without asking whether they exist.
const std::vector<std::string>& AlwaysDeclaredLegacyNames();

}  // namespace zoomwatch::event_table
