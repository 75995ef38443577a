// `zoomwatch kql`: queries over files, without a service.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/kql/prompt.h"
#include "cli/kql/query_lines.h"
#include "cli/kql/query_run.h"
#include "cli/kql/table_file.h"
#include "cli/query_arguments.h"
#include "cli/result_output.h"
#include "common/config/values.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"

namespace zoomwatch::cli {
namespace {

constexpr FlagSpec kFlags[] = {
    {"table", "NAME=FILE",
     "A table and the file with its rows: JSON lines, a JSON array of objects, or CSV with a header (.csv; .tsv with tabs). - is standard "
     "input.",
     false, true},
    {"file", "QUERYFILE", "Read the query from a file instead."},
    {"jsonl", "FILE", "Run every query of a file of JSON objects with id, query, tables and now; a result object a line."},
    {"now", "TIME", "What now() and ago() count from, in RFC 3339. Default: the time of day."},
    {"format", "FORMAT", "table, csv, json (one object with columns and rows) or jsonl (an object a row). Default table."},
    {"max-width", "COLUMNS", "Where cells of a table are cut; 0: nowhere. Default 60."},
    {"output", "FILE.svg", "Also write the chart of a query that ends in render to a file."},
    {"check", "", "Check the query and print the columns of its result; nothing is executed."},
    {"max-rows", "COUNT", "Most rows of a result. Default 500000."},
    {"max-memory", "SIZE", "Most memory for what a query holds, for its result, and for the rows of a table's file. Default 1GiB."},
};

constexpr Example kExamples[] = {
    {"an expression", "zoomwatch kql 'print 1 + 1'"},
    {"which events a file of the pipeline has", "zoomwatch kql --table ZoomLogs=events.jsonl 'ZoomLogs | summarize count() by Event'"},
    {"a result for another program", "zoomwatch kql --table T=people.csv --format json 'T | where age > 30 | project name'"},
    {"a chart in the terminal and in a file",
     "zoomwatch kql --table ZoomLogs=events.jsonl --output chart.svg 'ZoomLogs | summarize count() by bin(TimeGenerated, 1h), Event "
     "| render timechart'"},
    {"is this query right?", "zoomwatch kql --check --table ZoomLogs=events.jsonl --file rule.kql"},
};

absl::StatusOr<uint64_t> ReadSize(const Arguments& arguments, std::string_view flag, uint64_t absent) {
  if (!arguments.Has(flag)) return absent;
  const std::optional<int64_t> size = config::ParseInteger(arguments.Text(flag), true);
  if (!size || *size <= 0) {
    return Error(Reason::kUsage, fmt::format("--{}: '{}' is no size; write 512MiB", flag, arguments.Text(flag)));
  }
  return static_cast<uint64_t>(*size);
}

// What the command line says, checked.
struct Options {
  std::vector<std::pair<std::string, std::string>> tables;  // name, file
  kql::ExecutionOptions execution;
  PrintOptions print;
  std::string output;  // empty: no file
  bool check = false;
};

absl::Status ReadTables(const Arguments& arguments, Options& options) {
  int from_input = 0;
  for (const std::string& text : arguments.All("table")) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      return Error(Reason::kUsage, fmt::format("--table: '{}' is not NAME=FILE", text));
    }
    options.tables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    from_input += options.tables.back().second == "-" ? 1 : 0;
  }
  if (from_input > 1) return Error(Reason::kUsage, "--table: standard input has one table only");
  return absl::OkStatus();
}

absl::StatusOr<Options> ReadOptions(Arguments& arguments) {
  Options options;
  ZOOMWATCH_RETURN_IF_ERROR(ReadTables(arguments, options));
  options.execution.now = ToTicks(arguments.Time("now").value_or(SystemClock::Get().Now()));
  options.execution.limits.max_result_rows = static_cast<uint64_t>(arguments.Integer("max-rows", 500'000, 1, 1'000'000'000));
  options.check = arguments.Has("check");
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  ZOOMWATCH_ASSIGN_OR_RETURN(options.output, ReadChartFile(arguments));
  ZOOMWATCH_ASSIGN_OR_RETURN(const uint64_t memory, ReadSize(arguments, "max-memory", 1ULL << 30));
  options.execution.limits.max_memory_bytes = memory;
  options.execution.limits.max_result_bytes = memory;
  ZOOMWATCH_ASSIGN_OR_RETURN(options.print, ReadPrintOptions(arguments));
  return options;
}

