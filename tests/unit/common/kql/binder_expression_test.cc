// Types, names and errors of expressions. The tables are those of the language (docs/kql.md), written out in full.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/kql/binder.h"
#include "common/kql/catalog.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// T has a column of each type, named by the letters of the tables, and other columns for names.
class OneTable final : public Catalog {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    if (name != "T") return std::nullopt;
    return Schema{{"b", Type::kBool},      {"i", Type::kInt},       {"l", Type::kLong}, {"r", Type::kReal},
                  {"d", Type::kDecimal},   {"s", Type::kString},    {"dt", Type::kDateTime}, {"ts", Type::kTimeSpan},
                  {"g", Type::kGuid},      {"dy", Type::kDynamic}};
  }
  std::vector<std::string> TableNames() const override { return {"T"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
};

BoundQuery Bound(const std::string& query) { return Compile(query, OneTable()); }

// The codes of the errors, in order; empty for none.
std::string Codes(const std::string& query) {
  std::string codes;
  for (const Diagnostic& diagnostic : Bound(query).diagnostics) {
    if (diagnostic.severity == Severity::kError) codes += (codes.empty() ? "" : " ") + diagnostic.code;
  }
  return codes;
}

std::string FirstMessage(const std::string& query) {
  const BoundQuery bound = Bound(query);
  return bound.diagnostics.empty() ? "" : bound.diagnostics[0].message;
}

// "name:type, name:type", or the codes of the errors.
std::string Columns(const std::string& query) {
  const BoundQuery bound = Bound(query);
  if (bound.root == nullptr) return Codes(query);
  std::string text;
  for (const Column& column : bound.root->schema) text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", column.name, TypeName(column.type));
  return text;
}

// The columns of `T | project ...`.
std::string Projected(const std::string& items) { return Columns("T | project " + items); }

std::string TypeOf(const std::string& expression) {
  const BoundQuery bound = Bound("T | project x = " + expression);
  return bound.root == nullptr ? "." : std::string(TypeName(bound.root->schema[0].type));
}

ScalarPtr Output(const std::string& expression) {
  const BoundQuery bound = Bound("T | project x = " + expression);
  return bound.root == nullptr ? nullptr : bound.root->outputs[0];
}

ScalarPtr Predicate(const std::string& expression) {
  const BoundQuery bound = Bound("T | where " + expression);
  return bound.root == nullptr ? nullptr : bound.root->predicate;
}

// `pattern` with {0} and {1} for the operands; each row of the table starts with the left operand.
void CheckTable(const std::string& pattern, std::string_view table) {
  const std::vector<std::string> lines = absl::StrSplit(std::string(table), '\n', absl::SkipEmpty());
  const std::vector<std::string> right = absl::StrSplit(lines[0], ' ', absl::SkipEmpty());
  ASSERT_EQ(right.size(), 10U);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> cells = absl::StrSplit(lines[i], ' ', absl::SkipEmpty());
    ASSERT_EQ(cells.size(), 11U) << lines[i];
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::string expression = fmt::format(fmt::runtime(pattern), cells[0], right[j]);
      EXPECT_EQ(TypeOf(expression), cells[j + 1]) << expression;
    }
  }
}

TEST(KqlExpressionTypes, FollowTheTableOfAddition) {
  CheckTable("{0} + {1}", R"(
        b  i        l        r        d        s  dt        ts        g  dy
    b   .  .        .        .        .        .  .         .         .  .
    i   .  long     long     real     decimal  .  .         .         .  long
    l   .  long     long     real     decimal  .  .         .         .  long
    r   .  real     real     real     decimal  .  .         .         .  real
    d   .  decimal  decimal  decimal  decimal  .  .         .         .  decimal
    s   .  .        .        .        .        .  .         .         .  .
    dt  .  .        .        .        .        .  datetime  datetime  .  datetime
    ts  .  .        .        .        .        .  datetime  timespan  .  timespan
    g   .  .        .        .        .        .  .         .         .  .
    dy  .  long     long     real     decimal  .  datetime  timespan  .  dynamic)");
}

