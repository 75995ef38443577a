#include "common/chart/text_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/chart/display_text.h"
#include "tests/unit/common/chart/rendered.h"

namespace zoomwatch::chart {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Drawn(std::string_view query, TextSize size = {.width = 44, .height = 5}) {
  const auto chart = Rendered(query);
  return chart.ok() ? DrawText(*chart, size) : chart.status().ToString();
}

TEST(TextChart, DrawsBarsByTheirLength) {
  EXPECT_EQ(Drawn("datatable(k:string, n:long)['a', 10, 'bcd', 5, 'e', 0] | render barchart with (title='Title')"),
            "Title\n\n"
            "k: n\n"
            "a   │███████████████████████████ 10\n"
            "bcd │█████████████▌ 5\n"
            "e   │ 0\n");
}

TEST(TextChart, NegativeBarsEndAtTheAxis) {
  EXPECT_EQ(Drawn("datatable(k:string, n:long)['a', 10, 'b', -10] | render columnchart"),
            "k: n\n"
            "a                │██████████████▌ 10\n"
            "b ███████████████│ -10\n");
}

TEST(TextChart, DrawsABarForEachSeries) {
  EXPECT_EQ(Drawn("datatable(k:string, n:long, m:long)['a', 4, 2] | render barchart"),
            "k\n"
            "a  n │██████████████████████████ 4\n"
            "   m │█████████████ 2\n");
}

TEST(TextChart, StacksBarsWithASignForEachSeries) {
  EXPECT_EQ(Drawn("datatable(k:string, n:long, m:long)['a', 4, 2, 'b', 1, 2] | render barchart with (kind=stacked)"),
            "k\n"
            "a │*******************++++++++++ 6\n"
            "b │*****++++++++++ 3\n"
            "  * n\n"
            "  + m\n");
}

TEST(TextChart, ValuesBelowZeroAreNotStacked) {
  EXPECT_EQ(Drawn("datatable(k:string, n:long, m:long)['a', 4, -2] | render barchart with (kind=stacked)"),
            Drawn("datatable(k:string, n:long, m:long)['a', 4, -2] | render barchart"));
}

TEST(TextChart, LabelsOfTheAxisEndWithIt) {
  EXPECT_THAT(Drawn("range t from datetime(2026-05-04 23:59:50) to datetime(2026-05-05 00:00:10) step 1s | extend n = 1 | render timechart"),
              HasSubstr(" 05-05 00:00:10\n     t, 2026-05-04 to 2026-05-05 UTC\n"));
}

TEST(TextChart, DrawsSharesOfAPie) {
  EXPECT_EQ(Drawn("datatable(k:string, n:long)['a', 1, 'b', 3] | render piechart"),
            "k: n\n"
            "b │███████████████████ 75.0% (3)\n"
            "a │██████▍ 25.0% (1)\n");
}

TEST(TextChart, DrawsLinesOnAGrid) {
  EXPECT_EQ(Drawn("datatable(x:long, y:long)[0, 0, 10, 4] | render linechart", {.width = 44, .height = 5}),
            "y\n"
            "4 ┤                                   ******\n"
            "3 ┤                         **********\n"
            "2 ┤                *********\n"
            "1 ┤      **********\n"
            "0 ┤******\n"
            "  └┬───────────────────┬───────────────────┬\n"
            "   0                   5                  10\n"
            "   x\n");
}

TEST(TextChart, SeriesHaveSignsAndALegend) {
  const std::string drawn = Drawn("range x from 0 to 3 step 1 | extend a = x, b = 3 - x | render linechart");
  EXPECT_THAT(drawn, HasSubstr("  * a\n  + b\n"));
  EXPECT_THAT(Drawn("range x from 0 to 3 step 1 | extend a = x, b = 3 - x | render linechart with (legend=hidden)"),
              Not(HasSubstr("  * a\n")));
}

TEST(TextChart, LabelsAreHarmlessAndCut) {
  const std::string drawn = Drawn("datatable(k:string, n:long)['\\u001b[2J and a name that is much too long', 1] | render barchart");
  EXPECT_THAT(drawn, HasSubstr("\\u{1b}[…"));
  EXPECT_THAT(drawn, HasSubstr("o long │"));
  EXPECT_THAT(drawn, Not(HasSubstr("\x1b")));
}

TEST(TextChart, KeepsItsWidth) {
  for (const std::string_view query :
       {"range x from 1 to 50 step 1 | project k = strcat('category ', x), n = x * 1000, m = x | render barchart",
        "range t from datetime(2026-05-04 23:59:50) to datetime(2026-05-05 00:00:10) step 1s | extend n = 1 | render timechart"}) {
    const std::string drawn = Drawn(query, {.width = 60});
    size_t begin = 0;
    while (begin < drawn.size()) {
      const size_t end = drawn.find('\n', begin);
      EXPECT_LE(DisplayWidth(drawn.substr(begin, end - begin)), 60U) << query;
      begin = end + 1;
    }
  }
}

}  // namespace
}  // namespace zoomwatch::chart
