#include "common/chart/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "common/chart/axis.h"
#include "common/chart/display_text.h"
#include "common/kql/functions/utf8.h"

namespace zoomwatch::chart {
namespace {

constexpr std::string_view kColours[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
                                         "#999933", "#882255", "#332288", "#44aa99", "#aa4499", "#666666"};
// Those of them on which text must be dark.
constexpr std::string_view kLightColours[] = {"#e69f00", "#cc79a7", "#56b4e9", "#44aa99", "#999933"};
constexpr double kWidth = 900, kPlotHeight = 360, kTop = 56, kRight = 24, kCharacter = 6.7;
constexpr std::size_t kLongestLabel = 28;

std::string_view ColourOf(std::size_t i) { return kColours[i % std::size(kColours)]; }

// The area that the axes enclose.
struct Area {
  double left, top, width, height;
  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

std::string Label(std::string_view text) { return CutInside(PrintableText(text), kLongestLabel); }
std::string Cut(std::string_view text) { return XmlText(Label(text)); }
std::string AxisTitle(std::string_view text, double room = kPlotHeight) {
  return XmlText(CutInside(PrintableText(text), static_cast<std::size_t>(room / kCharacter)));
}

double WidthOf(std::string_view text) { return kCharacter * static_cast<double>(DisplayWidth(text)); }

std::string Text(double x, double y, std::string_view anchor, std::string_view xml, std::string_view more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more, xml);
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view kind) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2, kind);
}

std::string Tooltip(std::string_view series, std::string_view at, double value) {
  return fmt::format("<title>{}</title>", XmlText(fmt::format("{}, {}: {}", at, series, NumberLabel(value))));
}

std::string Rectangle(double x, double y, double width, double height, std::string_view colour, const std::string& tooltip) {
  return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\">{}</rect>\n", x, y,
                     std::max(width, 0.0), std::max(height, 0.0), colour, tooltip);
}

bool HasLegend(const Chart& chart) { return chart.legend && (chart.series.size() > 1 || chart.kind == ChartKind::kPie); }

std::vector<std::string> LegendNames(const Chart& chart) {
  if (chart.kind == ChartKind::kPie) return chart.labels;
  std::vector<std::string> names;
  for (const Series& series : chart.series) names.push_back(series.name);
  return names;
}

double LegendWidth(const Chart& chart) {
  if (!HasLegend(chart)) return 0;
  double width = 0;
  for (const std::string& name : LegendNames(chart)) width = std::max(width, WidthOf(Label(name)));
  return width + 36;
}

std::string Legend(const Chart& chart, double left, double top) {
  if (!HasLegend(chart)) return "";
  std::string out;
  const std::vector<std::string> names = LegendNames(chart);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double y = top + 18 * static_cast<double>(i);
    out += Rectangle(left, y, 12, 12, ColourOf(i), "") + Text(left + 18, y + 10, "start", Cut(names[i]));
  }
  return out;
}

struct Sums {
  double least = 0, most = 0;
};

// What the axis of values must hold.
Sums Extremes(const Chart& chart) {
  Sums all;
  const std::size_t places = chart.series[0].values.size();
  for (std::size_t i = 0; i < places; ++i) {
    Sums here;
    for (const Series& series : chart.series) {
      const double value = series.values[i].value_or(0);
      here.least = chart.stacked ? here.least + std::min(0.0, value) : std::min(here.least, value);
      here.most = chart.stacked ? here.most + std::max(0.0, value) : std::max(here.most, value);
    }
    all = {std::min(all.least, here.least), std::max(all.most, here.most)};
  }
  return all;
}

// A range of numbers along a stretch of the picture.
struct Scale {
  AxisRange range;
  double begin, end;
  double At(double value) const {
    return range.to > range.from ? begin + (value - range.from) / (range.to - range.from) * (end - begin) : (begin + end) / 2;
  }
};

