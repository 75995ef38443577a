// One query with its expected result, as the external corpus keeps them: a JSON object a line. Its README says what the
// fields mean and how results are compared; this is that, in code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/batch/executor.h"
#include "common/kql/schema.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

struct Example {
  std::string id, tier, query;
  Schema columns;
  bool skip_rows = false;
  bool ordered = false;
  double real_rel_tol = 0;
  std::vector<std::string> array_order_undefined;     // names of columns
  std::vector<std::vector<std::vector<Value>>> any_of;  // allowed results: rows of JSON cells in the order of `columns`
  std::optional<std::string> last_line, all_lines;    // the result as joined text instead
  std::string line_sep;
  bool blanks_removed = false;
};

std::vector<Example> ReadExamples(const std::string& path);

// Empty when the schema is the expected one; otherwise the difference.
std::string CompareColumns(const Example& example, const Schema& schema);
std::string CompareRows(const Example& example, const ResultTable& result);

}  // namespace zoomwatch::kql
