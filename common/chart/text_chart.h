// A chart as lines of text for a terminal. Nothing in it can act on the terminal. Pure; thread-safe.
// Lines are drawn on a grid, a sign a series; bars and columns both lie on their side, so that labels can be read; a pie is bars with
// their shares. Bars of one category that are stacked stand in one line, or below one another where a value is negative.
#pragma once

#include <cstddef>
#include <string>

#include "common/chart/chart.h"

namespace zoomwatch::chart {

struct TextSize {
  std::size_t width = 100;  // all in all; at least 40
  std::size_t height = 16;  // of the grid of a line chart; at least 4
};

std::string DrawText(const Chart& chart, TextSize size = {});

}  // namespace zoomwatch::chart
