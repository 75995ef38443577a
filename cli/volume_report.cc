#include "cli/volume_report.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>

#include "absl/time/time.h"
#include "common/log/log.h"
#include "common/time/timestamp.h"

namespace zoomwatch::cli {
namespace {

using Routes = google::protobuf::RepeatedPtrField<volume::v1::RouteVolume>;
using volume::v1::MeasureVolumeResponse;
using volume::v1::RouteVolume;

// Below it a day is guessed from what is hardly a part of its course.
constexpr absl::Duration kShortRange = absl::Hours(6);
constexpr std::string_view kNotSent = "(not sent)";

absl::Duration RangeOf(const MeasureVolumeResponse& volume) { return TimeOf(volume.to_time()) - TimeOf(volume.from_time()); }

// Gigabytes (10^9 bytes) a day at the pace of the range; none: the range has no length.
std::optional<double> GigabytesADay(std::int64_t bytes, absl::Duration range) {
  if (range <= absl::ZeroDuration()) return std::nullopt;
  return static_cast<double>(bytes) / 1e9 * absl::FDivDuration(absl::Hours(24), range);
}

std::string Line(std::string_view stream, std::string_view route, std::int64_t rows, std::int64_t bytes, absl::Duration range) {
  const std::optional<double> gigabytes = GigabytesADay(bytes, range);
  return fmt::format("  {:<34}{:<20}{:>12}{:>16}{:>12}\n", stream, route, rows, bytes, gigabytes ? fmt::format("{:.4f}", *gigabytes) : "-");
}

std::string_view StreamOf(const RouteVolume& route) {
  if (route.not_sent()) return kNotSent;
  return route.stream().empty() ? std::string_view("(the sink)") : std::string_view(route.stream());
}

// A line for each route, and what all streams together get.
std::string Section(std::string_view title, const Routes& routes, const MeasureVolumeResponse& volume) {
  const absl::Duration range = RangeOf(volume);
  std::string out = fmt::format("\n{}\n", title);
  std::int64_t rows = 0, bytes = 0;
  std::map<std::string_view, int> uses;
  for (const RouteVolume& route : routes) ++uses[StreamOf(route)];
  for (const RouteVolume& route : routes) {
    out += Line(StreamOf(route), route.name(), route.row_count(), route.byte_count(), range);
    if (route.not_sent()) continue;
    rows += route.row_count();
    bytes += route.byte_count();
  }
  for (const auto& [stream, count] : uses) {
    if (count < 2 || stream == kNotSent) continue;
    std::int64_t stream_rows = 0, stream_bytes = 0;
    for (const RouteVolume& route : routes) {
      if (StreamOf(route) != stream) continue;
      stream_rows += route.row_count();
      stream_bytes += route.byte_count();
    }
    out += Line(stream, "together", stream_rows, stream_bytes, range);
  }
  if (routes.size() > 1) out += Line("all that is sent", "", rows, bytes, range);
  return out;
}

Routes WithoutRoutes(const MeasureVolumeResponse& volume) {
  Routes routes;
  RouteVolume& main = *routes.Add();
  main.set_name("main");
  if (volume.current_size() > 0) main.set_stream(volume.current(0).stream());
  main.set_row_count(volume.event_count());
  main.set_byte_count(volume.byte_count());
  return routes;
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", TimeOf(time), absl::UTCTimeZone());
}

void AppendRoutes(std::string_view key, const Routes& routes, absl::Duration range, std::string& out) {
  out += fmt::format(R"(,"{}":[)", key);
  const char* separator = "";
  for (const RouteVolume& route : routes) {
    out += fmt::format(R"({}{{"route":)", separator);
    AppendJsonString(out, route.name());
    out += R"(,"stream":)";
    AppendJsonString(out, route.stream());
    const std::optional<double> gigabytes = GigabytesADay(route.byte_count(), range);
    out += fmt::format(R"(,"not_sent":{},"rows":{},"bytes":{},"gigabytes_a_day":{}}})", route.not_sent(), route.row_count(), route.byte_count(),
                       gigabytes ? fmt::format("{:.6f}", *gigabytes) : "null");
    separator = ",";
  }
  out += "]";
}

}  // namespace

std::string VolumeTable(const MeasureVolumeResponse& volume) {
  const absl::Duration range = RangeOf(volume);
  std::string out = fmt::format("{} events received from {} to {} ({}), each encoded as it is delivered.\n", volume.event_count(),
                                TimeText(volume.from_time()), TimeText(volume.to_time()), absl::FormatDuration(absl::Trunc(range, absl::Seconds(1))));
  out +=
      "Bytes are of JSON before compression. GB/day: 10^9 of these bytes, at the pace of this range. Azure bills 10^9 bytes of a string form of the\n"
      "stored columns (learn.microsoft.com/azure/azure-monitor/logs/cost-logs), without their names, so rather less than this.\n";
  if (range < kShortRange) out += "The range is short: a day has busy and quiet hours, so GB/day may be far off.\n";
  out += fmt::format("\n  {:<34}{:<20}{:>12}{:>16}{:>12}\n", "stream", "route", "rows", "bytes", "GB/day");
  out += Section("without routes", WithoutRoutes(volume), volume);
  if (volume.current_size() > 1) out += Section("with the routes in force", volume.current(), volume);
  if (volume.proposed_size() > 0) out += Section("with the proposed routes", volume.proposed(), volume);
  return out;
}

std::string VolumeJson(const MeasureVolumeResponse& volume) {
  const absl::Duration range = RangeOf(volume);
  std::string out = fmt::format(R"({{"from":"{}","to":"{}","seconds":{:.3f},"events":{},"bytes":{})", TimeText(volume.from_time()),
                                TimeText(volume.to_time()), absl::ToDoubleSeconds(range), volume.event_count(), volume.byte_count());
  AppendRoutes("without_routes", WithoutRoutes(volume), range, out);
  AppendRoutes("current", volume.current(), range, out);
  if (volume.proposed_size() > 0) AppendRoutes("proposed", volume.proposed(), range, out);
  return out + "}";
}

}  // namespace zoomwatch::cli
