// XML text as a dynamic value, by the table of parse_xml(): attributes are "@name", text beside them or beside elements is
// "#text", repeated elements become an array. Pure; thread-safe.
// Limits: kMaxXmlBytes of text and kMaxXmlDepth nested elements; beyond them, and for text that is not well formed, nullopt.
// Comments, processing instructions and a document type without internal subset are passed over; no entity but the five
// predefined ones and character references is known, so nothing expands.
#pragma once

#include <optional>
#include <string_view>

#include "common/kql/value.h"

namespace zoomwatch::kql {

inline constexpr std::size_t kMaxXmlBytes = 1 << 20;
inline constexpr int kMaxXmlDepth = 128;

std::optional<Value> ParseXml(std::string_view text);

}  // namespace zoomwatch::kql
