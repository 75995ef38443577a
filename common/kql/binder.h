// Resolves the names of a parsed query, types its expressions and names its result columns, as Microsoft's binder does: the same
// queries are accepted, and the result has the same columns. Pure; thread-safe.
//
// Errors are diagnostics with the place in the text: the KS numbers of Microsoft's language service where it reports the same, ZW002
// for what the language has and zoomwatch does not, ZW004 for constants that cannot work. An expression with an error has the type
// kUnknown and causes no further ones, so that one run reports every mistake once.
// Warnings (ZW005) point at what is legal and rarely meant.
// Limits: kMaxPlanNodes bound nodes, so that functions that call functions cannot grow without end; kMaxCallDepth; kMaxPlanDepth
// relations, and expressions around them, on a path, and kMaxExpressionDepth, so that evaluators may recurse; kMaxColumns in one
// schema; kMaxLetFunctions in one query.
// Source of truth: docs/kql.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/kql/ast.h"
#include "common/kql/catalog.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql {

inline constexpr std::size_t kMaxPlanNodes = 100'000;
inline constexpr int kMaxCallDepth = 32;
inline constexpr std::uint32_t kMaxPlanDepth = 500;
inline constexpr int kMaxExpressionDepth = 1500;
inline constexpr std::size_t kMaxColumns = 4096;
inline constexpr std::size_t kMaxLetFunctions = 1000;

struct BindOptions {
  std::map<std::string, Value, std::less<>> parameters;  // values for `declare query_parameters`
};

// Binds what Parse() made of `text`; the plan is optimized (optimizer.h). Diagnostics of the parser are the caller's.
BoundQuery Bind(std::string_view text, const Query& query, const Catalog& catalog, const BindOptions& options = {});

// Parse() and Bind(); the diagnostics of both. Without an error the root is set.
BoundQuery Compile(std::string_view text, const Catalog& catalog, const BindOptions& options = {});

}  // namespace zoomwatch::kql