TEST(KqlExpressionTypes, FollowTheTableOfSubtraction) {
  CheckTable("{0} - {1}", R"(
        b  i        l        r        d        s  dt        ts        g  dy
    b   .  .        .        .        .        .  .         .         .  .
    i   .  long     long     real     decimal  .  .         .         .  long
    l   .  long     long     real     decimal  .  .         .         .  long
    r   .  real     real     real     decimal  .  .         .         .  real
    d   .  decimal  decimal  decimal  decimal  .  .         .         .  decimal
    s   .  .        .        .        .        .  .         .         .  .
    dt  .  .        .        .        .        .  timespan  datetime  .  timespan
    ts  .  .        .        .        .        .  datetime  timespan  .  timespan
    g   .  .        .        .        .        .  .         .         .  .
    dy  .  long     long     real     decimal  .  timespan  timespan  .  dynamic)");
}

TEST(KqlExpressionTypes, FollowTheTableOfMultiplication) {
  CheckTable("{0} * {1}", R"(
        b  i         l         r         d         s  dt        ts        g  dy
    b   .  .         .         .         .         .  .         .         .  .
    i   .  long      long      real      decimal   .  datetime  timespan  .  long
    l   .  long      long      real      decimal   .  datetime  timespan  .  long
    r   .  real      real      real      decimal   .  datetime  timespan  .  real
    d   .  decimal   decimal   decimal   decimal   .  datetime  timespan  .  decimal
    s   .  .         .         .         .         .  .         .         .  .
    dt  .  datetime  datetime  datetime  datetime  .  .         .         .  .
    ts  .  timespan  timespan  timespan  timespan  .  .         timespan  .  .
    g   .  .         .         .         .         .  .         .         .  .
    dy  .  long      long      real      decimal   .  .         .         .  dynamic)");
}

TEST(KqlExpressionTypes, FollowTheTableOfDivision) {
  CheckTable("{0} / {1}", R"(
        b  i         l         r         d         s  dt    ts    g  dy
    b   .  .         .         .         .         .  .     .     .  .
    i   .  long      long      real      decimal   .  .     .     .  long
    l   .  long      long      real      decimal   .  .     .     .  long
    r   .  real      real      real      decimal   .  .     .     .  real
    d   .  decimal   decimal   decimal   decimal   .  .     .     .  decimal
    s   .  .         .         .         .         .  .     .     .  .
    dt  .  datetime  datetime  datetime  datetime  .  real  real  .  .
    ts  .  timespan  timespan  timespan  timespan  .  .     real  .  .
    g   .  .         .         .         .         .  .     .     .  .
    dy  .  long      long      real      decimal   .  .     .     .  dynamic)");
}

TEST(KqlExpressionTypes, FollowTheTableOfModulo) {
  CheckTable("{0} % {1}", R"(
        b  i         l         r         d         s  dt        ts        g  dy
    b   .  .         .         .         .         .  .         .         .  .
    i   .  long      long      real      decimal   .  .         .         .  long
    l   .  long      long      real      decimal   .  .         .         .  long
    r   .  real      real      real      decimal   .  .         .         .  real
    d   .  decimal   decimal   decimal   decimal   .  .         .         .  decimal
    s   .  .         .         .         .         .  .         .         .  .
    dt  .  datetime  datetime  datetime  datetime  .  timespan  timespan  .  .
    ts  .  timespan  timespan  timespan  timespan  .  .         timespan  .  .
    g   .  .         .         .         .         .  .         .         .  .
    dy  .  long      long      real      decimal   .  .         .         .  dynamic)");
}

TEST(KqlExpressionTypes, FollowTheTableOfComparison) {
  for (const std::string op : {"<", "<=", ">", ">="}) {
    CheckTable("{0} " + op + " {1}", R"(
        b     i     l     r     d     s  dt    ts    g  dy
    b   bool  bool  bool  bool  bool  .  .     .     .  .
    i   bool  bool  bool  bool  bool  .  .     .     .  bool
    l   bool  bool  bool  bool  bool  .  .     .     .  bool
    r   bool  bool  bool  bool  bool  .  .     .     .  bool
    d   bool  bool  bool  bool  bool  .  .     .     .  bool
    s   .     .     .     .     .     .  .     .     .  .
    dt  .     .     .     .     .     .  bool  .     .  .
    ts  .     .     .     .     .     .  .     bool  .  .
    g   .     .     .     .     .     .  .     .     .  .
    dy  .     bool  bool  bool  bool  .  .     .     .  bool)");
  }
}

