// `zoomwatch hunt`: queries over the events that a running detector keeps.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/frame.h"
#include "cli/hunt/hunt_client.h"
#include "cli/progress_line.h"
#include "cli/query_arguments.h"
#include "cli/result_output.h"
#include "cli/service_channel.h"
#include "cli/time_bound.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "common/time/timestamp.h"

namespace zoomwatch::cli {
namespace {

constexpr auto kFlags = WithConnectionFlags({
    {"address", "HOST:PORT", "gRPC port of the detector, or of `zoomwatch run`.", true},
    {"timeout", "DURATION", "How long the query may run. Default 10m."},
    {"file", "QUERYFILE", "Read the query from a file instead."},
    {"since", "TIME", "Only events received then or later: a time in RFC 3339, or a duration before now, such as 24h or 7d."},
    {"until", "TIME", "Only events received before: as --since."},
    {"now", "TIME", "What now() and ago() count from, in RFC 3339. Default: the detector's time of day."},
    {"format", "FORMAT", "table, csv, json (one object with columns and rows) or jsonl (an object a row). Default table."},
    {"max-width", "COLUMNS", "Where cells of a table are cut; 0: nowhere. Default 60."},
    {"output", "FILE.svg", "Also write the chart of a query that ends in render to a file."},
    {"check", "", "Check the query and print the columns of its result; nothing is executed."},
    {"max-rows", "COUNT", "Most rows of a result; more is an error. Default: as many as the detector gives."},
    {"statistics", "", "Also tell on standard error what each operator of the query passed on and took."},
});

constexpr Example kExamples[] = {
    {"rooms with a high load of their CPU, hour by hour, as a chart in the terminal and in a file",
     "zoomwatch hunt --address localhost:9191 --plaintext --output rooms.svg 'ZoomLogs | where TimeGenerated >= ago(14d) and Event =~ "
     "\"zoomroom.alert\" | extend AlertType = toint(parse_json(RoomEvents).AlertType), AlertKind = toint(parse_json(RoomEvents).AlertKind), "
     "RoomName = payload_object_room_name_s | where AlertType == 4 and AlertKind == 1 | summarize count() by bin(TimeGenerated, 1h), RoomName "
     "| render timechart'"},
    {"what came in the last day", "zoomwatch hunt --address localhost:9191 --plaintext --since 24h 'ZoomLogs | summarize count() by Event'"},
    {"who shared a screen, as CSV",
     "zoomwatch hunt --address detector:8445 --ca-file ca.pem --certificate-file operator.pem --private-key-file operator.key --format csv "
     "'ZoomLogs | where Event == \"meeting.sharing_started\" | project TimeGenerated, User'"},
    {"a chart of a week",
     "zoomwatch hunt --address localhost:9191 --plaintext --since 7d 'ZoomLogs | summarize count() by bin(TimeGenerated, 1d), Category "
     "| render timechart'"},
    {"try a rule's query", "zoomwatch hunt --address localhost:9191 --plaintext --file rule.kql"},
};

absl::StatusOr<hunt::v1::HuntRequest> ReadRequest(Arguments& arguments) {
  hunt::v1::HuntRequest request;
  const std::optional<absl::Time> now = arguments.Time("now");
  if (now) *request.mutable_now() = TimestampOf(*now);
  request.set_max_rows(arguments.Integer("max-rows", 0, 1, 1'000'000'000));
  request.set_check_only(arguments.Has("check"));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  const absl::Time base = now.value_or(SystemClock::Get().Now());
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> since, ReadTimeBound(arguments, "since", base));
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> until, ReadTimeBound(arguments, "until", base));
  if (since && until && *since >= *until) return Error(Reason::kUsage, "--since must be before --until");
  if (since) *request.mutable_from_time() = TimestampOf(*since);
  if (until) *request.mutable_to_time() = TimestampOf(*until);
  return request;
}

// The service calls the query "query"; the lines of an excerpt are indented.
std::string Renamed(std::string_view text, const std::string& name) {
  constexpr std::string_view kName = "query:";
  std::string out;
  while (!text.empty()) {
    const size_t line = std::min(text.find('\n'), text.size() - 1) + 1;
    if (text.starts_with(kName)) {
      out += name + ":";
      out += text.substr(kName.size(), line - kName.size());
    } else {
      out += text.substr(0, line);
    }
    text.remove_prefix(line);
  }
  return out;
}

// For people: one line an operator, those that others read first.
std::string StatisticsText(const hunt::v1::Summary& summary, std::string_view query) {
  std::string text = fmt::format("{} events decoded, {} bytes read, at most {} bytes held, {:.3f} s\n", summary.scanned_count(),
                                 summary.scanned_bytes(), summary.peak_memory_bytes(), summary.elapsed_seconds());
  for (const hunt::v1::OperatorStatistics& entry : summary.operators()) {
    const std::string_view before = query.substr(0, static_cast<size_t>(std::clamp<int64_t>(entry.offset(), 0, static_cast<int64_t>(query.size()))));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    text += fmt::format("{:>10.3f} s {:>12} rows  {} at {}:{}\n", entry.own_seconds(), entry.row_count(), entry.name(), line, column);
  }
  return text;
}

int Complain(const absl::Status& status, const QuerySource& source, const Console& console) {
  if (ReasonOf(status) == Reason::kQueryInvalid) {
    console.error << Renamed(std::string(status.message()), source.name) << "\n";
  } else if (ReasonOf(status) == Reason::kQueryLimit || absl::IsInvalidArgument(status) || absl::IsUnknown(status)) {
    console.error << fmt::format("zoomwatch hunt: {}\n", std::string(status.message()));
  } else {
    console.error << fmt::format("zoomwatch hunt: {}\n", FaultText(status));
  }
  return kExitFailed;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const PrintOptions print, ReadPrintOptions(arguments));
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string chart_file, ReadChartFile(arguments));
  ZOOMWATCH_ASSIGN_OR_RETURN(hunt::v1::HuntRequest request, ReadRequest(arguments));
  const absl::Duration timeout = arguments.Duration("timeout", absl::Minutes(10), absl::Milliseconds(1), absl::Hours(24));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  if (!arguments.positional().empty() && arguments.Has("file")) return Error(Reason::kUsage, "give one of QUERY and --file");
  if (arguments.Has("check") && arguments.Has("output")) return Error(Reason::kUsage, "--output does not go with --check");
  if (arguments.positional().empty() && !arguments.Has("file") && isatty(STDIN_FILENO) != 0) return Error(Reason::kUsage, "QUERY is required");
  ZOOMWATCH_ASSIGN_OR_RETURN(const QuerySource source, ReadQuerySource(arguments));
  request.set_query(source.text);

