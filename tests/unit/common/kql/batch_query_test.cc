// Queries as text, from the parser to the result: what the parts mean together.
#include <gtest/gtest.h>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

constexpr Ticks kNow = 639'310'752'000'000'000;  // 2026-11-24T00:00:00Z

// One table whose setting is a bool column.
class Settings final : public Catalog, public TableSource {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    if (name != "Settings") return std::nullopt;
    return Schema{{"enabled", Type::kBool}, {"size", Type::kReal}, {"at", Type::kDateTime}};
  }
  std::vector<std::string> TableNames() const override { return {"Settings"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }

  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest&) override { return std::make_unique<Reader>(); }

 private:
  class Reader final : public TableReader {
   public:
    absl::StatusOr<Block> Next() override {
      Block block;
      if (std::exchange(done_, true)) return block;
      block.rows = 2;
      block.columns = {std::make_shared<const Cells>(Cells{Value::Bool(false), Value()}),
                       std::make_shared<const Cells>(Cells{Value::Real(12), Value()}),
                       std::make_shared<const Cells>(Cells{Value::DateTime(kNow), Value()})};
      return block;
    }
    ScanStatistics statistics() const override { return {}; }

   private:
    bool done_ = false;
  };
};

// The rows as JSON, or what is wrong with the query.
std::string ResultOf(std::string_view text) {
  Settings settings;
  const BoundQuery query = Compile(text, settings);
  if (query.root == nullptr) return query.diagnostics.empty() ? "no root" : query.diagnostics.front().message;
  ExecutionOptions options;
  options.now = kNow;
  const auto result = ExecuteToTable(query, settings, options);
  if (!result.ok()) return result.status().ToString();
  Value::Array rows;
  for (const auto& row : result->rows) rows.push_back(Value::OfArray(row));
  return ToJson(Value::OfArray(std::move(rows)));
}

TEST(BatchQuery, AColumnOfAnotherTypeThanTheDefaultComparesAsText) {
  EXPECT_EQ(ResultOf("Settings | where column_ifexists('enabled', '') =~ 'FALSE' | count"), "[[1]]");
  EXPECT_EQ(ResultOf("Settings | where columnifexists('enabled', '') == 'false' | count"), "[[1]]");
  EXPECT_EQ(ResultOf("Settings | where column_ifexists('enabled', '') in ('false') | count"), "[[1]]");
  EXPECT_EQ(ResultOf("Settings | extend e = column_ifexists('enabled', '') | where e has 'false' | count"), "[[1]]");
  EXPECT_EQ(ResultOf("Settings | where column_ifexists('gone', 'x') == 'x' | count"), "[[2]]");
}

TEST(BatchQuery, AColumnOfAnotherTypeThanTheDefaultIsPackedAsItIs) {
  EXPECT_EQ(
      ResultOf(
          "Settings | take 1 | project p = pack('size', columnifexists('size', ''), 'at', columnifexists('at', ''))"),
      R"([[{"size":12.0,"at":"2026-11-24T00:00:00.0000000Z"}]])");
  EXPECT_EQ(ResultOf("Settings | take 1 | project p = iif(true, pack('size', columnifexists('size', '')), '')"
                     " | project toint(parse_json(p).size)"),
            "[[12]]");
}

// Its result is a real, as Microsoft's binder has it, and so are its values.
TEST(BatchQuery, APercentileOfDecimalsIsAReal) {
  EXPECT_EQ(ResultOf("datatable(m: decimal)[1.5, 2.5, 3.5] | summarize p = percentile(m, 50) | project p, t = gettype(p), sum = p + 0.25"),
            R"([[2.5,"real",2.75]])");
}

// The type of d.t + 1h is that of the timespan, whatever d.t holds.
TEST(BatchQuery, ATimeInADynamicThatDoesNotGoWithTheOtherIsNull) {
  EXPECT_EQ(ResultOf("print d = bag_pack('t', datetime(2024-01-01), 's', 1h, 'n', 5) | project d.t + 1h, d.t - 1h, d.n + 1h, datetime(2024-01-01) + d.n"),
            "[[null,null,null,null]]");
  EXPECT_EQ(ResultOf("print d = bag_pack('t', datetime(2024-01-01), 's', 1h) | project d.s + 1h, datetime(2024-01-01) + d.s, "
                     "datetime(2024-01-02) - d.t, d.t - datetime(2023-12-31), todatetime(d.t) + 1h"),
            R"([["02:00:00","2024-01-01T01:00:00.0000000Z","1.00:00:00","1.00:00:00","2024-01-01T01:00:00.0000000Z"]])");
}