TEST(KqlExpressionTypes, FollowTheTableOfBranches) {
  for (const std::string pattern : {"iff(b, {0}, {1})", "case(b, {0}, {1})"}) {
    CheckTable(pattern, R"(
        b        i        l        r        d        s        dt        ts        g        dy
    b   bool     dynamic  dynamic  dynamic  dynamic  dynamic  dynamic   dynamic   dynamic  bool
    i   dynamic  int      long     real     decimal  dynamic  dynamic   dynamic   dynamic  int
    l   dynamic  long     long     real     decimal  dynamic  dynamic   dynamic   dynamic  long
    r   dynamic  real     real     real     decimal  dynamic  dynamic   dynamic   dynamic  real
    d   dynamic  decimal  decimal  decimal  decimal  dynamic  dynamic   dynamic   dynamic  decimal
    s   dynamic  dynamic  dynamic  dynamic  dynamic  string   dynamic   dynamic   dynamic  string
    dt  dynamic  dynamic  dynamic  dynamic  dynamic  dynamic  datetime  dynamic   dynamic  datetime
    ts  dynamic  dynamic  dynamic  dynamic  dynamic  dynamic  dynamic   timespan  dynamic  timespan
    g   dynamic  dynamic  dynamic  dynamic  dynamic  dynamic  dynamic   dynamic   guid     guid
    dy  bool     int      long     real     decimal  string   datetime  timespan  guid     dynamic)");
  }
}

TEST(KqlExpressionTypes, FollowTheTableOfCoalesce) {
  CheckTable("coalesce({0}, {1})", R"(
        b     i        l        r        d        s       dt        ts        g     dy
    b   bool  .        .        .        .        .       .         .         .     .
    i   .     int      long     real     decimal  .       .         .         .     .
    l   .     long     long     real     decimal  .       .         .         .     .
    r   .     real     real     real     decimal  .       .         .         .     .
    d   .     decimal  decimal  decimal  decimal  .       .         .         .     .
    s   .     .        .        .        .        string  .         .         .     .
    dt  .     .        .        .        .        .       datetime  .         .     .
    ts  .     .        .        .        .        .       .         timespan  .     .
    g   .     .        .        .        .        .       .         .         guid  .
    dy  .     .        .        .        .        .       .         .         .     dynamic)");
}

TEST(KqlExpressionTypes, FollowTheTableOfBetween) {
  for (const std::string op : {"between", "!between"}) {
    CheckTable("{0} " + op + " ({1} .. {1})", R"(
        b  i     l     r     d     s  dt    ts    g  dy
    b   .  .     .     .     .     .  .     .     .  .
    i   .  bool  bool  bool  bool  .  .     .     .  bool
    l   .  bool  bool  bool  bool  .  .     .     .  bool
    r   .  bool  bool  bool  bool  .  .     .     .  bool
    d   .  bool  bool  bool  bool  .  .     .     .  bool
    s   .  .     .     .     .     .  .     .     .  .
    dt  .  .     .     .     .     .  bool  .     .  .
    ts  .  .     .     .     .     .  .     bool  .  .
    g   .  .     .     .     .     .  .     .     .  .
    dy  .  bool  bool  bool  bool  .  .     .     .  .)");
  }
}

TEST(KqlExpressionTypes, LetEqualityAndInCompareAnything) {
  for (const std::string pattern : {"{0} == {1}", "{0} != {1}", "{0} in ({1})", "{0} !in ({1}, {1})"}) {
    for (const std::string left : {"b", "i", "l", "r", "d", "s", "dt", "ts", "g", "dy"}) {
      for (const std::string right : {"b", "i", "l", "r", "d", "s", "dt", "ts", "g", "dy"}) {
        const std::string expression = fmt::format(fmt::runtime(pattern), left, right);
        EXPECT_EQ(TypeOf(expression), "bool") << expression;
      }
    }
  }
}

TEST(KqlExpressionTypes, GiveOperatorsOverTextStringsAndDynamicsOnly) {
  for (const std::string op : {"=~", "!~", "has", "!has_cs", "contains", "!contains", "startswith", "endswith_cs", "hasprefix",
                               "hassuffix", "matches regex"}) {
    for (const std::string left : {"b", "i", "l", "r", "d", "s", "dt", "ts", "g", "dy"}) {
      for (const std::string right : {"b", "i", "l", "r", "d", "s", "dt", "ts", "g", "dy"}) {
        const bool texts = (left == "s" || left == "dy") && (right == "s" || right == "dy");
        const std::string expression = fmt::format("{} {} {}", left, op, right);
        EXPECT_EQ(TypeOf(expression), texts ? "bool" : ".") << expression;
      }
    }
  }
  EXPECT_EQ(Codes("T | where l in~ ('x')"), "KS107");
  EXPECT_EQ(Codes("T | where l has_any ('x')"), "KS107");
  EXPECT_EQ(TypeOf("dy has_all ('x', dynamic(['y']))"), "bool");
  EXPECT_EQ(TypeOf("s has_any (T | project s)"), "bool");
}

