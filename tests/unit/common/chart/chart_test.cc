#include "common/chart/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/chart/rendered.h"

namespace zoomwatch::chart {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr std::string_view kRows =
    "datatable(t:datetime, who:string, n:long, m:real)[datetime(2024-05-02), 'a', 1, 0.5, datetime(2024-05-01), 'b', 2, 1.5,"
    " datetime(2024-05-02), 'b', 4, real(null), datetime(2024-05-02), 'a', 10, 1.0] ";

Chart Of(std::string_view tail) {
  const auto chart = Rendered(std::string(kRows) + std::string(tail));
  EXPECT_TRUE(chart.ok()) << chart.status();
  return chart.ok() ? *chart : Chart{};
}

std::string Refusal(std::string_view query) { return std::string(Rendered(query).status().message()); }

TEST(MakeChart, SplitsRowsIntoSeriesOverTime) {
  const Chart chart = Of("| project t, who, n | render timechart with (title='T', ytitle='calls')");
  EXPECT_EQ(chart.kind, ChartKind::kLines);
  EXPECT_TRUE(chart.time_axis);
  EXPECT_EQ(chart.title, "T");
  EXPECT_EQ(chart.x_title, "t, 2024-05-01 to 2024-05-02 UTC");
  EXPECT_EQ(chart.y_title, "calls");
  EXPECT_THAT(chart.x, ElementsAre(1714521600, 1714608000));
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].name, "a");
  EXPECT_THAT(chart.series[0].values, ElementsAre(std::nullopt, Optional(11.0))) << "rows with one time are added up";
  EXPECT_THAT(chart.series[1].values, ElementsAre(Optional(2.0), Optional(4.0)));
}

TEST(MakeChart, NamesSeriesAfterColumnsToo) {
  const Chart both = Of("| render timechart");
  ASSERT_EQ(both.series.size(), 4U);
  EXPECT_EQ(both.series[0].name, "a, n");
  EXPECT_EQ(both.series[1].name, "a, m");
  EXPECT_THAT(both.series[3].values, ElementsAre(Optional(1.5), std::nullopt)) << "a null is no value";
  const Chart plain = Of("| project t, n, m | render timechart");
  ASSERT_EQ(plain.series.size(), 2U);
  EXPECT_EQ(plain.series[1].name, "m");
}

TEST(MakeChart, TakesTheColumnsThatPropertiesName) {
  const Chart chart = Of("| render columnchart with (xcolumn=who, ycolumns=m, series=t, legend=hidden, kind=stacked)");
  EXPECT_EQ(chart.kind, ChartKind::kColumns);
  EXPECT_THAT(chart.labels, ElementsAre("a", "b"));
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].name, "2024-05-02");
  EXPECT_FALSE(chart.legend);
  EXPECT_TRUE(chart.stacked);
}

TEST(MakeChart, CategoriesStayInTheOrderOfTheRows) {
  const Chart chart = Of("| summarize n = sum(n) by who | sort by n asc | render barchart");
  EXPECT_EQ(chart.kind, ChartKind::kBars);
  EXPECT_THAT(chart.labels, ElementsAre("b", "a"));
  EXPECT_THAT(chart.series[0].values, ElementsAre(Optional(6.0), Optional(11.0)));
}

TEST(MakeChart, CategoriesAreShortAndNeverBlank) {
  const auto chart = Rendered("datatable(t:datetime, n:long)[datetime(2026-05-04), 1, datetime(2026-05-04 10:00), 2, "
                              "datetime(2026-05-04 10:00:01.5), 3, datetime(null), 4] | render columnchart");
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_THAT(chart->labels, ElementsAre("2026-05-04", "2026-05-04 10:00", "2026-05-04 10:00:01.5000000", "(empty)"));
  const auto series = Rendered("datatable(k:string, who:string, n:long)['a', '', 1] | render columnchart");
  ASSERT_TRUE(series.ok()) << series.status();
  EXPECT_EQ(series->series[0].name, "(empty)");
}

