// `zoomwatch alerts`: the alerts that a running detector keeps, and new ones as they come.
#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <algorithm>

#include "cli/alert_line.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/service_channel.h"
#include "common/retry/sleeper.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "common/time/timestamp.h"
#include "zoomwatch/alert/v1/alert_service.grpc.pb.h"

namespace zoomwatch::cli {
namespace {

using alert::v1::Alert;
using alert::v1::AlertService;

constexpr auto kFlags = WithConnectionFlags({
    {"address", "HOST:PORT", "gRPC port of the detector, or of `zoomwatch run`.", true},
    {"rule", "ID", "Only alerts of this rule.", false, true},
    {"severity", "NAME", "Only alerts of this severity or a higher one: informational, low, medium, high."},
    {"since", "TIME", "Only alerts at this time or later: 2026-01-31T10:00:00Z."},
    {"until", "TIME", "Only alerts before this time."},
    {"limit", "COUNT", "Most alerts to show; for list, the newest. Default 100 for list, no limit for tail."},
    {"from-beginning", "", "tail: begin with the oldest alert that is kept instead of the next new one."},
    {"json", "", "One JSON object a line, with the columns of ZoomAlerts_CL."},
    kTimeoutFlag,
});

constexpr Example kExamples[] = {
    {"the newest alerts", "zoomwatch alerts list --address localhost:9191 --plaintext"},
    {"what is high, as it comes", "zoomwatch alerts tail --severity high --address localhost:9191 --plaintext"},
    {"one of them whole", "zoomwatch alerts get 0123456789abcdef0123456789abcdef --json --address localhost:9191 --plaintext"},
};

absl::StatusOr<alert::v1::Severity> ReadSeverity(const std::string& name) {
  if (name.empty()) return alert::v1::SEVERITY_UNSPECIFIED;
  if (name == "informational") return alert::v1::SEVERITY_INFORMATIONAL;
  if (name == "low") return alert::v1::SEVERITY_LOW;
  if (name == "medium") return alert::v1::SEVERITY_MEDIUM;
  if (name == "high") return alert::v1::SEVERITY_HIGH;
  return Error(Reason::kUsage, fmt::format("--severity {}: must be informational, low, medium or high", name));
}

absl::StatusOr<alert::v1::AlertFilter> ReadFilter(Arguments& arguments) {
  alert::v1::AlertFilter filter;
  for (const std::string& id : arguments.All("rule")) filter.add_rule_ids(id);
  ZOOMWATCH_ASSIGN_OR_RETURN(const alert::v1::Severity severity, ReadSeverity(arguments.Text("severity")));
  filter.set_min_severity(severity);
  if (const auto since = arguments.Time("since")) *filter.mutable_from_time() = TimestampOf(*since);
  if (const auto until = arguments.Time("until")) *filter.mutable_to_time() = TimestampOf(*until);
  return filter;
}

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
}

absl::StatusOr<int> List(AlertService::Stub& stub, const alert::v1::AlertFilter& filter, Arguments& arguments, std::ostream& out) {
  const absl::Duration timeout = TimeoutOf(arguments);
  const std::int64_t limit = arguments.Integer("limit", 100, 1, 1'000'000);
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  alert::v1::ListAlertsRequest request;
  *request.mutable_filter() = filter;
  for (std::int64_t shown = 0; shown < limit;) {
    request.set_page_size(static_cast<std::int32_t>(std::min<std::int64_t>(limit - shown, 1000)));
    grpc::ClientContext context;
    SetDeadline(context, timeout);
    alert::v1::ListAlertsResponse response;
    ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(stub.ListAlerts(&context, request, &response)));
    for (const Alert& alert : response.alerts()) PrintAlert(alert, arguments.Has("json"), out);
    shown += response.alerts_size();
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  return kExitOk;
}

// Goes on through restarts of the detector: behind the last alert that was printed.
absl::StatusOr<int> Tail(AlertService::Stub& stub, const alert::v1::AlertFilter& filter, Arguments& arguments, const Console& console) {
  constexpr absl::Duration kBetweenAttempts = absl::Seconds(1);
  const std::int64_t limit = arguments.Integer("limit", 0, 1, 1'000'000'000);
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  alert::v1::SubscribeAlertsRequest request;
  *request.mutable_filter() = filter;
  request.set_from_beginning(arguments.Has("from-beginning"));
  bool connected = false;
  std::int64_t shown = 0;
  while (true) {
    grpc::ClientContext context;
    const auto reader = stub.SubscribeAlerts(&context, request);
    alert::v1::SubscribeAlertsResponse response;
    while (reader->Read(&response)) {
      connected = true;
      request.set_resume_token(response.resume_token());
      request.set_from_beginning(false);
      if (!response.has_alert()) continue;
      PrintAlert(response.alert(), arguments.Has("json"), console.out);
      if (++shown != limit) continue;
      context.TryCancel();
      return kExitOk;
    }
    const absl::Status status = FromGrpcStatus(reader->Finish());
    if (!connected || (!absl::IsUnavailable(status) && !absl::IsResourceExhausted(status))) return status;
    console.error << "zoomwatch alerts: " << status.message() << "; trying again\n";
    SystemSleeper::Get().Sleep(kBetweenAttempts, {});
  }
}

absl::StatusOr<int> Get(AlertService::Stub& stub, const std::string& id, Arguments& arguments, std::ostream& out) {
  grpc::ClientContext context;
  SetDeadline(context, TimeoutOf(arguments));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  alert::v1::GetAlertRequest request;
  request.set_alert_id(id);
  alert::v1::GetAlertResponse response;
  ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(stub.GetAlert(&context, request, &response)));
  if (arguments.Has("json")) {
    PrintAlert(response.alert(), true, out);
  } else {
    PrintWholeAlert(response.alert(), out);
  }
  return kExitOk;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const std::string& action = arguments.positional()[0];
  const bool get = action == "get";
  if (action != "list" && action != "tail" && !get) return Error(Reason::kUsage, fmt::format("unknown action '{}': list, tail or get", action));
  if (get != (arguments.positional().size() == 2)) return Error(Reason::kUsage, "get, and only get, is followed by the id of an alert");
  ZOOMWATCH_ASSIGN_OR_RETURN(const alert::v1::AlertFilter filter, ReadFilter(arguments));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenChannel(arguments, arguments.Text("address")));
  const std::unique_ptr<AlertService::Stub> stub = AlertService::NewStub(channel);
  if (get) return Get(*stub, arguments.positional()[1], arguments, console.out);
  return action == "list" ? List(*stub, filter, arguments, console.out) : Tail(*stub, filter, arguments, console);
}

}  // namespace

const CommandSpec& AlertsCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "alerts",
      .summary = "the alerts of the rules: list them, follow them",
      .description =
          "list shows alerts that the detector keeps, newest first. tail shows each new alert once, as it comes, without end; when the "
          "detector restarts, it goes on behind the last one that was shown. get shows one alert with its rows, entities and details.\n\n"
          "An alert is a line with its time, severity, title, entities and id; --json gives the columns that Sentinel has "
          "(docs/alerts.md).",
      .flags = kFlags,
      .positional = {.value = "ACTION [ID]", .help = "list, tail, or get and the id of an alert.", .least = 1, .most = 2},
      .examples = kExamples,
      .exit_codes = "0: the alerts were shown. 1: the detector did not answer, has no rules, or does not have the alert.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
