// The first rows of an order, kept over an input with retractions. Rows beyond the limit are held too: they move up.
#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "common/kql/compare.h"
#include "common/kql/incremental/nodes.h"

namespace zoomwatch::kql::incremental {

namespace {

struct Ranked {
  std::vector<Value> keys;
  KeptRow row;
};

class TopNode final : public Node {
 public:
  TopNode(NodeContext context, const std::vector<SortKey>& order, std::int64_t limit)
      : limit_(limit < 0 ? 0 : static_cast<std::size_t>(limit)), rows_(Before{&order_}), order_(order) {
    for (const SortKey& key : order_) keys_.emplace_back(key.value, context.execution, nullptr);
  }

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    if (input.rows() == 0) return out.Take();
    std::vector<CellsPtr> keys;
    for (ScalarEvaluator& key : keys_) keys.push_back(key.Evaluate(input.block));
    for (std::size_t row = 0; row < input.rows(); ++row) {
      Ranked ranked{.keys = {}, .row = RowAt(input, row)};
      for (const CellsPtr& cells : keys) ranked.keys.push_back((*cells)[row]);
      Add(ranked, input.weights[row]);
    }
    std::vector<KeptRow> top = First();
    // What stays cancels out when the deltas are consolidated; the limit is small.
    for (const KeptRow& row : shown_) out.Add(row, -1);
    for (const KeptRow& row : top) out.Add(row, 1);
    shown_ = std::move(top);
    return out.Take();
  }
  std::uint64_t state_bytes() const override { return static_cast<std::uint64_t>(bytes_); }

 private:
  struct Before {
    const std::vector<SortKey>* order;
    bool operator()(const std::pair<Ranked, std::int64_t>& x, const std::pair<Ranked, std::int64_t>& y) const {
      const Ranked& a = x.first;
      const Ranked& b = y.first;
      for (std::size_t i = 0; i < order->size(); ++i) {
        const SortKey& key = (*order)[i];
        const bool a_null = a.keys[i].is_null();
        if (a_null != b.keys[i].is_null()) return a_null == key.nulls_first;
        const auto compared = SortOrder(a.keys[i], b.keys[i]);
        if (compared != 0) return key.ascending ? compared < 0 : compared > 0;
      }
      return std::tuple(a.row.order, a.row.place, a.row.id) < std::tuple(b.row.order, b.row.place, b.row.id);
    }
  };

  void Add(const Ranked& ranked, std::int64_t weight) {
    auto [at, end] = rows_.equal_range({ranked, 0});
    for (; at != end; ++at) {
      const std::vector<Value>& cells = at->first.row.cells;
      if (!std::equal(cells.begin(), cells.end(), ranked.row.cells.begin(), SameKey)) continue;
      auto changed = rows_.extract(at);
      changed.value().second += weight;
      if (changed.value().second == 0) {
        bytes_ -= static_cast<std::int64_t>(RowBytes(ranked.row));
      } else {
        rows_.insert(std::move(changed));
      }
      return;
    }
    rows_.insert({ranked, weight});
    bytes_ += static_cast<std::int64_t>(RowBytes(ranked.row));
  }

  std::vector<KeptRow> First() const {
    std::vector<KeptRow> top;
    for (const auto& [ranked, weight] : rows_) {
      for (std::int64_t i = 0; i < weight && top.size() < limit_; ++i) top.push_back(ranked.row);
      if (top.size() == limit_) break;
    }
    return top;
  }

  const std::size_t limit_;
  std::multiset<std::pair<Ranked, std::int64_t>, Before> rows_;
  const std::vector<SortKey> order_;
  std::vector<ScalarEvaluator> keys_;
  std::vector<KeptRow> shown_;
  std::size_t columns_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

NodePtr MakeTopNode(NodeContext context, std::vector<SortKey> order, std::int64_t limit) {
  return std::make_unique<TopNode>(context, order, limit);
}

}  // namespace zoomwatch::kql::incremental
