#include "common/ruleset/query_checker.h"

#include <utility>

#include "common/kql/binder.h"
#include "common/kql/parser.h"

namespace zoomwatch::ruleset {

QueryFindings SyntaxChecker::Check(std::string_view query) const {
  QueryFindings findings;
  kql::Parse(query, findings.diagnostics);
  return findings;
}

QueryFindings BindingChecker::Check(std::string_view query) const {
  kql::BoundQuery bound = kql::Compile(query, catalog_);
  QueryFindings findings{.diagnostics = std::move(bound.diagnostics)};
  if (bound.root == nullptr) return findings;
  findings.columns.emplace();
  for (const kql::Column& column : bound.root->schema) findings.columns->push_back(column.name);
  return findings;
}

}  // namespace zoomwatch::ruleset
