// A chart as the language's `render` asks for it, made from the rows of a result: what text_chart.h and svg_chart.h draw. Pure;
// thread-safe.
//
//   timechart, linechart, areachart   a line a series over times or numbers (linechart and areachart over texts: columns)
//   barchart, columnchart             bars a category
//   piechart                          shares of a whole
// x is the column that the property xcolumn names; without it the first datetime column of a timechart, otherwise the first column.
// Values are the columns of ycolumns, otherwise all numeric ones. The columns of the property series, otherwise all other texts, split
// the rows into series. Rows with one x and series are added up; a null is no value.
// Other properties that count: title, xtitle, ytitle, legend=hidden, kind=stacked.
// Limits: kMaxSeries, kMaxCategories and kMaxPoints. Errors: INVALID_ARGUMENT when the result cannot be drawn so, with the reason.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kql/plan.h"
#include "common/kql/schema.h"
#include "common/kql/value.h"

namespace zoomwatch::chart {

inline constexpr std::size_t kMaxSeries = 24;
inline constexpr std::size_t kMaxCategories = 300;
inline constexpr std::size_t kMaxPoints = 100'000;
inline constexpr std::size_t kMaxSlices = 12;  // of a pie, the last one being all the others together

enum class ChartKind : std::uint8_t { kLines, kBars, kColumns, kPie };

struct Series {
  std::string name;
  std::vector<std::optional<double>> values;  // one per label, or per x of kLines
};

struct Chart {
  ChartKind kind = ChartKind::kColumns;
  std::string title, x_title, y_title;
  bool legend = true;
  bool stacked = false;             // kBars, kColumns
  bool time_axis = false;           // kLines: x counts seconds since 1970, otherwise numbers
  std::vector<double> x;            // kLines: ascending
  std::vector<std::string> labels;  // the others: a category each
  std::vector<Series> series;       // at least one; kPie: exactly one
};

// False for `render table` and kinds that are tables by nature: the rows are the picture.
bool IsDrawn(const kql::Rendering& rendering);

absl::StatusOr<Chart> MakeChart(const kql::Rendering& rendering, const kql::Schema& schema,
                                std::span<const std::vector<kql::Value>> rows);

}  // namespace zoomwatch::chart