std::string ValueAxis(const Chart& chart, const Area& area, const Scale& scale) {
  std::string out;
  for (const Tick& tick : RangeTicks(scale.range)) {
    const double y = scale.At(tick.at);
    out += Line(area.left, y, area.right(), y, tick.at == 0 ? "axis" : "grid") + Text(area.left - 8, y + 4, "end", tick.label);
  }
  if (chart.y_title.empty()) return out;
  const double x = 18;
  const double y = area.top + area.height / 2;
  return out + Text(x, y, "middle", AxisTitle(chart.y_title), fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, y));
}

double LabelSpace(const AxisRange& range) {
  double width = 0;
  for (const Tick& tick : RangeTicks(range)) width = std::max(width, WidthOf(tick.label));
  return width + 46;
}

std::string DrawPoints(const Chart& chart, std::size_t s, const Scale& across, const Scale& up) {
  const Series& series = chart.series[s];
  std::string path, points;
  for (std::size_t i = 0; i < chart.x.size(); ++i) {
    if (!series.values[i]) continue;
    const double x = across.At(chart.x[i]);
    const double y = up.At(*series.values[i]);
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", x, y);
    if (chart.x.size() > 120) continue;
    const std::string at = chart.time_axis ? TimeTicks(chart.x[i], chart.x[i], 2)[0].label : NumberLabel(chart.x[i]);
    points += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\">{}</circle>\n", x, y, ColourOf(s),
                          Tooltip(series.name, at, *series.values[i]));
  }
  const std::string_view dashes = s >= std::size(kColours) ? " stroke-dasharray=\"6 3\"" : "";
  return fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", path, ColourOf(s), dashes) + points;
}

std::string DrawLines(const Chart& chart, double& height) {
  const Sums all = Extremes(chart);
  const AxisRange values = ValueRange(all.least, all.most, 5);
  const double left = LabelSpace(values);
  const Area area{.left = left, .top = kTop, .width = kWidth - left - kRight - LegendWidth(chart), .height = kPlotHeight};
  height = area.bottom() + 64;
  const Scale up{.range = values, .begin = area.bottom(), .end = area.top};
  const Scale across{.range = {.from = chart.x.front(), .to = chart.x.back()}, .begin = area.left, .end = area.right()};
  std::string out = ValueAxis(chart, area, up);
  const auto count = static_cast<std::size_t>(area.width / 110);
  const auto& marks = chart.time_axis ? TimeTicks : NumberTicks;
  const std::vector<Tick> ticks = marks(chart.x.front(), chart.x.back(), count);
  for (const Tick& tick : ticks) {
    const double x = across.At(tick.at);
    const double half = WidthOf(tick.label) / 2 + 4;
    out += Line(x, area.bottom(), x, area.bottom() + 5, "axis") +
           Text(std::clamp(x, half, kWidth - half), area.bottom() + 20, "middle", tick.label);
  }
  out += Text(area.left + area.width / 2, area.bottom() + 46, "middle", AxisTitle(chart.x_title));
  for (std::size_t s = 0; s < chart.series.size(); ++s) out += DrawPoints(chart, s, across, up);
  return out + Legend(chart, area.right() + 20, area.top);
}

// Where the bar of a series within a category lies on the axis of values.
struct Stretch {
  double from = 0, to = 0;
};

std::vector<Stretch> Stretches(const Chart& chart, std::size_t category) {
  std::vector<Stretch> stretches;
  double below = 0, above = 0;
  for (const Series& series : chart.series) {
    const double value = series.values[category].value_or(0);
    double& base = value < 0 ? below : above;
    stretches.push_back(chart.stacked ? Stretch{base, base + value} : Stretch{0, value});
    base += value;
  }
  return stretches;
}

// Calls draw(series, from, thickness, stretch) for every bar of a category whose band begins there.
template <typename Draw>
void ForEachBar(const Chart& chart, std::size_t category, double begin, double band, const Draw& draw) {
  const std::vector<Stretch> stretches = Stretches(chart, category);
  const double room = band * 0.8;
  const double thickness = chart.stacked ? room : room / static_cast<double>(chart.series.size());
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    if (!chart.series[s].values[category]) continue;
    draw(s, begin + band * 0.1 + (chart.stacked ? 0 : thickness * static_cast<double>(s)), thickness, stretches[s]);
  }
}

