// The types of columns whose file does not declare any, from the values in them. Pure; thread-safe.
//
//   JSON  only true and false: bool. Only integers that fit: long. Numbers: real. Texts that are all ISO 8601 times: datetime; other
//         texts: string. Arrays and objects: dynamic. Anything mixed: dynamic, so that every value stays what it is. Nulls and
//         missing keys decide nothing; a column of nothing else is a string.
//   CSV   the same by what the fields look like, a field in { } or [ ] that is JSON counting as one; mixed: string, the text as it
//         stands. An empty field is null. Numbers with leading zeros are texts.
// ISO 8601 here: YYYY-MM-DD, alone or with T or a blank, hh:mm, seconds, a fraction, and Z or an offset.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::cli {

bool IsIsoTime(std::string_view text);

kql::Type InferJsonType(const std::vector<kql::Value>& cells);
// REQUIRES: every cell is a string or null.
kql::Type InferCsvType(const std::vector<kql::Value>& cells);

// Makes every cell one of that type: null stays null, "" where the type is string. A text of JSON becomes the value that it is where
// `parse_dynamic` and the type is dynamic. Returns the first cell that cannot be of the type; it and those after it are unchanged.
std::optional<std::size_t> ConvertColumn(kql::Type type, bool parse_dynamic, std::vector<kql::Value>& cells);

}  // namespace zoomwatch::cli
