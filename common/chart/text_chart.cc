#include "common/chart/text_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/chart/axis.h"
#include "common/chart/display_text.h"

namespace zoomwatch::chart {
namespace {

constexpr std::string_view kSigns = "*+ox#@%&=~^$abcdefghijklmnopqrstuvwyz";
static_assert(kSigns.size() >= kMaxSeries);

std::string Label(std::string_view text, std::size_t width) { return CutInside(PrintableText(text), width); }

std::string Title(const Chart& chart, std::size_t width) {
  return chart.title.empty() ? "" : CutToWidth(PrintableText(chart.title), width) + "\n\n";
}

// A bar that ends at an eighth of a cell.
std::string Bar(double cells) {
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::lround(std::max(0.0, cells) * 8));
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + std::string(kEighths[eighths % 8]);
}

struct Extremes {
  double least = 0, most = 0;
};

Extremes ExtremesOf(const Chart& chart) {
  Extremes all;
  for (const Series& series : chart.series) {
    for (const auto& value : series.values) {
      all.least = std::min(all.least, value.value_or(0));
      all.most = std::max(all.most, value.value_or(0));
    }
  }
  return all;
}

std::size_t LongestLabel(const std::vector<std::string>& labels, std::size_t most) {
  std::size_t width = 1;
  for (const std::string& label : labels) width = std::max(width, DisplayWidth(Label(label, most)));
  return width;
}

// One bar with what stands around it: "label │████ 12". Negative bars end at the axis.
struct BarScale {
  double least = 0, most = 1;
  std::size_t width = 10;

  double Cells(double value) const { return value / (most - least) * static_cast<double>(width); }
  std::string Draw(double value, std::string_view text) const {
    const auto left = static_cast<std::size_t>(std::lround(Cells(-least)));
    if (value >= 0) return std::string(left, ' ') + "│" + Bar(Cells(value)) + " " + std::string(text);
    const auto own = std::min(left, static_cast<std::size_t>(std::lround(Cells(-value))));
    std::string bar;
    for (std::size_t i = 0; i < own; ++i) bar += "█";
    return std::string(left - own, ' ') + bar + "│ " + std::string(text);
  }
};

std::string Header(const Chart& chart) {
  std::string text = PrintableText(chart.x_title);
  if (!chart.y_title.empty()) text += ": " + PrintableText(chart.y_title);
  return text + "\n";
}

std::string DrawBars(const Chart& chart, TextSize size) {
  const std::size_t label_width = LongestLabel(chart.labels, size.width / 3);
  const bool many = chart.series.size() > 1;
  std::vector<std::string> names;
  if (many) {
    for (const Series& series : chart.series) names.push_back(series.name);
  }
  const std::size_t name_width = many ? LongestLabel(names, size.width / 4) + 2 : 0;
  const Extremes all = ExtremesOf(chart);
  const std::size_t around = label_width + name_width + 14;
  const BarScale scale{.least = all.least, .most = all.most > all.least ? all.most : all.least + 1,
                       .width = size.width > around + 10 ? size.width - around : 10};
  std::string out = Header(chart);
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    for (const Series& series : chart.series) {
      const bool first = &series == &chart.series.front();
      out += PadRight(first ? Label(chart.labels[i], size.width / 3) : "", label_width);
      if (many) out += "  " + PadRight(Label(series.name, size.width / 4), name_width - 2);
      out += " " + scale.Draw(series.values[i].value_or(0), series.values[i] ? NumberLabel(*series.values[i]) : "") + "\n";
    }
  }
  return out;
}

std::string DrawStacked(const Chart& chart, TextSize size) {
  const std::size_t label_width = LongestLabel(chart.labels, size.width / 3);
  double most = 0;
  std::vector<double> sums(chart.labels.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (const Series& series : chart.series) sums[i] += std::max(0.0, series.values[i].value_or(0));
    most = std::max(most, sums[i]);
  }
  const std::size_t width = size.width > label_width + 24 ? size.width - label_width - 14 : 10;
  std::string out = Header(chart);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out += PadRight(Label(chart.labels[i], size.width / 3), label_width) + " │";
    double sum = 0;
    std::size_t drawn = 0;
    for (std::size_t s = 0; s < chart.series.size(); ++s) {
      sum += std::max(0.0, chart.series[s].values[i].value_or(0));
      const auto end = most > 0 ? static_cast<std::size_t>(std::lround(sum / most * static_cast<double>(width))) : 0;
      out += std::string(end - drawn, kSigns[s]);
      drawn = end;
    }
    out += " " + NumberLabel(sums[i]) + "\n";
  }
  return out;
}

std::string DrawPie(const Chart& chart, TextSize size) {
  const std::size_t label_width = LongestLabel(chart.labels, size.width / 3);
  double whole = 0;
  double most = 0;
  for (const auto& value : chart.series[0].values) {
    whole += value.value_or(0);
    most = std::max(most, value.value_or(0));
  }
  const std::size_t width = size.width > label_width + 34 ? size.width - label_width - 24 : 10;
  std::string out = Header(chart);
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double value = chart.series[0].values[i].value_or(0);
    out += fmt::format("{} │{} {:.1f}% ({})\n", PadRight(Label(chart.labels[i], size.width / 3), label_width),
                       Bar(value / most * static_cast<double>(width)), 100 * value / whole, NumberLabel(value));
  }
  return out;
}