std::string DrawColumns(const Chart& chart, double& height) {
  const Sums all = Extremes(chart);
  const AxisRange values = ValueRange(all.least, all.most, 5);
  double left = LabelSpace(values);
  double longest = 0;
  for (const std::string& label : chart.labels) longest = std::max(longest, WidthOf(Label(label)));
  const double room = kWidth - kRight - LegendWidth(chart);
  const bool slanted = longest > (room - left) / static_cast<double>(chart.labels.size()) - 6;
  // Slanted labels reach to the left, the first ones beyond the axis.
  if (slanted) left = std::max(left, longest * 0.77 + 8);
  const Area area{.left = left, .top = kTop, .width = room - left, .height = kPlotHeight};
  const Scale up{.range = values, .begin = area.bottom(), .end = area.top};
  const double band = area.width / static_cast<double>(chart.labels.size());
  const double label_height = slanted ? longest * 0.65 + 24 : 24;
  height = area.bottom() + label_height + 40;
  const auto every = static_cast<std::size_t>(std::ceil(14 / band));
  std::string out = ValueAxis(chart, area, up);
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double begin = area.left + band * static_cast<double>(i);
    ForEachBar(chart, i, begin, band, [&](std::size_t s, double x, double thickness, const Stretch& stretch) {
      const double top = std::min(up.At(stretch.from), up.At(stretch.to));
      out += Rectangle(x, top, thickness, std::fabs(up.At(stretch.to) - up.At(stretch.from)), ColourOf(s),
                       Tooltip(chart.series[s].name, chart.labels[i], *chart.series[s].values[i]));
    });
    if (i % every != 0) continue;
    const double x = begin + band / 2;
    const double y = area.bottom() + 16;
    out += slanted ? Text(x, y, "end", Cut(chart.labels[i]), fmt::format(" transform=\"rotate(-40 {:.1f} {:.1f})\"", x, y))
                   : Text(x, y, "middle", Cut(chart.labels[i]));
  }
  out += Text(area.left + area.width / 2, area.bottom() + label_height + 22, "middle", AxisTitle(chart.x_title));
  return out + Legend(chart, area.right() + 20, area.top);
}

std::string DrawBars(const Chart& chart, double& height) {
  const Sums all = Extremes(chart);
  const AxisRange values = ValueRange(all.least, all.most, 5);
  double longest = 0;
  for (const std::string& label : chart.labels) longest = std::max(longest, WidthOf(Label(label)));
  const double left = longest + 46;
  const double band = 10 + 14 * static_cast<double>(chart.stacked ? 1 : chart.series.size());
  const Area area{.left = left, .top = kTop, .width = kWidth - left - kRight - LegendWidth(chart),
                  .height = band * static_cast<double>(chart.labels.size())};
  height = std::max(area.bottom() + 64, kTop + (HasLegend(chart) ? 18 * static_cast<double>(chart.series.size()) : 0) + 24);
  const Scale across{.range = values, .begin = area.left, .end = area.right()};
  std::string out;
  for (const Tick& tick : RangeTicks(values)) {
    const double x = across.At(tick.at);
    const double half = WidthOf(tick.label) / 2 + 4;
    out += Line(x, area.top, x, area.bottom(), tick.at == 0 ? "axis" : "grid") +
           Text(std::clamp(x, half, kWidth - half), area.bottom() + 18, "middle", tick.label);
  }
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double begin = area.top + band * static_cast<double>(i);
    ForEachBar(chart, i, begin, band, [&](std::size_t s, double y, double thickness, const Stretch& stretch) {
      const double from = std::min(across.At(stretch.from), across.At(stretch.to));
      out += Rectangle(from, y, std::fabs(across.At(stretch.to) - across.At(stretch.from)), thickness, ColourOf(s),
                       Tooltip(chart.series[s].name, chart.labels[i], *chart.series[s].values[i]));
    });
    out += Text(area.left - 8, begin + band / 2 + 4, "end", Cut(chart.labels[i]));
  }
  const double middle = area.top + area.height / 2;
  out += Text(18, middle, "middle", AxisTitle(chart.x_title, area.height + 80), fmt::format(" transform=\"rotate(-90 18.0 {:.1f})\"", middle));
  out += Text(area.left + area.width / 2, area.bottom() + 44, "middle", AxisTitle(chart.y_title));
  return out + Legend(chart, area.right() + 20, area.top);
}