TEST(KqlExpressionTypes, KeepASignedConstantAndWidenASignedColumn) {
  EXPECT_EQ(TypeOf("-int(5)"), "int");
  EXPECT_EQ(TypeOf("-i"), "long");
  EXPECT_EQ(TypeOf("+i"), "long");
  EXPECT_EQ(TypeOf("-dt"), "datetime");
  EXPECT_EQ(TypeOf("-dy"), "dynamic");
  EXPECT_EQ(TypeOf("-b"), ".");
  EXPECT_EQ(TypeOf("int(5)"), "int");
  EXPECT_EQ(TypeOf("int(5) + int(1)"), "long");
}

TEST(KqlExpressionTypes, ComeFromTheBestOverload) {
  EXPECT_EQ(TypeOf("bin(i, 5)"), "long");
  EXPECT_EQ(TypeOf("bin(r, 5)"), "real");
  EXPECT_EQ(TypeOf("bin(ts, 1h)"), "timespan");
  EXPECT_EQ(TypeOf("bin(dt, 1d)"), "datetime");
  EXPECT_EQ(Codes("T | project bin(dt, 1)"), "KS127");
  EXPECT_EQ(TypeOf("abs(i)"), "long");
  EXPECT_EQ(TypeOf("abs(r)"), "real");
  EXPECT_EQ(TypeOf("abs(ts)"), "timespan");
  EXPECT_EQ(TypeOf("round(d, 1)"), "decimal");
  EXPECT_EQ(TypeOf("max_of(i, r)"), "real");
  EXPECT_EQ(TypeOf("extract('x', 1, s, typeof(long))"), "long");
  EXPECT_EQ(TypeOf("extract('x', 1, s)"), "string");
  EXPECT_EQ(TypeOf("tolower(dy)"), "string");
  EXPECT_EQ(TypeOf("case(b, 1, b, 2.0, dy)"), "real");
}

TEST(KqlResultNames, PassThroughPathsAndConversions) {
  EXPECT_EQ(Projected("dy.a.b, dy['x y'], dy[0], dy['a']['b'], dy.a[0].b"),
            "dy_a_b:dynamic, dy_x y:dynamic, dy_0:dynamic, dy_a_b1:dynamic, dy_a_0_b:dynamic");
  EXPECT_EQ(Projected("dy[s], dy[-1], dy.['a b']"), "dy_:dynamic, dy_1:dynamic, dy_a b:dynamic");
  EXPECT_EQ(Projected("tostring(dy.a.b), gettype(dy.a), strlen(s), string_size(dy)"),
            "dy_a_b:string, type_dy_a:string, strlen_s:long, string_size_dy:long");
  EXPECT_EQ(Projected("tostring(1), strlen('x'), tolower(s), l + 1"), "Column1:string, strlen_:long, Column2:string, Column3:long");
  EXPECT_EQ(Projected("split(s, ',')[0], parse_json(strcat(s, s)).z, ingestion_time()"), "s_0:dynamic, z:dynamic, $IngestionTime:datetime");
  EXPECT_EQ(Projected("make_datetime(l), make_datetime(l, l, l)"), "l:datetime, Column1:datetime");
  EXPECT_EQ(Projected("startofday(dt), startofweek(dt)"), "dt:datetime, Column1:datetime");
}

TEST(KqlResultNames, GetTheSmallestFreeNumberOnAClash) {
  EXPECT_EQ(Projected("s, tostring(l), tostring(s)"), "KS171");  // tostring of a string is the column itself
  EXPECT_EQ(Projected("l, tostring(l)"), "l:long, l1:string");
  EXPECT_EQ(Projected("tostring(l), l"), "l:string, l1:long");
  EXPECT_EQ(Projected("1, 2, Column2 = 3"), "Column1:long, Column2:long, Column21:long");
  EXPECT_EQ(Projected("s, s"), "KS171");
  EXPECT_EQ(Projected("x = l, x = s"), "KS171");
  EXPECT_EQ(Columns("T | summarize count() by bin(dt, 1h), bin(dt, 1d)"), "dt:datetime, dt1:datetime, count_:long");
}

