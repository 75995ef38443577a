#include "tests/conformance/kql/streamed.h"

#include <map>
#include <memory>
#include <utility>

namespace zoomwatch::kql {

namespace {

// Copies a plan. Relations that are shared stay shared.
class Rewriter {
 public:
  explicit Rewriter(std::vector<StreamedQuery::Table>& tables) : tables_(tables) {}

  RelationPtr Copy(const RelationPtr& relation) {
    if (relation == nullptr) return nullptr;
    const auto known = copies_.find(relation.get());
    if (known != copies_.end()) return known->second;
    RelationPtr copy = relation->kind == RelationKind::kRows && !relation->schema.empty() ? AsTable(*relation) : CopyNew(*relation);
    copies_.emplace(relation.get(), copy);
    return copy;
  }

 private:
  RelationPtr CopyNew(const Relation& relation) {
    auto copy = std::make_shared<Relation>(relation);
    for (RelationPtr& input : copy->inputs) input = Copy(input);
    copy->applied_input = Copy(relation.applied_input);  // before `applied`, which reads it
    copy->applied = Copy(relation.applied);
    for (ScalarPtr* scalar : {&copy->predicate, &copy->limit, &copy->parsed, &copy->range_from, &copy->range_to, &copy->range_step}) Change(*scalar);
    for (auto* scalars : {&copy->outputs, &copy->keys, &copy->left_keys, &copy->right_keys}) Change(*scalars);
    for (AggregateCall& call : copy->aggregates) Change(call.arguments);
    for (SortKey& key : copy->order) Change(key.value);
    for (Expansion& expansion : copy->expansions) Change(expansion.value);
    return copy;
  }

  void Change(std::vector<ScalarPtr>& scalars) {
    for (ScalarPtr& scalar : scalars) Change(scalar);
  }
  void Change(ScalarPtr& scalar) {
    if (scalar == nullptr) return;
    auto copy = std::make_shared<Scalar>(*scalar);
    copy->relation = Copy(scalar->relation);
    Change(copy->children);
    scalar = std::move(copy);
  }

  RelationPtr AsTable(const Relation& constant) {
    auto table = std::make_shared<Relation>();
    table->kind = RelationKind::kTable;
    table->table = "rows" + std::to_string(tables_.size());
    table->schema = constant.schema;
    table->schema.insert(table->schema.begin(), {"TimeGenerated", Type::kDateTime});
    table->span = constant.span;
    tables_.push_back({table->table, table->schema, constant.rows});
    auto project = std::make_shared<Relation>();
    project->kind = RelationKind::kProject;
    project->schema = constant.schema;
    project->span = constant.span;
    project->depth = 2;
    for (std::size_t c = 0; c < constant.schema.size(); ++c) {
      auto column = std::make_shared<Scalar>();
      column->kind = ScalarKind::kColumn;
      column->column = c + 1;
      column->type = constant.schema[c].type;
      column->loose = constant.schema[c].loose;
      column->span = constant.span;
      project->outputs.push_back(std::move(column));
    }
    project->inputs = {std::move(table)};
    return project;
  }

  std::vector<StreamedQuery::Table>& tables_;
  std::map<const Relation*, RelationPtr> copies_;
};

}  // namespace

StreamedQuery Streamed(const BoundQuery& query) {
  StreamedQuery streamed;
  streamed.query = query;
  streamed.query.root = Rewriter(streamed.tables).Copy(query.root);
  return streamed;
}

}  // namespace zoomwatch::kql
