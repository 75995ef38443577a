// union and search.
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

bool IsLinear(RelationKind kind) {
  switch (kind) {
    case RelationKind::kFilter:
    case RelationKind::kProject:
    case RelationKind::kSort:
    case RelationKind::kTop:
    case RelationKind::kTake:
    case RelationKind::kExpand:
    case RelationKind::kApply:
    case RelationKind::kParse:
    case RelationKind::kSerialize:
    case RelationKind::kAggregate: return true;
    case RelationKind::kTable:
    case RelationKind::kRows:
    case RelationKind::kRange:
    case RelationKind::kInput:
    case RelationKind::kJoin:
    case RelationKind::kUnion: return false;
  }
  return false;
}

std::string FreeName(const std::string& name, const std::set<std::string, std::less<>>& taken) {
  std::string free = name;
  for (int n = 1; taken.contains(free); ++n) free = fmt::format("{}{}", name, n);
  return free;
}

struct UnionColumn {
  std::string name;
  Type type = Type::kUnknown;
  bool loose = false;
  std::size_t inputs = 0;  // that have it
};

// The columns of all inputs by name and type: names in the order in which they appear, the types of one name side by side.
std::vector<std::vector<UnionColumn>> GroupColumns(const std::vector<RelationPtr>& inputs) {
  std::vector<std::vector<UnionColumn>> groups;
  std::map<std::string, std::size_t, std::less<>> by_name;
  for (const RelationPtr& input : inputs) {
    for (const Column& column : input->schema) {
      const auto [place, added] = by_name.emplace(column.name, groups.size());
      if (added) groups.emplace_back();
      auto& group = groups[place->second];
      auto found = std::find_if(group.begin(), group.end(), [&column](const auto& other) { return other.type == column.type; });
      if (found == group.end()) found = group.insert(group.end(), {column.name, column.type, false, 0});
      found->loose = found->loose || column.loose;
      ++found->inputs;
    }
  }
  return groups;
}

// What a pattern finds among functions: views that need no arguments.
bool IsView(const Definition& definition) {
  return definition.lambda != nullptr && definition.lambda->view &&
         std::all_of(definition.lambda->parameters.begin(), definition.lambda->parameters.end(),
                     [](const LambdaParameter& parameter) { return parameter.default_value != nullptr; });
}

// nullopt for what is no bool literal.
std::optional<bool> TruthOf(const OperatorParameter& parameter) {
  if (parameter.value.kind() == Kind::kBool) return parameter.value.AsBool();
  for (const std::string_view word : {"true", "True", "TRUE"}) {
    if (parameter.word == word) return true;
  }
  for (const std::string_view word : {"false", "False", "FALSE"}) {
    if (parameter.word == word) return false;
  }
  return std::nullopt;
}

// How search looks for a text by the asterisks in it.
struct SearchTerm {
  std::string op;
  std::string text;
};

SearchTerm SearchTermOf(std::string_view text, bool match_case) {
  const bool open_start = text.size() > 1 && text.front() == '*', open_end = text.size() > 1 && text.back() == '*';
  if (open_start) text.remove_prefix(1);
  if (open_end) text.remove_suffix(1);
  if (text.size() > 1 && text.find('*') != std::string_view::npos) {
    std::string regex = match_case ? "" : "(?i)";
    if (!open_start) regex += "\\b";
    for (const char c : text) regex += c == '*' ? ".*" : re2::RE2::QuoteMeta(re2::StringPiece(&c, 1));
    if (!open_end) regex += "\\b";
    return {"matches regex", std::move(regex)};
  }
  std::string op = open_start && open_end ? "contains" : open_start ? "hassuffix" : open_end ? "hasprefix" : "has";
  if (match_case) op += "_cs";
  return {std::move(op), std::string(text)};
}

}  // namespace

// The name that withsource gives to an input: the table that its rows come from, what `as` called it, or its place.
std::string Binder::SourceName(const RelationPtr& relation, std::size_t place) const {
  const Relation* at = relation.get();
  while (true) {
    const auto named = names_by_as_.find(at);
    if (named != names_by_as_.end()) return named->second;
    if (at->kind == RelationKind::kTable) return at->table;
    if (!IsLinear(at->kind) || at->inputs.size() != 1) return fmt::format("union_arg{}", place);
    at = at->inputs.front().get();
  }
}

