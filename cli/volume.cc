// `zoomwatch volume`: how many gigabytes a day go to which table, and how many would with other routes.
#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <optional>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/service_channel.h"
#include "cli/time_bound.h"
#include "cli/volume_report.h"
#include "common/config/config.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "common/time/timestamp.h"
#include "zoomwatch/volume/v1/volume_service.grpc.pb.h"

namespace zoomwatch::cli {
namespace {

constexpr auto kFlags = WithConnectionFlags({
    {"address", "HOST:PORT", "gRPC port of the detector, or of `zoomwatch run`.", true},
    {"timeout", "DURATION", "How long the measurement may run. Default 10m."},
    {"since", "TIME", "Only events received then or later: a time in RFC 3339, or a duration before now, such as 24h or 7d. Default 24h."},
    {"until", "TIME", "Only events received before: as --since. Default: now."},
    {"routes", "FILE", "Also measure with these routes: YAML with the key `routes`, as below delivery.logs_ingestion."},
    {"json", "", "Print one JSON object."},
});

constexpr Example kExamples[] = {
    {"what goes where, by the last day", "zoomwatch volume --address localhost:9191 --plaintext"},
    {"what it would be with other routes, by the last week",
     "zoomwatch volume --address detector:8445 --ca-file ca.pem --certificate-file operator.pem --private-key-file operator.key --since 7d "
     "--routes routes.yaml"},
};

absl::StatusOr<volume::v1::MeasureVolumeRequest> ReadRequest(const Arguments& arguments) {
  volume::v1::MeasureVolumeRequest request;
  const absl::Time now = SystemClock::Get().Now();
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> since, ReadTimeBound(arguments, "since", now));
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> until, ReadTimeBound(arguments, "until", now));
  const absl::Time from = since.value_or(until.value_or(now) - absl::Hours(24));
  if (until && from >= *until) return Error(Reason::kUsage, "--since must be before --until");
  *request.mutable_from_time() = TimestampOf(from);
  if (until) *request.mutable_to_time() = TimestampOf(*until);
  if (arguments.Has("routes")) ZOOMWATCH_RETURN_IF_ERROR(LoadConfigFile(arguments.Text("routes"), request.mutable_proposed()));
  return request;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const absl::Duration timeout = arguments.Duration("timeout", absl::Minutes(10), absl::Milliseconds(1), absl::Hours(24));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  ZOOMWATCH_ASSIGN_OR_RETURN(const volume::v1::MeasureVolumeRequest request, ReadRequest(arguments));
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto channel, OpenChannel(arguments, arguments.Text("address")));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
  volume::v1::MeasureVolumeResponse response;
  ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(volume::v1::VolumeService::NewStub(channel)->MeasureVolume(&context, request, &response)));
  console.out << (arguments.Has("json") ? VolumeJson(response) + "\n" : VolumeTable(response));
  return kExitOk;
}

}  // namespace

const CommandSpec& VolumeCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "volume",
      .summary = "gigabytes a day by table and route, as it is and with other routes",
      .description =
          "Reads the events that a running detector has stored in a time range, whether they were delivered or not, encodes every one as "
          "delivery does, and adds up rows and bytes: without routes, with the routes in force (delivery.logs_ingestion.routes) and, with "
          "--routes, with those of a file. Nothing is sampled, and nothing is changed; docs/delivery.md says what routes are. An event goes "
          "with its receive time; what the detector keeps no more (store.retention) cannot be counted, and the first line says which range "
          "it was.\n\n"
          "GB/day scales the range to a day: take whole days, or a whole week, for a figure to plan with. Repeats after a lost answer of Azure "
          "are not in it, nor are alerts.",
      .flags = kFlags,
      .positional = {},
      .examples = kExamples,
      .exit_codes = "0: it was measured. 1: a route is wrong, or the detector did not answer.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