// As in live views, whatever the order of the rows.
TEST(BatchQuery, ASumIsNullOnlyWhenItDoesNotFitItselfAndAMeanAlwaysDoes) {
  EXPECT_EQ(ResultOf("datatable(n: long)[9223372036854775807, 1, -2] | summarize sum(n)"), "[[9223372036854775806]]");
  EXPECT_EQ(ResultOf("datatable(n: long)[9223372036854775807, 1] | summarize sum(n), avg(n)"), "[[null,4.611686018427388e+18]]");
  EXPECT_EQ(ResultOf("datatable(t: timespan)[time(9000000d), time(9000000d), time(9000000d)] | summarize sum(t), avg(t)"), R"([[null,"9000000.00:00:00"]])");
  EXPECT_EQ(ResultOf("range i from 1 to 5000 step 1 | summarize avg(datetime(9999-01-01))"), R"([["9999-01-01T00:00:00.0000000Z"]])");
  EXPECT_EQ(ResultOf("datatable(t: datetime)[datetime(1999-01-01), datetime(1999-01-01 00:00:00.0000001)] | summarize avg(t)"),
            R"([["1999-01-01T00:00:00.0000000Z"]])");
}

TEST(BatchQuery, ALetIsOneValuePerQuery) {
  EXPECT_EQ(ResultOf("let t = now(); range x from 1 to 2 step 1 | project t == now(), now() - ago(1d)"),
            R"([[true,"1.00:00:00"],[true,"1.00:00:00"]])");
}

TEST(BatchQuery, SubqueriesFeedExpressions) {
  EXPECT_EQ(ResultOf("let T = datatable(k: string, n: long)['a', 1, 'b', 2, 'B', 3];"
                     "let Many = T | where n > 1 | project k;"
                     "T | where k in (Many) | summarize make_list(k)"),
            R"([[["b","B"]]])");
  EXPECT_EQ(ResultOf("datatable(k: string)['a', 'B', 'c'] | where k in~ (datatable(x: string)['A', 'b']) | summarize "
                     "make_list(k)"),
            R"([[["a","B"]]])");
  EXPECT_EQ(
      ResultOf(
          "let T = range x from 1 to 4 step 1; T | where x > toscalar(T | summarize avg(x)) | summarize make_list(x)"),
      "[[[3,4]]]");
}

TEST(BatchQuery, WarningsComeOnlyFromRowsThatAreComputed) {
  Settings settings;
  const BoundQuery query = Compile("range x from -1 to 1 step 1 | project iff(x == 0, 0, 10 / x) + 1 / x", settings);
  ASSERT_NE(query.root, nullptr);
  const auto result = ExecuteToTable(query, settings, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->statistics.warnings[static_cast<std::size_t>(Warning::kDivisionByZero)], 1U);
}

TEST(BatchQuery, PackAllLeavesOutWhatIsEmptyWhenAsked) {
  EXPECT_EQ(ResultOf("print a = 1, b = '', c = int(null) | project pack_all(), pack_all(true)"),
            R"([[{"a":1,"b":"","c":null},{"a":1}]])");
}

TEST(BatchQuery, SearchNamesTheViewsThatItReads) {
  EXPECT_EQ(ResultOf("let Few = view () { range x from 1 to 2 step 1 }; let Many = view () { range x from 1 to 5 step 1 };"
                     "search in (Few, Many) x == 2 | count"),
            "[[2]]");
  EXPECT_EQ(ResultOf("let T = range x from 1 to 2 step 1; let V = view () { T }; union withsource = from V*, T | where x == 2 | project from"),
            R"([["V"],["union_arg1"]])");
}

