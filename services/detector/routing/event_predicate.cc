#include "services/detector/routing/event_predicate.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/event_table/event_catalog.h"
#include "common/kql/binder.h"
#include "common/kql/parser.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {
namespace {

// What makes a query of the condition. It ends a line, so that the condition's own columns are right.
constexpr std::string_view kBefore = "ZoomLogs\n| where\n";

kql::Diagnostic ErrorAt(kql::Span span, std::string message) {
  return {.severity = kql::Severity::kError, .code = std::string(kql::code::kNotSupported), .span = span, .message = std::move(message)};
}

// The mistakes, with places in the condition instead of in the query that was made of it.
absl::Status Mistakes(std::string_view option, std::string_view condition, const std::vector<kql::Diagnostic>& diagnostics) {
  std::string text;
  for (kql::Diagnostic diagnostic : diagnostics) {
    if (diagnostic.severity != kql::Severity::kError) continue;
    const auto before = static_cast<std::uint32_t>(kBefore.size());
    const auto size = static_cast<std::uint32_t>(condition.size());
    const std::uint32_t end = std::clamp(diagnostic.span.end(), before, before + size) - before;
    diagnostic.span.offset = std::clamp(diagnostic.span.offset, before, before + size) - before;
    diagnostic.span.length = end - std::min(end, diagnostic.span.offset);
    kql::Locate(condition, diagnostic);
    text += kql::Explain(condition, diagnostic, option);
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return Error(Reason::kConfigInvalidValue, text);
}

// Where the query says more than one condition; none: it does not.
std::optional<kql::Span> Surplus(const kql::Query& query) {
  if (query.statements.size() > 1) return query.statements[1].span;
  const kql::Statement& statement = query.statements.front();
  if (statement.kind != kql::Statement::Kind::kQuery || statement.pipe == nullptr) return statement.span;
  const std::vector<kql::Operator>& operators = statement.pipe->operators;
  if (operators.size() > 1) return operators[1].span;
  return std::nullopt;
}

// Whatever may change between two readings of one event.
void RefuseChanging(const kql::Scalar& scalar, std::vector<kql::Diagnostic>& diagnostics) {
  if (scalar.relation != nullptr) {
    diagnostics.push_back(ErrorAt(scalar.span, "reads other rows, which may be others when the event is read again"));
    return;
  }
  if (scalar.kind == kql::ScalarKind::kCall) {
    using kql::SpecialForm;
    const SpecialForm form = scalar.function->special;
    const bool other_rows = form == SpecialForm::kPrev || form == SpecialForm::kNext || form == SpecialForm::kRowNumber ||
                            form == SpecialForm::kRowCumSum;
    if (other_rows || form == SpecialForm::kNow || form == SpecialForm::kIngestionTime || !scalar.function->constant_foldable) {
      diagnostics.push_back(ErrorAt(scalar.span, fmt::format("{}() may be another value when the event is read again", scalar.function->name)));
    }
  }
  for (const kql::ScalarPtr& child : scalar.children) RefuseChanging(*child, diagnostics);
}

void MarkColumns(const kql::Scalar& scalar, std::vector<bool>& needed) {
  if (scalar.kind == kql::ScalarKind::kColumn) needed[scalar.column] = true;
  for (const kql::ScalarPtr& child : scalar.children) MarkColumns(*child, needed);
}

std::vector<bool> NeededColumns(const kql::Schema& schema, const kql::Scalar& predicate) {
  std::vector<bool> needed(schema.size(), false);
  MarkColumns(predicate, needed);
  return needed;
}

}  // namespace

absl::StatusOr<EventPredicate> EventPredicate::Compile(std::string_view option, std::string_view condition) {
  const std::string text = std::string(kBefore) + std::string(condition);
  std::vector<kql::Diagnostic> diagnostics;
  const kql::Query query = kql::Parse(text, diagnostics);
  if (kql::HasErrors(diagnostics)) return Mistakes(option, condition, diagnostics);
  if (const auto surplus = Surplus(query)) {
    return Mistakes(option, condition, {ErrorAt(*surplus, "one condition is expected, as behind `ZoomLogs | where`, and nothing else")});
  }
  const kql::BoundQuery bound = kql::Bind(text, query, event_table::AnyEventCatalog());
  if (bound.root == nullptr || kql::HasErrors(bound.diagnostics)) return Mistakes(option, condition, bound.diagnostics);
  const kql::Relation& filter = *bound.root;
  if (filter.kind != kql::RelationKind::kFilter || filter.inputs.front()->kind != kql::RelationKind::kTable) {
    return Mistakes(option, condition, {ErrorAt({static_cast<std::uint32_t>(kBefore.size()), 0}, "is no condition on the rows of ZoomLogs")});
  }
  RefuseChanging(*filter.predicate, diagnostics);
  if (kql::HasErrors(diagnostics)) return Mistakes(option, condition, diagnostics);
  return EventPredicate(filter.inputs.front()->schema, filter.predicate);
}

EventPredicate::EventPredicate(const kql::Schema& schema, kql::ScalarPtr predicate)
    : needed_(NeededColumns(schema, *predicate)),
      cells_(schema, needed_),
      context_(std::make_unique<kql::ExecutionContext>(kql::kUnixEpoch)),  // nothing asks for the time
      evaluator_(std::move(predicate), *context_, nullptr) {}

std::vector<std::size_t> EventPredicate::Select(std::span<const event::v1::Event* const> events) {
  std::vector<std::size_t> selected;
  for (std::size_t begin = 0; begin < events.size(); begin += kql::kBlockRows) {
    kql::Block block{.rows = std::min(kql::kBlockRows, events.size() - begin), .columns = {}};
    std::vector<kql::Cells> columns(needed_.size());
    std::vector<kql::Value> row;
    for (std::size_t i = 0; i < block.rows; ++i) {
      row.clear();
      cells_.Append(*events[begin + i], row);
      for (std::size_t c = 0; c < needed_.size(); ++c) {
        if (needed_[c]) columns[c].push_back(std::move(row[c]));
      }
    }
    for (std::size_t c = 0; c < needed_.size(); ++c) {
      block.columns.push_back(needed_[c] ? std::make_shared<const kql::Cells>(std::move(columns[c])) : nullptr);
    }
    std::vector<std::uint32_t> rows;
    evaluator_.Select(block, rows);
    for (const std::uint32_t r : rows) selected.push_back(begin + r);
  }
  return selected;
}

}  // namespace zoomwatch::detector