TEST(KqlResultNames, NumberUnnamedColumnsThroughTheQuery) {
  EXPECT_EQ(Columns("T | project 1 | project 2"), "Column2:long");
  EXPECT_EQ(Projected("Column1 = l, l + 1"), "Column1:long, Column11:long");
  EXPECT_EQ(Columns("print 1, x = 2, 3"), "print_0:long, x:long, print_2:long");
}

TEST(KqlResultNames, OfColumnIfExistsNameTheColumnThatExists) {
  EXPECT_EQ(Projected("column_ifexists('s', ''), columnifexists('nowhere', '')"), "s:string, Column1:string");
  EXPECT_EQ(Projected("tostring(column_ifexists('l', ''))"), "Column1:string");
}

TEST(KqlResultNames, OfAggregatesHaveThePrefixOfTheFunction) {
  EXPECT_EQ(Columns("T | summarize count(), countif(b), dcount(s), make_set(s), makeset(l), make_list(l), max(l), sum(i), avg(i)"),
            "count_:long, countif_b:long, dcount_s:long, set_s:dynamic, set_l:dynamic, list_l:dynamic, max_l:long, sum_i:long, avg_i:real");
  EXPECT_EQ(Columns("T | summarize max(l + 1), percentile(l, 95), percentiles(r, 5, 99.9), make_bag(dy), stdev(i)"),
            "max_:long, percentile_l_95:long, percentile_r_5:real, percentile_r_99_9:real, bag_dy:dynamic, stdev_i:real");
  EXPECT_EQ(Columns("T | summarize take_any(s), any(s), take_anyif(l, b), take_any(l + 1)"), "s:string, any_s:string, l:long, any_arg0:long");
  EXPECT_EQ(Columns("T | summarize dcount(s), dcount(s)"), "dcount_s:long, dcount_s1:long");
  EXPECT_EQ(Columns("T | summarize make_set(s)[0], tostring(make_set(s)), count() + 1, round(avg(l), 1)"),
            "set_s_0:dynamic, set_s:string, Column1:long, avg_l:real");
}

TEST(KqlResultNames, OfArgMaxAreThoseOfItsColumns) {
  EXPECT_EQ(Columns("T | summarize arg_max(dt, s, l) by s"), "s:string, dt:datetime, s1:string, l:long");
  EXPECT_EQ(Columns("T | summarize x = arg_max(dt, l)"), "x:datetime, l:long");
  EXPECT_EQ(Columns("T | summarize (x, y) = arg_max(dt, l)"), "x:datetime, y:long");
  EXPECT_EQ(Columns("T | summarize arg_max(l + 1, s, i + 1)"), "max_:long, s:string, max__arg2:long");
  EXPECT_EQ(Columns("T | summarize arg_min(i, s, -l), any(-l)"), "i:int, s:string, min_i_arg2:long, any_:long");
  EXPECT_EQ(Columns("T | summarize argmax(l, s)"), "max_l:long, max_l_s:string");
  EXPECT_EQ(Columns("T | project s, l, dt | summarize arg_max(dt, *) by bin(dt, 1h)"), "dt:datetime, dt1:datetime, s:string, l:long");
  EXPECT_EQ(Columns("T | project s, l, dt | summarize arg_max(dt, *) by s"), "s:string, dt:datetime, l:long");
  EXPECT_EQ(Columns("T | project s, l | summarize take_any(*)"), "s:string, l:long");
}

TEST(KqlResultNames, OfSortedArraysAreThoseOfTheArrays) {
  EXPECT_EQ(Projected("array_sort_asc(dy), array_sort_desc(dy, split(s, ','), pack_array(1), false)"),
            "dy_sorted:dynamic, dy_sorted1:dynamic, s_sorted:dynamic, array2_sorted:dynamic");
  EXPECT_EQ(Projected("(x, y) = array_sort_asc(dy, dy), z = array_sort_asc(dy, dy)[1]"), "x:dynamic, y:dynamic, z:dynamic");
}

