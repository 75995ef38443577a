// Upper and lower case of UTF-8 text by Unicode's simple mappings: one code point to one code point, without a locale (the
// sharp s stays what it is). Pure; thread-safe. Source of truth: UnicodeData.txt, version 14.
#pragma once

#include <string>
#include <string_view>

namespace zoomwatch::kql {

std::string ToLowerCase(std::string_view text);
std::string ToUpperCase(std::string_view text);

}  // namespace zoomwatch::kql
