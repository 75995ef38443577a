// Pipes: from one operator to the next, and expressions that stand for tables.
#include <algorithm>
#include <deque>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

constexpr std::string_view kCharts[] = {"table",       "list",             "barchart",     "piechart",    "ladderchart", "timechart",
                                        "linechart",   "anomalychart",     "pivotchart",   "areachart",   "card",        "plotly",
                                        "scatterchart", "stackedareachart", "timepivot",   "columnchart", "timeline",    "3Dchart",
                                        "treemap",     "graph",            "sankey"};

constexpr std::string_view kOtherDatabases[] = {"database", "cluster", "workspace", "app", "resource", "adx", "arg"};

bool NamesOtherDatabase(const Expr& expr) {
  const Expr* root = &expr;
  while (root->kind == ExprKind::kPath || root->kind == ExprKind::kIndex) root = root->children[0].get();
  return root->kind == ExprKind::kCall &&
         std::find(std::begin(kOtherDatabases), std::end(kOtherDatabases), root->name.text) != std::end(kOtherDatabases);
}

}  // namespace

RelationPtr Binder::NoteSubquery(RelationPtr relation) {
  if (relation != nullptr) subquery_depth_ = std::max(subquery_depth_, relation->depth);
  return relation;
}

RelationPtr Binder::BindPipe(const Pipe& pipe, const Scope& scope, const RelationPtr& applied_input) {
  if (exhausted()) return nullptr;
  auto* const exported = std::exchange(exported_, nullptr);
  RelationPtr current = applied_input;
  {
    const RowContext context(*this);
    std::deque<Scope> named;  // by `as`, for the operators behind it
    const Scope* names = &scope;
    if (pipe.source != nullptr) {
      current = BindTable(*pipe.source, scope);
      if (current == nullptr) return nullptr;
    }
    for (const Operator& op : pipe.operators) {
      current = BindOperator({op, current, *names, applied_input});
      if (current == nullptr) return nullptr;
      if (op.kind != OperatorKind::kAs) continue;
      named.emplace_back();
      named.back().outer = names;
      named.back().names[op.name.text].relation = current;
      names = &named.back();
      names_by_as_[current.get()] = op.name.text;
      if (exported != nullptr) (*exported)[op.name.text] = current;
    }
  }
  return NoteSubquery(std::move(current));
}

RelationPtr Binder::BindTable(const Expr& expr, const Scope& scope) {
  switch (expr.kind) {
    case ExprKind::kName: return BindTableName(expr.name, scope);
    case ExprKind::kCall: return BindTableCall(expr, scope);
    case ExprKind::kPipe:
    case ExprKind::kMaterialize: return BindPipe(*expr.pipe, scope);
    case ExprKind::kDatatable: return BindDatatable(expr);
    case ExprKind::kPath:
    case ExprKind::kIndex:
      if (NamesOtherDatabase(expr)) {
        Error(code::kNotSupported, expr.span, "tables of other databases and workspaces are not supported");
        return nullptr;
      }
      break;
    case ExprKind::kLiteral:
    case ExprKind::kStar:
    case ExprKind::kUnary:
    case ExprKind::kBinary:
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kIn:
    case ExprKind::kBetween:
    case ExprKind::kNamedArgument:
    case ExprKind::kToScalar:
    case ExprKind::kTypeOf: break;
  }
  Error(code::kTableExpected, expr.span, "a table is expected here, this is a value; print makes a table of a value");
  return nullptr;
}

bool Binder::IsTabular(const Expr& expr, const Scope& scope) const {
  switch (expr.kind) {
    case ExprKind::kPipe:
    case ExprKind::kMaterialize:
    case ExprKind::kDatatable: return true;
    case ExprKind::kName:
    case ExprKind::kCall: {
      const Definition* definition = scope.Find(expr.name.text);
      if (definition != nullptr) return definition->relation != nullptr || definition->tabular;
      if (expr.kind == ExprKind::kCall) return expr.name.text == "table" || catalog_.FindFunction(expr.name.text).has_value();
      return catalog_.FindFunction(expr.name.text).has_value() || catalog_.FindTable(expr.name.text, mentioned_).has_value();
    }
    case ExprKind::kPath:
    case ExprKind::kIndex: return NamesOtherDatabase(expr);
    case ExprKind::kLiteral:
    case ExprKind::kStar:
    case ExprKind::kUnary:
    case ExprKind::kBinary:
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kIn:
    case ExprKind::kBetween:
    case ExprKind::kNamedArgument:
    case ExprKind::kToScalar:
    case ExprKind::kTypeOf: return false;
  }
  return false;
}

RelationPtr Binder::BindOperator(const Step& step) {
  switch (step.op.kind) {
    case OperatorKind::kWhere: return BindWhere(step);
    case OperatorKind::kExtend: return BindExtend(step);
    case OperatorKind::kProject: return BindProject(step);
    case OperatorKind::kProjectAway: return BindProjectAway(step);
    case OperatorKind::kProjectKeep: return BindProjectKeep(step);
    case OperatorKind::kProjectRename: return BindProjectRename(step);
    case OperatorKind::kProjectReorder: return BindProjectReorder(step);
    case OperatorKind::kSummarize: return BindSummarize(step);
    case OperatorKind::kDistinct: return BindDistinct(step);
    case OperatorKind::kJoin:
    case OperatorKind::kLookup: return BindJoin(step);
    case OperatorKind::kUnion: return BindUnion(step);
    case OperatorKind::kSearch: return BindSearch(step);
    case OperatorKind::kSort:
    case OperatorKind::kTop: return BindSort(step);
    case OperatorKind::kTake: return BindTake(step);
    case OperatorKind::kCount: return BindCount(step);
    case OperatorKind::kMvExpand: return BindMvExpand(step);
    case OperatorKind::kMvApply: return BindMvApply(step);
    case OperatorKind::kParse:
    case OperatorKind::kParseWhere: return BindParse(step);
    case OperatorKind::kRender: return BindRender(step);
    case OperatorKind::kAs: return step.input;
    case OperatorKind::kSerialize: return BindSerialize(step);
    case OperatorKind::kInvoke: return BindTableCall(*step.op.expr, step.names, step.input);
    case OperatorKind::kEvaluate: return BindEvaluate(step);
    case OperatorKind::kGetSchema: return BindGetSchema(step);
    case OperatorKind::kPrint: return BindPrint(step);
    case OperatorKind::kRange: return BindRange(step);
  }
  return nullptr;
}

RelationPtr Binder::BindRender(const Step& step) {
  const std::string& chart = step.op.word;
  if (std::find(std::begin(kCharts), std::end(kCharts), chart) == std::end(kCharts)) {
    const std::vector<std::string_view> candidates(std::begin(kCharts), std::end(kCharts));
    Error(code::kSyntax, step.op.span, UnknownMessage("kind of chart", chart, candidates));
  }
  return step.input;
}

}  // namespace zoomwatch::kql
