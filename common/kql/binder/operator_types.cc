#include "common/kql/binder/operator_types.h"

#include <string_view>

#include "common/kql/binder/scalars.h"

namespace zoomwatch::kql {
namespace {

// A cell per pair of types in the order of Type; rows: left operand. b bool, i int, l long, r real, d decimal, s string, t datetime,
// p timespan, g guid, y dynamic, . not defined.
struct TypeTable {
  std::string_view rows[10];
};

constexpr std::string_view kLetters = "bilrdstpgy";

//                                     bilrdstpgy
constexpr TypeTable kAddTable = {{    "..........",  // bool
                                      ".llrd....l",  // int
                                      ".llrd....l",  // long
                                      ".rrrd....r",  // real
                                      ".dddd....d",  // decimal
                                      "..........",  // string
                                      "......tt.t",  // datetime
                                      "......tp.p",  // timespan
                                      "..........",  // guid
                                      ".llrd.tp.y"}};

constexpr TypeTable kSubtractTable = {{"..........",  // bool
                                      ".llrd....l",  // int
                                      ".llrd....l",  // long
                                      ".rrrd....r",  // real
                                      ".dddd....d",  // decimal
                                      "..........",  // string
                                      "......pt.p",  // datetime
                                      "......tp.p",  // timespan
                                      "..........",  // guid
                                      ".llrd.pp.y"}};

constexpr TypeTable kMultiplyTable = {{"..........",  // bool
                                      ".llrd.tp.l",  // int
                                      ".llrd.tp.l",  // long
                                      ".rrrd.tp.r",  // real
                                      ".dddd.tp.d",  // decimal
                                      "..........",  // string
                                      ".tttt.....",  // datetime
                                      ".pppp..p..",  // timespan
                                      "..........",  // guid
                                      ".llrd....y"}};

constexpr TypeTable kDivideTable = {{ "..........",  // bool
                                      ".llrd....l",  // int
                                      ".llrd....l",  // long
                                      ".rrrd....r",  // real
                                      ".dddd....d",  // decimal
                                      "..........",  // string
                                      ".tttt.rr..",  // datetime
                                      ".pppp..r..",  // timespan
                                      "..........",  // guid
                                      ".llrd....y"}};

constexpr TypeTable kModuloTable = {{ "..........",  // bool
                                      ".llrd....l",  // int
                                      ".llrd....l",  // long
                                      ".rrrd....r",  // real
                                      ".dddd....d",  // decimal
                                      "..........",  // string
                                      ".tttt.pp..",  // datetime
                                      ".pppp..p..",  // timespan
                                      "..........",  // guid
                                      ".llrd....y"}};

constexpr TypeTable kOrderTable = {{  "bbbbb.....",  // bool
                                      "bbbbb....b",  // int
                                      "bbbbb....b",  // long
                                      "bbbbb....b",  // real
                                      "bbbbb....b",  // decimal
                                      "..........",  // string
                                      "......b...",  // datetime
                                      ".......b..",  // timespan
                                      "..........",  // guid
                                      ".bbbb....b"}};

std::optional<Type> Cell(const TypeTable& table, Type left, Type right) {
  const char letter = table.rows[static_cast<std::size_t>(left)][static_cast<std::size_t>(right)];
  if (letter == '.') return std::nullopt;
  return static_cast<Type>(kLetters.find(letter));
}

// Nothing for unlike types that no promotion brings together.
std::optional<Type> Pair(Type a, Type b) {
  if (a == b) return a;
  if (a == Type::kUnknown || b == Type::kUnknown) return Type::kUnknown;
  if (a == Type::kDynamic || b == Type::kDynamic) return Type::kDynamic;
  if (IsPromotable(a, b)) return b;
  if (IsPromotable(b, a)) return a;
  return std::nullopt;
}

}  // namespace

std::optional<Type> BinaryType(Op op, Type left, Type right) {
  switch (op) {
    case Op::kAdd: return Cell(kAddTable, left, right);
    case Op::kSubtract: return Cell(kSubtractTable, left, right);
    case Op::kMultiply: return Cell(kMultiplyTable, left, right);
    case Op::kDivide: return Cell(kDivideTable, left, right);
    case Op::kModulo: return Cell(kModuloTable, left, right);
    case Op::kLess:
    case Op::kLessOrEqual:
    case Op::kGreater:
    case Op::kGreaterOrEqual: return Cell(kOrderTable, left, right);
    case Op::kEqual:
    case Op::kNotEqual: return Type::kBool;  // any two types
    case Op::kNone:
    case Op::kNegate:
    case Op::kAnd:
    case Op::kOr:
    case Op::kBetween:
    case Op::kNotBetween:
    case Op::kText: break;
  }
  return std::nullopt;
}

bool BetweenDefined(Type value, Type from, Type to) {
  if (IsNumeric(value) && IsNumeric(from) && IsNumeric(to)) return true;
  if (value == Type::kDateTime && from == Type::kDateTime) return to == Type::kDateTime || to == Type::kTimeSpan;
  if (value == Type::kTimeSpan) return from == Type::kTimeSpan && to == Type::kTimeSpan;
  if (value == Type::kDynamic) return IsNumeric(from) && IsNumeric(to);
  return IsNumeric(value) && from == Type::kDynamic && to == Type::kDynamic;
}

std::optional<Type> CommonType(const std::vector<Type>& types) {
  std::optional<Type> common;
  for (const Type type : types) {
    const std::optional<Type> next = common ? Pair(*common, type) : type;
    if (!next) return std::nullopt;
    common = next;
  }
  return common;
}

Type BranchType(const std::vector<Type>& types) {
  std::optional<Type> common;
  for (const Type type : types) {
    if (type == Type::kDynamic) continue;
    common = common ? Pair(*common, type).value_or(Type::kDynamic) : type;
  }
  return common.value_or(Type::kDynamic);
}

}  // namespace zoomwatch::kql