// The grid of a line chart; row 0 is the top.
class Grid {
 public:
  Grid(std::size_t width, std::size_t height) : rows_(height, std::string(width, ' ')) {}

  // From one place to the other, both between 0 and 1, from the lower left.
  void Line(double x1, double y1, double x2, double y2, char sign) {
    const double across = (x2 - x1) * static_cast<double>(rows_[0].size());
    const double up = (y2 - y1) * static_cast<double>(rows_.size());
    const auto steps = static_cast<std::size_t>(std::ceil(std::max({std::fabs(across), std::fabs(up), 1.0})));
    for (std::size_t i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(steps);
      Set(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, sign);
    }
  }
  const std::string& row(std::size_t i) const { return rows_[i]; }

 private:
  static std::size_t Cell(double place, std::size_t count) {
    return static_cast<std::size_t>(std::lround(std::clamp(place, 0.0, 1.0) * static_cast<double>(count - 1)));
  }
  void Set(double x, double y, char sign) { rows_[rows_.size() - 1 - Cell(y, rows_.size())][Cell(x, rows_[0].size())] = sign; }

  std::vector<std::string> rows_;
};

double Share(double value, double from, double to) { return to > from ? (value - from) / (to - from) : 0.5; }

void DrawSeries(const Chart& chart, const AxisRange& values, Grid& grid) {
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    std::optional<std::pair<double, double>> last;
    for (std::size_t i = 0; i < chart.x.size(); ++i) {
      if (!chart.series[s].values[i]) continue;
      const double x = Share(chart.x[i], chart.x.front(), chart.x.back());
      const double y = Share(*chart.series[s].values[i], values.from, values.to);
      const auto from = last.value_or(std::pair(x, y));
      grid.Line(from.first, from.second, x, y, kSigns[s]);
      last = std::pair(x, y);
    }
  }
}

// The marks below the grid and their labels, each where it fits.
std::string XAxis(const Chart& chart, std::size_t width) {
  const double from = chart.x.front();
  const double to = chart.x.back();
  const std::vector<Tick> ticks = chart.time_axis ? TimeTicks(from, to, width / 16) : NumberTicks(from, to, width / 12);
  std::string labels;
  std::vector<std::string> line(width, "─");
  for (const Tick& tick : ticks) {
    const auto at = static_cast<std::size_t>(std::lround(Share(tick.at, from, to) * static_cast<double>(width - 1)));
    line[at] = "┬";
    const std::size_t middle = at > tick.label.size() / 2 ? at - tick.label.size() / 2 : 0;
    const std::size_t begin = std::min(middle, width - std::min(width, tick.label.size()));
    if (begin < labels.size() + (labels.empty() ? 0 : 1)) continue;
    labels += std::string(begin - labels.size(), ' ') + tick.label;
  }
  std::string out;
  for (const std::string& cell : line) out += cell;
  return out + "\n" + labels;
}

std::string DrawLines(const Chart& chart, TextSize size) {
  const Extremes all = ExtremesOf(chart);
  const AxisRange values = ValueRange(all.least, all.most, 4);
  const std::vector<Tick> marks = RangeTicks(values);
  std::size_t left = 1;
  for (const Tick& mark : marks) left = std::max(left, mark.label.size());
  Grid grid(size.width > left + 12 ? size.width - left - 2 : 20, size.height);
  DrawSeries(chart, values, grid);
  std::vector<std::string> labels(size.height);
  for (const Tick& mark : marks) {
    const double up = Share(mark.at, values.from, values.to) * static_cast<double>(size.height - 1);
    labels[size.height - 1 - static_cast<std::size_t>(std::lround(up))] = mark.label;
  }
  std::string out = chart.y_title.empty() ? "" : PrintableText(chart.y_title) + "\n";
  for (std::size_t i = 0; i < size.height; ++i) {
    std::string line = PadLeft(labels[i], left) + (labels[i].empty() ? " │" : " ┤") + grid.row(i);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  std::string axis = XAxis(chart, grid.row(0).size());
  const std::size_t line_end = axis.find('\n');
  out += std::string(left, ' ') + " └" + axis.substr(0, line_end) + "\n" + std::string(left + 2, ' ') + axis.substr(line_end + 1) + "\n";
  return out + std::string(left + 2, ' ') + PrintableText(chart.x_title) + "\n";
}

// What the signs mean.
std::string Legend(const Chart& chart, std::size_t width) {
  std::string out;
  for (std::size_t s = 0; s < chart.series.size(); ++s) out += fmt::format("  {} {}\n", kSigns[s], Label(chart.series[s].name, width - 4));
  return out;
}

}  // namespace

std::string DrawText(const Chart& chart, TextSize size) {
  size.width = std::max<std::size_t>(size.width, 40);
  size.height = std::max<std::size_t>(size.height, 4);
  std::string out = Title(chart, size.width);
  // On one line there is no room below zero.
  const bool stacked = chart.stacked && ExtremesOf(chart).least >= 0;
  const bool signs = chart.kind == ChartKind::kLines || stacked;
  switch (chart.kind) {
    case ChartKind::kLines: out += DrawLines(chart, size); break;
    case ChartKind::kBars:
    case ChartKind::kColumns: out += stacked ? DrawStacked(chart, size) : DrawBars(chart, size); break;
    case ChartKind::kPie: return out + DrawPie(chart, size);
  }
  return signs && chart.legend && chart.series.size() > 1 ? out + Legend(chart, size.width) : out;
}

}  // namespace zoomwatch::chart
