// The bytes of a query -> tokens -> tree -> plan, against the tables of events. Properties:
//   - whatever the bytes are, there is a plan or an error, and never both;
//   - tokens and findings lie inside the text, and every finding can be shown;
//   - a plan is within the limits that evaluators rely on;
//   - the same bytes give the same columns and the same findings.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/event_table/event_catalog.h"
#include "common/kql/binder.h"
#include "common/kql/lexer.h"
#include "common/status/check.h"

namespace {

using namespace zoomwatch::kql;

void CheckTokens(std::string_view text) {
  std::vector<Diagnostic> diagnostics;
  const std::vector<Token> tokens = Lex(text, diagnostics);
  ZOOMWATCH_CHECK(!tokens.empty() && tokens.back().kind == TokenKind::kEnd);
  std::uint32_t end = 0;
  for (const Token& token : tokens) {
    ZOOMWATCH_CHECK(token.span.offset >= end && token.span.end() <= text.size());
    ZOOMWATCH_CHECK(token.span.length > 0 || token.kind == TokenKind::kEnd);
    end = token.span.end();
  }
}

void CheckDiagnostic(std::string_view text, const Diagnostic& diagnostic) {
  ZOOMWATCH_CHECK(!diagnostic.message.empty() && !diagnostic.code.empty());
  ZOOMWATCH_CHECK(diagnostic.span.end() <= text.size());
  ZOOMWATCH_CHECK(diagnostic.line >= 1 && diagnostic.column >= 1);
  ZOOMWATCH_CHECK(!Explain(text, diagnostic).empty());
}

void CheckSchema(const Schema& schema) {
  ZOOMWATCH_CHECK(schema.size() <= kMaxColumns);
  std::set<std::string_view> names;
  for (const Column& column : schema) {
    ZOOMWATCH_CHECK(!column.name.empty() && names.insert(column.name).second);
    ZOOMWATCH_CHECK(column.type != Type::kUnknown);
  }
}

void CheckPlan(const Relation& relation, std::set<const Relation*>& seen) {
  if (!seen.insert(&relation).second) return;
  CheckSchema(relation.schema);
  ZOOMWATCH_CHECK(relation.depth <= kMaxPlanDepth);
  for (const RelationPtr& input : relation.inputs) {
    ZOOMWATCH_CHECK(input->depth < relation.depth);
    CheckPlan(*input, seen);
  }
}

bool Same(const std::vector<Diagnostic>& a, const std::vector<Diagnostic>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].code != b[i].code || a[i].message != b[i].message || a[i].span.offset != b[i].span.offset) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const zoomwatch::event_table::EventCatalog catalog;
  CheckTokens(text);
  const BoundQuery query = Compile(text, catalog);
  ZOOMWATCH_CHECK((query.root != nullptr) != HasErrors(query.diagnostics));
  for (const Diagnostic& diagnostic : query.diagnostics) CheckDiagnostic(text, diagnostic);
  const BoundQuery again = Compile(text, catalog);
  ZOOMWATCH_CHECK(Same(query.diagnostics, again.diagnostics));
  if (query.root == nullptr) return 0;
  std::set<const Relation*> seen;
  CheckPlan(*query.root, seen);
  ZOOMWATCH_CHECK(query.root->schema.size() == again.root->schema.size());
  for (std::size_t i = 0; i < query.root->schema.size(); ++i) {
    ZOOMWATCH_CHECK(query.root->schema[i].name == again.root->schema[i].name);
    ZOOMWATCH_CHECK(query.root->schema[i].type == again.root->schema[i].type);
  }
  return 0;
}
