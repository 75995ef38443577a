#include "common/chart/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/match.h"
#include "common/chart/axis.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::chart {
namespace {

using kql::Type;
using kql::Value;
using Rows = std::span<const std::vector<Value>>;

// Which columns of the result play which part.
struct Roles {
  std::size_t x = 0;
  std::vector<std::size_t> values;
  std::vector<std::size_t> splits;
};

const std::vector<std::string>* FindProperty(const kql::Rendering& rendering, std::string_view name) {
  for (const kql::RenderProperty& property : rendering.properties) {
    if (absl::EqualsIgnoreCase(property.name, std::string(name))) return &property.values;
  }
  return nullptr;
}

std::string TextProperty(const kql::Rendering& rendering, std::string_view name) {
  const auto* values = FindProperty(rendering, name);
  return values == nullptr || values->empty() ? "" : values->front();
}

absl::Status Refused(const std::string& text) { return absl::InvalidArgumentError(text); }

absl::StatusOr<std::vector<std::size_t>> NamedColumns(const std::vector<std::string>& names, const kql::Schema& schema) {
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    const auto column = kql::FindColumn(schema, name);
    if (!column) return Refused(fmt::format("the result has no column {}", name));
    columns.push_back(*column);
  }
  return columns;
}

absl::StatusOr<std::size_t> FindX(const kql::Rendering& rendering, const kql::Schema& schema) {
  if (const auto* names = FindProperty(rendering, "xcolumn"); names != nullptr && !names->empty()) {
    const auto columns = NamedColumns(*names, schema);
    return columns.ok() ? absl::StatusOr<std::size_t>(columns->front()) : columns.status();
  }
  if (schema.empty()) return Refused("the result has no columns");
  if (rendering.chart != "timechart") return 0;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].type == Type::kDateTime) return i;
  }
  return Refused("the result has no column of type datetime");
}

absl::StatusOr<Roles> FindRoles(const kql::Rendering& rendering, const kql::Schema& schema) {
  Roles roles;
  const auto x = FindX(rendering, schema);
  if (!x.ok()) return x.status();
  roles.x = *x;
  const auto* value_names = FindProperty(rendering, "ycolumns");
  const auto* split_names = FindProperty(rendering, "series");
  if (value_names != nullptr) {
    const auto columns = NamedColumns(*value_names, schema);
    if (!columns.ok()) return columns.status();
    roles.values = *columns;
  }
  if (split_names != nullptr) {
    const auto columns = NamedColumns(*split_names, schema);
    if (!columns.ok()) return columns.status();
    roles.splits = *columns;
  }
  const auto is_split = [&](std::size_t i) { return std::find(roles.splits.begin(), roles.splits.end(), i) != roles.splits.end(); };
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (i == roles.x) continue;
    if (value_names == nullptr && kql::IsNumeric(schema[i].type) && !is_split(i)) roles.values.push_back(i);
    if (split_names == nullptr && schema[i].type == Type::kString) roles.splits.push_back(i);
  }
  for (const std::size_t column : roles.values) {
    if (!kql::IsNumeric(schema[column].type)) return Refused(fmt::format("{} is no column of numbers", schema[column].name));
  }
  if (roles.values.empty()) return Refused("the result has no column of numbers besides x");
  return roles;
}

std::optional<double> NumberOf(const Value& value) {
  const Value real = kql::ConvertTo(Type::kReal, value);
  if (real.is_null() || !std::isfinite(real.AsReal())) return std::nullopt;
  return real.AsReal();
}

kql::Ticks TicksOf(double seconds) {
  return static_cast<kql::Ticks>(std::llround(seconds * 1e6)) * 10 + kql::kUnixEpoch;  // microseconds are what a double can tell apart
}

double SecondsOf(kql::Ticks ticks) { return static_cast<double>(ticks - kql::kUnixEpoch) / static_cast<double>(kql::kTicksPerSecond); }

// What names a category or a series. Of a time, as much as it has: "2026-05-04", "2026-05-04 10:00".
std::string LabelOf(const Value& value) {
  if (value.kind() != kql::Kind::kDateTime) {
    const std::string text = kql::ToText(value);
    return text.empty() ? "(empty)" : text;
  }
  const kql::CivilTime t = kql::ToCivil(value.AsTicks());
  std::string text = fmt::format("{:04}-{:02}-{:02}", t.year, t.month, t.day);
  if (value.AsTicks() % kql::kTicksPerDay == 0) return text;
  text += fmt::format(" {:02}:{:02}", t.hour, t.minute);
  if (t.second != 0 || t.fraction != 0) text += fmt::format(":{:02}", t.second);
  if (t.fraction != 0) text += fmt::format(".{:07}", t.fraction);
  return text;
}