TEST(BatchQuery, SearchReadsAsterisksInEveryColumnAndInOne) {
  const auto found = [](std::string_view predicate) {
    return ResultOf("datatable(a: string, b: string)['Lab 7 PC', 'x', 'foobar', 'y', 'y', 'foobar'] | search " + std::string(predicate) +
                    " | project a");
  };
  EXPECT_EQ(found("'lab*pc'"), R"([["Lab 7 PC"]])");
  EXPECT_EQ(found("'ab*pc'"), "[]");
  EXPECT_EQ(found("'*ab*pc'"), R"([["Lab 7 PC"]])");
  EXPECT_EQ(found("kind=case_sensitive 'lab*pc'"), "[]");
  EXPECT_EQ(found("'l.b*pc'"), "[]");
  EXPECT_EQ(found("a:'foo*'"), R"([["foobar"]])");
  EXPECT_EQ(found("a:'*bar' or b:'*oba*'"), R"([["foobar"],["y"]])");
  EXPECT_EQ(found("a:'f*r'"), R"([["foobar"]])");
  EXPECT_EQ(found("a:'foobar'"), R"([["foobar"]])");
  EXPECT_EQ(found("kind=case_sensitive a:'FOO*'"), "[]");
  EXPECT_EQ(found("a:'foo'"), "[]");
  EXPECT_EQ(found("parse_json(a):'foo*'"), "'*' in what ':' looks for is supported behind the name of a column only");
}

TEST(BatchQuery, ApplySeesItsRowOnlyAndSubqueriesOnce) {
  EXPECT_EQ(ResultOf("let Good = datatable(v: long)[2, 3];"
                     "datatable(id: long, l: dynamic)[1, dynamic([1, 2, 3]), 2, dynamic([9]), 3, dynamic([])]"
                     "| mv-apply v = l to typeof(long) on (where v in (Good) | summarize total = sum(v))"
                     "| project id, total"),
            "[[1,5],[2,0]]");
}

TEST(BatchQuery, AnArrayThatExpandsBeyondTheMemoryEndsTheQuery) {
  Settings settings;
  const BoundQuery query = Compile(
      "print l = range(1, 100000) | mv-apply e = l on (where e == 1) | project e", settings);
  ASSERT_NE(query.root, nullptr);
  ExecutionOptions options;
  options.limits.max_memory_bytes = 1 << 20;
  const absl::Status status = ExecuteToTable(query, settings, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("mv-apply: "), std::string::npos) << status;
  options.limits.max_memory_bytes = 64 << 20;
  EXPECT_TRUE(ExecuteToTable(query, settings, options).ok());
}

TEST(BatchQuery, ATextOfAParsedRegexThatSwallowsAColumnMatchesNothing) {
  EXPECT_EQ(ResultOf("print k = 'ab' | parse kind=regex k with @'\\Qa' x"), R"([["ab",""]])");
  EXPECT_EQ(ResultOf("print k = 'ab' | parse kind=regex k with '(a' x: long"),
            "the regular expression does not compile: missing ): (a");
  EXPECT_EQ(ResultOf("print k = 'ab' | parse-where kind=regex k with @'\\Qa' x | count"), "[[0]]");
}

// Columns of every type and no row.
class NoRows final : public Catalog, public TableSource {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    if (name != "E") return std::nullopt;
    return Schema{{"k", Type::kString},   {"n", Type::kLong},   {"i", Type::kInt},     {"r", Type::kReal},    {"m", Type::kDecimal},
                  {"at", Type::kDateTime}, {"span", Type::kTimeSpan}, {"b", Type::kBool}, {"g", Type::kGuid}, {"d", Type::kDynamic}};
  }
  std::vector<std::string> TableNames() const override { return {"E"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest&) override { return std::make_unique<Reader>(); }

 private:
  class Reader final : public TableReader {
   public:
    absl::StatusOr<Block> Next() override { return Block{}; }
    ScanStatistics statistics() const override { return {}; }
  };
};

struct OverNothing {
  std::string_view query;
  std::string_view rows = "[]";
};
void PrintTo(const OverNothing& over, std::ostream* out) { *out << over.query; }

class BatchQueryOverNothing : public testing::TestWithParam<OverNothing> {};

