// Where rows come from: stored tables and functions, datatable, print, range, getschema.
#include <algorithm>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/convert.h"
#include "common/kql/parser.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// As the service names the types of its own runtime.
std::string_view RuntimeTypeName(Type type) {
  switch (type) {
    case Type::kBool: return "System.SByte";
    case Type::kInt: return "System.Int32";
    case Type::kLong: return "System.Int64";
    case Type::kReal: return "System.Double";
    case Type::kDecimal: return "System.Data.SqlTypes.SqlDecimal";
    case Type::kString: return "System.String";
    case Type::kDateTime: return "System.DateTime";
    case Type::kTimeSpan: return "System.TimeSpan";
    case Type::kGuid: return "System.Guid";
    case Type::kDynamic:
    case Type::kUnknown: return "System.Object";
  }
  return "";
}

Value CellValue(Type type, const Expr& cell) {
  if (type == Type::kDynamic || cell.type == type) return cell.value;
  return ConvertTo(type, cell.value);
}

}  // namespace

RelationPtr Binder::BindStoredTable(std::string_view name, Span span) {
  auto schema = catalog_.FindTable(name, mentioned_);
  if (!schema) return nullptr;
  Relation table;
  table.kind = RelationKind::kTable;
  table.span = span;
  table.table = name;
  table.schema = std::move(*schema);
  return Make(std::move(table));
}

// Bound anew at each reference, so that each may be narrowed by the filters above it.
RelationPtr Binder::BindStoredFunction(const Name& name) {
  const CallGuard guard(*this);
  if (!guard.ok()) {
    Error(code::kLimit, name.span, fmt::format("functions call each other more than {} deep", kMaxCallDepth));
    return nullptr;
  }
  const auto [place, added] = stored_.try_emplace(name.text);
  StoredFunction& function = place->second;
  if (added) {
    function.text = *catalog_.FindFunction(name.text);
    function.query = Parse(function.text, function.problems);
  }
  const Foreign foreign{name.text, function.text, foreign_ != nullptr ? foreign_->call : name.span};
  const Foreign* const outer = std::exchange(foreign_, &foreign);
  for (const Diagnostic& problem : function.problems) {
    if (problem.severity == Severity::kError) Error(problem.code, problem.span, problem.message);
  }
  functions_in_progress_.insert(name.text);
  RelationPtr result;
  if (!HasErrors(function.problems)) {
    auto* const exported = std::exchange(exported_, nullptr);
    auto shown = std::exchange(rendering, std::nullopt);
    result = BindQuery(function.query);
    exported_ = exported;
    rendering = std::move(shown);
  }
  functions_in_progress_.erase(name.text);
  foreign_ = outer;
  return result;
}

RelationPtr Binder::BindTableName(const Name& name, const Scope& scope) {
  if (exhausted()) return nullptr;
  const Definition* definition = scope.Find(name.text);
  if (definition == nullptr) {
    if (!functions_in_progress_.contains(name.text) && catalog_.FindFunction(name.text)) {
      return NoteSubquery(BindStoredFunction(name));
    }
    RelationPtr table = BindStoredTable(name.text, name.span);
    if (table == nullptr && !exhausted()) ErrorUnknownTable(name, scope);
    return NoteSubquery(std::move(table));
  }
  if (definition->relation != nullptr) return NoteSubquery(definition->relation);
  if (definition->lambda != nullptr) {
    const bool required = std::any_of(definition->lambda->parameters.begin(), definition->lambda->parameters.end(),
                                      [](const LambdaParameter& parameter) { return parameter.default_value == nullptr; });
    if (required) {
      Error(code::kArgumentsRequired, name.span, fmt::format("the function '{}' requires arguments", name.text));
      return nullptr;
    }
    Expr call;
    call.kind = ExprKind::kCall;
    call.name = name;
    call.span = name.span;
    return BindTableCall(call, scope);
  }
  if (definition->scalar->type != Type::kUnknown) {
    Error(code::kTableExpected, name.span, fmt::format("a table is expected here, '{}' is a value", name.text));
  }
  failed_ = true;
  return nullptr;
}

RelationPtr Binder::BindTableCall(const Expr& call, const Scope& scope, const RelationPtr& piped_input) {
  if (exhausted()) return nullptr;
  const Definition* definition = scope.Find(call.name.text);
  if (definition != nullptr && definition->lambda != nullptr) {
    if (definition->tabular) return NoteSubquery(CallTabular(call, *definition, scope, piped_input));
    Error(code::kTableExpected, call.span, fmt::format("a table is expected here, '{}' yields a value", call.name.text));
    return nullptr;
  }
  if (!functions_in_progress_.contains(call.name.text) && catalog_.FindFunction(call.name.text)) {
    if (call.children.empty() && piped_input == nullptr) return NoteSubquery(BindStoredFunction(call.name));
    Error(code::kArgumentCount, call.name.span, fmt::format("the function '{}' expects 0 arguments", call.name.text));
    return nullptr;
  }
  if (call.name.text == "table" && piped_input == nullptr) return NoteSubquery(BindTableFunction(call, scope));
  if (FunctionRegistry::Default().Find(call.name.text) != nullptr) {
    Error(code::kTableExpected, call.span, fmt::format("a table is expected here, '{}' yields a value", call.name.text));
    return nullptr;
  }
  std::vector<std::string_view> candidates;
  for (const auto& function : FunctionRegistry::Default().functions()) candidates.push_back(function->name);
  for (const Scope* at = &scope; at != nullptr; at = at->outer) {
    for (const auto& [known, other] : at->names) candidates.push_back(known);
  }
  Error(code::kUnknownFunction, call.name.span, UnknownMessage("function", call.name.text, candidates));
  return nullptr;
}

