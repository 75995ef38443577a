// evaluate: the plugins bag_unpack and pivot with the columns that a query states, as a projection and as an aggregation.
// Without stated columns those of the result would depend on the data, so that is refused.
#include <algorithm>
#include <set>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/scalars.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// The aggregates that pivot takes, with the forms that look at some of the rows of a group.
struct Conditional {
  std::string_view name;
  std::string_view conditional;
};
constexpr Conditional kPivoted[] = {
    {"count", "countif"},   {"sum", "sumif"},     {"avg", "avgif"},           {"min", "minif"},
    {"max", "maxif"},       {"dcount", "dcountif"}, {"stdev", "stdevif"},     {"variance", "varianceif"},
    {"take_any", "take_anyif"}, {"make_list", "make_list_if"}, {"make_set", "make_set_if"}, {"make_bag", "make_bag_if"}};

const Conditional* FindPivoted(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kPivoted), std::end(kPivoted), [name](const Conditional& row) { return row.name == name; });
  return found == std::end(kPivoted) ? nullptr : &*found;
}

// As a query has to write it.
std::string Written(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  return plain ? name : fmt::format("['{}']", name);
}

ScalarPtr Member(ScalarPtr bag, std::string_view name, Span span) {
  Scalar member;
  member.kind = ScalarKind::kMember;
  member.type = Type::kDynamic;
  member.span = span;
  member.children = {std::move(bag), MakeConstant(Value::String(name), Type::kString, span)};
  return Fold(std::move(member));
}

}  // namespace

// One evaluate. REQUIRES: the operator has an input.
class Binder::Evaluation {
 public:
  Evaluation(Binder& binder, const Step& step)
      : binder_(binder), step_(step), op_(step.op), call_(*step.op.expr), source_(step.input->schema) {}

  // Null after an error was reported.
  RelationPtr BagUnpack();
  RelationPtr Pivot();

 private:
  // Members with the names of columns of the source.
  enum class Conflict : std::uint8_t { kError, kReplaceSource, kKeepSource };
  struct BagOptions {
    std::string prefix;
    Conflict conflict = Conflict::kError;
    std::set<std::string, std::less<>> ignored;
  };
  // The aggregate of a pivot, before it is said which rows it looks at.
  struct Pivoted {
    AggregateCall call;
    Column output;
    std::string text;                   // "sum()"
    std::optional<std::size_t> column;  // of the source, that it is of
  };

  bool CheckParameters();
  bool CheckStated(const std::string& example);
  bool IsStated(std::string_view name) const {
    return std::any_of(op_.row_schema->begin(), op_.row_schema->end(),
                       [name](const auto& stated) { return stated.name.text == name; });
  }
  bool CheckType(const SchemaColumn& stated, std::string_view what, Type type);
  std::optional<std::size_t> ColumnArgument(const Expr& argument);

  bool BindOptions(BagOptions& options);
  bool BindOption(std::size_t option, const Expr& value, BagOptions& options);
  ScalarPtr BagColumn(const SchemaColumn& stated, std::size_t bag, const BagOptions& options);

  std::optional<Pivoted> BindPivoted();
  std::optional<std::vector<std::size_t>> Groups(std::size_t pivot, const Pivoted& pivoted);
  bool CheckGroups(const std::vector<std::size_t>& groups, const Pivoted& pivoted);
  AggregateCall Where(const Pivoted& pivoted, std::size_t pivot, const Name& value);

  void Error(std::string_view code, Span span, std::string message) { binder_.Error(code, span, std::move(message)); }

  Binder& binder_;
  const Step& step_;
  const Operator& op_;
  const Expr& call_;
  const Schema& source_;
};

bool Binder::Evaluation::CheckParameters() {
  for (const OperatorParameter& parameter : op_.parameters) {
    if (parameter.name.starts_with("hint.")) continue;
    Error(code::kUnknownParameter, parameter.name_span, fmt::format("evaluate has no parameter '{}'", parameter.name));
    return false;
  }
  return true;
}

