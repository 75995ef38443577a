#include "common/ruleset/query_checker.h"

#include "common/kql/parser.h"

namespace zoomwatch::ruleset {

QueryFindings SyntaxChecker::Check(std::string_view query) const {
  QueryFindings findings;
  kql::Parse(query, findings.diagnostics);
  return findings;
}

}  // namespace zoomwatch::ruleset
