// A chart as an SVG document of its own: no script, no reference to anything outside it. Pure; thread-safe.
// Texts of the result are escaped, and what XML cannot hold becomes U+FFFD. Colours can be told apart by the colour-blind; every bar, slice
// and point has its value as a tooltip.
#pragma once

#include <string>
#include <string_view>

#include "common/chart/chart.h"

namespace zoomwatch::chart {

std::string DrawSvg(const Chart& chart);

// Text as it may stand between tags and in attributes.
std::string XmlText(std::string_view text);

}  // namespace zoomwatch::chart