// `example`: the schema that a query might state.
bool Binder::Evaluation::CheckStated(const std::string& example) {
  if (!op_.row_schema) {
    const std::string_view text = binder_.foreign_ != nullptr ? binder_.foreign_->text : binder_.text_;
    Error(code::kNotSupported, call_.name.span,
          fmt::format("the columns of '{0}' depend on the data here: state them, as in {1} : ({2})", call_.name.text,
                      text.substr(call_.span.offset, call_.span.length), example));
    return false;
  }
  if (op_.row_schema->empty() && !op_.star) {
    Error(code::kNotSupported, call_.name.span, fmt::format("the schema of '{}' states no column", call_.name.text));
    return false;
  }
  std::set<std::string_view> names;
  for (const SchemaColumn& stated : *op_.row_schema) {
    if (names.insert(stated.name.text).second) continue;
    binder_.ErrorDuplicate(stated.name.span, stated.name.text);
    return false;
  }
  return true;
}

bool Binder::Evaluation::CheckType(const SchemaColumn& stated, std::string_view what, Type type) {
  if (stated.type == type) return true;
  Error(code::kTypeExpected, stated.type_span,
        fmt::format("{} is {}, and {} is stated", what, TypeName(type), TypeName(stated.type)));
  return false;
}

std::optional<std::size_t> Binder::Evaluation::ColumnArgument(const Expr& argument) {
  if (argument.kind != ExprKind::kName) {
    Error(code::kColumnExpected, argument.span, "the name of a column is expected here; extend makes a column of an expression");
    return std::nullopt;
  }
  const auto column = FindColumn(source_, argument.name.text);
  if (!column) binder_.ErrorUnknownColumn(argument.name, source_);
  return column;
}

RelationPtr Binder::Evaluation::BagUnpack() {
  if (!CheckParameters()) return nullptr;
  if (call_.children.empty() || call_.children.size() > 4) {
    Error(code::kArgumentCount, call_.name.span, "the plugin 'bag_unpack' expects 1 to 4 arguments");
    return nullptr;
  }
  const auto bag = ColumnArgument(*call_.children[0]);
  BagOptions options;
  if (!bag || !BindOptions(options)) return nullptr;
  if (source_[*bag].type != Type::kDynamic) {
    Error(code::kTypeExpected, call_.children[0]->span,
          fmt::format("a dynamic column is expected, not a {}{}", TypeName(source_[*bag].type),
                      source_[*bag].type == Type::kString ? "; parse_json() reads a text" : ""));
    return nullptr;
  }
  if (!CheckStated(fmt::format("*, {}:string", Written(options.prefix + "Name")))) return nullptr;
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = op_.span;
  project.inputs = {step_.input};
  for (std::size_t i = 0; op_.star && i < source_.size(); ++i) {
    if (i == *bag || IsStated(source_[i].name)) continue;
    project.schema.push_back(source_[i]);
    project.outputs.push_back(binder_.ColumnOf(source_, i, op_.span));
  }
  for (const SchemaColumn& stated : *op_.row_schema) {
    ScalarPtr value = BagColumn(stated, *bag, options);
    if (value == nullptr) return nullptr;
    project.schema.push_back({stated.name.text, stated.type, value->loose});
    project.outputs.push_back(std::move(value));
  }
  return binder_.Make(std::move(project));
}

bool Binder::Evaluation::BindOptions(BagOptions& options) {
  static constexpr std::string_view kNames[] = {"OutputColumnPrefix", "columnsConflict", "ignoredProperties"};
  bool given[std::size(kNames)] = {};
  bool named = false;
  for (std::size_t i = 1; i < call_.children.size(); ++i) {
    const Expr& argument = *call_.children[i];
    std::size_t option = i - 1;
    if (argument.kind == ExprKind::kNamedArgument) {
      named = true;
      const auto* const found = std::find(std::begin(kNames), std::end(kNames), argument.name.text);
      option = static_cast<std::size_t>(found - std::begin(kNames));
      if (option == std::size(kNames)) {
        Error(code::kUnknownParameter, argument.name.span,
              UnknownMessage("kind of argument", argument.name.text, {std::begin(kNames), std::end(kNames)}));
        return false;
      }
    } else if (named) {
      Error(code::kNamedAfterUnnamed, argument.span, "arguments after one that is named must be named");
      return false;
    }
    if (std::exchange(given[option], true)) {
      Error(code::kDuplicateName, argument.span, fmt::format("'{}' is given twice", kNames[option]));
      return false;
    }
    const Expr& value = argument.kind == ExprKind::kNamedArgument ? *argument.children[0] : argument;
    if (value.kind != ExprKind::kLiteral) {
      Error(code::kLiteralExpected, value.span, "a literal is expected here");
      return false;
    }
    if (!BindOption(option, value, options)) return false;
  }
  return true;
}

