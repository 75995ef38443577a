// Queries over constant rows (datatable) as queries over tables, so that the rows can come one by one. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/kql/plan.h"

namespace zoomwatch::kql {

struct StreamedQuery {
  BoundQuery query;
  // The tables that the query now reads. Their first column is TimeGenerated, then come those of the constant rows.
  struct Table {
    std::string name;
    Schema schema;
    std::vector<std::vector<Value>> rows;  // the constant ones, without TimeGenerated
  };
  std::vector<Table> tables;
};

// The same query, where each constant relation with columns is a table; a let that is used twice is one. REQUIRES: query.root.
StreamedQuery Streamed(const BoundQuery& query);

}  // namespace zoomwatch::kql
