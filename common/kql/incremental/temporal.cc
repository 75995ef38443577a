#include "common/kql/incremental/temporal.h"

#include <algorithm>
#include <utility>

namespace zoomwatch::kql::incremental {

namespace {

using Bound = TemporalCondition::Bound;

bool AnyOf(const Scalar& scalar, bool (*holds)(const Scalar&)) {
  return holds(scalar) ||
         std::any_of(scalar.children.begin(), scalar.children.end(), [&](const ScalarPtr& child) { return AnyOf(*child, holds); });
}

bool IsConstantSpan(const Scalar& scalar) {
  return scalar.kind == ScalarKind::kConstant && scalar.constant.kind() == Kind::kTimeSpan;
}

std::optional<Ticks> Checked(Ticks a, Ticks b, bool subtract) {
  Ticks result = 0;
  const bool overflow = subtract ? __builtin_sub_overflow(a, b, &result) : __builtin_add_overflow(a, b, &result);
  return overflow ? std::nullopt : std::optional<Ticks>(result);
}

// `value op now + offset`
std::optional<Bound> BoundOf(Op op) {
  switch (op) {
    case Op::kGreater: return Bound::kLeaveAt;            // now + o <  value: now <  value - o
    case Op::kGreaterOrEqual: return Bound::kLeaveAfter;  // now + o <= value
    case Op::kLess: return Bound::kEnterAfter;            // now + o >  value
    case Op::kLessOrEqual: return Bound::kEnterAt;        // now + o >= value
    default: return std::nullopt;
  }
}

Op Mirrored(Op op) {
  switch (op) {
    case Op::kGreater: return Op::kLess;
    case Op::kGreaterOrEqual: return Op::kLessOrEqual;
    case Op::kLess: return Op::kGreater;
    case Op::kLessOrEqual: return Op::kGreaterOrEqual;
    default: return Op::kNone;
  }
}

// Rows may hold a dynamic where the condition was written for a datetime: only typed datetimes become intervals.
bool IsRowTime(const Scalar& scalar) {
  return scalar.type == Type::kDateTime && !scalar.loose && !DependsOnClock(scalar) && !HasSubquery(scalar);
}

std::optional<TemporalCondition> Condition(const ScalarPtr& value, Op op, const Scalar& clock) {
  const auto bound = BoundOf(op);
  const auto offset = ClockOffset(clock);
  if (!bound || !offset || !IsRowTime(*value)) return std::nullopt;
  const auto negated = Checked(0, *offset, true);
  if (!negated) return std::nullopt;
  return TemporalCondition{.bound = *bound, .value = value, .offset = *negated};
}

// Adds what a conjunct that depends on the clock means. False: it is not of a form that has an interval.
bool AddTemporal(const Scalar& conjunct, SplitPredicate& split) {
  if (conjunct.kind != ScalarKind::kOperator) return false;
  const auto& operands = conjunct.children;
  if (conjunct.op == Op::kBetween) {
    // Either end may be free of the clock.
    const auto end = [&](std::size_t i, Op op) {
      if (DependsOnClock(*operands[i])) {
        const auto condition = Condition(operands[0], op, *operands[i]);
        if (condition) split.temporal.push_back(*condition);
        return condition.has_value();
      }
      auto comparison = std::make_shared<Scalar>();
      comparison->kind = ScalarKind::kOperator;
      comparison->op = op;
      comparison->type = Type::kBool;
      comparison->span = conjunct.span;
      comparison->children = {operands[0], operands[i]};
      split.rows.push_back(std::move(comparison));
      return true;
    };
    return end(1, Op::kGreaterOrEqual) && end(2, Op::kLessOrEqual);
  }
  if (operands.size() != 2) return false;
  const bool clock_right = DependsOnClock(*operands[1]);
  const auto condition = clock_right ? Condition(operands[0], conjunct.op, *operands[1])
                                     : Condition(operands[1], Mirrored(conjunct.op), *operands[0]);
  if (condition) split.temporal.push_back(*condition);
  return condition.has_value();
}

void AddConjunct(const ScalarPtr& conjunct, SplitPredicate& split) {
  if (conjunct->kind == ScalarKind::kOperator && conjunct->op == Op::kAnd) {
    for (const ScalarPtr& child : conjunct->children) AddConjunct(child, split);
  } else if (DependsOnClock(*conjunct)) {
    if (!AddTemporal(*conjunct, split) && split.refused.empty()) {
      split.refused = "a condition on now() that is not a comparison of a datetime with now() plus or minus a constant";
      split.refused_span = conjunct->span;
    }
  } else if (HasSubquery(*conjunct)) {
    split.subqueries.push_back(conjunct);
  } else {
    split.rows.push_back(conjunct);
  }
}

}  // namespace

bool DependsOnClock(const Scalar& scalar) {
  return AnyOf(scalar, [](const Scalar& part) {
    return part.kind == ScalarKind::kCall && (part.function->special == SpecialForm::kNow || part.function->name == "ago");
  });
}

bool HasSubquery(const Scalar& scalar) {
  return AnyOf(scalar, [](const Scalar& part) { return part.relation != nullptr; });
}

std::optional<Ticks> ClockOffset(const Scalar& scalar) {
  if (scalar.kind == ScalarKind::kCall) {
    const bool ago = scalar.function->name == "ago";
    if (!ago && scalar.function->special != SpecialForm::kNow) return std::nullopt;
    if (scalar.children.empty()) return 0;
    if (!IsConstantSpan(*scalar.children[0])) return std::nullopt;
    return Checked(0, scalar.children[0]->constant.AsTicks(), ago);
  }
  if (scalar.kind != ScalarKind::kOperator || scalar.children.size() != 2) return std::nullopt;
  const Scalar& left = *scalar.children[0];
  const Scalar& right = *scalar.children[1];
  if (scalar.op == Op::kAdd && IsConstantSpan(left)) {
    const auto offset = ClockOffset(right);
    return offset ? Checked(*offset, left.constant.AsTicks(), false) : std::nullopt;
  }
  if ((scalar.op == Op::kAdd || scalar.op == Op::kSubtract) && IsConstantSpan(right)) {
    const auto offset = ClockOffset(left);
    return offset ? Checked(*offset, right.constant.AsTicks(), scalar.op == Op::kSubtract) : std::nullopt;
  }
  return std::nullopt;
}

SplitPredicate Split(const ScalarPtr& predicate) {
  SplitPredicate split;
  AddConjunct(predicate, split);
  return split;
}

}  // namespace zoomwatch::kql::incremental