bool Binder::Evaluation::BindOption(std::size_t option, const Expr& value, BagOptions& options) {
  if (option == 2) {
    const bool array = value.value.is_array();
    if (!array || !std::all_of(value.value.AsArray().begin(), value.value.AsArray().end(),
                               [](const Value& name) { return name.is_string(); })) {
      Error(code::kBadConstant, value.span, "names of properties are expected here, as in dynamic(['Name'])");
      return false;
    }
    for (const Value& name : value.value.AsArray()) options.ignored.emplace(name.AsString());
    return true;
  }
  if (!value.value.is_string()) {
    Error(code::kTypeExpected, value.span, "a string is expected here");
    return false;
  }
  const std::string_view text = value.value.AsString();
  if (option == 0) {
    if (text.empty()) Error(code::kBadConstant, value.span, "a prefix is expected here, and this is empty");
    options.prefix = text;
    return !text.empty();
  }
  static constexpr std::string_view kConflicts[] = {"error", "replace_source", "keep_source"};
  const auto* const conflict = std::find(std::begin(kConflicts), std::end(kConflicts), text);
  if (conflict == std::end(kConflicts)) {
    Error(code::kBadConstant, value.span,
          UnknownMessage("kind of columnsConflict", text, {std::begin(kConflicts), std::end(kConflicts)}));
    return false;
  }
  options.conflict = static_cast<Conflict>(conflict - std::begin(kConflicts));
  return true;
}

// A stated column is a member of the bag, or a column of the source when no member can have its name or the query says so.
ScalarPtr Binder::Evaluation::BagColumn(const SchemaColumn& stated, std::size_t bag, const BagOptions& options) {
  const std::string& name = stated.name.text;
  const std::string_view member = name.starts_with(options.prefix) ? std::string_view(name).substr(options.prefix.size()) : "";
  const bool ignored = options.ignored.contains(member);
  const bool of_bag = name.starts_with(options.prefix) && !ignored;
  auto existing = FindColumn(source_, name);
  if (existing == bag) existing.reset();  // it does not stay
  if (!existing && !of_bag) {
    Error(code::kUnknownName, stated.name.span,
          ignored ? fmt::format("'{}' is among the ignored properties", member)
                  : fmt::format("there is no column '{}', and those of the bag begin with '{}'", name, options.prefix));
    return nullptr;
  }
  if (existing && of_bag && options.conflict == Conflict::kError) {
    Error(code::kDuplicateColumn, stated.name.span,
          fmt::format("'{}' is a column of the source, and the bag may have one too: say columnsConflict='keep_source' or "
                      "'replace_source'", name));
    return nullptr;
  }
  if (existing && (!of_bag || options.conflict == Conflict::kKeepSource)) {
    if (!CheckType(stated, fmt::format("the column '{}' of the source", name), source_[*existing].type)) return nullptr;
    return binder_.ColumnOf(source_, *existing, stated.name.span);
  }
  if (!binder_.CountNode(stated.name.span, 2)) return nullptr;
  return Converted(Member(binder_.ColumnOf(source_, bag, stated.name.span), member, stated.name.span), stated.type);
}