TEST(MakeChart, OnePlaceIsColumns) {
  const auto chart = Rendered("datatable(t:datetime, who:string, n:long)[datetime(2026-05-04 10:00), 'a', 1, datetime(2026-05-04 10:00), 'b', 2] "
                              "| render timechart");
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(chart->kind, ChartKind::kColumns);
  EXPECT_THAT(chart->labels, ElementsAre("2026-05-04 10:00"));
  EXPECT_EQ(chart->x_title, "t, UTC");
  ASSERT_EQ(chart->series.size(), 2U);
  EXPECT_THAT(chart->series[1].values, ElementsAre(Optional(2.0)));
}

TEST(MakeChart, TheNameOfTheOnlySeriesIsShown) {
  const std::string rows = "datatable(t:datetime, who:string, n:long)[datetime(2026-05-04), 'a', 1, datetime(2026-05-05), 'a', 2] ";
  EXPECT_EQ(Rendered(rows + "| render timechart")->y_title, "n of a");
  EXPECT_EQ(Rendered(rows + "| render timechart with (ytitle='calls')")->y_title, "calls");
  EXPECT_EQ(Rendered(rows + "| project-away who | render timechart")->y_title, "n");
}

TEST(MakeChart, LinesAreNotStacked) {
  EXPECT_FALSE(Of("| project t, who, n | render timechart with (kind=stacked)").stacked);
}

TEST(MakeChart, APieHasItsLargestSlicesFirstAndTheOthersTogether) {
  const auto chart = Rendered("range x from 1 to 20 step 1 | project tostring(x), y = x | render piechart");
  ASSERT_TRUE(chart.ok()) << chart.status();
  ASSERT_EQ(chart->labels.size(), kMaxSlices);
  EXPECT_EQ(chart->labels[0], "20");
  EXPECT_EQ(chart->labels.back(), "(9 others)");
  EXPECT_THAT(chart->series[0].values.back(), Optional(45.0));
}

TEST(MakeChart, ALineOverTextsIsColumns) { EXPECT_EQ(Of("| project who, n | render linechart").kind, ChartKind::kColumns); }

TEST(MakeChart, SaysWhyItCannot) {
  EXPECT_EQ(Refusal("print a = 'x', b = 'y' | render barchart"), "the result has no column of numbers besides x");
  EXPECT_EQ(Refusal("print a = 1, b = 2 | render timechart"), "the result has no column of type datetime");
  EXPECT_EQ(Refusal("print a = 1, b = 2 | render barchart with (xcolumn=c)"), "the result has no column c");
  EXPECT_EQ(Refusal("print a = 1, b = 'x' | render barchart with (ycolumns=b)"), "b is no column of numbers");
  EXPECT_EQ(Refusal("print a = 'x', b = -1 | render piechart"), "a share is negative");
  EXPECT_EQ(Refusal("print a = 'x', b = 0 | render piechart"), "the shares are all zero");
  EXPECT_EQ(Refusal("print a = 'x', b = 1 | where b > 1 | render barchart"), "the result has no rows to draw");
  EXPECT_EQ(Refusal("range x from 1 to 301 step 1 | extend y = x | render barchart"), "more than 300 categories; let the query keep fewer, such as top 20 by count_");
  EXPECT_EQ(Refusal("range x from 1 to 25 step 1 | project k = 'a', s = tostring(x), y = x | render barchart"), "more than 24 series; let the query keep fewer");
  EXPECT_EQ(Refusal("range x from 1 to 100001 step 1 | extend y = x | render linechart"), "more than 100000 points");
  EXPECT_THAT(Refusal("print a = 'x', b = 1 | render treemap"), HasSubstr("treemap is not among the charts"));
}

TEST(MakeChart, ATableIsNotDrawn) {
  EXPECT_FALSE(IsDrawn({.chart = "table", .properties = {}}));
  EXPECT_TRUE(IsDrawn({.chart = "piechart", .properties = {}}));
}

}  // namespace
}  // namespace zoomwatch::chart
