// Statements: let, declare, set, and the calls of functions that let defines.
#include <algorithm>
#include <map>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/block.h"
#include "common/kql/convert.h"
#include "fmt/format.h"

namespace zoomwatch::kql {

namespace {

bool IsLastOperator(const Pipe& pipe, OperatorKind kind) { return !pipe.operators.empty() && pipe.operators.back().kind == kind; }

}  // namespace

void Binder::Block::Let(const Statement& let) {
  Definition definition = binder_.Define(let, names());
  if (!declared_.insert(let.name.text).second) {
    binder_.Error(code::kDuplicateName, let.name.span, fmt::format("the name '{}' is already defined", let.name.text));
    return;
  }
  if (definition.lambda != nullptr) {
    if (scopes_.size() > kMaxLetFunctions) {
      binder_.Error(code::kLimit, let.name.span, fmt::format("more than {} functions", kMaxLetFunctions));
      return;
    }
    definition.lambda_scope = scopes_.back().get();
    Open(scopes_.back().get());
  }
  Add(let.name.text, std::move(definition));
}

RelationPtr Binder::BindQuery(const Query& query) {
  Block block(*this, nullptr);
  RelationPtr result;
  const Statement* last = nullptr;
  for (const Statement& statement : query.statements) {
    switch (statement.kind) {
      case Statement::Kind::kLet: block.Let(statement); break;
      case Statement::Kind::kSet: break;  // options of the service: none changes what a query means here
      case Statement::Kind::kDeclare:
        for (const LambdaParameter& parameter : statement.parameters) block.Add(parameter.name.text, DefineParameter(parameter));
        break;
      case Statement::Kind::kQuery: {
        last = &statement;
        std::map<std::string, RelationPtr, std::less<>> exported;
        exported_ = &exported;
        result = BindPipe(*statement.pipe, block.names());
        exported_ = nullptr;
        for (auto& [name, relation] : exported) block.Add(name, Definition{.relation = relation});
        break;
      }
    }
  }
  if (last == nullptr) {
    if (!failed_) Error(code::kSyntax, {static_cast<std::uint32_t>(text_.size()), 0}, "the query has no statement that yields a table");
    return nullptr;
  }
  if (IsLastOperator(*last->pipe, OperatorKind::kRender)) {
    const Operator& render = last->pipe->operators.back();
    rendering = Rendering{render.word, render.properties};
  }
  return result;
}

Definition Binder::DefineScalar(ScalarPtr scalar, std::size_t nodes_before) const {
  Definition definition;
  definition.row_context = scalar->per_query ? 0 : row_context_;
  definition.scalar = std::move(scalar);
  definition.scalar_nodes = nodes_ - nodes_before;
  definition.scalar_depth = subquery_depth_;
  return definition;
}

Definition Binder::Define(const Statement& let, const Scope& scope) {
  Definition definition;
  if (let.lambda != nullptr) {
    bool scalar_seen = false;
    for (const LambdaParameter& parameter : let.lambda->parameters) {
      if (parameter.tabular && scalar_seen) {
        Error(code::kParameterOrder, parameter.name.span, "parameters that are tables must come first");
      }
      scalar_seen = scalar_seen || !parameter.tabular;
    }
    definition.lambda = let.lambda.get();
    definition.tabular = YieldsTable(*let.lambda, scope);
    return definition;
  }
  const Pipe& pipe = *let.pipe;
  if (IsBareExpression(pipe) && !IsTabular(*pipe.source, scope)) {
    RowScope row;
    row.names = &scope;
    const std::size_t before = nodes_;
    const std::uint32_t outer_depth = std::exchange(subquery_depth_, 0);
    definition = DefineScalar(BindScalar(*pipe.source, row), before);
    subquery_depth_ = outer_depth;
    return definition;
  }
  definition.relation = BindPipe(pipe, scope);
  // A definition with an error stays known, so that its uses are not errors too.
  if (definition.relation == nullptr) definition.scalar = UnknownScalar(let.name.span);
  return definition;
}

ScalarPtr Binder::UseScalar(const Definition& definition, const Name& name) {
  if (!CountNode(name.span, definition.scalar_nodes)) return UnknownScalar(name.span);
  subquery_depth_ = std::max(subquery_depth_, definition.scalar_depth);
  if (definition.row_context != 0 && definition.row_context != row_context_) {
    Error(code::kNotSupported, name.span,
          fmt::format("'{}' depends on the row outside and cannot be used in a subquery, which has rows of its own", name.text));
    return UnknownScalar(name.span);
  }
  return definition.scalar;
}

// `declare query_parameters`: the value given for this execution, or the default.
Definition Binder::DefineParameter(const LambdaParameter& parameter) {
  auto scalar = std::make_shared<Scalar>();
  scalar->type = parameter.type;
  scalar->span = parameter.name.span;
  scalar->per_query = true;
  const auto given = options_.parameters.find(parameter.name.text);
  if (given != options_.parameters.end()) {
    scalar->constant = ConvertTo(parameter.type, given->second);
  } else if (parameter.default_value != nullptr && parameter.default_value->kind == ExprKind::kLiteral) {
    scalar->constant = ConvertTo(parameter.type, parameter.default_value->value);
  } else {
    Error(code::kBadConstant, parameter.name.span, fmt::format("no value is given for the parameter '{}'", parameter.name.text));
    scalar->type = Type::kUnknown;
  }
  Definition definition;
  definition.scalar = std::move(scalar);
  definition.scalar_nodes = 1;
  return definition;
}

}  // namespace zoomwatch::kql