RelationPtr Binder::Evaluation::Pivot() {
  if (!CheckParameters()) return nullptr;
  if (call_.children.empty()) {
    Error(code::kArgumentRange, call_.name.span, "the plugin 'pivot' expects a column, an aggregate and the columns to group by");
    return nullptr;
  }
  const auto pivot = ColumnArgument(*call_.children[0]);
  if (!pivot) return nullptr;
  const Type type = source_[*pivot].type;
  if (type != Type::kString && !IsInteger(type)) {
    Error(code::kTypeExpected, call_.children[0]->span,
          fmt::format("a string or whole number is expected, whose values are names of columns, not a {}: tostring() makes a text",
                      TypeName(type)));
    return nullptr;
  }
  const auto pivoted = BindPivoted();
  if (!pivoted) return nullptr;
  const auto groups = Groups(*pivot, *pivoted);
  if (!groups || !CheckGroups(*groups, *pivoted)) return nullptr;
  Relation aggregate;
  aggregate.kind = RelationKind::kAggregate;
  aggregate.span = op_.span;
  aggregate.inputs = {step_.input};
  std::vector<std::size_t> order;
  for (const std::size_t group : *groups) {
    if (!IsStated(source_[group].name)) order.push_back(aggregate.schema.size());
    aggregate.schema.push_back({source_[group].name, source_[group].type, false});
    aggregate.keys.push_back(SettledText(binder_.ColumnOf(source_, group, op_.span)));
  }
  for (const SchemaColumn& stated : *op_.row_schema) {
    const auto group = FindColumn(aggregate.schema, stated.name.text);
    order.push_back(group.value_or(aggregate.schema.size()));
    if (group) {
      const std::string what = fmt::format("the column '{}' to group by", stated.name.text);
      if (!CheckType(stated, what, aggregate.schema[*group].type)) return nullptr;
      continue;
    }
    if (!CheckType(stated, pivoted->text, pivoted->output.type)) return nullptr;
    if (!binder_.CountNode(stated.name.span, 3)) return nullptr;
    aggregate.aggregates.push_back(Where(*pivoted, *pivot, stated.name));
    aggregate.schema.push_back({stated.name.text, stated.type, pivoted->output.loose});
  }
  if (aggregate.schema.empty()) {
    Error(code::kNotSupported, call_.name.span, "the schema of 'pivot' states no column");
    return nullptr;
  }
  RelationPtr result = binder_.Make(std::move(aggregate));
  if (result == nullptr || std::is_sorted(order.begin(), order.end())) return result;
  return binder_.ProjectColumns(result, order, op_.span);
}

std::optional<Binder::Evaluation::Pivoted> Binder::Evaluation::BindPivoted() {
  Pivoted pivoted;
  pivoted.call.function = FindAggregate("count");
  pivoted.output = {"", Type::kLong, false};
  pivoted.text = "count()";
  if (call_.children.size() < 2) return pivoted;
  const Expr& expr = *call_.children[1];
  const bool call = expr.kind == ExprKind::kCall && FindAggregate(expr.name.text) != nullptr;
  const Definition* definition = call ? step_.names.Find(expr.name.text) : nullptr;
  if (!call || (definition != nullptr && definition->lambda != nullptr)) {
    Error(code::kColumnBesideAggregate, expr.span, "an aggregate is expected here, as in sum(x), before the columns to group by");
    return std::nullopt;
  }
  const Conditional* conditional = FindPivoted(expr.name.text);
  const std::size_t values = expr.name.text == "count" ? 0 : 1;
  if (conditional == nullptr) {
    Error(code::kNotSupported, expr.name.span, fmt::format("pivot does not take the aggregate '{}'", expr.name.text));
    return std::nullopt;
  }
  std::vector<AggregateCall> calls;
  Schema outputs;
  const AggregateItem bound = binder_.BindAggregate(expr, step_.Row(), 0, calls, outputs);
  if (calls.empty() || bound.types[0] == Type::kUnknown) return std::nullopt;
  pivoted.call = std::move(calls[0]);
  if (pivoted.call.arguments.size() != values || outputs.size() != 1) {
    Error(code::kArgumentCount, expr.name.span,
          fmt::format("within pivot '{}' takes {}", expr.name.text, values == 0 ? "no value" : "one value"));
    return std::nullopt;
  }
  for (const ScalarPtr& argument : pivoted.call.arguments) binder_.RefuseOrderFunctions(*argument, "an aggregate");
  pivoted.output = outputs[0];
  pivoted.text = fmt::format("{}()", expr.name.text);
  if (values == 1 && pivoted.call.arguments[0]->kind == ScalarKind::kColumn) pivoted.column = pivoted.call.arguments[0]->column;
  return pivoted;
}

