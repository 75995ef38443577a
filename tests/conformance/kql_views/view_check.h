// Feeds one stream of rows to a view and, at every step, to the batch evaluator, and compares what they show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/kql/catalog.h"
#include "common/kql/plan.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql::testing {

struct StreamRow {
  std::string table;
  std::vector<Value> cells;
  Ticks arrival = 0;  // not before that of the row before
};

class Tables final : public Catalog {
 public:
  void Add(std::string name, Schema schema) { tables_.emplace_back(std::move(name), std::move(schema)); }
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override;
  std::vector<std::string> TableNames() const override;
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }

 private:
  std::vector<std::pair<std::string, Schema>> tables_;
};

struct CheckOptions {
  Ticks window = 0;
  std::uint64_t seed = 0;      // of how rows are grouped into ticks
  bool one_by_one = true;      // a tick per row, and at each due time, a tick before and a tick after; otherwise random groups
};

// Runs the stream to its end and until the window is empty. Empty: they always agreed; otherwise what differed, and when. "refused:
// ..." when the query cannot be kept up to date.
std::string CheckView(const std::string& query, const Tables& tables, const std::vector<StreamRow>& stream, const CheckOptions& options);

}  // namespace zoomwatch::kql::testing
