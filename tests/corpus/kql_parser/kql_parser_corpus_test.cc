// Every documented example of the language is accepted by the parser, within its limits.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "common/kql/diagnostic.h"
#include "common/kql/parser.h"

namespace zoomwatch::kql {
namespace {

TEST(KqlParserCorpus, AcceptsEveryDocumentedExample) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the documented examples did not run";
  int queries = 0;
  for (const char* name : {"conformance", "edge", "second-opinion"}) {
    std::ifstream file(std::string(corpus) + "/kql/" + name + ".jsonl");
    ASSERT_TRUE(file) << name;
    for (std::string line; std::getline(file, line);) {
      simdjson::dom::parser json;
      const simdjson::dom::element example = json.parse(line);
      if (std::string_view(example["tier"]) == "could") continue;
      std::vector<Diagnostic> diagnostics;
      Parse(std::string_view(example["query"]), diagnostics);
      for (const Diagnostic& diagnostic : diagnostics) {
        if (diagnostic.severity != Severity::kError) continue;
        ADD_FAILURE() << std::string_view(example["id"]) << ": " << diagnostic.line << ":" << diagnostic.column << ": " << diagnostic.message << "\n"
                      << std::string_view(example["query"]);
      }
      ++queries;
    }
  }
  EXPECT_GT(queries, 600);
}

TEST(KqlParser, EndsDeepNestingWithAnErrorAndAPlace) {
  for (const char* bracket : {"(", "[", "{", "f(", "not(", "dynamic(["}) {
    std::string text = "print x = ";
    for (int i = 0; i < 100'000; ++i) text += bracket;
    std::vector<Diagnostic> diagnostics;
    Parse(text.substr(0, 900'000), diagnostics);
    EXPECT_FALSE(diagnostics.empty()) << bracket;
  }
}

TEST(KqlParser, SaysWhereAndWhatItFound) {
  std::vector<Diagnostic> diagnostics;
  Parse("ZoomLogs\n| where >=W ago(1d)", diagnostics);
  ASSERT_FALSE(diagnostics.empty());
  EXPECT_EQ(diagnostics[0].line, 2);
  EXPECT_EQ(diagnostics[0].column, 9);
}

}  // namespace
}  // namespace zoomwatch::kql