// The table gives no block at all; as a let and behind a filter that keeps nothing, too.
TEST_P(BatchQueryOverNothing, EveryOperatorBearsATableWithoutRows) {
  NoRows tables;
  for (const std::string prefix : {"", "let E = materialize(E | where n > 1);", "let E = E | where false;", "let E = E | take 0;",
                                   "let E = E | sort by n;", "let E = datatable(k: string, n: long, i: int, r: real, m: decimal, "
                                   "at: datetime, span: timespan, b: bool, g: guid, d: dynamic)[];"}) {
    const std::string text = prefix + std::string(GetParam().query);
    const BoundQuery query = Compile(text, tables);
    ASSERT_NE(query.root, nullptr) << text << ": " << query.diagnostics.front().message;
    const auto result = ExecuteToTable(query, tables, {.now = kNow, .limits = {}, .check = nullptr});
    ASSERT_TRUE(result.ok()) << text << ": " << result.status();
    Value::Array rows;
    for (const auto& row : result->rows) {
      ASSERT_EQ(row.size(), result->schema.size()) << text;
      rows.push_back(Value::OfArray(row));
    }
    EXPECT_EQ(ToJson(Value::OfArray(std::move(rows))), GetParam().rows) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Window, BatchQueryOverNothing,
    testing::Values(OverNothing{"E | serialize p = prev(k)"}, OverNothing{"E | serialize | extend p = prev(n, 2, 0) + n"},
                    OverNothing{"E | sort by n | extend x = next(k)"}, OverNothing{"E | serialize x = next(r, 3, 1.5)"},
                    OverNothing{"E | serialize x = row_number()"}, OverNothing{"E | sort by k | extend x = row_number(1, prev(k) != k)"},
                    OverNothing{"E | serialize x = row_cumsum(n)"}, OverNothing{"E | sort by at | project row_cumsum(r, k != prev(k))"},
                    OverNothing{"E | top 3 by n | extend prev(k), next(k), row_number()"},
                    OverNothing{"E | serialize x = prev(at) | where x > ago(1d) | count", "[[0]]"},
                    OverNothing{"E | serialize x = row_number() | summarize max(x), make_list(x)", "[[null,[]]]"}));

INSTANTIATE_TEST_SUITE_P(
    Rows, BatchQueryOverNothing,
    testing::Values(OverNothing{"E"}, OverNothing{"E | where k has 'a' and n in (1, 2)"}, OverNothing{"E | filter d.x == 1"},
                    OverNothing{"E | extend x = strcat(k, n), y = d.a[0]"}, OverNothing{"E | project n + i, r / 0, m, at - at"},
                    OverNothing{"E | project-away k, d"}, OverNothing{"E | project-keep k, n*"}, OverNothing{"E | project-rename a = k"},
                    OverNothing{"E | project-reorder n, * asc"}, OverNothing{"E | project-away d | distinct *"}, OverNothing{"E | distinct k, n"},
                    OverNothing{"E | sort by k asc nulls first, n desc, tostring(d.x) asc"}, OverNothing{"E | order by at"},
                    OverNothing{"E | top 2 by r nulls last"}, OverNothing{"E | take 5"}, OverNothing{"E | limit 0"},
                    OverNothing{"E | serialize"}, OverNothing{"E | as A | where n == 1"}, OverNothing{"E | render timechart"},
                    OverNothing{"let F = (T: (n: long)) { T | where n > 1 }; E | invoke F()"}, OverNothing{"E | search 'a'"},
                    OverNothing{"E | evaluate bag_unpack(d) : (*, x:long)"}, OverNothing{"E | project k, n | evaluate pivot(k) : (n:long, x:long)"},
                    OverNothing{"E | project k | evaluate pivot(k) : (x:long)", "[[0]]"},
                    OverNothing{"search in (E) 'a' or n == 1"},
                    OverNothing{"E | parse k with 'a' x: long 'b' *"}, OverNothing{"E | parse kind=regex k with 'a+' x"},
                    OverNothing{"E | parse-where k with * 'a' x"}, OverNothing{"E | mv-expand d"},
                    OverNothing{"E | mv-expand with_itemindex=p d to typeof(string), x = d.a limit 3"},
                    OverNothing{"E | mv-apply x = d to typeof(long) on (top 1 by x)"},
                    OverNothing{"E | mv-apply x = d on (summarize c = count(), s = sum(tolong(x)))"},
                    OverNothing{"E | mv-apply with_itemindex=p x = d on (serialize q = prev(p))"}));

INSTANTIATE_TEST_SUITE_P(
    Tables, BatchQueryOverNothing,
    testing::Values(OverNothing{"E | join E on n"}, OverNothing{"E | join kind=inner E on k, n"},
                    OverNothing{"E | join kind=leftouter (print n = 1) on n"}, OverNothing{"print n = 1 | join kind=rightouter E on n"},
                    OverNothing{"print n = 1 | join kind=leftouter (E | project n, k) on n", R"([[1,null,""]])"},
                    OverNothing{"E | project n | join kind=rightouter (print n = 1) on n", "[[null,1]]"},
                    OverNothing{"E | project n | join kind=fullouter (print n = 1) on n", "[[null,1]]"},
                    OverNothing{"E | join kind=leftsemi (print n = 1) on n"}, OverNothing{"E | join kind=rightsemi (print n = 1) on n"},
                    OverNothing{"print n = 1 | join kind=leftanti E on n", "[[1]]"},
                    OverNothing{"E | join kind=rightanti (print n = 1) on n", "[[1]]"}, OverNothing{"E | join kind=leftanti E on n"},
                    OverNothing{"print n = 1 | lookup (E | project n, b) on n", "[[1,null]]"},
                    OverNothing{"E | lookup kind=inner E on $left.n == $right.n"}, OverNothing{"union E, E"},
                    OverNothing{"union withsource=s E, (E | extend z = 1)"}, OverNothing{"E | union kind=inner (print n = 1)", "[[1]]"},
                    OverNothing{"print x = 1 in (E | project n), toscalar(E | project k), toscalar(E | count)", R"([[false,"",0]])"},
                    OverNothing{"E | where n in (E | project n)"}));

INSTANTIATE_TEST_SUITE_P(
    Groups, BatchQueryOverNothing,
    testing::Values(OverNothing{"E | count", "[[0]]"}, OverNothing{"E | getschema | count", "[[10]]"},
                    OverNothing{"E | summarize by k"}, OverNothing{"E | summarize count() by k, bin(at, 1h)"},
                    OverNothing{"E | summarize count(), countif(b), dcount(k), dcountif(k, b), count_distinct(n)", "[[0,0,0,0,0]]"},
                    OverNothing{"E | summarize sum(n), sumif(n, b), avg(n), avgif(r, b), avg(at)", R"([[0,0,"NaN","NaN",null]])"},
                    OverNothing{"E | summarize min(n), max(at), minif(r, b), maxif(span, b), min(k)", R"([[null,null,null,null,""]])"},
                    OverNothing{"E | summarize arg_min(n, *)", R"([[null,"",null,null,null,null,null,null,null,null]])"},
                    OverNothing{"E | summarize arg_max(at, k, d)", R"([[null,"",null]])"},
                    OverNothing{"E | summarize take_any(k, n), take_anyif(r, b)", R"([["",null,null]])"},
                    OverNothing{"E | summarize make_set(k), make_set_if(k, b), make_list(n), make_list_if(n, b), make_list_with_nulls(n)",
                                "[[[],[],[],[],[]]]"},
                    OverNothing{"E | summarize make_bag(d), make_bag_if(d, b)", "[[{},{}]]"},
                    OverNothing{"E | summarize percentile(n, 50), percentiles(r, 5, 95)", "[[null,null,null]]"},
                    OverNothing{"E | summarize stdev(n), stdevif(n, b), stdevp(n), variance(r), varianceif(r, b), variancep(r)",
                                R"([[0.0,0.0,"NaN",0.0,0.0,"NaN"]])"}));

TEST(BatchQuery, BagUnpackReadsTheMembersAsTheStatedTypes) {
  const std::string rows = R"(
      datatable(n:long, Name:string, d:dynamic)[
        1, "old", dynamic({"Name": "Ada", "Age": 20, "more": {"x": [1]}}),
        2, "old", dynamic({"Age": "40", "Name": null}),
        3, "old", dynamic({"Age": "forty", "Name": {"first": "Eve"}, "name": "Bo"}),
        4, "old", dynamic(null),
        5, "old", dynamic([20])] | evaluate bag_unpack)";
  EXPECT_EQ(ResultOf(rows + "(d, columnsConflict='replace_source') : (n2:int, Age:long, Name:string, more:dynamic) | project-away n2"),
            R"([[20,"Ada",{"x":[1]}],[40,"",null],[null,"{\"first\":\"Eve\"}",null],[null,"",null],[null,"",null]])");
  EXPECT_EQ(ResultOf(rows + "(d, columnsConflict='replace_source') : (*, Name:string) | take 2"), R"([[1,"Ada"],[2,""]])");
  EXPECT_EQ(ResultOf(rows + "(d, columnsConflict='keep_source') : (*, Name:string, Age:real) | take 2"), R"([[1,"old",20.0],[2,"old",40.0]])");
  EXPECT_EQ(ResultOf(rows + "(d, 'p_') : (*, p_Name:string, p_name:string) | where n == 3"),
            R"([[3,"old","{\"first\":\"Eve\"}","Bo"]])");
  EXPECT_EQ(ResultOf(rows + "(d, ignoredProperties=dynamic(['Name'])) : (Name:string, Age:int) | take 1"), R"([["old",20]])");
}

