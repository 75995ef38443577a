// Where the marks of an axis stand and what is written there: round numbers, whole minutes, days or months. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zoomwatch::chart {

struct Tick {
  double at = 0;
  std::string label;
};

// Marks within the range, its ends included where they are round. About `count`, never more than twice as many. A range of no length
// has one mark. REQUIRES: from <= to, finite; count >= 2.
std::vector<Tick> NumberTicks(double from, double to, std::size_t count);
// The same for seconds since 1970, in UTC. Labels leave out the year, or the day, where the marks are close.
// REQUIRES: within the years 1 to 9999.
std::vector<Tick> TimeTicks(double from, double to, std::size_t count);
// What those labels may leave out: "2026-05-04 UTC", "2026-05-04 to 2026-05-06 UTC".
std::string TimeRangeLabel(double from, double to);

// A range that ends at round numbers and holds zero and both values, and the marks on it: count + 2 at most.
struct AxisRange {
  double from = 0, to = 1;
  double step = 1;
};
AxisRange ValueRange(double least, double most, std::size_t count);
std::vector<Tick> RangeTicks(const AxisRange& range);

std::string NumberLabel(double value);

}  // namespace zoomwatch::chart
