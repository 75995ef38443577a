// join and lookup.
#include <set>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/scalars.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

struct KindName {
  std::string_view name;
  JoinKind kind;
};

constexpr KindName kJoinKinds[] = {
    {"inner", JoinKind::kInner},           {"innerunique", JoinKind::kInnerUnique}, {"leftouter", JoinKind::kLeftOuter},
    {"rightouter", JoinKind::kRightOuter}, {"fullouter", JoinKind::kFullOuter},     {"leftsemi", JoinKind::kLeftSemi},
    {"rightsemi", JoinKind::kRightSemi},   {"leftanti", JoinKind::kLeftAnti},       {"anti", JoinKind::kLeftAnti},
    {"leftantisemi", JoinKind::kLeftAnti}, {"rightanti", JoinKind::kRightAnti},     {"rightantisemi", JoinKind::kRightAnti},
};

bool IsLookupKind(JoinKind kind) { return kind == JoinKind::kInner || kind == JoinKind::kLeftOuter; }

// $left.name or $right.name.
const Name* SideColumn(const Expr& expr, std::string_view side) {
  if (expr.kind != ExprKind::kPath || expr.children[0]->kind != ExprKind::kName || expr.children[0]->name.text != side) return nullptr;
  return &expr.name;
}

}  // namespace

JoinKind Binder::BindJoinKind(const Operator& op) {
  const bool lookup = op.kind == OperatorKind::kLookup;
  const JoinKind usual = lookup ? JoinKind::kLeftOuter : JoinKind::kInnerUnique;
  const OperatorParameter* parameter = FindParameter(op, "kind");
  if (parameter == nullptr) return usual;
  std::vector<std::string_view> candidates;
  for (const auto& [name, kind] : kJoinKinds) {
    if (lookup && !IsLookupKind(kind)) continue;
    if (parameter->word == name) return kind;
    candidates.push_back(name);
  }
  Error(code::kSyntax, parameter->value_span, UnknownMessage(lookup ? "kind of lookup" : "kind of join", parameter->word, candidates));
  return usual;
}

// `on name`: a column of both sides, of one type.
void Binder::BindCommonKey(const Name& name, Relation& join) {
  const Schema& left = join.inputs[0]->schema;
  const Schema& right = join.inputs[1]->schema;
  const auto l = FindColumn(left, name.text), r = FindColumn(right, name.text);
  if (!l && !r) return ErrorUnknownColumn(name, left);
  if (!l || !r) {
    return Error(code::kNotOnBothSides, name.span,
                 fmt::format("the column '{}' is on the {} side only: write $left.{} == $right.{}", name.text, l ? "left" : "right",
                             l ? name.text : "<column>", r ? name.text : "<column>"));
  }
  const Type a = left[*l].type, b = right[*r].type;
  if (a != b && a != Type::kUnknown && b != Type::kUnknown) {
    return Error(code::kCommonColumnType, name.span,
                 fmt::format("the column '{}' is {} on the left side and {} on the right", name.text, TypeName(a), TypeName(b)));
  }
  AddJoinKey(*l, *r, name.span, name.span, join);
}

void Binder::AddJoinKey(std::size_t left, std::size_t right, Span left_span, Span right_span, Relation& join) {
  const Schema& l = join.inputs[0]->schema;
  const Schema& r = join.inputs[1]->schema;
  const Type a = l[left].type, b = r[right].type;
  if (a == Type::kDynamic || b == Type::kDynamic) {
    return Error(code::kDynamicJoinKey, a == Type::kDynamic ? left_span : right_span, "a join key cannot be dynamic: convert it first");
  }
  if (a != b && a != Type::kUnknown && b != Type::kUnknown && !(IsInteger(a) && IsInteger(b))) {
    return Error(code::kJoinKeyTypes, left_span, fmt::format("join keys of unlike types: {} and {}", TypeName(a), TypeName(b)));
  }
  join.left_keys.push_back(SettledText(ColumnOf(l, left, left_span)));
  join.right_keys.push_back(SettledText(ColumnOf(r, right, right_span)));
}

void Binder::BindJoinCondition(const Expr& condition, Relation& join) {
  if (condition.kind == ExprKind::kAnd) {
    for (const ExprPtr& child : condition.children) BindJoinCondition(*child, join);
    return;
  }
  if (condition.kind == ExprKind::kName) return BindCommonKey(condition.name, join);
  if (condition.kind != ExprKind::kBinary || condition.op != "==") {
    return Error(code::kJoinCondition, condition.span,
                 "a join condition is the name of a column of both sides, or $left.<column> == $right.<column>");
  }
  const Name* left = SideColumn(*condition.children[0], "$left");
  const Name* right = SideColumn(*condition.children[1], "$right");
  if (left == nullptr) Error(code::kJoinOperand, condition.children[0]->span, "$left.<column> is expected here");
  if (right == nullptr) Error(code::kJoinOperand, condition.children[1]->span, "$right.<column> is expected here");
  if (left == nullptr || right == nullptr) return;
  const auto l = FindColumn(join.inputs[0]->schema, left->text);
  const auto r = FindColumn(join.inputs[1]->schema, right->text);
  if (!l) ErrorUnknownColumn(*left, join.inputs[0]->schema);
  if (!r) ErrorUnknownColumn(*right, join.inputs[1]->schema);
  if (l && r) AddJoinKey(*l, *r, condition.children[0]->span, condition.children[1]->span, join);
}

// All columns of the left side, then those of the right; a name that the left side has too gets the smallest number that makes it free.
void Binder::JoinColumns(bool lookup, Relation& join) {
  const Schema& left = join.inputs[0]->schema;
  const Schema& right = join.inputs[1]->schema;
  const auto add = [&join](bool from_right, std::size_t column, Column named) {
    join.join_outputs.push_back({from_right, column});
    join.schema.push_back(std::move(named));
  };
  std::set<std::string, std::less<>> taken;
  if (!KeepsOnlyRight(join.join)) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      add(false, i, left[i]);
      taken.insert(left[i].name);
    }
  }
  if (KeepsOnlyLeft(join.join)) return;
  std::set<std::size_t> keys;
  if (lookup) {
    for (const ScalarPtr& key : join.right_keys) keys.insert((key->children.empty() ? *key : *key->children[0]).column);
  }
  std::set<std::string, std::less<>> of_right;
  for (const Column& column : right) of_right.insert(column.name);
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (keys.contains(i)) continue;
    Column named = right[i];
    for (int n = 1; taken.contains(named.name) || (n > 1 && of_right.contains(named.name)); ++n) {
      named.name = fmt::format("{}{}", right[i].name, n);
    }
    taken.insert(named.name);
    add(true, i, std::move(named));
  }
}

RelationPtr Binder::BindJoin(const Step& step) {
  const bool lookup = step.op.kind == OperatorKind::kLookup;
  Relation join;
  join.kind = RelationKind::kJoin;
  join.span = step.op.span;
  join.join = BindJoinKind(step.op);
  RelationPtr right = BindTable(*step.op.expr, step.names);
  if (right == nullptr) return nullptr;
  join.inputs = {step.input, std::move(right)};
  for (const ExprPtr& condition : step.op.conditions) BindJoinCondition(*condition, join);
  JoinColumns(lookup, join);
  return Make(std::move(join));
}

}  // namespace zoomwatch::kql