TEST(KqlExpressionErrors, NameWhatIsWrong) {
  EXPECT_EQ(Codes("T | where nowhere == 1"), "KS142");
  EXPECT_EQ(FirstMessage("T | where nowhere == 1 and S == 'x'"), "unknown column 'nowhere'");
  EXPECT_EQ(FirstMessage("T | where S == 'x'"), "unknown column 'S', did you mean 's'?");
  EXPECT_EQ(Codes("T | where tolowr(s) == 'x'"), "KS211");
  EXPECT_EQ(FirstMessage("T | where tolowr(s) == 'x'"), "unknown function 'tolowr', did you mean 'tolower'?");
  EXPECT_EQ(Codes("T | where geo_distance_2points(1, 2, 3, 4) > 1"), "ZW002");
  EXPECT_EQ(Codes("T | summarize hll(s)"), "ZW002");
  EXPECT_EQ(Codes("T | where max(l) > 1"), "KS144");
  EXPECT_EQ(Codes("T | project now"), "KS117");
  EXPECT_EQ(Codes("T | project null"), "KS142");
  EXPECT_EQ(Codes("T | project T"), "KS108");
  EXPECT_EQ(Codes("T | where l"), "KS141");
  EXPECT_EQ(Codes("T | where s.x == 1"), "KS142");
  EXPECT_EQ(Codes("T | where s[0] == 1"), "KS147");
  EXPECT_EQ(Codes("T | where dy[dt] == 1"), "KS141");
  EXPECT_EQ(Codes("T | where not(dy)"), "KS107");
  EXPECT_EQ(Codes("T | where b and l"), "KS106");
  EXPECT_EQ(Codes("T | where s in (1, T)"), "KS108");
  EXPECT_EQ(Codes("T | summarize s + tostring(count()) by s"), "KS236");
}

TEST(KqlExpressionErrors, ArgumentsOfFunctions) {
  EXPECT_EQ(Codes("T | project ago('1d')"), "KS107");
  EXPECT_EQ(Codes("T | project array_length(s)"), "KS234");
  EXPECT_EQ(Codes("T | project array_length(bag_pack('a', 1))"), "KS234");
  EXPECT_EQ(Codes("T | project bag_keys(s)"), "KS235");
  EXPECT_EQ(Codes("T | project coalesce(s, l)"), "KS232");
  EXPECT_EQ(Codes("T | project coalesce(s, dy)"), "KS141");
  EXPECT_EQ(Codes("T | project substring(s, 'x')"), "KS134");
  EXPECT_EQ(Codes("T | project tostring(), tostring(s, s)"), "KS119 KS119");
  EXPECT_EQ(Codes("T | project strcat()"), "KS120");
  EXPECT_EQ(Codes("T | project bag_pack('a', 1, 'b')"), "KS121");
  EXPECT_EQ(Codes("T | project extract(s, 1, s)"), "KS129");
  EXPECT_EQ(Codes("T | project datetime_diff(s, dt, dt)"), "KS131");
  EXPECT_EQ(Codes("T | project datetime_diff('century', dt, dt)"), "KS140");
  EXPECT_EQ(Codes("T | project prev(l + 1)"), "KS109");
  EXPECT_EQ(Codes("T | project tolower(*)"), "KS191");
  EXPECT_EQ(Codes("T | project column_ifexists(s, '')"), "KS129");
  EXPECT_EQ(Codes("T | project parse_json(l)"), "KS141");
  EXPECT_EQ(Codes("T | summarize max(dy), sum(s), count_distinct(dy), percentile(l, i)"), "KS206 KS138 KS116 KS129");
  EXPECT_EQ(Codes("T | summarize percentile(l, real(nan)), percentiles(l, 0, 100, 100.5, -1, int(null))"), "ZW004 ZW004 ZW004 ZW004");
  EXPECT_EQ(Codes("T | where s matches regex '('"), "ZW004");
  EXPECT_EQ(Codes("T | where extract('(', 1, s) == ''"), "ZW004");
  EXPECT_EQ(Codes("T | where isnull(extract_all('a+', s)) or isnull(extract_all('(?:a)', dynamic([1]), s))"), "ZW004 ZW004");
  EXPECT_EQ(Codes("T | where isnull(extract_all('(a)', s)) or isnull(extract_all('', '('))"), "ZW004");
}

// d.a != "" keeps the rows that have no a, which is hardly meant.
TEST(KqlExpressionWarnings, ADynamicComparedWithNoText) {
  constexpr std::string_view kMessage = "what a dynamic does not have is null, which is not \"\": isempty() and isnotempty() are for both";
  EXPECT_EQ(FirstMessage("T | where dy.a != ''"), kMessage);
  EXPECT_EQ(FirstMessage("T | where '' == dy"), kMessage);
  EXPECT_EQ(Codes("T | where dy.a != ''"), "");
  EXPECT_EQ(FirstMessage("T | where tostring(dy.a) != '' and s == '' and dy.a == 'x' and dy.a == 1"), "");
}