bool Binder::AddMatchingTables(const Name& pattern, const Scope& names, std::vector<RelationPtr>& inputs) {
  bool any = false;
  std::set<std::string, std::less<>> seen;
  for (const std::string& table : catalog_.TableNames()) {
    if (!MatchesPattern(pattern.text, table) || !seen.insert(table).second) continue;
    if (RelationPtr relation = BindStoredTable(table, pattern.span)) inputs.push_back(std::move(relation));
    any = true;
  }
  for (const Scope* scope = &names; scope != nullptr; scope = scope->outer) {
    for (const auto& [name, definition] : scope->names) {
      if (!IsView(definition) || !MatchesPattern(pattern.text, name) || !seen.insert(name).second) continue;
      any = true;
      const RelationPtr rows = BindTableName({name, pattern.span, true}, names);
      if (rows == nullptr) continue;
      // A node of the view's own carries its name: its rows may be those of a table that is read elsewhere too.
      std::vector<std::size_t> all(rows->schema.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      RelationPtr relation = ProjectColumns(rows, all, pattern.span);
      if (relation == nullptr) continue;
      names_by_as_[relation.get()] = name;
      inputs.push_back(std::move(relation));
    }
  }
  return any;
}

bool Binder::TableExists(const Name& name, const Scope& names) const {
  return names.Find(name.text) != nullptr || catalog_.FindFunction(name.text) || catalog_.FindTable(name.text, mentioned_);
}

std::vector<RelationPtr> Binder::BindSources(const Step& step, bool fuzzy) {
  std::vector<RelationPtr> inputs;
  if (step.input != nullptr) inputs.push_back(step.input);
  for (const ExprPtr& source : step.op.sources) {
    if (exhausted()) break;
    if (source->kind == ExprKind::kStar) {
      if (!AddMatchingTables(source->name, step.names, inputs) && !fuzzy) {
        Error(code::kUnknownName, source->span, fmt::format("no table matches '{}'", source->name.text));
      }
    } else if (fuzzy && source->kind == ExprKind::kName && !TableExists(source->name, step.names)) {
      Warn(source->span, fmt::format("there is no table '{}': the union goes without it", source->name.text));
    } else if (RelationPtr relation = BindTable(*source, step.names)) {
      inputs.push_back(std::move(relation));
    }
  }
  return inputs;
}

RelationPtr Binder::MakeUnion(std::vector<RelationPtr> inputs, bool inner, const std::string& source_column, Span span) {
  Relation all;
  all.kind = RelationKind::kUnion;
  all.span = span;
  all.union_columns.resize(inputs.size());
  std::set<std::string, std::less<>> taken;
  if (!source_column.empty()) {
    all.schema.push_back({source_column, Type::kString, false});
    taken.insert(source_column);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      all.source_names.push_back(SourceName(inputs[i], i));
      all.union_columns[i].push_back(std::nullopt);
    }
  }
  for (const auto& group : GroupColumns(inputs)) {
    for (const UnionColumn& column : group) {
      if (inner && column.inputs != inputs.size()) continue;
      const bool typed = group.size() > 1 && !inner;
      const std::string name = FreeName(typed ? fmt::format("{}_{}", column.name, TypeName(column.type)) : column.name, taken);
      taken.insert(name);
      all.schema.push_back({name, column.type, column.loose});
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto found = FindColumn(inputs[i]->schema, column.name);
        if (found && inputs[i]->schema[*found].type != column.type) found = std::nullopt;
        all.union_columns[i].push_back(found);
      }
      if (all.schema.size() > kMaxColumns) return Make(std::move(all));
    }
  }
  all.inputs = std::move(inputs);
  return Make(std::move(all));
}

RelationPtr Binder::BindUnion(const Step& step) {
  const OperatorParameter* kind = FindParameter(step.op, "kind");
  if (kind != nullptr && kind->word != "inner" && kind->word != "outer") {
    Error(code::kSyntax, kind->value_span, UnknownMessage("kind of union", kind->word, {"inner", "outer"}));
  }
  const OperatorParameter* fuzzy = FindParameter(step.op, "isfuzzy");
  const std::optional<bool> is_fuzzy = fuzzy == nullptr ? false : TruthOf(*fuzzy);
  if (!is_fuzzy) Error(code::kSyntax, fuzzy->value_span, "true or false is expected");
  const OperatorParameter* source = FindParameter(step.op, "withsource");
  if (source == nullptr) source = FindParameter(step.op, "with_source");
  std::vector<RelationPtr> inputs = BindSources(step, is_fuzzy.value_or(false));
  if (failed_ && inputs.empty()) return nullptr;
  return MakeUnion(std::move(inputs), kind != nullptr && kind->word == "inner", source == nullptr ? "" : source->word, step.op.span);
}

