// mv-expand: the changes of a row are those of the rows that it expands to, which are the same whenever the row is. An expanded row is
// identified by its row and the element's number; it has the row's order, and its place is by the element's number.
#include <fmt/format.h>

#include "common/kql/expansion.h"
#include "common/kql/incremental/nodes.h"

namespace zoomwatch::kql::incremental {

namespace {

class ExpandNode final : public Node {
 public:
  ExpandNode(NodeContext context, const Relation& relation, std::uint64_t max_bytes)
      : row_bytes_(relation.schema.size() * sizeof(Value) + 5 * sizeof(std::uint64_t)),
        max_bytes_(max_bytes),
        expander_(relation, std::vector<bool>(relation.schema.size(), true), context.execution, nullptr) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    expander_.Load(input.block);
    Expander::Picks picks;
    Deltas deltas;
    for (std::size_t row = 0; row < input.rows(); ++row) {
      const std::size_t elements = expander_.RowsOf(row);
      // Elements share what they hold with their array, so an expansion of an expansion grows far beyond the event.
      if (elements > max_bytes_ / row_bytes_ - picks.rows.size()) {
        return absl::ResourceExhaustedError(fmt::format("mv-expand: the rows of one step take more than {} bytes", max_bytes_));
      }
      for (std::size_t element = 0; element < elements; ++element) {
        picks.rows.push_back(static_cast<std::uint32_t>(row));
        picks.elements.push_back(static_cast<std::uint32_t>(element));
        deltas.weights.push_back(input.weights[row]);
        deltas.leaves.push_back(input.leaves[row]);
        deltas.orders.push_back(input.orders[row]);
        deltas.places.push_back((input.places[row] << kElementBits) + element);
        deltas.ids.push_back(CombineIds(input.ids[row], element));
      }
    }
    deltas.block = expander_.Expand(picks);
    expander_.Load({});
    return deltas;
  }

 private:
  const std::uint64_t row_bytes_, max_bytes_;
  Expander expander_;
};

}  // namespace

NodePtr MakeExpandNode(NodeContext context, const Relation& relation, std::uint64_t max_bytes) {
  return std::make_unique<ExpandNode>(context, relation, max_bytes);
}

}  // namespace zoomwatch::kql::incremental