  ZOOMWATCH_ASSIGN_OR_RETURN(const auto channel, OpenChannel(arguments, arguments.Text("address")));
  const auto stub = hunt::v1::HuntService::NewStub(channel);
  ProgressLine line(console);
  const absl::StatusOr<HuntResult> result =
      CallHunt(*stub, request, timeout, [&line](const hunt::v1::Progress& progress) { line.Show(progress.scanned_count(), progress.total_count()); });
  line.Clear();
  if (!result.ok()) return Complain(result.status(), source, console);
  for (const std::string& warning : result->warnings) console.error << Renamed(warning, source.name);
  for (const auto& [text, count] : result->summary.warning_counts()) {
    console.error << fmt::format("{}: note: {} ({} {})\n", source.name, text, count, count == 1 ? "time" : "times");
  }
  if (arguments.Has("check")) {
    console.out << PrintColumns(result->schema, print);
    return kExitOk;
  }
  const absl::Status shown = ShowResult(result->schema, result->rows, result->rendering,
                                        {.print = print, .svg_file = chart_file, .command = "zoomwatch hunt"}, console);
  if (!shown.ok()) return Complain(shown, source, console);
  console.out.flush();
  if (line.on()) {  // what it cost, for people
    console.error << fmt::format("{} rows from {} events in {:.1f} s\n", result->summary.row_count(), result->summary.scanned_count(),
                                 result->summary.elapsed_seconds());
  }
  if (arguments.Has("statistics")) console.error << StatisticsText(result->summary, source.text);
  return kExitOk;
}

}  // namespace

const CommandSpec& HuntCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "hunt",
      .summary = "run a query over the events that the detector keeps",
      .description =
          "Runs a query in KQL (docs/kql.md) over the events that a running detector has stored, for as long as it keeps them "
          "(store.retention), whether they were delivered or not. The table is ZoomLogs, with the columns of docs/table-schema.md; "
          "queries of the retired connector work as they are: in Zoom_CL, too, a column such as payload_object_topic_s exists once an event "
          "had a value for it (docs/kql.md). Without QUERY it is read from standard input.\n\n"
          "The query runs in the detector, within the limits of its configuration (hunting in docs/configuration.md) for queries at a time, "
          "memory, rows and time. A filter by TimeGenerated (or --since) and by Event makes a query fast: other events are then skipped unread. Ctrl-C "
          "ends the query.\n\n"
          "A mistake in the query is reported with line and column and a mark under the place. --format table is for people: a query that "
          "ends in render is drawn.",
      .flags = kFlags,
      .positional = {.value = "QUERY", .help = "The query.", .least = 0, .most = 1},
      .examples = kExamples,
      .exit_codes = "0: the query ran. 1: the query is wrong, a limit was met, or the detector did not answer.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
