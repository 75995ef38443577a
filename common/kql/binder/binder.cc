#include "common/kql/binder.h"

#include <algorithm>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/mentioned_names.h"
#include "common/kql/binder/scalars.h"
#include "common/kql/optimizer.h"
#include "common/kql/parser.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

constexpr std::size_t kMaxErrors = 100;
// Stored functions that a query reaches through other stored functions.
constexpr std::size_t kMaxStoredFunctions = 100;

// Names in the texts of the stored functions that the query may use count as mentioned: the columns are wanted there.
MentionedNames NamesOf(const Query& query, const Catalog& catalog, const BindOptions& options, StoredFunctions& stored) {
  MentionedNames names;
  CollectNames(query, names);
  for (const auto& [name, value] : options.parameters) {
    if (value.is_string()) names.emplace(value.AsString());
  }
  std::vector<std::string> unseen(names.begin(), names.end());
  while (!unseen.empty() && stored.size() < kMaxStoredFunctions) {
    const std::string name = std::move(unseen.back());
    unseen.pop_back();
    auto text = stored.contains(name) ? std::nullopt : catalog.FindFunction(name);
    if (!text) continue;
    StoredFunction& function = stored[name];
    function.text = std::move(*text);
    function.query = Parse(function.text, function.problems);
    MentionedNames within;
    CollectNames(function.query, within);
    for (const std::string& found : within) {
      if (names.insert(found).second) unseen.push_back(found);
    }
  }
  return names;
}

// The result is what its columns say: a loose text becomes its tostring(), any other loose value one of the column's type.
RelationPtr WithDeclaredTypes(RelationPtr root) {
  if (root == nullptr) return nullptr;
  if (std::none_of(root->schema.begin(), root->schema.end(), [](const Column& column) { return column.loose; })) return root;
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = root->span;
  project.depth = root->depth + 1;
  for (std::size_t i = 0; i < root->schema.size(); ++i) {
    const Column& column = root->schema[i];
    Scalar value;
    value.kind = ScalarKind::kColumn;
    value.type = column.type;
    value.span = root->span;
    value.column = i;
    value.loose = column.loose;
    project.outputs.push_back(SettledText(Fold(std::move(value))));
    project.schema.push_back({column.name, column.type, false});
  }
  project.inputs = {std::move(root)};
  return std::make_shared<const Relation>(std::move(project));
}

}  // namespace

const Definition* Scope::Find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) return &found->second;
  }
  return nullptr;
}

Binder::Binder(std::string_view text, const Catalog& catalog, const BindOptions& options, MentionedNames mentioned,
               StoredFunctions stored)
    : text_(text), catalog_(catalog), options_(options), mentioned_(std::move(mentioned)), stored_(std::move(stored)) {}

void Binder::Error(std::string_view code, Span span, std::string message) {
  failed_ = true;
  Diagnostic diagnostic{Severity::kError, std::string(code), span, 1, 1, std::move(message)};
  if (foreign_ != nullptr) {
    Locate(foreign_->text, diagnostic);
    diagnostic.message = fmt::format("in the stored function '{}', line {}, column {}: {}", foreign_->name, diagnostic.line,
                                     diagnostic.column, diagnostic.message);
    diagnostic.span = foreign_->call;
  }
  const bool repeated = std::any_of(diagnostics.begin(), diagnostics.end(), [&diagnostic](const Diagnostic& other) {
    return other.span.offset == diagnostic.span.offset && other.code == diagnostic.code && other.message == diagnostic.message;
  });
  if (!repeated && diagnostics.size() < kMaxErrors) diagnostics.push_back(std::move(diagnostic));
}

void Binder::Warn(Span span, std::string message) {
  // A warning about a stored function's text is of no use to those who only call it.
  if (foreign_ != nullptr || diagnostics.size() >= kMaxErrors) return;
  diagnostics.push_back({Severity::kWarning, std::string(code::kLint), span, 1, 1, std::move(message)});
}

bool Binder::CountNode(Span span, std::size_t count) {
  const bool before = exhausted();
  nodes_ += count;
  if (exhausted() && !before) {
    Error(code::kLimit, span, fmt::format("the query needs more than {} nodes, with its functions written out", kMaxPlanNodes));
  }
  return !exhausted();
}

