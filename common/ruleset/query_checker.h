// Checks a rule's query: the seam behind which the KQL front end stands. Implementations are pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/catalog.h"
#include "common/kql/diagnostic.h"

namespace zoomwatch::ruleset {

struct QueryFindings {
  std::vector<kql::Diagnostic> diagnostics;
  // The names of the result's columns; nothing when the checker does not resolve names, or the query has errors.
  std::optional<std::vector<std::string>> columns;
};

class QueryChecker {
 public:
  virtual ~QueryChecker() = default;
  virtual QueryFindings Check(std::string_view query) const = 0;
  // Changes when Check() may say something else than before.
  virtual std::uint64_t version() const { return 0; }
};

// Checks the grammar only.
class SyntaxChecker final : public QueryChecker {
 public:
  QueryFindings Check(std::string_view query) const override;
};

// Checks grammar, names and types against the tables and functions of a catalog, which must outlive it.
class BindingChecker final : public QueryChecker {
 public:
  explicit BindingChecker(const kql::Catalog& catalog) : catalog_(catalog) {}
  QueryFindings Check(std::string_view query) const override;

 private:
  const kql::Catalog& catalog_;
};

}  // namespace zoomwatch::ruleset