// The columns that are named behind the aggregate, or all but the pivoted one and the one that the aggregate is of.
std::optional<std::vector<std::size_t>> Binder::Evaluation::Groups(std::size_t pivot, const Pivoted& pivoted) {
  std::vector<std::size_t> groups;
  for (std::size_t i = 2; i < call_.children.size(); ++i) {
    const auto column = ColumnArgument(*call_.children[i]);
    if (!column) return std::nullopt;
    if (std::find(groups.begin(), groups.end(), *column) != groups.end()) {
      binder_.ErrorDuplicate(call_.children[i]->span, source_[*column].name);
      return std::nullopt;
    }
    groups.push_back(*column);
  }
  for (std::size_t i = 0; call_.children.size() < 3 && i < source_.size(); ++i) {
    if (i != pivot && i != pivoted.column) groups.push_back(i);
  }
  for (const std::size_t group : groups) {
    if (source_[group].type != Type::kDynamic) continue;
    Error(code::kDynamicKey, call_.name.span,
          fmt::format("pivot groups by the column '{}', which is dynamic: convert it first, or name other columns behind the aggregate",
                      source_[group].name));
    return std::nullopt;
  }
  return groups;
}

bool Binder::Evaluation::CheckGroups(const std::vector<std::size_t>& groups, const Pivoted& pivoted) {
  constexpr std::size_t kMostShown = 8;
  std::string example = groups.size() > kMostShown ? "*, " : "";
  for (std::size_t i = 0; groups.size() <= kMostShown && i < groups.size(); ++i) {
    example += fmt::format("{}:{}, ", Written(source_[groups[i]].name), TypeName(source_[groups[i]].type));
  }
  if (!CheckStated(fmt::format("{}Name:{}", example, TypeName(pivoted.output.type)))) return false;
  for (const std::size_t group : groups) {
    if (op_.star || IsStated(source_[group].name)) continue;
    Error(code::kMissingColumns, call_.name.span,
          fmt::format("pivot groups by the column '{}': state it too, or name other columns behind the aggregate", source_[group].name));
    return false;
  }
  return true;
}

// The aggregate over the rows whose pivoted column has the value.
AggregateCall Binder::Evaluation::Where(const Pivoted& pivoted, std::size_t pivot, const Name& value) {
  ScalarPtr text = Converted(SettledText(binder_.ColumnOf(source_, pivot, value.span)), Type::kString);
  ScalarPtr name = MakeConstant(Value::String(value.text), Type::kString, value.span);
  AggregateCall call = pivoted.call;
  call.arguments.push_back(MakeOperator(Op::kEqual, Type::kBool, value.span, {std::move(text), std::move(name)}));
  call.function = FindAggregate(FindPivoted(call.function->name)->conditional);
  call.aggregate = call.function->aggregate;
  return call;
}

RelationPtr Binder::BindEvaluate(const Step& step) {
  const Name& plugin = step.op.expr->name;
  const bool pivot = plugin.text == "pivot";
  if (!pivot && plugin.text != "bag_unpack") {
    Error(code::kNotSupported, plugin.span, fmt::format("plugin '{}' is not supported", plugin.text));
    return nullptr;
  }
  if (step.input == nullptr) {
    Error(code::kTableExpected, plugin.span, fmt::format("a table is expected before the plugin '{}'", plugin.text));
    return nullptr;
  }
  Evaluation evaluation(*this, step);
  return pivot ? evaluation.Pivot() : evaluation.BagUnpack();
}

}  // namespace zoomwatch::kql
