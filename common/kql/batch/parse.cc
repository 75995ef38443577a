// parse and parse-where: see parse_pattern.h.
#include "common/kql/batch/operator.h"
#include "common/kql/parse_pattern.h"

namespace zoomwatch::kql::batch {
namespace {

class ParseOperator final : public Operator {
 public:
  ParseOperator(Execution& execution, const Relation& relation)
      : input_(execution.Build(*relation.inputs[0])),
        parser_(relation, execution.demand(relation).columns, execution.context(), &execution.subqueries()) {}

  absl::StatusOr<Block> Next() override {
    while (true) {
      absl::StatusOr<Block> input = input_->Next();
      if (!input.ok() || input->rows == 0) return input;
      Block parsed = parser_.Parse(*input, kept_);
      if (parsed.rows > 0) return parsed;
    }
  }

 private:
  const OperatorPtr input_;
  RowParser parser_;
  std::vector<std::uint32_t> kept_;
};

}  // namespace

OperatorPtr MakeParse(Execution& execution, const Relation& relation) {
  return std::make_unique<ParseOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
