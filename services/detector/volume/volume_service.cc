#include "services/detector/volume/volume_service.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/detector/volume/volume_meter.h"

namespace zoomwatch::detector {
namespace {

using volume::v1::MeasureVolumeRequest;
using volume::v1::MeasureVolumeResponse;

// Events that are decoded at a time.
constexpr std::size_t kGroupEvents = 512;
constexpr std::size_t kGroupBytes = std::size_t{4} << 20;

// The routes of a request, which nobody has checked yet: by the rules of the configuration's loader.
absl::StatusOr<RouteTable> ProposedRoutes(const config::v1::RouteList& list, const config::v1::LogsIngestionSink& sink) {
  config::v1::RouteList checked;
  ZOOMWATCH_RETURN_IF_ERROR(ParseConfig(PrintConfig(list), "proposed", "/", &checked));
  return RouteTable::Make(checked.routes(), sink.stream(), sink.alert_stream(), "routes");
}

}  // namespace

grpc::Status VolumeService::MeasureVolume(grpc::ServerContext* context, const MeasureVolumeRequest* request, MeasureVolumeResponse* response) {
  if (measuring_.exchange(true)) return ToGrpcStatus(Error(Reason::kOverloaded, "another measurement is running"));
  const absl::Duration begin = clock_.Monotonic();
  const absl::Status status = Measure(*context, *request, *response);
  measuring_ = false;
  Log(Severity::kInfo, "volume measured", {{"peer", context->peer()},
                                           {"events", response->event_count()},
                                           {"seconds", absl::ToDoubleSeconds(clock_.Monotonic() - begin)},
                                           {"result", status.ok() ? std::string("ok") : Describe(status)}});
  return ToGrpcStatus(status);
}

absl::Status VolumeService::Check(grpc::ServerContext& context) const {
  if (clock_.Now() >= absl::FromChrono(context.deadline())) return absl::DeadlineExceededError("the measurement took too long");
  if (context.IsCancelled()) return absl::CancelledError("the caller is gone");
  if (stopping_) return Error(Reason::kShuttingDown, "the detector is stopping");
  return absl::OkStatus();
}

absl::Status VolumeService::Measure(grpc::ServerContext& context, const MeasureVolumeRequest& request, MeasureVolumeResponse& response) {
  const absl::Time now = clock_.Now();
  absl::Time from = std::min(log_.LeastReceiveTime(), now);
  absl::Time to = now;
  if (request.has_from_time()) from = std::max(from, TimeOf(request.from_time()));
  if (request.has_to_time()) to = std::min(to, TimeOf(request.to_time()));
  if (from > to) return absl::InvalidArgumentError("the range ends before it begins, or before the oldest stored event");

  ZOOMWATCH_ASSIGN_OR_RETURN(RouteTable current, RouteTable::Make(sink_));
  std::optional<RouteTable> proposed;
  if (request.has_proposed()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(proposed, ProposedRoutes(request.proposed(), sink_));
  }
  VolumeMeter meter(limits_, std::move(current), std::move(proposed));

  std::vector<event::v1::Event> events;
  std::size_t bytes = 0;
  absl::Status status = Check(context);
  ZOOMWATCH_RETURN_IF_ERROR(status);
  const auto flush = [&] {
    meter.Add(events);
    events.clear();
    bytes = 0;
    status = Check(context);
    return status.ok();
  };
  // What cannot be read back goes into quarantine when its turn comes, and no row is sent of it.
  const ScanRange range{.from_time = from, .to_time = to, .end_sequence = log_.EndSequence(), .wanted = {}, .skip_unreadable = true};
  ZOOMWATCH_RETURN_IF_ERROR(log_.Scan(range, [&](const EventView& view) {
    event::v1::Event event;
    if (!event.ParseFromArray(view.serialized.data(), static_cast<int>(view.serialized.size()))) return true;
    events.push_back(std::move(event));
    bytes += view.serialized.size();
    return (events.size() < kGroupEvents && bytes < kGroupBytes) || flush();
  }));
  ZOOMWATCH_RETURN_IF_ERROR(status);
  meter.Add(events);
  meter.Report(response);
  *response.mutable_from_time() = TimestampOf(from);
  *response.mutable_to_time() = TimestampOf(to);
  return absl::OkStatus();
}

}  // namespace zoomwatch::detector