// The predicate of search: a text on its own is looked for in every column, one behind a column and ':' in that one.
ScalarPtr Binder::BindSearchPredicate(const Expr& expr, const RowScope& row, bool match_case) {
  if (expr.kind == ExprKind::kAnd || expr.kind == ExprKind::kOr) {
    auto all = std::make_shared<Scalar>();
    all->kind = ScalarKind::kOperator;
    all->type = Type::kBool;
    all->span = expr.span;
    all->op = expr.kind == ExprKind::kAnd ? Op::kAnd : Op::kOr;
    all->per_query = true;
    for (const ExprPtr& child : expr.children) {
      all->children.push_back(BindSearchPredicate(*child, row, match_case));
      all->per_query = all->per_query && all->children.back()->per_query;
    }
    return all;
  }
  const bool of_column = expr.kind == ExprKind::kBinary && expr.op == ":";
  const Expr& searched = of_column ? *expr.children[1] : expr;
  if (searched.kind != ExprKind::kLiteral || !searched.value.is_string()) return BindPredicate(expr, row);
  if (of_column && expr.children[0]->kind != ExprKind::kName) {
    if (searched.value.AsString().find('*') == std::string_view::npos) return BindPredicate(expr, row);
    Error(code::kNotSupported, searched.span, "'*' in what ':' looks for is supported behind the name of a column only");
    return UnknownScalar(searched.span);
  }
  SearchTerm term = SearchTermOf(searched.value.AsString(), match_case);
  Expr has;
  has.kind = ExprKind::kBinary;
  has.span = expr.span;
  has.op_span = of_column ? expr.op_span : expr.span;
  has.op = std::move(term.op);
  auto where = std::make_unique<Expr>();
  where->kind = of_column ? ExprKind::kName : ExprKind::kStar;
  where->span = of_column ? expr.children[0]->span : expr.span;
  if (of_column) where->name = expr.children[0]->name;
  auto literal = std::make_unique<Expr>();
  literal->span = searched.span;
  literal->type = Type::kString;
  literal->value = Value::String(term.text);
  has.children.push_back(std::move(where));
  has.children.push_back(std::move(literal));
  return BindPredicate(has, row);
}

// A union with the names of the tables in the column $table, which stands first in the result and which the predicate does not read.
RelationPtr Binder::BindSearch(const Step& step) {
  if (step.input != nullptr && !step.op.sources.empty()) {
    Error(code::kMustBeFirst, step.op.span, "'search in' must be the first operator of a query");
    return nullptr;
  }
  std::vector<RelationPtr> inputs = BindSources(step, false);
  if (inputs.empty() && step.op.sources.empty()) AddMatchingTables({"*", step.op.span, false}, step.names, inputs);
  if (failed_ && inputs.empty()) return nullptr;
  RelationPtr rows = MakeUnion(std::move(inputs), false, "$table", step.op.span);
  if (rows == nullptr || step.op.expr == nullptr || rows->inputs.empty()) return rows;
  const OperatorParameter* kind = FindParameter(step.op, "kind");
  if (kind != nullptr && kind->word != "default" && kind->word != "case_insensitive" && kind->word != "case_sensitive") {
    Error(code::kSyntax, kind->value_span, UnknownMessage("kind of search", kind->word, {"default", "case_insensitive", "case_sensitive"}));
  }
  const bool match_case = kind != nullptr && kind->word == "case_sensitive";
  const std::size_t width = rows->schema.size();
  std::vector<std::size_t> rotated(width);
  for (std::size_t i = 0; i < width; ++i) rotated[i] = (i + 1) % width;
  rows = ProjectColumns(rows, rotated, step.op.span);
  if (rows == nullptr) return nullptr;
  const Schema searched(rows->schema.begin(), rows->schema.end() - 1);
  RowScope row;
  row.row = &searched;
  row.names = &step.names;
  rows = BindFilter({step.op, std::move(rows), step.names, step.applied_input}, BindSearchPredicate(*step.op.expr, row, match_case));
  if (rows == nullptr) return nullptr;
  for (std::size_t i = 0; i < width; ++i) rotated[i] = (i + width - 1) % width;
  return ProjectColumns(rows, rotated, step.op.span);
}

}  // namespace zoomwatch::kql
