// Calls of the registry's functions.
#include <algorithm>
#include <utility>

#include "common/kql/scalar_node.h"

namespace zoomwatch::kql::scalar {
namespace {

class CallNode final : public Node {
 public:
  CallNode(ScalarPtr scalar, NodePtrs children, const Environment& environment)
      : scalar_(std::move(scalar)), children_(std::move(children)), context_(environment.context) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    std::vector<Result> arguments;
    arguments.reserve(children_.size());
    for (const NodePtr& child : children_) arguments.push_back(child->Evaluate(block, rows));
    Cells cells(rows.block_rows());
    if (arguments.size() == 1) {
      rows.ForEach([&](std::size_t row) { cells[row] = Apply(Args(&arguments[0][row], 1)); });
      return Result::Of(std::move(cells));
    }
    std::vector<Value> of_row;
    for (const Result& argument : arguments) of_row.push_back(argument.same() == nullptr ? Value() : *argument.same());
    rows.ForEach([&](std::size_t row) {
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].same() == nullptr) of_row[i] = arguments[i][row];
      }
      cells[row] = Apply(of_row);
    });
    return Result::Of(std::move(cells));
  }

 private:
  Value Apply(Args arguments) {
    const bool passes =
        scalar_->function->nulls == NullRule::kSeesNulls ||
        std::none_of(arguments.begin(), arguments.end(), [](const Value& value) { return value.is_null(); });
    if (!passes || context_.MadeTooMuch()) return NullOf(scalar_->type);
    Call call(context_, scalar_->argument_types, scalar_->type);
    Value result = context_.Admit(scalar_->overload->eval(call, arguments));
    return result.is_null() ? NullOf(scalar_->type) : result;
  }

  const ScalarPtr scalar_;
  const NodePtrs children_;
  ExecutionContext& context_;
};

}  // namespace

NodePtr MakeCall(const ScalarPtr& scalar, NodePtrs children, const Environment& environment) {
  return std::make_unique<CallNode>(scalar, std::move(children), environment);
}

}  // namespace zoomwatch::kql::scalar
