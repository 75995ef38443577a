// What the commands that run queries have in common: where the query comes from and how its result is printed.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/result_printer.h"

namespace zoomwatch::cli {

// The text of a query and what messages call it.
struct QuerySource {
  std::string text;
  std::string name = "query";
};

// The first argument, or the file of --file (- is standard input), or standard input. Errors: of ReadWholeFile().
absl::StatusOr<QuerySource> ReadQuerySource(const Arguments& arguments);

// From --format and --max-width. Errors: USAGE.
absl::StatusOr<PrintOptions> ReadPrintOptions(Arguments& arguments);

// From --output: a file to write a chart to; empty: none. Errors: USAGE for one that is no .svg.
absl::StatusOr<std::string> ReadChartFile(const Arguments& arguments);

// The columns of a result as a result of their own: ColumnName, ColumnType.
std::string PrintColumns(const kql::Schema& schema, const PrintOptions& options);

}  // namespace zoomwatch::cli