// table("T"): the stored table or function of that name; let does not count.
RelationPtr Binder::BindTableFunction(const Expr& call, const Scope& scope) {
  if (call.children.empty() || call.children.size() > 2) {
    Error(code::kArgumentCount, call.name.span, "the function 'table' expects 1 to 2 arguments");
    return nullptr;
  }
  RowScope row;
  row.names = &scope;
  const Expr& argument = *call.children[0];
  const ScalarPtr value = BindScalar(argument, row);
  if (value->type == Type::kUnknown) return nullptr;
  if (value->kind != ScalarKind::kConstant || !value->constant.is_string()) {
    Error(code::kTypeExpected, argument.span, "the name of a table is expected, as a constant string");
    return nullptr;
  }
  Name name{std::string(value->constant.AsString()), argument.span, true};
  return BindTableName(name, Scope{});
}

RelationPtr Binder::BindDatatable(const Expr& expr) {
  Relation rows;
  rows.kind = RelationKind::kRows;
  rows.span = expr.span;
  for (const SchemaColumn& column : expr.schema) {
    if (FindColumn(rows.schema, column.name.text)) {
      ErrorDuplicate(column.name.span, column.name.text);
    } else {
      rows.schema.push_back({column.name.text, column.type, false});
    }
    if (rows.schema.size() > kMaxColumns) return Make(std::move(rows));
  }
  const std::size_t width = expr.schema.size();
  if (rows.schema.size() != width) return Make(std::move(rows));
  if (width == 0 ? !expr.children.empty() : expr.children.size() % width != 0) {
    const Span cells = Cover(expr.children.front()->span, expr.children.back()->span);
    Error(code::kCellCount, cells, fmt::format("{} values do not make rows of {}", expr.children.size(), width));
    return Make(std::move(rows));
  }
  for (std::size_t i = 0; i < expr.children.size(); i += width) {
    std::vector<Value>& row = rows.rows.emplace_back();
    row.reserve(width);
    for (std::size_t k = 0; k < width; ++k) row.push_back(CellValue(expr.schema[k].type, *expr.children[i + k]));
  }
  return Make(std::move(rows));
}

RelationPtr Binder::BindPrint(const Step& step) {
  Relation one;
  one.kind = RelationKind::kRows;
  one.span = step.op.span;
  one.rows.emplace_back();
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = step.op.span;
  ResultColumns columns(ResultColumns::Unnamed::kPrintN);
  RowScope row;
  row.names = &step.names;
  project.outputs = BindColumns(step.op.items, row, columns);
  project.schema = columns.Take();
  RelationPtr input = Make(std::move(one));
  if (input == nullptr) return nullptr;
  project.inputs = {std::move(input)};
  return Make(std::move(project));
}

// The type of a range's column; kUnknown after an error.
Type Binder::RangeType(const Operator& op, const Relation& range) {
  const Type from = range.range_from->type, to = range.range_to->type, by = range.range_step->type;
  bool known = true;
  for (const auto& [type, expr] : {std::pair{from, op.from.get()}, std::pair{to, op.to.get()}, std::pair{by, op.step.get()}}) {
    known = known && IsSummable(type);
    if (IsSummable(type) || type == Type::kUnknown) continue;
    Error(code::kSummableExpected, expr->span, fmt::format("a number, datetime or timespan is expected, not {}", TypeName(type)));
  }
  if (!known) return Type::kUnknown;
  if (IsNumeric(from) && IsNumeric(to) && IsNumeric(by)) {
    return WiderNumber(WiderNumber(from, to), by);
  }
  if (!IsNumeric(from) && to == from && by == Type::kTimeSpan) return from;
  Error(code::kOperandTypes, op.step->span,
        fmt::format("there is no range from {} to {} by steps of {}", TypeName(from), TypeName(to), TypeName(by)));
  return Type::kUnknown;
}

RelationPtr Binder::BindRange(const Step& step) {
  RowScope row;
  row.names = &step.names;
  Relation range;
  range.kind = RelationKind::kRange;
  range.span = step.op.span;
  range.range_from = BindScalar(*step.op.from, row);
  range.range_to = BindScalar(*step.op.to, row);
  range.range_step = BindScalar(*step.op.step, row);
  range.schema = {{step.op.name.text, RangeType(step.op, range), false}};
  return Make(std::move(range));
}

RelationPtr Binder::BindGetSchema(const Step& step) {
  Relation rows;
  rows.kind = RelationKind::kRows;
  rows.span = step.op.span;
  rows.schema = {{"ColumnName", Type::kString, false},
                 {"ColumnOrdinal", Type::kLong, false},
                 {"DataType", Type::kString, false},
                 {"ColumnType", Type::kString, false}};
  std::int64_t ordinal = 0;
  for (const Column& column : step.input->schema) {
    rows.rows.push_back({Value::String(column.name), Value::Long(ordinal++), Value::String(RuntimeTypeName(column.type)),
                         Value::String(TypeName(column.type))});
  }
  return Make(std::move(rows));
}

}  // namespace zoomwatch::kql
