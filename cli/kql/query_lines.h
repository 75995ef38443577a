// Queries as JSON lines: one query a line in, one result a line out.
//
//   in   {"id": "1", "query": "T | count", "now": "2024-05-01T00:00:00Z", "tables": {"T": {"columns": [...], "rows": [...]}}}
//   out  {"id":"1","columns":[{"name":"Count","type":"long"}],"rows":[[2]]}
//        {"id":"1","errors":[{"code":"KS142","line":1,"column":5,"message":"..."}]}
// Only "query" is required; other members are passed over. "tables" are added to those of the command line, for this query alone. The
// rows of a table are arrays with a cell for each of "columns", or objects; a column is {"name", "type"} or ["name", "type"]. Without
// "columns" the rows are objects and types are inferred (column_types.h). Also accepted: a list of tables with a "name" each, and a
// table that is the list of its rows. Cells have the forms of the result (cli/result_printer.h). A result has "warnings" (as errors) and
// "notes" where there are any. A line that cannot be used at all has a result with the error ZW001 at line 1, column 1.
// Threading: thread-compatible.
#pragma once

#include <string>
#include <string_view>

#include "cli/kql/memory_tables.h"
#include "common/kql/batch/executor.h"

namespace zoomwatch::cli {

struct LineResult {
  bool ok = false;
  std::string json;  // without a line end
};

// `options.now` holds where the line gives no time.
LineResult RunQueryLine(std::string_view line, const MemoryTables& tables, kql::ExecutionOptions options);

}  // namespace zoomwatch::cli