// Where queries come from is one of four ways.
absl::Status CheckSources(const Arguments& arguments, const Options& options) {
  const bool query = !arguments.positional().empty();
  if (query + arguments.Has("file") + arguments.Has("jsonl") > 1) {
    return Error(Reason::kUsage, "give one of QUERY, --file and --jsonl");
  }
  for (const char* flag : {"check", "output"}) {
    if (arguments.Has("jsonl") && arguments.Has(flag)) return Error(Reason::kUsage, fmt::format("--{} does not go with --jsonl", flag));
  }
  if (arguments.Has("check") && arguments.Has("output")) return Error(Reason::kUsage, "--output does not go with --check");
  if (query) return absl::OkStatus();
  const std::string from = arguments.Has("file") ? arguments.Text("file") : arguments.Text("jsonl", "-");
  if (from != "-") return absl::OkStatus();
  for (const auto& [name, file] : options.tables) {
    if (file == "-") return Error(Reason::kUsage, "standard input has a table, so the query must come from elsewhere");
  }
  return absl::OkStatus();
}

// Somebody sits there and gave no query.
bool IsPrompt(const Arguments& arguments) {
  return arguments.positional().empty() && !arguments.Has("file") && !arguments.Has("jsonl") && isatty(STDIN_FILENO) != 0 &&
         isatty(STDOUT_FILENO) != 0;
}

int Complain(const absl::Status& status, const Console& console) {
  console.error << fmt::format("zoomwatch kql: {}\n", std::string(status.message()));
  return kExitFailed;
}

int RunOne(const QuerySource& source, MemoryTables& tables, const Options& options, const Console& console) {
  const QueryOutcome outcome =
      options.check ? CheckQuery(source.text, tables) : RunQuery(source.text, tables, options.execution);
  for (const kql::Diagnostic& diagnostic : outcome.diagnostics) console.error << kql::Explain(source.text, diagnostic, source.name);
  for (const std::string& note : outcome.notes) console.error << fmt::format("{}: note: {}\n", source.name, note);
  if (!outcome.status.ok()) return Complain(outcome.status, console);
  if (!outcome.ok) return kExitFailed;
  if (options.check) {
    console.out << PrintColumns(outcome.schema, options.print);
    return kExitOk;
  }
  const absl::Status status = ShowResult(outcome.schema, outcome.rows, outcome.rendering,
                                         {.print = options.print, .svg_file = options.output, .command = "zoomwatch kql"}, console);
  return status.ok() ? kExitOk : Complain(status, console);
}

int RunLines(std::string_view text, const MemoryTables& tables, const Options& options, const Console& console) {
  bool all_ok = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const LineResult result = RunQueryLine(line, tables, options.execution);
    all_ok = all_ok && result.ok;
    console.out << result.json << '\n';
  }
  return all_ok ? kExitOk : kExitFailed;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const Options options, ReadOptions(arguments));
  ZOOMWATCH_RETURN_IF_ERROR(CheckSources(arguments, options));
  MemoryTables tables;
  for (const auto& [name, file] : options.tables) {
    absl::StatusOr<MemoryTable> table = ReadTableFile(name, file, options.execution.limits.max_memory_bytes);
    if (!table.ok()) return Complain(table.status(), console);
    tables.Add(name, *std::move(table));
  }
  if (arguments.Has("jsonl")) {
    const absl::StatusOr<std::string> lines = ReadWholeFile(arguments.Text("jsonl"));
    return lines.ok() ? RunLines(*lines, tables, options, console) : Complain(lines.status(), console);
  }
  if (IsPrompt(arguments)) {
    RunPrompt(tables, console, [&](const std::string& query) {
      Options now = options;
      if (!arguments.Has("now")) now.execution.now = ToTicks(SystemClock::Get().Now());
      now.execution.check = [] { return Cancelled() ? absl::CancelledError("stopped") : absl::OkStatus(); };
      RunOne({.text = query}, tables, now, console);
    });
    return kExitOk;
  }
  const absl::StatusOr<QuerySource> source = ReadQuerySource(arguments);
  return source.ok() ? RunOne(*source, tables, options, console) : Complain(source.status(), console);
}

}  // namespace

const CommandSpec& KqlCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "kql",
      .summary = "run a query over files, offline",
      .description =
          "Runs a query in KQL, the language of the rules and of Microsoft Sentinel (docs/kql.md), over files. Without QUERY it is read "
          "from standard input, on a terminal with a prompt (.help says more).\n\n"
          "The types of a table's columns follow from all values of the file: bool, long, real, datetime (ISO 8601), string, and dynamic "
          "for arrays and objects; where values are mixed, dynamic in JSON and string in CSV. A row without a key has null there. A table "
          "called ZoomLogs or ZoomLogs_CL holds rows as the pipeline writes them and has the columns of docs/table-schema.md.\n\n"
          "A mistake in the query is reported with line and column and a mark under the place. --format table is for people: a null is "
          "blank and long cells are cut, and a query that ends in render is drawn; the other formats are complete.",
      .flags = kFlags,
      .positional = {.value = "QUERY", .help = "The query.", .least = 0, .most = 1},
      .examples = kExamples,
      .exit_codes = "0: the query ran. 1: the query, one of those of --jsonl, or a file is wrong, or a limit was met.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