// "red", "red, count_" where there are several columns of values, or the column's name where nothing splits.
std::string SeriesName(const Roles& roles, const kql::Schema& schema, const std::vector<Value>& row, std::size_t column) {
  std::string name;
  for (const std::size_t split : roles.splits) name += (name.empty() ? "" : ", ") + LabelOf(row[split]);
  if (roles.splits.empty() || roles.values.size() > 1) name += (name.empty() ? "" : ", ") + schema[column].name;
  return name;
}

// Series by name in the order of their first row, with values by position on the x axis.
class SeriesTable {
 public:
  absl::Status Add(const std::string& name, std::size_t position, std::optional<double> value) {
    const auto [at, is_new] = by_name_.try_emplace(name, series_.size());
    if (is_new) {
      if (series_.size() == kMaxSeries) return Refused(fmt::format("more than {} series; let the query keep fewer", kMaxSeries));
      series_.push_back({name, {}});
    }
    auto& values = series_[at->second].values;
    if (values.size() <= position) values.resize(position + 1);
    if (value) values[position] = values[position].value_or(0) + *value;
    return absl::OkStatus();
  }
  std::vector<Series> Take(std::size_t positions) {
    for (Series& series : series_) series.values.resize(positions);
    return std::move(series_);
  }

 private:
  std::map<std::string, std::size_t> by_name_;
  std::vector<Series> series_;
};

absl::Status FillSeries(const Roles& roles, const kql::Schema& schema, Rows rows, const std::vector<std::optional<std::size_t>>& positions,
                        std::size_t count, Chart& chart) {
  SeriesTable table;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!positions[i]) continue;
    for (const std::size_t column : roles.values) {
      const absl::Status status = table.Add(SeriesName(roles, schema, rows[i], column), *positions[i], NumberOf(rows[i][column]));
      if (!status.ok()) return status;
    }
  }
  chart.series = table.Take(count);
  return chart.series.empty() ? Refused("the result has no rows to draw") : absl::OkStatus();
}

absl::Status FillLines(const Roles& roles, const kql::Schema& schema, Rows rows, Chart& chart) {
  chart.time_axis = schema[roles.x].type == Type::kDateTime;
  std::vector<std::optional<double>> places;
  for (const std::vector<Value>& row : rows) {
    const Value& x = row[roles.x];
    places.push_back(chart.time_axis && x.kind() == kql::Kind::kDateTime ? SecondsOf(x.AsTicks()) : NumberOf(x));
    if (places.back()) chart.x.push_back(*places.back());
  }
  std::sort(chart.x.begin(), chart.x.end());
  chart.x.erase(std::unique(chart.x.begin(), chart.x.end()), chart.x.end());
  if (chart.x.size() * roles.values.size() > kMaxPoints) return Refused(fmt::format("more than {} points", kMaxPoints));
  std::vector<std::optional<std::size_t>> positions;
  for (const std::optional<double>& place : places) {
    positions.emplace_back();
    if (place) positions.back() = static_cast<std::size_t>(std::lower_bound(chart.x.begin(), chart.x.end(), *place) - chart.x.begin());
  }
  const absl::Status status = FillSeries(roles, schema, rows, positions, chart.x.size(), chart);
  if (status.ok() && chart.x.size() * chart.series.size() > kMaxPoints) return Refused(fmt::format("more than {} points", kMaxPoints));
  return status;
}

absl::Status FillCategories(const Roles& roles, const kql::Schema& schema, Rows rows, std::size_t most, Chart& chart) {
  std::map<std::string, std::size_t> known;
  std::vector<std::optional<std::size_t>> positions;
  for (const std::vector<Value>& row : rows) {
    const std::string label = LabelOf(row[roles.x]);
    const auto [at, is_new] = known.try_emplace(label, chart.labels.size());
    if (is_new) chart.labels.push_back(label);
    positions.emplace_back(at->second);
  }
  if (chart.labels.size() > most) return Refused(fmt::format("more than {} categories; let the query keep fewer, such as top 20 by count_", most));
  return FillSeries(roles, schema, rows, positions, chart.labels.size(), chart);
}

