// Code points of UTF-8 text. Bytes that are not UTF-8 count as one code point each; nothing here fails. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zoomwatch::kql {

// Decodes the code point at `at` and moves `at` past it; an invalid byte yields U+FFFD. REQUIRES: at < text.size().
char32_t NextCodePoint(std::string_view text, std::size_t& at);
void AppendCodePoint(char32_t code_point, std::string& out);

std::size_t CountCodePoints(std::string_view text);
// The byte offset of code point number `index`; text.size() when there are fewer.
std::size_t OffsetOfCodePoint(std::string_view text, std::size_t index);

}  // namespace zoomwatch::kql
