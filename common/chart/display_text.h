// Text in a terminal: what can be shown there safely, and how many cells it takes. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zoomwatch::chart {

// The text on one line, without anything that a terminal would act on: control characters become \n, \t, \r or \u{1b}, as do the
// marks that turn the direction of writing; bytes that are no UTF-8 become U+FFFD.
std::string PrintableText(std::string_view text);
// The same of a text of several lines: line ends stay.
std::string PrintableLines(std::string_view text);
// JSON that means the same, without anything that a terminal would act on: inside of texts it stands as \u009b. Bytes that are no UTF-8
// become U+FFFD. REQUIRES: JSON, but for such bytes.
std::string PrintableJson(std::string_view json);

// Cells of a terminal: two for East Asian wide characters and emoji, none for marks that combine.
std::size_t DisplayWidth(std::string_view text);

// The text when it fits, otherwise as much of it as leaves room for an ellipsis. REQUIRES: width >= 1.
std::string CutToWidth(std::string_view text, std::size_t width);
// The same for names that stand beside each other: the ellipsis is inside, so that those that differ at their ends only still do.
std::string CutInside(std::string_view text, std::size_t width);

// Blanks that fill the text up to the width.
std::string PadRight(std::string_view text, std::size_t width);
std::string PadLeft(std::string_view text, std::size_t width);

}  // namespace zoomwatch::chart
