// The result of a query as text: what `zoomwatch kql` and `zoomwatch hunt` print. Pure; thread-safe.
//
//   table  for people: names, types, rows; numbers to the right. A null is blank, and cells that are longer than max_width are cut, with
//          an ellipsis. Nothing in a cell can act on the terminal (chart::PrintableText).
//   csv    RFC 4180 with a header line; a null is an empty field, and so is an empty text. For a terminal cells are as in a table.
//   json   {"columns":[{"name":"n","type":"long"}],"rows":[[1]]}
//   jsonl  one object a row, a key a column.
// Cells in JSON: bool, int, long, real and decimal as they are, NaN and infinities as texts; datetime "2024-05-01T00:00:00.0000000Z";
// timespan "1.00:00:00"; guid as text; dynamic as the JSON value that it is; null as null. JSON is always valid UTF-8, and what
// a terminal would act on is escaped in it: cells hold what strangers wrote.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/schema.h"
#include "common/kql/value.h"

namespace zoomwatch::cli {

enum class ResultFormat { kTable, kCsv, kJson, kJsonLines };

// "table", "csv", "json", "jsonl".
std::optional<ResultFormat> ResultFormatOf(std::string_view name);

struct PrintOptions {
  ResultFormat format = ResultFormat::kTable;
  std::size_t max_width = 60;  // cells of the terminal for a cell of a table; 0: no limit
  bool terminal = false;       // somebody looks at it: csv, too, must not act on the terminal
};

using ResultRows = std::vector<std::vector<kql::Value>>;

// Ends with a line end. REQUIRES: every row has as many cells as the schema has columns.
std::string PrintResult(const kql::Schema& schema, std::span<const std::vector<kql::Value>> rows, const PrintOptions& options);

// The members of the json form without the braces around them, for objects that have more: "columns":[...],"rows":[...]
void AppendResultMembers(const kql::Schema& schema, std::span<const std::vector<kql::Value>> rows, std::string& out);

}  // namespace zoomwatch::cli
