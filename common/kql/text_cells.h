// Code points in a terminal. Pure; thread-safe.
#pragma once

#include <cstddef>

namespace zoomwatch::kql {

// Control characters, and the marks that turn the direction of writing.
bool ActsOnTerminal(char32_t c);
// Cells of a terminal: two for East Asian wide characters and emoji, none for marks that combine.
std::size_t CellsOf(char32_t c);

}  // namespace zoomwatch::kql
