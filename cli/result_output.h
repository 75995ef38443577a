// Shows the result of a query as the command line asks for it: rows, or the chart of a query that ends in render.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cli/command.h"
#include "cli/result_printer.h"
#include "common/kql/plan.h"

namespace zoomwatch::cli {

struct OutputOptions {
  PrintOptions print;
  std::string svg_file;      // also write the chart there; empty: no file
  std::string_view command;  // what complaints begin with: "zoomwatch kql"
};

// Prints the chart where print.format is a table, or the rows where no chart is asked for or none can be made of them.
// A chart on a terminal is as wide as that.
// Errors: INVALID_ARGUMENT for an svg_file without a chart; UNKNOWN for one that cannot be written. The result was printed all the same.
absl::Status ShowResult(const kql::Schema& schema, std::span<const std::vector<kql::Value>> rows,
                        const std::optional<kql::Rendering>& rendering, const OutputOptions& options, const Console& console);

}  // namespace zoomwatch::cli