TEST(KqlExpressionWarnings, FlagsOfAParseThatIsNoRegex) {
  EXPECT_EQ(FirstMessage("T | parse flags=i s with 'x' y"), "flags are those of a regex: without kind=regex they have no effect");
  EXPECT_EQ(FirstMessage("T | parse kind=regex flags=i s with 'x' y"), "");
}

TEST(KqlExpressionErrors, AreReportedOnce) {
  EXPECT_EQ(Codes("T | where tolower(nowhere) == 'x' and nowhere2 > 1 | project strcat(nowhere, s)"), "KS142 KS142 KS142");
  EXPECT_EQ(Codes("T | extend x = nowhere | where x > 1 and strlen(x) > tolong(x)"), "KS142");
}

TEST(KqlConstants, AreComputedOnceWhenTheQueryIsBound) {
  const ScalarPtr sum = Output("1 + 2 * 3");
  ASSERT_NE(sum, nullptr);
  EXPECT_EQ(sum->kind, ScalarKind::kConstant);
  EXPECT_EQ(sum->constant.AsLong(), 7);
  const ScalarPtr text = Output("strcat('a', tostring(dynamic({'x': [1, 2]}).x[1]))");
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(text->kind, ScalarKind::kConstant);
  EXPECT_EQ(text->constant.AsString(), "a2");
}

TEST(KqlConstants, StayExpressionsWhereComputingThemWouldWarn) {
  const ScalarPtr quotient = Output("1 / 0");
  ASSERT_NE(quotient, nullptr);
  EXPECT_EQ(quotient->kind, ScalarKind::kOperator);
  EXPECT_TRUE(quotient->per_query);
}

TEST(KqlConstants, OfTheClockHaveOneValuePerQuery) {
  for (const std::string expression : {"now()", "ago(1d)", "bin(now(), 1h)", "toscalar(T | summarize max(dt))"}) {
    const ScalarPtr value = Output(expression);
    ASSERT_NE(value, nullptr) << expression;
    EXPECT_NE(value->kind, ScalarKind::kConstant) << expression;
    EXPECT_TRUE(value->per_query) << expression;
  }
  EXPECT_FALSE(Output("dt + 1d")->per_query);
  EXPECT_FALSE(Output("row_number()")->per_query);
}

TEST(KqlColumnIfExists, KeepsTheValueAndTakesTheTypeOfTheDefault) {
  const ScalarPtr loose = Output("bag_pack('k', column_ifexists('b', ''))")->children[1];
  EXPECT_EQ(loose->kind, ScalarKind::kColumn);
  EXPECT_EQ(loose->type, Type::kString);
  EXPECT_TRUE(loose->loose);
  EXPECT_FALSE(Output("column_ifexists('s', '')")->loose);
  EXPECT_FALSE(Output("column_ifexists('l', dynamic(null))")->loose);
  EXPECT_EQ(Output("columnifexists('nowhere', columnifexists('s', ''))")->kind, ScalarKind::kColumn);
  EXPECT_EQ(Output("columnifexists('tostring(s)', 'x')")->constant.AsString(), "x");
}

TEST(KqlColumnIfExists, BecomesTextWhereItMeetsText) {
  const auto first_child = [](const std::string& predicate) {
    const ScalarPtr bound = Predicate(predicate);
    return bound == nullptr ? ScalarKind::kConstant : bound->children[0]->kind;
  };
  EXPECT_EQ(first_child("column_ifexists('b', '') =~ 'false'"), ScalarKind::kText);
  EXPECT_EQ(first_child("column_ifexists('b', '') == 'false'"), ScalarKind::kText);
  EXPECT_EQ(first_child("column_ifexists('b', '') in ('false', 'true')"), ScalarKind::kText);
  EXPECT_EQ(first_child("column_ifexists('b', '') in~ ('false')"), ScalarKind::kText);
  EXPECT_EQ(first_child("column_ifexists('b', '') has_any ('false')"), ScalarKind::kText);
  EXPECT_EQ(first_child("column_ifexists('b', '') == false"), ScalarKind::kColumn);
  EXPECT_EQ(first_child("isempty(column_ifexists('b', ''))"), ScalarKind::kColumn);
}

