#include "common/chart/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/chart/display_text.h"
#include "tests/unit/common/chart/rendered.h"

namespace zoomwatch::chart {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Drawn(std::string_view query) {
  const auto chart = Rendered(query);
  return chart.ok() ? DrawSvg(*chart) : chart.status().ToString();
}

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(XmlText, EscapesAndReplaces) {
  EXPECT_EQ(XmlText("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(XmlText("a\x01\xFF\xEF\xBF\xBF" "b\n"), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" "b\n");
  EXPECT_EQ(XmlText("Zürich 東京"), "Zürich 東京");
}

TEST(SvgChart, TextsOfTheResultAreNoMarkup) {
  for (const char* kind : {"barchart", "columnchart", "piechart", "linechart"}) {
    const std::string svg = Drawn(std::string("datatable(k:string, n:long)['<script>alert(1)</script>', 1, '\"&', 2] | render ") + kind +
                                  " with (title='<b>', xtitle='<i>')");
    EXPECT_THAT(svg, Not(HasSubstr("<script"))) << kind;
    EXPECT_THAT(svg, Not(HasSubstr("<b>"))) << kind;
    EXPECT_THAT(svg, Not(HasSubstr("<i>"))) << kind;
    EXPECT_THAT(svg, HasSubstr("&lt;script&gt;")) << kind;
    EXPECT_TRUE(svg.starts_with("<svg ")) << kind;
    EXPECT_TRUE(svg.ends_with("</svg>\n")) << kind;
  }
}

TEST(SvgChart, HasABarForEachValue) {
  const std::string svg = Drawn("datatable(k:string, n:long, m:long)['a', 4, 2, 'b', 1, long(null)] | render columnchart");
  EXPECT_EQ(Count(svg, "<rect x="), 3U + 2U) << "three values, two entries of the legend";
  EXPECT_THAT(svg, HasSubstr("<title>a, n: 4</title>"));
  EXPECT_THAT(svg, HasSubstr("<title>b, n: 1</title>"));
  EXPECT_THAT(svg, HasSubstr(">3</text>")) << "a mark of the axis";
}

TEST(SvgChart, BarsAreAsLongAsTheirValues) {
  const std::string svg = Drawn("datatable(k:string, n:long)['a', 10, 'b', 5, 'c', -5] | render columnchart");
  // The axis goes from -5 to 10 over 360 points.
  EXPECT_THAT(svg, HasSubstr("height=\"240.0\" fill=\"#0072b2\"><title>a, n: 10</title>"));
  EXPECT_THAT(svg, HasSubstr("height=\"120.0\" fill=\"#0072b2\"><title>b, n: 5</title>"));
  EXPECT_THAT(svg, HasSubstr("height=\"120.0\" fill=\"#0072b2\"><title>c, n: -5</title>"));
}

TEST(SvgChart, StackedBarsStandOnEachOther) {
  const std::string svg = Drawn("datatable(k:string, n:long, m:long)['a', 6, 4] | render columnchart with (kind=stacked)");
  EXPECT_THAT(svg, HasSubstr("y=\"200.0\"")) << "6 of 10 from the bottom at 416";
  EXPECT_THAT(svg, HasSubstr("y=\"56.0\"")) << "and 4 on it, up to the top";
}

TEST(SvgChart, HasALineForEachSeries) {
  const std::string svg = Drawn("range x from 0 to 3 step 1 | extend a = x, b = 3 - x | render linechart");
  EXPECT_EQ(Count(svg, "<polyline "), 2U);
  EXPECT_EQ(Count(svg, "<circle "), 8U);
  EXPECT_THAT(svg, HasSubstr("<title>1, b: 2</title>"));
}

// What stands between `before` and the next quote, as a number.
double NumberAfter(std::string_view text, std::string_view before) {
  const size_t at = text.find(before);
  return at == std::string_view::npos ? -1 : std::stod(std::string(text.substr(at + before.size(), 20)));
}

TEST(SvgChart, EveryTextIsWithinThePicture) {
  const std::string week = "range t from datetime(2026-11-01) to datetime(2026-11-08) step 6h | extend n = hourofday(t)";
  for (const std::string& query :
       {week + " | render timechart", week + " | extend n = n * 1234567890123 | render timechart",
        std::string("range t from datetime(2026-11-01) to datetime(2026-11-02 12:00) step 6h | extend n = 1 | render timechart"),
        std::string("range x from -1000000000000 to 1000000000000 step 100000000000 | extend y = x | render linechart"),
        std::string("datatable(k:string, n:long)['a', 12345678901234, 'b', -12345678901234] | render barchart"),
        std::string("range i from 1 to 40 step 1 | project k = strcat('a category with a long name ', i), n = i | render columnchart"),
        std::string("range t from datetime(2026-05-01) to datetime(2026-05-30) step 9h | extend n = 1 | render columnchart"),
        std::string("range i from 1 to 20 step 1 | project k = 'x', s = strcat('series with a long name ', i), n = i | render columnchart"),
        std::string("range i from 1 to 40 step 1 | project k = strcat('a category with a long name ', i), n = i | render piechart")}) {
    const std::string svg = Drawn(query);
    const double height = NumberAfter(svg, " height=\"");
    size_t texts = 0;
    for (size_t at = svg.find("<text "); at != std::string::npos; at = svg.find("<text ", at + 1), ++texts) {
      const std::string_view text = std::string_view(svg).substr(at, svg.find("</text>", at) - at);
      const double x = NumberAfter(text, " x=\""), y = NumberAfter(text, " y=\"");
      EXPECT_GT(y, 0) << text;
      EXPECT_LT(y, height) << text;
      const double width = 6.7 * static_cast<double>(DisplayWidth(text.substr(text.find('>') + 1)));
      if (text.find("rotate(-40") != std::string_view::npos) {
        EXPECT_GE(x - 0.77 * width, 0) << text;
      }
      if (text.find("rotate") != std::string_view::npos) continue;
      const double begin = text.find("\"middle\"") != std::string_view::npos ? x - width / 2 : text.find("\"end\"") != std::string_view::npos ? x - width : x;
      EXPECT_GE(begin, 0) << text;
      EXPECT_LE(begin + width, 900) << text;
    }
    EXPECT_GT(texts, 5U) << query;
  }
}

TEST(SvgChart, NamesThatDifferAtTheirEndsOnlyStillDo) {
  const std::string svg = Drawn("range i from 1 to 2 step 1 | project k = 'x', s = strcat('a series with a name that is much too long for it, ', i), n = i "
                                "| render columnchart");
  EXPECT_THAT(svg, HasSubstr("…ong for it, 1</text>"));
  EXPECT_THAT(svg, HasSubstr("…ong for it, 2</text>"));
}

TEST(SvgChart, AWholePieIsACircle) {
  EXPECT_THAT(Drawn("print k = 'a', n = 3 | render piechart"), HasSubstr("<circle "));
  const std::string two = Drawn("datatable(k:string, n:long)['a', 1, 'b', 3] | render piechart");
  EXPECT_EQ(Count(two, "<path "), 2U);
  EXPECT_THAT(two, HasSubstr(">75.0%</text>"));
}

}  // namespace
}  // namespace zoomwatch::chart
