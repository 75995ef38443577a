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

// The rows whose column has that value.
RelationPtr Only(RelationPtr input, std::size_t column, const kql::Value& value) {
  auto constant = std::make_shared<Scalar>();
  constant->type = input->schema[column].type;
  constant->constant = value;
  constant->per_query = true;
  auto equals = std::make_shared<Scalar>();
  equals->kind = ScalarKind::kOperator;
  equals->type = kql::Type::kBool;
  equals->op = kql::Op::kEqual;
  equals->children = {Column(input->schema, column), std::move(constant)};
  return Filter(std::move(input), std::move(equals));
}

// The values as columns of their own over the rows.
RelationPtr Project(RelationPtr input, const std::vector<ScalarPtr>& values) {
  auto project = std::make_shared<Relation>();
  project->kind = RelationKind::kProject;
  project->depth = input->depth + 1;
  for (std::size_t i = 0; i < values.size(); ++i) project->schema.push_back({fmt::format("key{}", i), values[i]->type});
  project->inputs = {std::move(input)};
  project->outputs = values;
  return project;
}

void CollectColumns(const Scalar& scalar, std::set<std::size_t>& columns) {
  if (scalar.kind == ScalarKind::kColumn) columns.insert(scalar.column);
  for (const ScalarPtr& child : scalar.children) CollectColumns(*child, columns);
}

std::vector<ScalarPtr> ConjunctsOf(const ScalarPtr& predicate) {
  if (predicate->kind == ScalarKind::kOperator && predicate->op == kql::Op::kAnd) return predicate->children;
  return {predicate};
}

// A place where the query reads a table, and the steps above it.
struct Path {
  struct Step {
    RelationPtr relation;
    std::size_t input = 0;  // of the relation: the one that the step before is
  };
  RelationPtr table;
  std::vector<Step> steps;  // from the table up
  bool in_subquery = false;
};

void CollectFromScalar(const Scalar& scalar, std::set<const Relation*>& seen, std::vector<Path>& paths);

// `above`: the steps from here up, the nearest last.
void CollectPaths(const RelationPtr& relation, std::vector<Path::Step> above, bool in_subquery, std::set<const Relation*>& seen, std::vector<Path>& paths) {
  if (relation->kind == RelationKind::kTable) {
    std::reverse(above.begin(), above.end());
    paths.push_back({relation, std::move(above), in_subquery});
    return;
  }
  if (!seen.insert(relation.get()).second) return;
  for (const ScalarPtr& scalar : relation->outputs) CollectFromScalar(*scalar, seen, paths);
  if (relation->predicate != nullptr) CollectFromScalar(*relation->predicate, seen, paths);
  above.push_back({relation, 0});
  for (std::size_t input = 0; input < relation->inputs.size(); ++input) {
    above.back().input = input;
    CollectPaths(relation->inputs[input], above, in_subquery, seen, paths);
  }
}

