// Prints what the binder makes of queries, for check_kusto_binder.py. Input: JSON lines; the first has the tables, as in
// {"tables": {"T": [["a", "string"]]}, "functions": {"F": "T | take 1"}}, each other one a {"query": "..."}. Output: one JSON line for
// each query, {"errors": ["KS142"], "columns": [["a", "string"]]}.
#include <simdjson.h>

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "common/kql/binder.h"
#include "common/kql/catalog.h"
#include "common/kql/convert.h"
#include "common/kql/diagnostic.h"
#include "common/kql/types.h"

namespace zoomwatch::kql {
namespace {

class GivenTables final : public Catalog {
 public:
  explicit GivenTables(simdjson::dom::element header) {
    for (const auto& [name, columns] : simdjson::dom::object(header["tables"])) {
      Schema& schema = tables_[std::string(name)];
      for (const simdjson::dom::element column : columns) {
        schema.push_back({std::string(std::string_view(column.at(0))), *TypeFromName(std::string_view(column.at(1)))});
      }
    }
    for (const auto& [name, text] : simdjson::dom::object(header["functions"])) {
      functions_.emplace(std::string(name), std::string(std::string_view(text)));
    }
  }

  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    const auto found = tables_.find(name);
    return found == tables_.end() ? std::nullopt : std::optional<Schema>(found->second);
  }
  std::vector<std::string> TableNames() const override {
    std::vector<std::string> names;
    for (const auto& [name, schema] : tables_) names.push_back(name);
    return names;
  }
  std::optional<std::string> FindFunction(std::string_view name) const override {
    const auto found = functions_.find(name);
    return found == functions_.end() ? std::nullopt : std::optional<std::string>(found->second);
  }

 private:
  std::map<std::string, Schema, std::less<>> tables_;
  std::map<std::string, std::string, std::less<>> functions_;
};

Value Printed(const BoundQuery& bound) {
  Value::Array errors;
  for (const Diagnostic& diagnostic : bound.diagnostics) {
    if (diagnostic.severity == Severity::kError) errors.push_back(Value::String(diagnostic.code));
  }
  Value::Array columns;
  if (bound.root != nullptr) {
    for (const Column& column : bound.root->schema) {
      columns.push_back(Value::OfArray({Value::String(column.name), Value::String(TypeName(column.type))}));
    }
  }
  std::vector<Bag::Entry> entries;
  entries.emplace_back("errors", Value::OfArray(std::move(errors)));
  entries.emplace_back("columns", Value::OfArray(std::move(columns)));
  return Value::OfBag(Bag(std::move(entries)));
}

int Run() {
  simdjson::dom::parser json;
  std::string line;
  std::getline(std::cin, line);
  const GivenTables catalog(json.parse(line));
  while (std::getline(std::cin, line)) {
    const std::string_view query(json.parse(line)["query"]);
    std::cout << ToText(Printed(Compile(query, catalog))) << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace zoomwatch::kql

int main() { return zoomwatch::kql::Run(); }
