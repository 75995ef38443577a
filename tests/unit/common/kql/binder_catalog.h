// A catalog for tests of the binder: two tables, two that clash, and stored functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kql/binder.h"
#include "common/kql/catalog.h"
#include "fmt/format.h"

namespace zoomwatch::kql {

class TestCatalog final : public Catalog {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames& mentioned) const override {
    const auto found = tables.find(name);
    if (found == tables.end()) return std::nullopt;
    Schema schema = found->second;
    if (name == "Virtual") {
      for (const std::string& column : mentioned) {
        if (column.starts_with("payload_")) schema.push_back({column, Type::kString, false});
      }
    }
    return schema;
  }
  std::vector<std::string> TableNames() const override {
    std::vector<std::string> names;
    for (const auto& [name, schema] : tables) names.push_back(name);
    return names;
  }
  std::optional<std::string> FindFunction(std::string_view name) const override {
    const auto found = functions.find(name);
    return found == functions.end() ? std::nullopt : std::optional<std::string>(found->second);
  }

  std::map<std::string, Schema, std::less<>> tables = {
      {"T", {{"a", Type::kLong}, {"b", Type::kString}, {"d", Type::kDynamic}, {"t", Type::kDateTime}}},
      {"U", {{"a", Type::kLong}, {"c", Type::kString}, {"b", Type::kString}}},
      {"X1", {{"x", Type::kLong}}},
      {"X2", {{"x", Type::kString}, {"y", Type::kReal}}},
      {"Virtual", {{"at", Type::kDateTime}}},
  };
  std::map<std::string, std::string, std::less<>> functions = {
      {"Stored", "let limit_ = 3;\nT | where a > limit_ | project a, b"},
      {"Broken", "T\n| where zz == 1"},
      {"Loop", "Loop | take 1"},
      {"T2", "T2 | take 1"},
      {"Deep", "Virtual | extend v = column_ifexists('payload_topic', '')"},
  };
};

// "a:long, b:string"
inline std::string SchemaText(const Schema& schema) {
  std::string text;
  for (const Column& column : schema) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", column.name, TypeName(column.type));
  }
  return text;
}

// The columns of a query's result, or its first error as "KS142 1:5".
inline std::string Bound(std::string_view text, const Catalog& catalog = TestCatalog()) {
  const BoundQuery query = Compile(text, catalog);
  for (const Diagnostic& diagnostic : query.diagnostics) {
    if (diagnostic.severity == Severity::kError) return fmt::format("{} {}:{}", diagnostic.code, diagnostic.line, diagnostic.column);
  }
  return query.root == nullptr ? "no root and no error" : SchemaText(query.root->schema);
}

}  // namespace zoomwatch::kql
