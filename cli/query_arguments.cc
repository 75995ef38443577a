#include "cli/query_arguments.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "cli/kql/table_file.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {

absl::StatusOr<QuerySource> ReadQuerySource(const Arguments& arguments) {
  if (!arguments.positional().empty()) return QuerySource{.text = arguments.positional()[0]};
  const std::string file = arguments.Text("file", "-");
  ZOOMWATCH_ASSIGN_OR_RETURN(std::string text, ReadWholeFile(file));
  if (file == "-") return QuerySource{.text = std::move(text)};
  return QuerySource{.text = std::move(text), .name = file};
}

absl::StatusOr<PrintOptions> ReadPrintOptions(Arguments& arguments) {
  PrintOptions options;
  options.max_width = static_cast<size_t>(arguments.Integer("max-width", 60, 0, 1'000'000));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  const std::optional<ResultFormat> format = ResultFormatOf(arguments.Text("format", "table"));
  if (!format) return Error(Reason::kUsage, fmt::format("--format: '{}' is none of table, csv, json, jsonl", arguments.Text("format")));
  options.format = *format;
  options.terminal = isatty(STDOUT_FILENO) != 0;
  return options;
}

absl::StatusOr<std::string> ReadChartFile(const Arguments& arguments) {
  std::string file = arguments.Text("output");
  if (file.empty() || absl::EndsWithIgnoreCase(file, ".svg")) return file;
  return Error(Reason::kUsage, fmt::format("--output: '{}' does not end in .svg; charts are written as SVG, which browsers and most "
                                           "programs open and turn into other formats", file));
}

std::string PrintColumns(const kql::Schema& schema, const PrintOptions& options) {
  const kql::Schema columns = {{"ColumnName", kql::Type::kString}, {"ColumnType", kql::Type::kString}};
  ResultRows rows;
  for (const kql::Column& column : schema) {
    rows.push_back({kql::Value::String(column.name), kql::Value::String(kql::TypeName(column.type))});
  }
  return PrintResult(columns, rows, options);
}

}  // namespace zoomwatch::cli