RelationPtr Binder::Make(Relation relation) {
  if (!CountNode(relation.span)) return nullptr;
  if (relation.schema.size() > kMaxColumns) {
    Error(code::kLimit, relation.span, fmt::format("{} columns are more than {}", relation.schema.size(), kMaxColumns));
    return nullptr;
  }
  relation.depth = subquery_depth_ + 1;
  for (const RelationPtr& input : relation.inputs) relation.depth = std::max(relation.depth, input->depth + 1);
  if (relation.applied != nullptr) relation.depth = std::max(relation.depth, relation.applied->depth + 1);
  if (relation.depth > kMaxPlanDepth) {
    Error(code::kLimit, relation.span, fmt::format("more than {} operators on one another", kMaxPlanDepth));
    return nullptr;
  }
  if (foreign_ != nullptr) relation.span = foreign_->call;
  return std::make_shared<const Relation>(std::move(relation));
}

ScalarPtr Binder::UnknownScalar(Span span) const {
  auto scalar = std::make_shared<Scalar>();
  scalar->span = span;
  scalar->per_query = true;
  return scalar;
}

ScalarPtr Binder::ColumnOf(const Schema& row, std::size_t column, Span span) {
  CountNode(span);
  auto scalar = std::make_shared<Scalar>();
  scalar->kind = ScalarKind::kColumn;
  scalar->type = row[column].type;
  scalar->loose = row[column].loose;
  scalar->span = span;
  scalar->column = column;
  return scalar;
}

std::vector<ScalarPtr> Binder::AllColumns(const Schema& row, Span span) {
  std::vector<ScalarPtr> columns;
  columns.reserve(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) columns.push_back(ColumnOf(row, i, span));
  return columns;
}

std::string Binder::UnknownMessage(std::string_view what, std::string_view name, const std::vector<std::string_view>& candidates) {
  const std::string_view near = Nearest(name, candidates);
  if (!near.empty()) return fmt::format("unknown {} '{}', did you mean '{}'?", what, name, near);
  constexpr std::size_t kMostShown = 12;
  const bool few = !candidates.empty() && candidates.size() <= kMostShown && (what == "table" || what.starts_with("kind of "));
  return few ? fmt::format("unknown {} '{}'; there are: {}", what, name, fmt::join(candidates, ", ")) : fmt::format("unknown {} '{}'", what, name);
}

void Binder::ErrorUnknownColumn(const Name& name, const Schema& schema) {
  if (diagnostics.size() >= kMaxErrors) return;  // nobody would read the suggestion
  std::vector<std::string_view> candidates;
  for (const Column& column : schema) candidates.push_back(column.name);
  Error(code::kUnknownName, name.span, UnknownMessage("column", name.text, candidates));
}

void Binder::ErrorUnknownTable(const Name& name, const Scope& scope) {
  if (diagnostics.size() >= kMaxErrors) return;
  const std::vector<std::string> stored = catalog_.TableNames();
  std::vector<std::string_view> candidates(stored.begin(), stored.end());
  for (const Scope* at = &scope; at != nullptr; at = at->outer) {
    for (const auto& [known, definition] : at->names) candidates.push_back(known);
  }
  Error(code::kUnknownTable, name.span, UnknownMessage("table", name.text, candidates));
}

void Binder::ErrorDuplicate(Span span, std::string_view name) {
  Error(code::kDuplicateColumn, span, fmt::format("a column with the name '{}' is already declared", name));
}

const OperatorParameter* Binder::FindParameter(const Operator& op, std::string_view name) {
  const auto found = std::find_if(op.parameters.begin(), op.parameters.end(), [name](const auto& p) { return p.name == name; });
  return found == op.parameters.end() ? nullptr : &*found;
}

BoundQuery Bind(std::string_view text, const Query& query, const Catalog& catalog, const BindOptions& options) {
  StoredFunctions stored;
  MentionedNames mentioned = NamesOf(query, catalog, options, stored);
  Binder binder(text, catalog, options, std::move(mentioned), std::move(stored));
  BoundQuery bound;
  bound.root = WithDeclaredTypes(binder.BindQuery(query));
  bound.rendering = std::move(binder.rendering);
  bound.diagnostics = std::move(binder.diagnostics);
  std::stable_sort(bound.diagnostics.begin(), bound.diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.span.offset < b.span.offset; });
  for (Diagnostic& diagnostic : bound.diagnostics) Locate(text, diagnostic);
  bound.root = binder.failed() ? nullptr : Optimize(bound.root);
  return bound;
}

BoundQuery Compile(std::string_view text, const Catalog& catalog, const BindOptions& options) {
  std::vector<Diagnostic> diagnostics;
  const Query query = Parse(text, diagnostics);
  BoundQuery bound;
  // What is left of a query with a syntax error would only produce follow-up errors.
  if (!HasErrors(diagnostics)) bound = Bind(text, query, catalog, options);
  bound.diagnostics.insert(bound.diagnostics.begin(), diagnostics.begin(), diagnostics.end());
  return bound;
}

}  // namespace zoomwatch::kql