// The largest slices, and the others as one.
absl::Status FillPie(const Roles& roles, const kql::Schema& schema, Rows rows, Chart& chart) {
  const Roles one{.x = roles.x, .values = {roles.values.front()}, .splits = {}};
  if (const absl::Status status = FillCategories(one, schema, rows, kMaxPoints, chart); !status.ok()) return status;
  std::vector<std::pair<double, std::string>> slices;
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double value = chart.series[0].values[i].value_or(0);
    if (value < 0) return Refused("a share is negative");
    if (value > 0) slices.emplace_back(value, chart.labels[i]);
  }
  if (slices.empty()) return Refused("the shares are all zero");
  std::stable_sort(slices.begin(), slices.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  chart.labels.clear();
  chart.series[0].values.clear();
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (i < kMaxSlices - 1 || slices.size() <= kMaxSlices) {
      chart.labels.push_back(slices[i].second);
      chart.series[0].values.emplace_back(slices[i].first);
    } else if (i == kMaxSlices - 1) {
      chart.labels.push_back(fmt::format("({} others)", slices.size() - i));
      chart.series[0].values.emplace_back(slices[i].first);
    } else {
      *chart.series[0].values.back() += slices[i].first;
    }
  }
  return absl::OkStatus();
}

// There is no line through one point, and the points of several series would hide one another.
void AsColumns(Chart& chart) {
  chart.kind = ChartKind::kColumns;
  chart.labels = {chart.time_axis ? LabelOf(Value::DateTime(TicksOf(chart.x[0]))) : NumberLabel(chart.x[0])};
}

std::optional<ChartKind> KindOf(std::string_view name) {
  if (name == "timechart" || name == "linechart" || name == "areachart") return ChartKind::kLines;
  if (name == "barchart") return ChartKind::kBars;
  if (name == "columnchart") return ChartKind::kColumns;
  if (name == "piechart") return ChartKind::kPie;
  return std::nullopt;
}

absl::Status Fill(const Roles& roles, const kql::Schema& schema, Rows rows, Chart& chart) {
  switch (chart.kind) {
    case ChartKind::kLines: return FillLines(roles, schema, rows, chart);
    case ChartKind::kBars:
    case ChartKind::kColumns: return FillCategories(roles, schema, rows, kMaxCategories, chart);
    case ChartKind::kPie: return FillPie(roles, schema, rows, chart);
  }
  return absl::OkStatus();
}

}  // namespace

bool IsDrawn(const kql::Rendering& rendering) { return rendering.chart != "table"; }

absl::StatusOr<Chart> MakeChart(const kql::Rendering& rendering, const kql::Schema& schema, Rows rows) {
  const std::optional<ChartKind> kind = KindOf(rendering.chart);
  if (!kind) {
    return Refused(fmt::format("{} is not among the charts that are drawn: timechart, linechart, areachart, barchart, columnchart, piechart",
                               rendering.chart));
  }
  const absl::StatusOr<Roles> roles = FindRoles(rendering, schema);
  if (!roles.ok()) return roles.status();
  Chart chart;
  chart.kind = *kind;
  const Type x_type = schema[roles->x].type;
  if (*kind == ChartKind::kLines && x_type != Type::kDateTime && !kql::IsNumeric(x_type)) chart.kind = ChartKind::kColumns;
  chart.title = TextProperty(rendering, "title");
  chart.x_title = TextProperty(rendering, "xtitle");
  chart.y_title = TextProperty(rendering, "ytitle");
  if (chart.y_title.empty() && roles->values.size() == 1) chart.y_title = schema[roles->values[0]].name;
  chart.legend = !absl::EqualsIgnoreCase(TextProperty(rendering, "legend"), "hidden");
  chart.stacked = chart.kind != ChartKind::kLines && absl::EqualsIgnoreCase(TextProperty(rendering, "kind"), "stacked");
  if (const absl::Status status = Fill(*roles, schema, rows, chart); !status.ok()) return status;
  if (chart.series.size() == 1 && !roles->splits.empty() && chart.kind != ChartKind::kPie && TextProperty(rendering, "ytitle").empty()) {
    chart.y_title = fmt::format("{} of {}", chart.y_title, chart.series[0].name);  // a legend of one would say no more
  }
  const bool one_place = chart.kind == ChartKind::kLines && chart.x.size() == 1;
  if (one_place) AsColumns(chart);
  if (!chart.x_title.empty()) return chart;
  chart.x_title = schema[roles->x].name;
  if (chart.time_axis && one_place) chart.x_title += ", UTC";
  if (chart.time_axis && !one_place) chart.x_title += ", " + TimeRangeLabel(chart.x.front(), chart.x.back());
  return chart;
}

}  // namespace zoomwatch::chart
