// The result of a query that ends in render, as a chart. For tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/chart/chart.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/catalog.h"

namespace zoomwatch::chart {

class NoTables final : public kql::TableSource {
 public:
  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest& request) override {
    return absl::NotFoundError(request.table);
  }
};

inline absl::StatusOr<Chart> Rendered(std::string_view text) {
  const kql::BoundQuery query = kql::Compile(text, kql::EmptyCatalog());
  if (query.root == nullptr || !query.rendering) return absl::InternalError("not a query with render");
  NoTables tables;
  const auto result = kql::ExecuteToTable(query, tables, {});
  if (!result.ok()) return result.status();
  return MakeChart(*query.rendering, result->schema, result->rows);
}

}  // namespace zoomwatch::chart