void CollectFromScalar(const Scalar& scalar, std::set<const Relation*>& seen, std::vector<Path>& paths) {
  if (scalar.relation != nullptr) CollectPaths(scalar.relation, {}, true, seen, paths);
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
    RelationPtr at = Only(path.table, *id, kql::Value::String(std::string(event_id_)));
    ZOOMWATCH_ASSIGN_OR_RETURN(kql::ResultTable rows, Run(at));
    if (rows.rows.empty()) {
      lines_.push_back(place + ": stopped: the event is not in the table at this time");
      return absl::OkStatus();
    }
    lines_.push_back(place + ": the event is read");
    for (const Path::Step& step : path.steps) {
      ZOOMWATCH_ASSIGN_OR_RETURN(const bool goes_on, PassStep(step, at));
      if (!goes_on) return absl::OkStatus();
    }
    lines_.push_back(path.in_subquery ? "  passed: it is in what the subquery gives" : "  passed: it is in the result");
    return absl::OkStatus();
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  // Appends what the step does with the rows of `at`, and makes `at` its result. False: nothing is left, or it cannot be followed.
  absl::StatusOr<bool> PassStep(const Path::Step& step, RelationPtr& at) {
    switch (step.relation->kind) {
      case RelationKind::kAggregate: return JoinGroup(step.relation, at);
      case RelationKind::kJoin: return MeetPartners(*step.relation, step.input, at);
      case RelationKind::kUnion: {
        auto one = std::make_shared<Relation>(*step.relation);
        one->inputs = {at};
        one->union_columns = {step.relation->union_columns[step.input]};
        if (!one->source_names.empty()) one->source_names = {step.relation->source_names[step.input]};
        at = std::move(one);
        return true;
      }
      case RelationKind::kTop:
      case RelationKind::kTake:
        lines_.push_back(fmt::format("  passed: what follows chooses among all rows: {}", TextOf(step.relation->span)));
        return false;
      case RelationKind::kTable:
      case RelationKind::kRows:
      case RelationKind::kRange:
      case RelationKind::kInput:
      case RelationKind::kFilter:
      case RelationKind::kProject:
      case RelationKind::kSort:
      case RelationKind::kExpand:
      case RelationKind::kApply:
      case RelationKind::kParse:
      case RelationKind::kSerialize: return Pass(*step.relation, at);
    }
    return false;
  }

  // summarize, distinct: `at` becomes the row of the first of its groups, made of all events.
  absl::StatusOr<bool> JoinGroup(const RelationPtr& aggregate, RelationPtr& at) {
    std::vector<kql::Value> keys;
    if (!aggregate->keys.empty()) {
      ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable rows, Run(Project(at, aggregate->keys)));
      keys = rows.rows.front();
    }
    std::string group;
    RelationPtr row = aggregate;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      group += fmt::format("{}{} = {}", i == 0 ? "" : ", ", aggregate->schema[i].name, Shortened(kql::ToText(keys[i])));
      if (!keys[i].is_null()) row = Only(row, i, keys[i]);
    }
    if (std::any_of(keys.begin(), keys.end(), [](const kql::Value& key) { return key.is_null(); })) {
      lines_.push_back(fmt::format("  joins a group without a value: {}", group));
      return false;
    }
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable rows, Run(row));
    if (rows.rows.empty()) {  // a key that equals no constant, such as NaN or an array
      lines_.push_back(fmt::format("  joins the group {}, which cannot be followed", group));
      return false;
    }
    std::string values;
    for (std::size_t c = keys.size(); c < aggregate->schema.size(); ++c) {
      values += fmt::format("{}{} = {}", values.empty() ? "; then it has " : ", ", aggregate->schema[c].name, Shortened(kql::ToText(rows.rows.front()[c])));
    }
    lines_.push_back(fmt::format("  joins the group{}{}{}", group.empty() ? " of all rows" : " ", group, values));
    at = std::move(row);
    return true;
  }

  // join, lookup: whether the other side has the keys of `at`, which is input `side`, and what that means for it.
  absl::StatusOr<bool> MeetPartners(const Relation& join, std::size_t side, RelationPtr& at) {
    using kql::JoinKind;
    const bool right = side == 1;
    const std::vector<ScalarPtr>& own_keys = right ? join.right_keys : join.left_keys;
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable keys, Run(Project(at, own_keys)));
    std::string key;
    for (std::size_t i = 0; i < own_keys.size(); ++i) {
      const std::string name = own_keys[i]->kind == ScalarKind::kColumn ? at->schema[own_keys[i]->column].name : TextOf(own_keys[i]->span);
      key += fmt::format("{}{} = {}", i == 0 ? "" : ", ", name, Shortened(kql::ToText(keys.rows.front()[i])));
    }
    ZOOMWATCH_ASSIGN_OR_RETURN(const bool has_partner, HasPartner(join, side, at));
    const std::string what = fmt::format("join at {}: {} of the {} side has {}", PlaceOf(join.span), has_partner ? "a row" : "no row", right ? "left" : "right", key);
    const bool of_semi = KeepsOnlyLeft(join.join) || KeepsOnlyRight(join.join);
    const bool shown = !of_semi || KeepsOnlyRight(join.join) == right;
    const bool anti = join.join == JoinKind::kLeftAnti || join.join == JoinKind::kRightAnti;
    if (!shown) {
      lines_.push_back(fmt::format("  {}; {}", what, !has_partner ? "it decides nothing" : anti ? "it takes that row away" : "it lets that row through"));
      return false;
    }
    const bool alone = join.join == JoinKind::kFullOuter || (join.join == JoinKind::kLeftOuter && !right) || (join.join == JoinKind::kRightOuter && right);
    const bool passes = alone || has_partner != anti;
    if (join.join == JoinKind::kInnerUnique && !right && passes) {
      ZOOMWATCH_ASSIGN_OR_RETURN(const bool earliest, IsEarliest(join, at));
      if (!earliest) {
        lines_.push_back(fmt::format("  stopped by: join at {}: of the rows of the left side that have {} it takes the earliest only, which is another",
                                     PlaceOf(join.span), key));
        return false;
      }
    }
    lines_.push_back(fmt::format("  {}: {}", passes ? "passed" : "stopped by", what));
    auto next = std::make_shared<Relation>(join);
    next->inputs[side] = at;
    // Of an outer join not the rows of the other side that have no partner.
    if (!of_semi && join.join != JoinKind::kInnerUnique) next->join = !alone ? JoinKind::kInner : right ? JoinKind::kRightOuter : JoinKind::kLeftOuter;
    at = std::move(next);
    return passes;
  }

  // The rows that have the keys of one of the others.
  absl::StatusOr<kql::ResultTable> WithPartners(const RelationPtr& rows, const std::vector<ScalarPtr>& keys, const RelationPtr& others,
                                                const std::vector<ScalarPtr>& other_keys) {
    auto partners = std::make_shared<Relation>();
    partners->kind = RelationKind::kJoin;
    partners->join = kql::JoinKind::kLeftSemi;
    partners->schema = rows->schema;
    partners->depth = std::max(rows->depth, others->depth) + 1;
    partners->inputs = {rows, others};
    partners->left_keys = keys;
    partners->right_keys = other_keys;
    for (std::size_t c = 0; c < rows->schema.size(); ++c) partners->join_outputs.push_back({.right = false, .column = c});
    return Run(partners);
  }

  absl::StatusOr<bool> HasPartner(const Relation& join, std::size_t side, const RelationPtr& at) {
    const bool right = side == 1;
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable rows, WithPartners(at, right ? join.right_keys : join.left_keys, join.inputs[1 - side],
                                                                         right ? join.left_keys : join.right_keys));
    return !rows.rows.empty();
  }

  // Whether `at`, on the left side, is the first of the rows with its keys there.
  absl::StatusOr<bool> IsEarliest(const Relation& join, const RelationPtr& at) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable same, WithPartners(join.inputs[0], join.left_keys, at, join.left_keys));
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ResultTable own, Run(at));
    return std::equal(own.rows.front().begin(), own.rows.front().end(), same.rows.front().begin(), same.rows.front().end(),
                      [](const kql::Value& a, const kql::Value& b) { return kql::ToText(a) == kql::ToText(b); });
  }

  // A step that sees one row at a time.
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
  CollectPaths(query.root, {}, false, seen, paths);
  Explainer explainer(text, tables, event_id, now);
  for (const Path& path : paths) ZOOMWATCH_RETURN_IF_ERROR(explainer.Explain(path));
  return explainer.Take();
}

}  // namespace zoomwatch::detector
