// Feeds one stream of rows to a view and, at every step, to the batch evaluator, and compares what they show.
#pragma once

#include <cstdint>
#include <map>
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

enum class Feed {
  kRowByRow,  // a tick per row, and at each due time, a tick before and a tick after
  kGroups,    // random groups of rows; from a random point on, a view that was made anew from the rows so far shows the same changes
  kShuffled,  // all rows in one tick in another order
};

struct CheckOptions {
  Ticks window = 0;
  std::uint64_t seed = 0;  // of groups and orders
  Feed feed = Feed::kRowByRow;
  std::string batch_query = {};  // what the batch evaluator runs instead; empty: the query of the view
};

// What was exercised, by name: steps of the views ("join kind=inner"), aggregates, and what views did.
using Coverage = std::map<std::string, std::uint64_t>;

// Runs the stream to its end and until the window is empty. Empty: they always agreed, no row was taken back that was not there, and in
// the end nothing was left; otherwise what differed, and when. "refused: ..." when the query cannot be kept up to date.
std::string CheckView(const std::string& query, const Tables& tables, const std::vector<StreamRow>& stream, const CheckOptions& options,
                      Coverage* coverage = nullptr);

// The same for a bound query; tables are found by name, and the first column of each is TimeGenerated. REQUIRES: query.root.
std::string CheckView(const BoundQuery& query, const std::vector<StreamRow>& stream, const CheckOptions& options, Coverage* coverage = nullptr);

// Leaves out rows for as long as the check still finds something: what is left is for people to read.
std::vector<StreamRow> Shrink(const std::string& query, const Tables& tables, std::vector<StreamRow> stream, const CheckOptions& options);

}  // namespace zoomwatch::kql::testing
