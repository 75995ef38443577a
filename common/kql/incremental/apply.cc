// mv-apply: the subquery over the rows that one input row expands to, as a dataflow of its own that sees them in one tick and is thrown
// away. It sees nothing else, so the changes of a row are those of the rows that come out, which are the same whenever the row is. A row of
// the result is identified by its row and by its identity within the subquery.
#include <utility>

#include <fmt/format.h>

#include "common/kql/expansion.h"
#include "common/kql/incremental/nodes.h"

namespace zoomwatch::kql::incremental {

namespace {

class ApplyNode final : public Node {
 public:
  ApplyNode(NodeContext context, const Relation& relation, std::uint64_t max_bytes, std::function<Dataflow()> subquery)
      : relation_(relation),
        max_bytes_(max_bytes),
        subquery_(std::move(subquery)),
        expander_(relation, std::vector<bool>(relation.applied_input->schema.size(), true), context.execution, nullptr) {}

  absl::StatusOr<Deltas> Tick(Ticks now, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    DeltaBuilder out(relation_.schema.size());
    expander_.Load(input.block);
    for (std::size_t row = 0; row < input.rows(); ++row) {
      const std::size_t elements = expander_.RowsOf(row);
      if (elements == 0) continue;
      if (Exceeds(elements, relation_.applied_input->schema)) return TooMany();
      Dataflow subquery = subquery_();
      const absl::StatusOr<Deltas> applied = RunTick(subquery, now, {Expanded(row, elements)});
      if (!applied.ok()) return applied.status();
      if (Exceeds(out.rows() + applied->rows(), relation_.schema)) return TooMany();
      const KeptRow from = RowAt(input, row);
      for (std::size_t i = 0; i < applied->rows(); ++i) {
        out.Add(Combined(from, RowAt(*applied, i), i), input.weights[row] * applied->weights[i]);
      }
    }
    expander_.Load({});
    return out.Take();
  }

 private:
  // Values are shared with the event, so rows are counted without what they hold.
  bool Exceeds(std::size_t rows, const Schema& schema) const {
    return rows > max_bytes_ / (schema.size() * sizeof(Value) + sizeof(KeptRow));
  }
  absl::Status TooMany() const {
    return absl::ResourceExhaustedError(fmt::format("mv-apply: the rows of one step take more than {} bytes", max_bytes_));
  }

  Deltas Expanded(std::size_t row, std::size_t elements) const {
    Expander::Picks picks;
    Deltas deltas;
    for (std::size_t element = 0; element < elements; ++element) {
      picks.rows.push_back(static_cast<std::uint32_t>(row));
      picks.elements.push_back(static_cast<std::uint32_t>(element));
      deltas.orders.push_back(element);
      deltas.ids.push_back(CombineIds(0, element));
    }
    deltas.weights.assign(elements, 1);
    deltas.leaves.assign(elements, kNever);
    deltas.places.assign(elements, 0);
    deltas.block = expander_.Expand(picks);
    return deltas;
  }

  KeptRow Combined(const KeptRow& from, const KeptRow& applied, std::size_t at) const {
    KeptRow row{.cells = {},
                .leave = from.leave,
                .order = from.order,
                .place = (from.place << kElementBits) + at,
                .id = CombineIds(from.id, applied.id)};
    row.cells.reserve(relation_.join_outputs.size());
    for (const JoinOutput& output : relation_.join_outputs) row.cells.push_back((output.right ? applied : from).cells[output.column]);
    return row;
  }

  const Relation& relation_;
  const std::uint64_t max_bytes_;
  const std::function<Dataflow()> subquery_;
  Expander expander_;
};

}  // namespace

NodePtr MakeApplyNode(NodeContext context, const Relation& relation, std::uint64_t max_bytes, std::function<Dataflow()> subquery) {
  return std::make_unique<ApplyNode>(context, relation, max_bytes, std::move(subquery));
}

}  // namespace zoomwatch::kql::incremental