TEST(KqlColumnIfExists, BecomesTextInKeysAndInTheResult) {
  const BoundQuery result = Bound("T | project x = column_ifexists('b', '') | where isnotempty(x)");
  ASSERT_NE(result.root, nullptr);
  ASSERT_EQ(result.root->kind, RelationKind::kProject);
  EXPECT_EQ(result.root->outputs[0]->kind, ScalarKind::kText);
  EXPECT_FALSE(result.root->schema[0].loose);
  const BoundQuery groups = Bound("T | extend x = column_ifexists('b', '') | summarize count() by x");
  ASSERT_NE(groups.root, nullptr);
  EXPECT_EQ(groups.root->keys[0]->kind, ScalarKind::kText);
  const BoundQuery distinct = Bound("T | project x = column_ifexists('b', '') | distinct x");
  ASSERT_NE(distinct.root, nullptr);
  EXPECT_EQ(distinct.root->keys[0]->kind, ScalarKind::kText);
  const BoundQuery join = Bound("T | extend x = column_ifexists('b', '') | join kind=leftsemi (T | extend x = s) on x | project s");
  ASSERT_NE(join.root, nullptr);
  EXPECT_EQ(join.root->inputs[0]->left_keys[0]->kind, ScalarKind::kText);
  const BoundQuery sorted = Bound("T | extend x = column_ifexists('b', '') | sort by x | project s");
  ASSERT_NE(sorted.root, nullptr);
  EXPECT_EQ(sorted.root->inputs[0]->order[0].value->kind, ScalarKind::kText);
}

TEST(KqlColumnIfExists, StaysWhatItIsInBranchesAndBags) {
  const ScalarPtr branch = Output("pack_array(iff(b, column_ifexists('l', ''), 'none'))")->children[0];
  EXPECT_EQ(branch->type, Type::kString);
  EXPECT_TRUE(branch->loose);
  EXPECT_EQ(branch->children[1]->kind, ScalarKind::kColumn);
  EXPECT_EQ(Output("bag_pack('a', column_ifexists('l', ''))")->children[1]->kind, ScalarKind::kColumn);
}

TEST(KqlBranches, MakeJsonTextOfABagBesideAString) {
  const ScalarPtr branch = Output("iff(b, bag_pack('a', l), '')");
  ASSERT_NE(branch, nullptr);
  EXPECT_EQ(branch->type, Type::kString);
  EXPECT_EQ(branch->children[1]->kind, ScalarKind::kText);
  EXPECT_EQ(TypeOf("iff(b, bag_pack('a', l), dynamic(null))"), "dynamic");
}

TEST(KqlBetween, TakesATimespanAsALength) {
  const ScalarPtr between = Predicate("dt between (datetime(2024-05-01) .. 1d)");
  ASSERT_NE(between, nullptr);
  EXPECT_EQ(between->op, Op::kBetween);
  EXPECT_EQ(between->children[2]->kind, ScalarKind::kConstant);
  EXPECT_EQ(between->children[2]->constant.AsTicks() - between->children[1]->constant.AsTicks(), 864'000'000'000);
}

TEST(KqlIn, ReadsTheFirstColumnOfATable) {
  const ScalarPtr in = Predicate("s !in~ ((T | project s, l))");
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(in->kind, ScalarKind::kInTable);
  EXPECT_TRUE(in->negated);
  EXPECT_TRUE(in->ignore_case);
  EXPECT_EQ(in->relation->schema.size(), 2U);
  const BoundQuery list = Bound("let names = dynamic(['x']); T | where s in (names)");
  ASSERT_NE(list.root, nullptr);
  EXPECT_EQ(list.root->predicate->kind, ScalarKind::kIn);
}

TEST(KqlNames, OfColumnsHideThoseOfLet) {
  EXPECT_EQ(Columns("let s = 5; T | project x = s"), "x:string");
  EXPECT_EQ(Columns("let y = 5; T | project x = y"), "x:long");
  EXPECT_EQ(Columns("let f = () { 5 }; T | project x = f, y = f()"), "x:long, y:long");
}

TEST(KqlStar, LooksIntoEveryColumn) {
  const ScalarPtr any = Predicate("* has 'x'");
  ASSERT_NE(any, nullptr);
  EXPECT_EQ(any->op, Op::kOr);
  EXPECT_EQ(any->children.size(), 10U);
  EXPECT_EQ(Predicate("* == 'x'")->op, Op::kOr);
}

}  // namespace
}  // namespace zoomwatch::kql
