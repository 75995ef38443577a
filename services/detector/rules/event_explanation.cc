#include "services/detector/rules/event_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/kql/batch/executor.h"
#include "common/kql/convert.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {
namespace {

using kql::Relation;
using kql::RelationKind;
using kql::RelationPtr;
using kql::Scalar;
using kql::ScalarKind;
using kql::ScalarPtr;

constexpr std::size_t kMaxShownBytes = 200;

std::string Shortened(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kMaxShownBytes) text = text.substr(0, kMaxShownBytes) + "...";
  return text;
}

ScalarPtr Column(const kql::Schema& schema, std::size_t column) {
  auto scalar = std::make_shared<Scalar>();
  scalar->kind = ScalarKind::kColumn;
  scalar->type = schema[column].type;
  scalar->column = column;
  return scalar;
}

RelationPtr Filter(RelationPtr input, ScalarPtr predicate) {
  auto filter = std::make_shared<Relation>();
  filter->kind = RelationKind::kFilter;
  filter->schema = input->schema;
  filter->depth = input->depth + 1;
  filter->inputs = {std::move(input)};
  filter->predicate = std::move(predicate);
  return filter;
}

RelationPtr OnlyEvent(RelationPtr table, std::size_t id_column, std::string_view event_id) {
  auto id = std::make_shared<Scalar>();
  id->type = kql::Type::kString;
  id->constant = kql::Value::String(std::string(event_id));
  id->per_query = true;
  auto equals = std::make_shared<Scalar>();
  equals->kind = ScalarKind::kOperator;
  equals->type = kql::Type::kBool;
  equals->op = kql::Op::kEqual;
  equals->children = {Column(table->schema, id_column), std::move(id)};
  return Filter(std::move(table), std::move(equals));
}

void CollectColumns(const Scalar& scalar, std::set<std::size_t>& columns) {
  if (scalar.kind == ScalarKind::kColumn) columns.insert(scalar.column);
  for (const ScalarPtr& child : scalar.children) CollectColumns(*child, columns);
}

std::vector<ScalarPtr> ConjunctsOf(const ScalarPtr& predicate) {
  if (predicate->kind == ScalarKind::kOperator && predicate->op == kql::Op::kAnd) return predicate->children;
  return {predicate};
}

// A place where the query reads a table, and the steps above it that see one row at a time.
struct Path {
  RelationPtr table;
  std::vector<RelationPtr> steps;  // from the table up
};

bool IsLinear(RelationKind kind) {
  return kind == RelationKind::kFilter || kind == RelationKind::kProject || kind == RelationKind::kExpand || kind == RelationKind::kParse ||
         kind == RelationKind::kSerialize;
}

void CollectFromScalar(const Scalar& scalar, std::set<const Relation*>& seen, std::vector<Path>& paths);

// `above`: the linear steps from here up, the nearest last.
void CollectPaths(const RelationPtr& relation, std::vector<RelationPtr> above, std::set<const Relation*>& seen, std::vector<Path>& paths) {
  if (relation->kind == RelationKind::kTable) {
    std::reverse(above.begin(), above.end());
    paths.push_back({relation, std::move(above)});
    return;
  }
  if (!seen.insert(relation.get()).second) return;
  for (const ScalarPtr& scalar : relation->outputs) CollectFromScalar(*scalar, seen, paths);
  if (relation->predicate != nullptr) CollectFromScalar(*relation->predicate, seen, paths);
  if (IsLinear(relation->kind)) {
    above.push_back(relation);
  } else {
    above.clear();
  }
  for (const RelationPtr& input : relation->inputs) CollectPaths(input, above, seen, paths);
}

void CollectFromScalar(const Scalar& scalar, std::set<const Relation*>& seen, std::vector<Path>& paths) {
  if (scalar.relation != nullptr) CollectPaths(scalar.relation, {}, seen, paths);
  for (const ScalarPtr& child : scalar.children) CollectFromScalar(*child, seen, paths);
}

class Explainer {
 public:
  Explainer(std::string_view text, kql::TableSource& tables, std::string_view event_id, kql::Ticks now)
      : text_(text), tables_(tables), event_id_(event_id), now_(now) {}

