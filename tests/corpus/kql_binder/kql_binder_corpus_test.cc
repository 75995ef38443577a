// The documented examples bind, and their results have the documented columns by name and type. Of the examples outside the supported
// part of the language, each is either right or refused by name.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "common/kql/binder.h"
#include "common/kql/catalog.h"
#include "common/kql/diagnostic.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

using Columns = std::vector<std::pair<std::string, std::string>>;

// Sorted: the position of columns is not compared.
Columns Expected(simdjson::dom::element example) {
  Columns columns;
  for (const simdjson::dom::element column : example["columns"]) {
    columns.emplace_back(std::string_view(column["name"]), std::string_view(column["type"]));
  }
  std::sort(columns.begin(), columns.end());
  return columns;
}

Columns Actual(const Schema& schema) {
  Columns columns;
  for (const Column& column : schema) columns.emplace_back(column.name, TypeName(column.type));
  std::sort(columns.begin(), columns.end());
  return columns;
}

std::string Text(const Columns& columns) {
  std::string text;
  for (const auto& [name, type] : columns) text += fmt::format("{}:{} ", name, type);
  return text;
}

std::string Errors(std::string_view query, const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::kError) text += Explain(query, diagnostic);
  }
  return text;
}

bool RefusedByName(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) { return d.code == code::kNotSupported; });
}

void CheckSet(const std::string& name) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the documented examples did not run";
  std::ifstream file(std::string(corpus) + "/kql/" + name + ".jsonl");
  ASSERT_TRUE(file);
  int supported = 0;
  int refused = 0;
  for (std::string line; std::getline(file, line);) {
    simdjson::dom::parser json;
    const simdjson::dom::element example = json.parse(line);
    const std::string_view query(example["query"]);
    const bool could = std::string_view(example["tier"]) == "could";
    const BoundQuery bound = Compile(query, EmptyCatalog());
    const std::string errors = Errors(query, bound.diagnostics);
    if (could && !errors.empty() && RefusedByName(bound.diagnostics)) {
      ++refused;
      continue;
    }
    ++supported;
    if (!errors.empty() || bound.root == nullptr) {
      ADD_FAILURE() << std::string_view(example["id"]) << "\n" << errors;
    } else {
      EXPECT_EQ(Text(Actual(bound.root->schema)), Text(Expected(example))) << std::string_view(example["id"]) << "\n" << query;
    }
  }
  EXPECT_GT(supported, 50);
  testing::Test::RecordProperty("supported", supported);
  testing::Test::RecordProperty("refused", refused);
}

TEST(KqlBinderCorpus, GivesTheColumnsOfTheDocumentedExamples) { CheckSet("conformance"); }
TEST(KqlBinderCorpus, GivesTheColumnsOfTheEdgeCases) { CheckSet("edge"); }
TEST(KqlBinderCorpus, GivesTheColumnsOfTheSecondOpinion) { CheckSet("second-opinion"); }

}  // namespace
}  // namespace zoomwatch::kql
