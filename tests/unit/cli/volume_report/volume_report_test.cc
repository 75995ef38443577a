#include "cli/volume_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoomwatch::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using volume::v1::MeasureVolumeResponse;
using volume::v1::RouteVolume;

RouteVolume Route(const std::string& name, const std::string& stream, int64_t rows, int64_t bytes) {
  RouteVolume route;
  route.set_name(name);
  route.set_stream(stream);
  route.set_not_sent(stream.empty());
  route.set_row_count(rows);
  route.set_byte_count(bytes);
  return route;
}

// Half a day with 3 GB.
MeasureVolumeResponse HalfADay() {
  MeasureVolumeResponse volume;
  volume.mutable_from_time()->set_seconds(1'795'478'400);  // 2026-11-24T00:00:00Z
  volume.mutable_to_time()->set_seconds(1'795'478'400 + 12 * 3600);
  volume.set_event_count(1'500'000);
  volume.set_byte_count(3'000'000'000);
  *volume.add_current() = Route("main", "Custom-ZoomLogs_CL", 500'000, 1'000'000'000);
  *volume.add_current() = Route("lake", "Custom-Lake_CL", 900'000, 1'900'000'000);
  *volume.add_current() = Route("away", "", 100'000, 100'000'000);
  return volume;
}

TEST(VolumeReport, ScalesTheRangeToADay) {
  const std::string table = VolumeTable(HalfADay());
  EXPECT_THAT(table, HasSubstr("1500000 events received from 2026-11-24T00:00:00Z to 2026-11-24T12:00:00Z (12h)"));
  EXPECT_THAT(table, HasSubstr("without routes\n"
                               "  Custom-ZoomLogs_CL                main                     1500000      3000000000      6.0000\n"));
  EXPECT_THAT(table, HasSubstr("with the routes in force\n"
                               "  Custom-ZoomLogs_CL                main                      500000      1000000000      2.0000\n"
                               "  Custom-Lake_CL                    lake                      900000      1900000000      3.8000\n"
                               "  (not sent)                        away                      100000       100000000      0.2000\n"
                               "  all that is sent                                           1400000      2900000000      5.8000\n"));
  EXPECT_THAT(table, Not(HasSubstr("proposed")));
  EXPECT_THAT(table, Not(HasSubstr("The range is short")));
}

TEST(VolumeReport, ShowsProposedRoutesAndAddsUpAStreamOfSeveral) {
  MeasureVolumeResponse volume = HalfADay();
  volume.clear_current();
  *volume.add_current() = Route("main", "Custom-ZoomLogs_CL", 1'500'000, 3'000'000'000);
  *volume.add_proposed() = Route("main", "Custom-ZoomLogs_CL", 1, 1'000'000);
  *volume.add_proposed() = Route("kept", "Custom-ZoomLogs_CL", 2, 2'000'000);
  *volume.add_proposed() = Route("lake", "Custom-Lake_CL", 4, 4'000'000);
  const std::string table = VolumeTable(volume);
  EXPECT_THAT(table, Not(HasSubstr("in force"))) << "there are none";
  EXPECT_THAT(table, HasSubstr("with the proposed routes\n"
                               "  Custom-ZoomLogs_CL                main                           1         1000000      0.0020\n"
                               "  Custom-ZoomLogs_CL                kept                           2         2000000      0.0040\n"
                               "  Custom-Lake_CL                    lake                           4         4000000      0.0080\n"
                               "  Custom-ZoomLogs_CL                together                       3         3000000      0.0060\n"
                               "  all that is sent                                                 7         7000000      0.0140\n"));
}

TEST(VolumeReport, SaysThatAShortRangeTellsLittle) {
  MeasureVolumeResponse volume = HalfADay();
  volume.mutable_to_time()->set_seconds(volume.from_time().seconds() + 6 * 3600);
  EXPECT_THAT(VolumeTable(volume), Not(HasSubstr("The range is short")));
  volume.mutable_to_time()->set_seconds(volume.from_time().seconds() + 6 * 3600 - 1);
  EXPECT_THAT(VolumeTable(volume), HasSubstr("The range is short"));
}

TEST(VolumeReport, DoesNotScaleARangeWithoutLength) {
  MeasureVolumeResponse volume;
  *volume.add_current() = Route("main", "Custom-ZoomLogs_CL", 0, 0);
  EXPECT_THAT(VolumeTable(volume), HasSubstr("main                           0               0           -\n"));
  EXPECT_THAT(VolumeJson(volume), HasSubstr(R"("gigabytes_a_day":null)"));
}

TEST(VolumeReport, PrintsJson) {
  MeasureVolumeResponse volume = HalfADay();
  *volume.add_proposed() = Route("main", "Custom-ZoomLogs_CL", 1'500'000, 3'000'000'000);
  EXPECT_EQ(VolumeJson(volume),
            R"({"from":"2026-11-24T00:00:00Z","to":"2026-11-24T12:00:00Z","seconds":43200.000,"events":1500000,"bytes":3000000000,)"
            R"("without_routes":[{"route":"main","stream":"Custom-ZoomLogs_CL","not_sent":false,"rows":1500000,"bytes":3000000000,)"
            R"("gigabytes_a_day":6.000000}],)"
            R"("current":[{"route":"main","stream":"Custom-ZoomLogs_CL","not_sent":false,"rows":500000,"bytes":1000000000,"gigabytes_a_day":2.000000},)"
            R"({"route":"lake","stream":"Custom-Lake_CL","not_sent":false,"rows":900000,"bytes":1900000000,"gigabytes_a_day":3.800000},)"
            R"({"route":"away","stream":"","not_sent":true,"rows":100000,"bytes":100000000,"gigabytes_a_day":0.200000}],)"
            R"("proposed":[{"route":"main","stream":"Custom-ZoomLogs_CL","not_sent":false,"rows":1500000,"bytes":3000000000,)"
            R"("gigabytes_a_day":6.000000}]})");
}

}  // namespace
}  // namespace zoomwatch::cli