std::string DrawPie(const Chart& chart, double& height) {
  const double radius = kPlotHeight / 2;
  const double x = 60 + radius;
  const double y = kTop + radius;
  height = kTop + kPlotHeight + 30;
  double whole = 0;
  for (const auto& value : chart.series[0].values) whole += value.value_or(0);
  std::string out;
  double turned = 0;
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double share = chart.series[0].values[i].value_or(0) / whole;
    const auto place = [&](double turn, double distance) {
      const double angle = 2 * std::numbers::pi * turn - std::numbers::pi / 2;
      return std::pair(x + distance * std::cos(angle), y + distance * std::sin(angle));
    };
    const std::string tooltip = Tooltip(fmt::format("{:.1f}%", share * 100), chart.labels[i], *chart.series[0].values[i]);
    if (share > 0.99999) {
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\">{}</circle>\n", x, y, radius, ColourOf(i), tooltip);
    } else {
      const auto from = place(turned, radius);
      const auto to = place(turned + share, radius);
      out += fmt::format("<path d=\"M{:.1f},{:.1f} L{:.1f},{:.1f} A{:.1f},{:.1f} 0 {} 1 {:.1f},{:.1f} Z\"", x, y, from.first, from.second,
                         radius, radius, share > 0.5 ? 1 : 0, to.first, to.second);
      out += fmt::format(" fill=\"{}\" stroke=\"#fff\">{}</path>\n", ColourOf(i), tooltip);
    }
    if (share >= 0.04) {
      const auto at = place(turned + share / 2, share > 0.99999 ? 0 : radius * 0.7);
      const bool light = std::find(std::begin(kLightColours), std::end(kLightColours), ColourOf(i)) != std::end(kLightColours);
      out += Text(at.first, at.second + 4, "middle", fmt::format("{:.1f}%", share * 100),
                  light ? " fill=\"#222\" font-weight=\"bold\"" : " fill=\"#fff\" font-weight=\"bold\"");
    }
    turned += share;
  }
  return out + Legend(chart, x + radius + 50, kTop + 10);
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = kql::NextCodePoint(text, at);
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: {
        const bool allowed = c == '\t' || c == '\n' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
        kql::AppendCodePoint(allowed ? c : 0xFFFD, out);
      }
    }
  }
  return out;
}

std::string DrawSvg(const Chart& chart) {
  double height = 0;
  std::string body;
  switch (chart.kind) {
    case ChartKind::kLines: body = DrawLines(chart, height); break;
    case ChartKind::kBars: body = DrawBars(chart, height); break;
    case ChartKind::kColumns: body = DrawColumns(chart, height); break;
    case ChartKind::kPie: body = DrawPie(chart, height); break;
  }
  if (HasLegend(chart)) height = std::max(height, kTop + 18 * static_cast<double>(LegendNames(chart).size()) + 24);
  const std::string axes = chart.y_title.empty() ? chart.x_title : chart.y_title + ", " + chart.x_title;
  const std::string& title = chart.title.empty() ? axes : chart.title;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<title>{2}</title>\n",
      kWidth, height, XmlText(title));
  out += "<style>.grid{stroke:#ddd}.axis{stroke:#555}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  if (!chart.title.empty()) {
    out += Text(kWidth / 2, 28, "middle", XmlText(CutToWidth(PrintableText(chart.title), 90)), " font-size=\"17\"");
  }
  return out + body + "</svg>\n";
}

}  // namespace zoomwatch::chart