  absl::Status Explain(const Path& path) {
    const auto id = kql::FindColumn(path.table->schema, "EventId");
    const std::string place = fmt::format("{} at {}", path.table->table, PlaceOf(path.table->span));
    if (!id) {
      lines_.push_back(place + ": this table has no EventId, so that the event cannot be followed");
      return absl::OkStatus();
    }
    RelationPtr at = OnlyEvent(path.table, *id, event_id_);
    ZOOMWATCH_ASSIGN_OR_RETURN(kql::ResultTable rows, Run(at));
    if (rows.rows.empty()) {
      lines_.push_back(place + ": stopped: the event is not in the table at this time");
      return absl::OkStatus();
    }
    lines_.push_back(place + ": the event is read");
    for (const RelationPtr& step : path.steps) {
      ZOOMWATCH_ASSIGN_OR_RETURN(const bool goes_on, Pass(*step, at));
      if (!goes_on) return absl::OkStatus();
    }
    lines_.push_back("  passed: what follows sees other rows too (summarize, join, ...), or the event is in the result");
    return absl::OkStatus();
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  // Appends what the step does with the rows of `at`, and makes `at` its result. False: nothing is left.
  absl::StatusOr<bool> Pass(const Relation& step, RelationPtr& at) {
    if (step.kind == RelationKind::kFilter) {
      for (const ScalarPtr& conjunct : ConjunctsOf(step.predicate)) {
        const RelationPtr before = at;
        at = Filter(at, conjunct);
        ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable rows, Run(at));
        if (rows.rows.empty()) {
          ZOOMWATCH_ASSIGN_OR_RETURN(const std::string values, ValuesIn(*conjunct, before));
          lines_.push_back(fmt::format("  stopped by: {}{}", TextOf(conjunct->span), values));
          return false;
        }
        lines_.push_back("  passed: " + TextOf(conjunct->span));
      }
      return true;
    }
    auto next = std::make_shared<Relation>(step);
    next->inputs = {at};
    at = std::move(next);
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable rows, Run(at));
    if (rows.rows.empty()) lines_.push_back("  stopped by: " + TextOf(step.span));
    return !rows.rows.empty();
  }

  absl::StatusOr<std::string> ValuesIn(const Scalar& conjunct, const RelationPtr& input) {
    std::set<std::size_t> columns;
    CollectColumns(conjunct, columns);
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable rows, Run(input));
    std::string values;
    for (const std::size_t column : columns) {
      values += fmt::format("{}{} = {}", values.empty() ? "; here " : ", ", input->schema[column].name,
                            Shortened(rows.rows.empty() ? "" : kql::ToText(rows.rows.front()[column])));
    }
    return values;
  }

  absl::StatusOr<kql::ResultTable> Run(const RelationPtr& root) {
    return kql::ExecuteToTable({.root = root, .rendering = {}, .diagnostics = {}}, tables_, {.now = now_});
  }

  std::string TextOf(kql::Span span) const {
    return span.end() <= text_.size() ? Shortened(std::string(text_.substr(span.offset, span.length))) : "a condition";
  }
  std::string PlaceOf(kql::Span span) const {
    const std::string_view before = text_.substr(0, span.offset);
    const auto line_begin = before.rfind('\n');
    const std::size_t column = line_begin == std::string_view::npos ? before.size() : before.size() - line_begin - 1;
    return fmt::format("line {}, column {}", std::count(before.begin(), before.end(), '\n') + 1, column + 1);
  }

  const std::string_view text_;
  kql::TableSource& tables_;
  const std::string_view event_id_;
  const kql::Ticks now_;
  std::vector<std::string> lines_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ExplainEvent(const kql::BoundQuery& query, std::string_view text, kql::TableSource& tables,
                                                      std::string_view event_id, kql::Ticks now) {
  std::vector<Path> paths;
  std::set<const Relation*> seen;
  CollectPaths(query.root, {}, seen, paths);
  Explainer explainer(text, tables, event_id, now);
  for (const Path& path : paths) ZOOMWATCH_RETURN_IF_ERROR(explainer.Explain(path));
  return explainer.Take();
}

}  // namespace zoomwatch::detector
