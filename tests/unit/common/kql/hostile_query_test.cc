// Queries that are written to hurt: each ends soon, in an error that says which limit it met and where.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/json.h"
#include "common/kql/parser.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

class NoTables final : public TableSource {
 public:
  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest&) override { return absl::NotFoundError("there are no tables"); }
};

std::string Repeat(std::string_view text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

// "ZW003 1:207", the first error.
std::string FirstError(std::string_view text) {
  const BoundQuery query = Compile(text, EmptyCatalog());
  for (const Diagnostic& diagnostic : query.diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    EXPECT_LT(diagnostic.message.size(), 1000u);
    EXPECT_LT(Explain(text, diagnostic).size(), 10'000u);
    return fmt::format("{} {}:{}", diagnostic.code, diagnostic.line, diagnostic.column);
  }
  return query.root != nullptr ? "none" : "neither plan nor error";
}

std::string CodeOf(std::string_view text) { return FirstError(text).substr(0, 5); }

// What a query gives: the number of its rows, or why it ended.
std::string Outcome(std::string_view text, ExecutionLimits limits = {}) {
  const BoundQuery query = Compile(text, EmptyCatalog());
  if (query.root == nullptr) return query.diagnostics.front().message;
  NoTables tables;
  const auto result = ExecuteToTable(query, tables, {.now = kUnixEpoch, .limits = limits, .check = nullptr});
  return result.ok() ? fmt::format("{} rows", result->rows.size()) : std::string(result.status().message());
}

TEST(HostileQuery, BracketsInsideEachOther) {
  constexpr std::size_t kMany = 100'000;
  EXPECT_EQ(FirstError("print x = " + Repeat("(", kMany) + "1" + Repeat(")", kMany)), "ZW003 1:111");
  for (const std::string_view open : {"(", "[", "{", "f(", "-", "not(", "dynamic([", "a[", "a.["}) {
    EXPECT_EQ(CodeOf("print x = " + Repeat(open, kMany)).substr(0, 2), "ZW") << open;
  }
  EXPECT_EQ(CodeOf("print x = 1" + Repeat(")", kMany)), "ZW001");
  EXPECT_EQ(CodeOf("print dynamic(" + Repeat("[", kMany) + Repeat("]", kMany) + ")").substr(0, 2), "ZW");
  EXPECT_EQ(CodeOf(Repeat("materialize(", kMany / 2)), "ZW003");
  EXPECT_EQ(CodeOf("print toscalar(" + Repeat("print toscalar(", 50'000)), "ZW003");
  EXPECT_EQ(CodeOf("print 1 " + Repeat("| mv-apply x = dynamic([1]) on (take 1 ", 20'000)), "ZW003");
  EXPECT_EQ(CodeOf("let f = () {" + Repeat("let f = () {", 50'000)).substr(0, 2), "ZW");
}

TEST(HostileQuery, ChainsWithoutEnd) {
  EXPECT_EQ(CodeOf("print x = 1" + Repeat(" + 1", 100'000)), "ZW003");
  EXPECT_EQ(CodeOf("print x = true" + Repeat(" and 1 == 1", 50'000)), "ZW003");
  EXPECT_EQ(CodeOf("print x = 1" + Repeat(" | extend x = x + 1", 40'000)), "ZW003");
  EXPECT_EQ(CodeOf("print d = dynamic({}) | project d" + Repeat(".a", 200'000)), "ZW003");
  EXPECT_EQ(CodeOf("print x = " + Repeat("- ", 200'000) + "1").substr(0, 2), "ZW");
}

TEST(HostileQuery, AMegabyteOfText) {
  const std::string fits = "print 1 //" + std::string(kMaxQueryBytes - 10, 'x');
  ASSERT_EQ(fits.size(), kMaxQueryBytes);
  EXPECT_EQ(FirstError(fits), "none");
  EXPECT_EQ(FirstError(fits + "x"), "ZW003 1:1");
  EXPECT_EQ(CodeOf("print '" + std::string(kMaxQueryBytes - 8, 'x')), "ZW001");
  EXPECT_EQ(CodeOf("print " + std::string(kMaxQueryBytes - 7, 'x')), "KS142");
  EXPECT_EQ(CodeOf("print " + std::string(kMaxQueryBytes - 7, '9')), "ZW001");
  EXPECT_EQ(CodeOf(std::string(kMaxQueryBytes, '\xff')), "ZW001");
  EXPECT_EQ(CodeOf(Repeat("|", kMaxQueryBytes)), "ZW001");
  EXPECT_EQ(CodeOf("print 1, " + Repeat("1, ", 300'000) + "1"), "ZW003");
  EXPECT_EQ(CodeOf("print 1 in (" + Repeat("'a', ", 200'000) + "'b')"), "ZW003");
}

TEST(HostileQuery, FunctionsThatMultiply) {
  std::string doubling = "let f0 = (x: long) { x + x };";
  for (int i = 1; i < 40; ++i) doubling += fmt::format("let f{0} = (x: long) {{ f{1}(f{1}(x)) }};", i, i - 1);
  EXPECT_EQ(CodeOf(doubling + "print f39(1)"), "ZW003");
  std::string tables = "let t0 = () { print 1 };";
  for (int i = 1; i < 31; ++i) tables += fmt::format("let t{0} = () {{ union t{1}(), t{1}() }};", i, i - 1);
  EXPECT_EQ(CodeOf(tables + "t30()"), "ZW003");
}

TEST(HostileQuery, RegularExpressions) {
  EXPECT_EQ(CodeOf("print 'a' matches regex '(((a{1000}){1000}){1000})'"), "ZW004");
  EXPECT_EQ(CodeOf("print 'a' matches regex '" + Repeat("(a|", 50'000) + Repeat(")", 50'000) + "'"), "ZW004");
  EXPECT_EQ(CodeOf("print extract('" + Repeat("(", 100'000) + "', 1, 'a')"), "ZW004");
  EXPECT_EQ(CodeOf("print replace_regex('a', '(a)\\\\1', 'b')"), "ZW004");
  // One that takes exponential time where expressions are tried one way after another.
  EXPECT_EQ(Outcome("range i from 1 to 1000 step 1 | where strrep('a', 1000) matches regex '^(a+)+(a*)*b$'"), "0 rows");
  // Patterns from data are compiled when they come, and kept within bounds.
  EXPECT_EQ(Outcome("range i from 1 to 3000 step 1 | where 'x' matches regex strcat('(a{1,900}){1,', tostring(i), '}')"), "0 rows");
}

constexpr std::string_view kTooLarge = "a value is null: larger than a value may be";

// The first cell of a query's only row as JSON, or why there is none.
std::string Cell(std::string_view text) {
  const BoundQuery query = Compile(text, EmptyCatalog());
  if (query.root == nullptr) return query.diagnostics.front().message;
  NoTables tables;
  const auto result = ExecuteToTable(query, tables, {.now = kUnixEpoch, .limits = {}, .check = nullptr});
  if (!result.ok()) return std::string(result.status().message());
  if (result->statistics.warnings[static_cast<std::size_t>(Warning::kTruncated)] > 0) return std::string(kTooLarge);
  return ToJson(result->rows.at(0).at(0));
}

TEST(HostileQuery, TextsThatGrowAreRefused) {
  const std::string tenfold = " | extend s = strcat(s, s, s, s, s, s, s, s, s, s)";
  EXPECT_EQ(Cell("print s = 'aaaa'" + Repeat(tenfold, 6) + " | project strlen(s)"), "4000000");
  EXPECT_EQ(Cell("print s = 'aaaa'" + Repeat(tenfold, 12) + " | project strlen(s)"), kTooLarge);
  const std::string long_text = "let a = strrep('a', 1000000); let b = strcat(a, a, a, a); ";
  EXPECT_EQ(Cell(long_text + "print strlen(b)"), "4000000");
  for (const std::string_view growing :
       {"strcat(b, b)", "strcat_delim(b, 'x', 'y', 'z')", "strcat_array(split(b, 'a'), b)", "replace_string(b, 'a', b)",
        "replace_regex(b, 'a', b)", "replace_strings(b, dynamic(['a']), pack_array(b))", "url_encode(replace_string(b, 'a', '/'))"}) {
    EXPECT_EQ(Cell(fmt::format("{}print strlen({})", long_text, growing)), kTooLarge) << growing;
  }
}

TEST(HostileQuery, ValuesThatHoldOneAnotherAreRefused) {
  EXPECT_EQ(Cell("print d = pack_array(1)" + Repeat(" | extend d = pack_array(d, d, d, d, d, d, d, d, d, d)", 40) + " | project strlen(tostring(d))"),
            kTooLarge);
  EXPECT_EQ(Cell("print d = pack_array(1)" + Repeat(" | extend d = array_concat(d, d, d, d)", 40) + " | project array_length(d)"), kTooLarge);
  EXPECT_EQ(Cell("print a = 1" + [] {
              std::string packs;
              for (int i = 0; i < 60; ++i) packs += fmt::format(" | extend d{} = pack_all()", i);
              return packs;
            }() + " | project strlen(tostring(d59))"),
            kTooLarge);
}

TEST(HostileQuery, ManyLargeValuesEndTheQuery) {
  ExecutionLimits limits;
  limits.max_memory_bytes = 32 << 20;
  const std::string end = "expressions: the values of one block take more than twice max_memory_bytes 33554432";
  EXPECT_EQ(Outcome("range x from 1 to 1000 step 1 | extend s = strrep(tostring(x), 100000) | summarize sum(strlen(s))", limits), end);
  EXPECT_EQ(Outcome("range x from 1 to 1000 step 1 | where strlen(strrep(tostring(x), 100000)) > 1000000 | project x", limits), end);
  std::string many = "print 1";
  for (int i = 0; i < 500; ++i) many += fmt::format(", strlen(strcat(strrep('{}', 200000), 'a'))", i % 10);
  EXPECT_EQ(Outcome(many, limits), end);
  // The count starts anew with each block.
  EXPECT_EQ(Outcome("range x from 1 to 20000 step 1 | where strlen(strrep('a', 5000 + x % 2)) > 5000 | count", limits), "1 rows");
}

}  // namespace
}  // namespace zoomwatch::kql