TEST(BatchQuery, BagUnpackReadsEveryType) {
  EXPECT_EQ(ResultOf(R"(print d = dynamic({"b": true, "i": 7, "r": 1.5, "m": "2.5", "t": "2026-11-24", "s": "1.00:00:00",
                                             "g": "00000000-0000-0000-0000-00000000000a"})
                        | evaluate bag_unpack(d) : (b:bool, i:int, r:real, m:decimal, t:datetime, s:timespan, g:guid))"),
            R"([[true,7,1.5,2.5,"2026-11-24T00:00:00.0000000Z","1.00:00:00","00000000-0000-0000-0000-00000000000a"]])");
}

TEST(BatchQuery, PivotAggregatesTheRowsOfEachStatedValue) {
  const std::string rows = R"(
      datatable(room:string, kind:string, size:long)[
        "a", "in", 1, "a", "in", 4, "a", "out", 2, "b", "out", 3, "c", "lost", 9, "c", "", 9] | evaluate pivot)";
  const std::string sorted = " | sort by room asc";
  EXPECT_EQ(ResultOf(rows + "(kind, count(), room) : (room:string, in:long, out:long)" + sorted), R"([["a",2,1],["b",0,1],["c",0,0]])");
  EXPECT_EQ(ResultOf(rows + "(kind, sum(size)) : (out:long, room:string, in:long)" + sorted), R"([[2,"a",5],[3,"b",0],[0,"c",0]])");
  EXPECT_EQ(ResultOf(rows + "(kind, max(size)) : (*, in:long, In:long)" + sorted), R"([["a",4,null],["b",null,null],["c",null,null]])");
  EXPECT_EQ(ResultOf(rows + "(kind, make_list(size, 1)) : (*, in:dynamic)" + sorted), R"([["a",[1]],["b",[]],["c",[]]])");
  EXPECT_EQ(ResultOf(rows + "(kind, take_any(kind), room) : (*, in:string)" + sorted), R"([["a","in"],["b",""],["c",""]])");
  EXPECT_EQ(ResultOf(rows + "(size, count(), room) : (room:string, ['4']:long, ['9']:long)" + sorted),
            R"([["a",1,0],["b",0,0],["c",0,2]])");
  EXPECT_EQ(ResultOf(rows + "(kind) : (size:long, in:long, room:string) | where size == 9 | project room, ['in'], size"), R"([["c",0,9]])");
}

// Each is what the aggregate gives for the rows of the value alone.
TEST(BatchQuery, PivotTakesTheDocumentedAggregates) {
  const std::string rows = R"(let rows = datatable(k:string, x:long)["v", 1, "v", 4, "v", 4, "w", 7]; )";
  for (const std::string aggregate : {"sum(x)", "avg(x)", "min(x)", "max(x)", "dcount(x)", "dcount(x, 2)", "stdev(x)", "variance(x)", "take_any(k)",
                                      "make_list(x)", "make_list(x, 2)", "make_set(x)", "make_bag(bag_pack('x', x))", "count()"}) {
    const BoundQuery summarized = Compile(rows + "rows | summarize v = " + aggregate, EmptyCatalog());
    ASSERT_NE(summarized.root, nullptr) << aggregate;
    const std::string pivot = rows + "rows | extend g = 1 | evaluate pivot(k, " + aggregate + ", g) : (*, v:" +
                              std::string(TypeName(summarized.root->schema[0].type)) + ") | project v";
    EXPECT_EQ(ResultOf(pivot), ResultOf(rows + "rows | where k == 'v' | summarize v = " + aggregate)) << pivot;
  }
}

}  // namespace
}  // namespace zoomwatch::kql
