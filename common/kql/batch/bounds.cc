#include "common/kql/batch/bounds.h"

#include <algorithm>
#include <utility>

#include "common/kql/scalar_evaluator.h"

namespace zoomwatch::kql::batch {
namespace {

bool ReadsTables(const Scalar& scalar) {
  return scalar.relation != nullptr || std::any_of(scalar.children.begin(), scalar.children.end(),
                                                   [](const ScalarPtr& child) { return ReadsTables(*child); });
}

// The value of a part that is the same for all rows; subqueries are not computed for the sake of bounds.
std::optional<Value> Fixed(const ScalarPtr& scalar, Ticks now) {
  if (scalar->kind == ScalarKind::kConstant) return scalar->constant;
  if (!scalar->per_query || ReadsTables(*scalar)) return std::nullopt;
  ExecutionContext scratch(now);  // its warnings are those of the execution proper, and are counted there
  return ScalarEvaluator(scalar, scratch, nullptr).EvaluateOnce();
}

std::optional<std::size_t> ColumnOf(const Scalar& scalar) {
  if (scalar.kind != ScalarKind::kColumn || scalar.loose) return std::nullopt;
  return scalar.column;
}

Op Mirrored(Op op) {
  if (op == Op::kLess) return Op::kGreater;
  if (op == Op::kLessOrEqual) return Op::kGreaterOrEqual;
  if (op == Op::kGreater) return Op::kLess;
  return op == Op::kGreaterOrEqual ? Op::kLessOrEqual : op;
}

CellBounds ComparedWith(Op op, const Value& value) {
  CellBounds bounds;
  if (op == Op::kEqual && value.is_string()) bounds.texts.emplace().insert(std::string(value.AsString()));
  if (value.kind() != Kind::kDateTime) return bounds;
  const Ticks ticks = value.AsTicks();
  if (op == Op::kEqual || op == Op::kGreater || op == Op::kGreaterOrEqual) bounds.from = ticks;
  if (op == Op::kEqual || op == Op::kLess || op == Op::kLessOrEqual) bounds.to = ticks;
  return bounds;
}

RowBounds OfComparison(const Scalar& scalar, Ticks now) {
  for (const bool mirrored : {false, true}) {
    const std::optional<std::size_t> column = ColumnOf(*scalar.children[mirrored ? 1 : 0]);
    if (!column) continue;
    const std::optional<Value> value = Fixed(scalar.children[mirrored ? 0 : 1], now);
    if (!value) continue;
    CellBounds bounds = ComparedWith(mirrored ? Mirrored(scalar.op) : scalar.op, *value);
    if (scalar.children[mirrored ? 1 : 0]->type != Type::kString) bounds.texts.reset();
    if (!bounds.unbounded()) return {{*column, bounds}};
  }
  return {};
}

RowBounds OfBetween(const Scalar& scalar, Ticks now) {
  const std::optional<std::size_t> column = ColumnOf(*scalar.children[0]);
  const std::optional<Value> from = Fixed(scalar.children[1], now);
  const std::optional<Value> to = Fixed(scalar.children[2], now);
  if (!column) return {};
  CellBounds bounds;
  if (from && from->kind() == Kind::kDateTime) bounds.from = from->AsTicks();
  if (to && to->kind() == Kind::kDateTime) bounds.to = to->AsTicks();
  if (bounds.unbounded()) return {};
  return {{*column, bounds}};
}

// False when a value is no text.
bool AddTexts(const Value& value, std::set<std::string>& texts) {
  if (value.is_array()) {
    return std::all_of(value.AsArray().begin(), value.AsArray().end(),
                       [&texts](const Value& v) { return AddTexts(v, texts); });
  }
  if (!value.is_string()) return false;
  texts.insert(std::string(value.AsString()));
  return true;
}

RowBounds OfIn(const Scalar& scalar, Ticks now) {
  const std::optional<std::size_t> column = ColumnOf(*scalar.children[0]);
  if (!column || scalar.negated || scalar.ignore_case || scalar.children[0]->type != Type::kString) return {};
  CellBounds bounds;
  bounds.texts.emplace();
  for (std::size_t i = 1; i < scalar.children.size(); ++i) {
    const std::optional<Value> value = Fixed(scalar.children[i], now);
    if (!value || !AddTexts(*value, *bounds.texts)) return {};
  }
  return {{*column, bounds}};
}

}  // namespace

RowBounds BoundsOf(const Scalar& predicate, Ticks now) {
  if (predicate.kind == ScalarKind::kIn) return OfIn(predicate, now);
  if (predicate.kind != ScalarKind::kOperator) return {};
  if (predicate.op == Op::kAnd) {
    RowBounds bounds;
    for (const ScalarPtr& child : predicate.children) bounds = Intersect(std::move(bounds), BoundsOf(*child, now));
    return bounds;
  }
  if (predicate.op == Op::kOr) {
    RowBounds bounds = BoundsOf(*predicate.children[0], now);
    for (const ScalarPtr& child : predicate.children) bounds = Hull(bounds, BoundsOf(*child, now));
    return bounds;
  }
  if (predicate.op == Op::kBetween) return OfBetween(predicate, now);
  const bool compares = predicate.op == Op::kEqual || predicate.op == Op::kLess || predicate.op == Op::kLessOrEqual ||
                        predicate.op == Op::kGreater || predicate.op == Op::kGreaterOrEqual;
  return compares ? OfComparison(predicate, now) : RowBounds();
}

RowBounds Intersect(RowBounds a, const RowBounds& b) {
  for (const auto& [column, more] : b) {
    CellBounds& bounds = a[column];
    if (more.from) bounds.from = bounds.from ? std::max(*bounds.from, *more.from) : *more.from;
    if (more.to) bounds.to = bounds.to ? std::min(*bounds.to, *more.to) : *more.to;
    if (!more.texts) continue;
    if (!bounds.texts) {
      bounds.texts = more.texts;
      continue;
    }
    std::set<std::string> both;
    std::set_intersection(bounds.texts->begin(), bounds.texts->end(), more.texts->begin(), more.texts->end(),
                          std::inserter(both, both.end()));
    bounds.texts = std::move(both);
  }
  return a;
}

RowBounds Hull(const RowBounds& a, const RowBounds& b) {
  RowBounds hull;
  for (const auto& [column, one] : a) {
    const auto found = b.find(column);
    if (found == b.end()) continue;
    const CellBounds& other = found->second;
    CellBounds bounds;
    if (one.from && other.from) bounds.from = std::min(*one.from, *other.from);
    if (one.to && other.to) bounds.to = std::max(*one.to, *other.to);
    if (one.texts && other.texts) {
      bounds.texts = one.texts;
      bounds.texts->insert(other.texts->begin(), other.texts->end());
    }
    if (!bounds.unbounded()) hull.emplace(column, std::move(bounds));
  }
  return hull;
}

}  // namespace zoomwatch::kql::batch
