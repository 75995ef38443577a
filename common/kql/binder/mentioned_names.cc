#include "common/kql/binder/mentioned_names.h"

namespace zoomwatch::kql {
namespace {

class Collector {
 public:
  explicit Collector(MentionedNames& names) : names_(names) {}

  void Visit(const Statement& statement) {
    if (statement.lambda != nullptr) Visit(*statement.lambda);
    if (statement.pipe != nullptr) Visit(*statement.pipe);
    for (const LambdaParameter& parameter : statement.parameters) Visit(parameter.default_value);
  }

 private:
  void Add(const std::string& name) {
    if (!name.empty()) names_.insert(name);
  }
  void Add(const Name& name) { Add(name.text); }

  void Visit(const Lambda& lambda) {
    for (const LambdaParameter& parameter : lambda.parameters) {
      for (const SchemaColumn& column : parameter.schema) Add(column.name);
      Visit(parameter.default_value);
    }
    for (const Statement& let : lambda.lets) Visit(let);
    if (lambda.body != nullptr) Visit(*lambda.body);
  }

  void Visit(const Pipe& pipe) {
    Visit(pipe.source);
    for (const Operator& op : pipe.operators) Visit(op);
  }

  void Visit(const ExprPtr& expr) {
    if (expr == nullptr) return;
    Add(expr->name);
    if (expr->value.is_string()) names_.emplace(expr->value.AsString());
    for (const ExprPtr& child : expr->children) Visit(child);
    if (expr->pipe != nullptr) Visit(*expr->pipe);
  }

  void Visit(const NamedExpr& item) { Visit(item.expr); }

  void Visit(const Operator& op) {
    for (const NamedExpr& item : op.items) Visit(item);
    for (const NamedExpr& item : op.by) Visit(item);
    for (const OrderedExpr& item : op.order) Visit(item.item);
    for (const MvItem& item : op.expanded) Visit(item.item);
    for (const ExprPtr& expr : op.conditions) Visit(expr);
    for (const ExprPtr& expr : op.sources) Visit(expr);
    for (const ExprPtr* expr : {&op.expr, &op.limit, &op.from, &op.to, &op.step}) Visit(*expr);
    for (const WildName& column : op.columns) Add(column.name);
    for (const RenamePair& rename : op.renames) Add(rename.from);
    for (const ReorderItem& item : op.reorder) Add(item.pattern.name);
    for (std::size_t i = 0; op.row_schema && i < op.row_schema->size(); ++i) Add((*op.row_schema)[i].name);
    if (op.subquery != nullptr) Visit(*op.subquery);
  }

  MentionedNames& names_;
};

}  // namespace

void CollectNames(const Query& query, MentionedNames& names) {
  Collector collector(names);
  for (const Statement& statement : query.statements) collector.Visit(statement);
}

}  // namespace zoomwatch::kql
