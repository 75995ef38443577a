// The tabular half of the binder: result columns of every operator, codes and places of errors, shared nodes, limits.
#include <gtest/gtest.h>

#include <functional>

#include "common/kql/binder.h"
#include "tests/unit/common/kql/binder_catalog.h"

namespace zoomwatch::kql {
namespace {

struct Case {
  std::string_view query;
  std::string_view expected;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Bound(c.query), c.expected) << c.query;
}

BoundQuery Root(std::string_view text, const BindOptions& options = {}) {
  const TestCatalog catalog;
  BoundQuery query = Compile(text, catalog, options);
  EXPECT_NE(query.root, nullptr) << text << (query.diagnostics.empty() ? "" : ": " + query.diagnostics[0].message);
  return query;
}

TEST(BinderTable, ExtendReplacesInPlaceOrAppends) {
  ExpectAll({
      {"T | extend 1", "a:long, b:string, d:dynamic, t:datetime, Column1:long"},
      {"T | extend x = a, tostring(a)", "a:string, b:string, d:dynamic, t:datetime, x:long"},
      {"T | extend bin(t, 1d), t = 1", "a:long, b:string, d:dynamic, t:long"},
      {"T | extend tolong(b), todouble(b), toint(b)", "a:long, b:int, d:dynamic, t:datetime"},
      {"T | extend d.x, tostring(d.x)", "a:long, b:string, d:dynamic, t:datetime, d_x:string"},
      {"T | extend Column2 = 'a' | extend 1, 2", "a:long, b:string, d:dynamic, t:datetime, Column2:string, Column1:long, Column3:long"},
      {"T | extend x = a, x = b", "KS171 1:19"},
      {"T | extend a, a", "KS171 1:15"},
      {"T | extend (x, y) = a", "KS149 1:12"},
      {"T | extend x = zz", "KS142 1:16"},
  });
}

TEST(BinderTable, ProjectNamesItsColumns) {
  ExpectAll({
      {"T | project", ""},
      {"T | project a = b, b = a", "a:string, b:long"},
      {"T | project a, tostring(a)", "a:long, a1:string"},
      {"T | project tostring(a), a", "a:string, a1:long"},
      {"T | project 1, 2, Column2 = 'a'", "Column1:long, Column2:long, Column21:string"},
      {"T | project d.x, d.x", "d_x:dynamic, d_x1:dynamic"},
      {"T | project 1 | project 2", "Column2:long"},
      {"T | project Column1 = 'a', 1, 2", "Column1:string, Column11:long, Column2:long"},
      {"let q = 5; T | project q, q", "q:long, q1:long"},
      {"T | project a, a", "KS171 1:16"},
      {"T | project x = a, x = b", "KS171 1:20"},
      {"T | project (q, r) = array_sort_asc(d, d.x)", "q:dynamic, r:dynamic"},
      {"T | project q = array_sort_asc(d, d.x)", "q:dynamic, d_x_sorted:dynamic"},
      {"T | project array_sort_asc(d, d.x, false)", "d_sorted:dynamic, d_x_sorted:dynamic"},
      {"T | extend (q, r, s) = array_sort_asc(d, d.x)", "KS150 1:19"},
  });
}

TEST(BinderTable, ChoosesRenamesAndOrdersColumns) {
  ExpectAll({
      {"T | project-away a, a", "b:string, d:dynamic, t:datetime"},
      {"T | project-away *", ""},
      {"T | project-away z*", "KS142 1:18"},
      {"T | project-keep t, a*", "a:long, t:datetime"},
      {"T | project-keep zz", "KS142 1:18"},
      {"T | project-rename x = a, y = a", "x:long, b:string, d:dynamic, t:datetime"},
      {"T | project-rename b = a", "KS171 1:20"},
      {"T | project-rename x = zz", "KS142 1:24"},
      {"T | project-reorder t, *, a", "t:datetime, a:long, b:string, d:dynamic"},
      {"T | project-reorder d, * desc", "d:dynamic, t:datetime, b:string, a:long"},
      {"print a10 = 1, a2 = 2 | project-reorder * granny-asc", "a2:long, a10:long"},
      {"print a10 = 1, a2 = 2 | project-reorder * asc", "a10:long, a2:long"},
      {"print Ab = 1, b = 2, a = 3, B = 4 | project-reorder * asc", "a:long, Ab:long, b:long, B:long"},
      {"print Ab = 1, b = 2, a = 3, B = 4 | project-reorder * desc", "b:long, B:long, Ab:long, a:long"},
      {"T | project-reorder zz", "KS142 1:21"},
  });
}

TEST(BinderTable, FiltersOrdersAndCutsKeepTheColumns) {
  constexpr std::string_view kT = "a:long, b:string, d:dynamic, t:datetime";
  ExpectAll({
      {"T | where a > 1", kT},
      {"T | where prev(a) == 1", kT},
      {"T | where a", "KS141 1:11"},
      {"T | sort by b asc, a", kT},
      {"T | sort by d", "KS116 1:13"},
      {"T | top 3 by a", kT},
      {"T | top 'x' by a", "KS134 1:9"},
      {"T | take toscalar(U | count)", kT},
      {"T | take 1.5", "KS134 1:10"},
      {"T | serialize", kT},
      {"T | serialize n = row_number()", "a:long, b:string, d:dynamic, t:datetime, n:long"},
      {"T | as V | union V", kT},
      {"T | as V; V", kT},
      {"T | count", "Count:long"},
      {"T | count as n", "n:long"},
      {"T | getschema", "ColumnName:string, ColumnOrdinal:long, DataType:string, ColumnType:string"},
  });
}

TEST(BinderTable, SummarizePutsTheKeysFirst) {
  ExpectAll({
      {"T | summarize by a", "a:long"},
      {"T | summarize count() by b, a", "b:string, a:long, count_:long"},
      {"T | summarize dcount(b), dcount(b) by dcount_b = b", "dcount_b:string, dcount_b1:long, dcount_b2:long"},
      {"T | summarize count() by bin(t, 1h), bin(t, 1d)", "t:datetime, t1:datetime, count_:long"},
      {"T | summarize x = count() * 2, round(avg(a), 1) by b", "b:string, x:long, avg_a:real"},
      {"T | summarize arg_max(t, *) by a", "a:long, t:datetime, b:string, d:dynamic"},
      {"T | summarize arg_max(t, *) by bin(t, 1h)", "t:datetime, t1:datetime, a:long, b:string, d:dynamic"},
      {"T | summarize arg_max(t, *) by tostring(b)", "b:string, t:datetime, a:long, d:dynamic"},
      {"T | summarize (x, y) = arg_max(t, a, b)", "x:datetime, y:long, b:string"},
      {"T | summarize percentile(a, 95), percentiles(a, 5, 99.9)",
       "percentile_a_95:long, percentile_a_5:long, percentile_a_99_9:long"},
      {"T | summarize count() by d", "KS116 1:26"},
      {"T | summarize a = count() by a", "KS171 1:15"},
      {"T | summarize (x, y) = count()", "KS149 1:15"},
      {"T | summarize (x, y, z, w) = arg_max(t, a, b)", "KS150 1:25"},
      {"T | summarize avg(a) + a", "KS236 1:24"},
      {"T | distinct a, tostring(b), x = 1", "a:long, b:string, x:long"},
      {"U | distinct *", "a:long, c:string, b:string"},
      {"T | distinct d", "KS116 1:14"},
      {"T | distinct *", "KS116 1:5"},
  });
}

TEST(BinderTable, JoinNumbersTheColumnsOfTheRightSide) {
  constexpr std::string_view kBoth = "a:long, b:string, d:dynamic, t:datetime, a1:long, c:string, b1:string";
  ExpectAll({
      {"T | join U on a", kBoth},
      {"T | join kind=fullouter U on a, b", kBoth},
      {"T | join kind=inner (U) on $left.a == $right.a and b", kBoth},
      {"T | join kind=leftsemi U on a", "a:long, b:string, d:dynamic, t:datetime"},
      {"T | join kind=rightantisemi U on a", "a:long, c:string, b:string"},
      {"T | join kind=inner (U | extend a1 = 1) on a", "a:long, b:string, d:dynamic, t:datetime, a2:long, c:string, b1:string, a1:long"},
      {"T | extend a1 = 1 | join kind=inner (U | extend a2 = 1, a1 = 3) on a",
       "a:long, b:string, d:dynamic, t:datetime, a1:long, a3:long, c:string, b1:string, a2:long, a11:long"},
      {"T | lookup U on a", "a:long, b:string, d:dynamic, t:datetime, c:string, b1:string"},
      {"T | lookup kind=inner (U) on $left.b == $right.c, a", "a:long, b:string, d:dynamic, t:datetime, b1:string"},
      {"T | join kind=nonsense U on a", "ZW001 1:15"},
      {"T | lookup kind=rightouter U on a", "ZW001 1:17"},
      {"T | join (U) on zz", "KS142 1:17"},
      {"T | join (U) on c", "KS145 1:17"},
      {"T | join (U | project a = toint(a)) on a", "KS227 1:40"},
      {"T | join (U) on $left.a == $right.c", "KS242 1:17"},
      {"T | join (T) on $left.d == $right.d", "KS241 1:17"},
      {"T | join (U) on $right.a == $left.a", "KS183 1:17"},
      {"T | join (U) on tolower(b)", "KS182 1:17"},
      {"T | join (Zz) on a", "KS204 1:11"},
      {"T | join (1) on a", "KS111 1:10"},
  });
}

TEST(BinderTable, JoinWithoutAKindIsInnerUnique) {
  EXPECT_EQ(Root("T | join U on a").root->join, JoinKind::kInnerUnique);
  EXPECT_EQ(Root("T | join kind=inner U on a").root->join, JoinKind::kInner);
  EXPECT_EQ(Root("T | join kind=anti U on a").root->join, JoinKind::kLeftAnti);
  EXPECT_EQ(Root("T | lookup U on a").root->join, JoinKind::kLeftOuter);
}

TEST(BinderTable, UnionTakesColumnsByNameAndType) {
  ExpectAll({
      {"union X1, X2", "x_long:long, x_string:string, y:real"},
      {"union withsource=S X1, X2", "S:string, x_long:long, x_string:string, y:real"},
      {"union kind=inner T, U", "a:long, b:string"},
      {"union (X1 | extend x_long = 1), X2", "x_long:long, x_string:string, x_long1:long, y:real"},
      {"union X*", "x_long:long, x_string:string, y:real"},
      {"let f = view () { U }; union f*, X1", "a:long, c:string, b:string, x:long"},
      {"union isfuzzy=true Zz, X1", "x:long"},
      {"union isfuzzy=True Zz, X1", "x:long"},
      {"union isfuzzy=false Zz, X1", "KS204 1:21"},
      {"union isfuzzy=maybe Zz, X1", "ZW001 1:15"},
      {"search kind=exact in (X1) 'q'", "ZW001 1:13"},
      {"search kind=case_insensitive in (X1) 'q'", "$table:string, x:long"},
      {"union Zz, X1", "KS204 1:7"},
      {"union z*, X1", "KS142 1:7"},
      {"union X1, (1)", "KS111 1:11"},
      {"search in (X1) 'q'", "$table:string, x:long"},
      {"X2 | search 'q' and y > 1", "$table:string, x:string, y:real"},
      {"X2 | search in (X1) 'q'", "KS175 1:6"},
  });
}

TEST(BinderTable, UnionKnowsWhereItsRowsComeFrom) {
  const RelationPtr root = Root("U | union withsource=S (T | take 1), (print 1), (X1 | as Mine)").root;
  EXPECT_EQ(root->source_names, (std::vector<std::string>{"U", "T", "union_arg2", "Mine"}));
}

TEST(BinderTable, ExpandsDynamicValues) {
  ExpectAll({
      {"T | mv-expand d", "a:long, b:string, d:dynamic, t:datetime"},
      {"T | mv-expand d.x", "a:long, b:string, d:dynamic, t:datetime, d_x:dynamic"},
      {"T | mv-expand d to typeof(long)", "a:long, b:string, d:long, t:datetime"},
      {"T | mv-expand with_itemindex=a x = d", "a:long, b:string, d:dynamic, t:datetime, x:dynamic, a1:long"},
      {"T | mv-expand a", "KS141 1:15"},
      {"T | mv-expand d, d", "KS171 1:18"},
      {"T | mv-expand kind=nonsense d", "ZW001 1:20"},
      {"T | mv-apply d on (where d > 1)", "a:long, b:string, t:datetime, d:dynamic"},
      {"T | mv-apply x = d to typeof(long) on (summarize s = sum(x))", "a:long, b:string, d:dynamic, t:datetime, s:long"},
      {"T | mv-apply x = d on (project a = b, x)", "a:string, b:string, d:dynamic, t:datetime, x:dynamic"},
      {"T | mv-apply a = d on (count)", "a:long, b:string, d:dynamic, t:datetime, Count:long"},
      {"T | mv-apply d on (summarize make_list(d))", "a:long, b:string, t:datetime, list_d:dynamic"},
      {"T | mv-apply x = d on (join U on a)",
       "a:long, b:string, d:dynamic, t:datetime, x:dynamic, a1:long, c:string, b1:string"},
      {"T | mv-apply x = d on (where zz == 1)", "KS142 1:30"},
  });
}

TEST(BinderTable, OldSpellingOfExpandHasALimit) {
  EXPECT_EQ(Root("T | mv-expand d").root->limit, nullptr);
  ASSERT_NE(Root("T | mvexpand d").root->limit, nullptr);
  EXPECT_EQ(Root("T | mvexpand d").root->limit->constant.AsLong(), 128);
}

TEST(BinderTable, ParseAddsOrReplacesColumns) {
  ExpectAll({
      {"T | parse b with 'x' y:long 'z' w", "a:long, b:string, d:dynamic, t:datetime, y:long, w:string"},
      {"T | parse b with 'a' a:string", "a:string, b:string, d:dynamic, t:datetime"},
      {"T | parse-where kind=relaxed d.x with 'z' w:int *", "a:long, b:string, d:dynamic, t:datetime, w:int"},
      {"T | parse b with w x", "KS101 1:20"},
      {"T | parse b with x '1' x", "KS171 1:24"},
      {"T | parse kind=nonsense b with 'z' w", "ZW001 1:16"},
      {"T | parse kind=regex flags=q b with 'z' w", "ZW004 1:28"},
      {"T | parse kind=regex b with 'a+' w '[a-z+' v", "ZW004 1:36"},
  });
}

TEST(BinderTable, SourcesOfRows) {
  ExpectAll({
      {"print 1, x = 2, 3", "print_0:long, x:long, print_2:long"},
      {"print x = 1, x = 2", "KS171 1:14"},
      {"print T", "KS108 1:7"},
      {"range x from 1 to 10 step 1.5", "x:real"},
      {"range x from int(1) to int(2) step int(1)", "x:int"},
      {"range x from now() to now() + 1d step 1h", "x:datetime"},
      {"range x from now() to now() step 1", "KS106 1:34"},
      {"range x from 'a' to 10 step 1", "KS138 1:14"},
      {"datatable(a:long, b:string)[1, 'x']", "a:long, b:string"},
      {"datatable(a:long, b:string)[1, 'x', 2]", "KS173 1:29"},
      {"datatable(a:long, a:string)[1, 'x']", "KS171 1:19"},
      {"let n = 'T'; table(n) | count", "Count:long"},
      {"table('Zz')", "KS204 1:7"},
      {"Tt | take 1", "KS204 1:1"},
      {"tolower('x') | take 1", "KS111 1:1"},
      {"nothing()", "KS211 1:1"},
      {"database('x').T | take 1", "ZW002 1:1"},
      {"T | evaluate basket()", "ZW002 1:14"},
  });
}

TEST(BinderTable, BagUnpackHasTheColumnsThatAreStated) {
  ExpectAll({
      {"T | evaluate bag_unpack(d) : (x:real, y:dynamic)", "x:real, y:dynamic"},
      {"T | evaluate bag_unpack(d) : (*, x:real)", "a:long, b:string, t:datetime, x:real"},
      {"T | evaluate bag_unpack(d) : (*)", "a:long, b:string, t:datetime"},
      {"T | evaluate hint.distribution=single bag_unpack(d) : (*, d:string)", "a:long, b:string, t:datetime, d:string"},
      {"T | evaluate bag_unpack(d, 'p_') : (p_x:long, b:string)", "p_x:long, b:string"},
      {"T | evaluate bag_unpack(d, 'p_', 'error', dynamic(['x'])) : (p_y:long, a:long)", "p_y:long, a:long"},
      {"T | evaluate bag_unpack(d, columnsConflict='replace_source') : (*, a:string)", "b:string, t:datetime, a:string"},
      {"T | evaluate bag_unpack(d, columnsConflict='keep_source') : (*, a:long)", "b:string, t:datetime, a:long"},
      {"T | evaluate bag_unpack(d, ignoredProperties=dynamic(['a'])) : (a:long, x:int)", "a:long, x:int"},
      {"T | evaluate bag_unpack(d, ignoredProperties=dynamic(['a']), OutputColumnPrefix='p_') : (p_b:long)", "p_b:long"},
      {"T | evaluate bag_unpack(d)", "ZW002 1:14"},
      {"T | evaluate bag_unpack(d) : ()", "ZW002 1:14"},
      {"T | evaluate bag_unpack(d) : (x:long, *)", "ZW001 1:39"},
      {"T | evaluate bag_unpack(d) : (* x:long)", "ZW001 1:33"},
      {"T | evaluate bag_unpack(d) : (x:long, y:long, x:string)", "KS171 1:47"},
      {"T | evaluate bag_unpack(d) : (*, a:long)", "KS171 1:34"},
      {"T | evaluate bag_unpack(d) : (a:long)", "KS171 1:31"},
      {"T | evaluate bag_unpack(d, 'p_') : (p_x:long, x:long)", "KS142 1:47"},
      {"T | evaluate bag_unpack(d, ignoredProperties=dynamic(['x'])) : (x:long)", "KS142 1:65"},
      {"T | evaluate bag_unpack(d, columnsConflict='keep_source') : (*, a:string)", "KS107 1:67"},
      {"T | evaluate bag_unpack(d, columnsConflict='keep') : (*, x:long)", "ZW004 1:44"},
      {"T | evaluate bag_unpack(d, columnsConflict=b) : (*, x:long)", "KS131 1:44"},
      {"T | evaluate bag_unpack(d, conflict='error') : (*, x:long)", "KS196 1:28"},
      {"T | evaluate bag_unpack(d, 'p_', OutputColumnPrefix='q_') : (*, x:long)", "KS201 1:34"},
      {"T | evaluate bag_unpack(d, columnsConflict='error', 'p_') : (*, x:long)", "KS195 1:53"},
      {"T | evaluate bag_unpack(d, '') : (*, x:long)", "ZW004 1:28"},
      {"T | evaluate bag_unpack(d, 1) : (*, x:long)", "KS107 1:28"},
      {"T | evaluate bag_unpack(d, ignoredProperties='x') : (*, x:long)", "ZW004 1:46"},
      {"T | evaluate bag_unpack(d, ignoredProperties=dynamic([1])) : (*, x:long)", "ZW004 1:46"},
      {"T | evaluate bag_unpack() : (*, x:long)", "KS119 1:14"},
      {"T | evaluate bag_unpack(d, 'p_', 'error', dynamic([]), 1) : (*, x:long)", "KS119 1:14"},
      {"T | evaluate bag_unpack(d.x) : (*, x:long)", "KS109 1:25"},
      {"T | evaluate bag_unpack(b) : (*, x:long)", "KS107 1:25"},
      {"T | evaluate bag_unpack(e) : (*, x:long)", "KS142 1:25"},
      {"T | evaluate kind=x bag_unpack(d) : (*, x:long)", "KS196 1:14"},
      {"evaluate bag_unpack(d) : (*, x:long)", "KS111 1:10"},
      // A column that a table has only for those who name it is named by the schema.
      {"Virtual | extend d = dynamic({}) | evaluate bag_unpack(d, columnsConflict='keep_source') : (payload_x:long)", "KS107 1:103"},
  });
}

TEST(BinderTable, PivotHasTheColumnsThatAreStated) {
  ExpectAll({
      {"U | evaluate pivot(c) : (a:long, b:string, x:long)", "a:long, b:string, x:long"},
      {"U | evaluate pivot(c) : (x:long, b:string, y:long, a:long)", "x:long, b:string, y:long, a:long"},
      {"U | evaluate pivot(c, sum(a)) : (*, x:long)", "b:string, x:long"},
      {"U | evaluate pivot(c, avg(a)) : (x:real, *)", "ZW001 1:42"},
      {"U | evaluate pivot(c, avg(a)) : (*, x:real, b:string)", "x:real, b:string"},
      {"U | evaluate pivot(c, sum(a * 2)) : (*, x:long)", "a:long, b:string, x:long"},
      {"U | evaluate pivot(c, make_set(a, 5), b) : (*, x:dynamic)", "b:string, x:dynamic"},
      {"U | evaluate pivot(c, take_any(b), b, c) : (*, x:string)", "b:string, c:string, x:string"},
      {"U | evaluate pivot(a) : (b:string, c:string, ['7']:long)", "b:string, c:string, 7:long"},
      {"T | evaluate pivot(b, make_bag(d), a) : (a:long, x:dynamic)", "a:long, x:dynamic"},
      {"T | evaluate pivot(b, make_bag(d)) : (*, x:dynamic)", "a:long, t:datetime, x:dynamic"},
      {"U | evaluate pivot(c) : (*)", "a:long, b:string"},
      {"U | project c | evaluate pivot(c) : (x:long)", "x:long"},
      {"U | project c | evaluate pivot(c) : (*)", "ZW002 1:26"},
      {"U | evaluate pivot(c)", "ZW002 1:14"},
      {"U | evaluate pivot(c) : ()", "ZW002 1:14"},
      {"U | evaluate pivot(c, sum(a)) : (x:long)", "KS249 1:14"},
      {"U | evaluate pivot(c, sum(a)) : (*, x:int)", "KS107 1:39"},
      {"U | evaluate pivot(c) : (a:int, b:string, x:long)", "KS107 1:28"},
      {"U | evaluate pivot(c) : (*, x:long, x:long)", "KS171 1:37"},
      {"T | evaluate pivot(b) : (*, x:long)", "KS116 1:14"},
      {"T | evaluate pivot(b, count(), d) : (*, x:long)", "KS116 1:14"},
      {"T | evaluate pivot(d) : (*, x:long)", "KS107 1:20"},
      {"T | evaluate pivot(t) : (*, x:long)", "KS107 1:20"},
      {"U | evaluate pivot() : (*, x:long)", "KS120 1:14"},
      {"U | evaluate pivot(tolower(c)) : (*, x:long)", "KS109 1:20"},
      {"U | evaluate pivot(zz) : (*, x:long)", "KS142 1:20"},
      {"U | evaluate pivot(c, b) : (*, x:long)", "KS236 1:23"},
      {"U | evaluate pivot(c, sum(a) + 1) : (*, x:long)", "KS236 1:23"},
      {"let sum = (x:long) { x }; U | evaluate pivot(c, sum(a)) : (*, x:long)", "KS236 1:49"},
      {"U | evaluate pivot(c, s = sum(a)) : (*, x:long)", "KS236 1:23"},
      {"U | evaluate pivot(c, count(), b, b) : (*, x:long)", "KS171 1:35"},
      {"U | evaluate pivot(c, count(), tolower(b)) : (*, x:long)", "KS109 1:32"},
      {"U | evaluate pivot(c, percentile(a, 50)) : (*, x:long)", "ZW002 1:23"},
      {"U | evaluate pivot(c, countif(a > 1)) : (*, x:long)", "ZW002 1:23"},
      {"U | evaluate pivot(c, count(a > 1)) : (*, x:long)", "KS119 1:23"},
      {"U | evaluate pivot(c, take_any(a, b)) : (*, x:long)", "KS119 1:23"},
      {"U | evaluate pivot(c, sum(b)) : (*, x:long)", "KS138 1:27"},
      {"U | serialize | evaluate pivot(c, sum(prev(a))) : (*, x:long)", "ZW002 1:39"},
  });
}

std::string MessageOf(std::string_view text, const Catalog& catalog) {
  const BoundQuery query = Compile(text, catalog, {});
  return query.diagnostics.empty() ? "" : query.diagnostics[0].message;
}

TEST(BinderTable, APluginWithoutStatedColumnsSaysHowTheyAreStated) {
  TestCatalog catalog;
  EXPECT_EQ(MessageOf("T | extend e = d | evaluate bag_unpack(e)", catalog),
            "the columns of 'bag_unpack' depend on the data here: state them, as in bag_unpack(e) : (*, Name:string)");
  EXPECT_EQ(MessageOf("T | evaluate bag_unpack(d, 'the ')", catalog),
            "the columns of 'bag_unpack' depend on the data here: state them, as in bag_unpack(d, 'the ') : (*, ['the Name']:string)");
  EXPECT_EQ(MessageOf("U | evaluate pivot(c, avg(a))", catalog),
            "the columns of 'pivot' depend on the data here: state them, as in pivot(c, avg(a)) : (b:string, Name:real)");
  catalog.functions["Unpacked"] = "T\n| evaluate bag_unpack(d)";
  EXPECT_EQ(MessageOf("Unpacked | count", catalog),
            "in the stored function 'Unpacked', line 2, column 12: the columns of 'bag_unpack' depend on the data here: state them, as in "
            "bag_unpack(d) : (*, Name:string)");
}

TEST(BinderTable, CellsOfADatatableBecomeValuesOfTheirColumns) {
  const RelationPtr rows = Root("datatable(t:datetime, r:real, s:string, n:long)['2020-01-01', 1, 7, 'no number']").root;
  ASSERT_EQ(rows->rows.size(), 1);
  EXPECT_EQ(rows->rows[0][0].kind(), Kind::kDateTime);
  EXPECT_EQ(rows->rows[0][1].kind(), Kind::kReal);
  EXPECT_EQ(rows->rows[0][2].AsString(), "7");
  EXPECT_TRUE(rows->rows[0][3].is_null());
}

TEST(BinderTable, FunctionsBindTheirArguments) {
  ExpectAll({
      {"let f = (n:long) { T | where a > n }; f(1)", "a:long, b:string, d:dynamic, t:datetime"},
      {"let f = () { T }; f", "a:long, b:string, d:dynamic, t:datetime"},
      {"let f = (n:long, m:long = 3) { n + m }; print f(1), f(m = 2, n = 1)", "print_0:long, print_1:long"},
      {"let f = (n:string) { n }; T | extend x = f(a)", "a:long, b:string, d:dynamic, t:datetime, x:string"},
      {"let f = (X:(a:long), n:long = 3) { X | where a > n }; U | invoke f(2)", "a:long, c:string, b:string"},
      {"let f = (X:(*)) { X | count }; f(T)", "Count:long"},
      {"let f = (x:long) { let y = x + 1; y * 2 }; T | project z = f(a)", "z:long"},
      {"let f = (n:long) { T | where a > n }; f", "KS117 1:39"},
      {"let f = (n:long) { n }; print f()", "KS119 1:31"},
      {"let f = (n:long) { n }; print f(1, 2)", "KS119 1:31"},
      {"let f = (n:long) { n }; print f(zz = 1)", "KS196 1:33"},
      {"let f = (n:long, m:long) { n }; print f(m = 1, 2)", "KS195 1:48"},
      {"let f = (X:(q:long)) { X }; f(T)", "KS249 1:31"},
      {"let f = (n:long, X:(*)) { X }; f(1, T)", "KS226 1:18"},
      {"let f = (n:long) { f(n) }; print f(1)", "KS211 1:20"},
      {"let f = (q:long) { q + a }; T | extend z = f(1)", "KS142 1:24"},
      {"let f = () { T }; print f()", "KS108 1:25"},
      {"let x = 1; let x = 2; print x", "KS201 1:16"},
      {"let x = 1; x | take 1", "KS111 1:12"},
      {"T | invoke nothing()", "KS211 1:12"},
  });
}

TEST(BinderTable, AnArgumentOfTheRowCannotEnterASubquery) {
  ExpectAll({
      {"let f = (q:long) { toscalar(U | where a == q | count) }; T | extend z = f(a)", "ZW002 1:44"},
      {"let f = (q:long) { toscalar(U | where a == q | count) }; T | extend z = f(5)", "a:long, b:string, d:dynamic, t:datetime, z:long"},
      {"let g = (q:long) { let h = (r:long) { r + q }; toscalar(U | project s = h(a)) }; T | extend z = g(a)", "ZW002 1:43"},
  });
}

TEST(BinderTable, ALetTableIsOneNode) {
  const RelationPtr root = Root("let X = T | where a > 1; X | union X, (X | take 1)").root;
  ASSERT_EQ(root->inputs.size(), 3);
  EXPECT_EQ(root->inputs[0], root->inputs[1]);
  EXPECT_EQ(root->inputs[2]->inputs[0], root->inputs[0]);
}

TEST(BinderTable, StoredTablesAndFunctionsAreNodesOfTheirOwn) {
  const RelationPtr tables = Root("union T, T").root;
  EXPECT_NE(tables->inputs[0], tables->inputs[1]);
  const RelationPtr functions = Root("union Stored, Stored").root;
  EXPECT_NE(functions->inputs[0], functions->inputs[1]);
}

TEST(BinderTable, StoredFunctionsBindFromTheirText) {
  ExpectAll({
      {"Stored | take 1", "a:long, b:string"},
      {"Stored() | count", "Count:long"},
      {"let a = 'hides nothing'; Stored", "a:long, b:string"},
      {"Deep | project v, payload_topic", "v:string, payload_topic:string"},
      {"Stored(1)", "KS119 1:1"},
      {"Loop", "KS204 1:1"},
      {"T2", "KS204 1:1"},
  });
}

TEST(BinderTable, AnErrorInAStoredFunctionIsPlacedAtItsCall) {
  const TestCatalog catalog;
  const BoundQuery query = Compile("T | union Broken", catalog);
  ASSERT_EQ(query.diagnostics.size(), 1);
  EXPECT_EQ(query.diagnostics[0].column, 11);
  EXPECT_EQ(query.diagnostics[0].message, "in the stored function 'Broken', line 2, column 9: unknown column 'zz'");
  EXPECT_EQ(query.root, nullptr);
}

TEST(BinderTable, ReportsEveryMistakeOnce) {
  const TestCatalog catalog;
  const BoundQuery query = Compile("let X = Tt; T | where zz == 1 | extend q = zz2 + 1 | where q > 1 | join X on a", catalog);
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : query.diagnostics) codes.push_back(fmt::format("{} {}", diagnostic.code, diagnostic.column));
  EXPECT_EQ(codes, (std::vector<std::string>{"KS142 9", "KS142 23", "KS142 44"}));
}

TEST(BinderTable, SuggestsWhatIsNear) {
  const TestCatalog catalog;
  EXPECT_EQ(Compile("Virtuel", catalog).diagnostics[0].message, "unknown table 'Virtuel', did you mean 'Virtual'?");
  EXPECT_EQ(Compile("T | join kind=iner U on a", catalog).diagnostics[0].message, "unknown kind of join 'iner', did you mean 'inner'?");
}

TEST(BinderTable, RenderIsOfTheLastOperatorOnly) {
  EXPECT_EQ(Root("T | render timechart").rendering->chart, "timechart");
  EXPECT_FALSE(Root("T | render timechart | take 1").rendering.has_value());
  EXPECT_FALSE(Root("let x = T | render timechart; x").rendering.has_value());
  EXPECT_EQ(Bound("T | render nonsense"), "ZW001 1:5");
}

TEST(BinderTable, QueryParametersTakeTheGivenValueOrTheDefault) {
  constexpr std::string_view kText = "declare query_parameters(p:long = 5); print p";
  EXPECT_EQ(Root(kText).root->outputs[0]->constant.AsLong(), 5);
  BindOptions options;
  options.parameters["p"] = Value::String("7");
  EXPECT_EQ(Root(kText, options).root->outputs[0]->constant.AsLong(), 7);
  EXPECT_EQ(Bound("declare query_parameters(p:long); print p"), "ZW004 1:26");
}

TEST(BinderTable, PassesOnThatAColumnIsLooseUntilTheResult) {
  const RelationPtr root = Root("T | extend x = column_ifexists('a', '') | project y = x, b").root;
  EXPECT_TRUE(root->inputs[0]->schema[0].loose);
  EXPECT_FALSE(root->inputs[0]->schema[1].loose);
  EXPECT_FALSE(root->schema[0].loose);
}

std::string Repeated(int count, const std::function<std::string(int)>& part) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part(i);
  return text;
}

TEST(BinderLimits, DeepCallsEndWithAnError) {
  const auto chain = [](int calls) {
    return "let f0 = () { T };" + Repeated(calls, [](int i) { return fmt::format("let f{} = () {{ f{}() }};", i + 1, i); }) +
           fmt::format("f{}()", calls);
  };
  EXPECT_EQ(Bound(chain(kMaxCallDepth - 2)), "a:long, b:string, d:dynamic, t:datetime");
  EXPECT_EQ(Bound(chain(kMaxCallDepth - 1)), "a:long, b:string, d:dynamic, t:datetime");
  EXPECT_EQ(Bound(chain(kMaxCallDepth)).substr(0, 5), "ZW003");
}

TEST(BinderLimits, FunctionsThatDoubleEndWithAnError) {
  const std::string text = "let f0 = (n:long) { n + 1 };" +
                           Repeated(25, [](int i) { return fmt::format("let f{0} = (n:long) {{ f{1}(n) + f{1}(n) }};", i + 1, i); }) +
                           "T | extend x = f25(a)";
  EXPECT_EQ(Bound(text).substr(0, 5), "ZW003");
}

TEST(BinderLimits, ValuesThatDoubleEndWithAnError) {
  const std::string text = "let v0 = now();" +
                           Repeated(60, [](int i) { return fmt::format("let v{0} = iff(v{1} > now(), v{1}, v{1});", i + 1, i); }) + "print v60";
  EXPECT_EQ(Bound(text).substr(0, 5), "ZW003");
}

TEST(BinderLimits, LongPipesEndWithAnError) {
  const auto pipe = [](int operators) { return "X1" + Repeated(operators, [](int) { return std::string("|take 1"); }); };
  EXPECT_EQ(Bound(pipe(kMaxPlanDepth - 2)), "x:long");
  EXPECT_EQ(Bound(pipe(kMaxPlanDepth - 1)), "x:long");
  EXPECT_EQ(Bound(pipe(kMaxPlanDepth)).substr(0, 5), "ZW003");
  EXPECT_EQ(Bound(pipe(100'000)).substr(0, 5), "ZW003");
}

TEST(BinderLimits, TablesWithinPredicatesCountForTheDepth) {
  const std::string text =
      "let t0 = X1;" + Repeated(600, [](int i) { return fmt::format("let t{} = X1 | where x in (t{});", i + 1, i); }) + "t600";
  EXPECT_EQ(Bound(text).substr(0, 5), "ZW003");
}

TEST(BinderLimits, SubqueriesAtTheBottomOfDeepExpressionsEndWithAnError) {
  std::string text = "1";
  for (int level = 0; level < 40; ++level) {
    text = fmt::format("toscalar(print {}{})", text, Repeated(900, [](int) { return std::string("+1"); }));
  }
  EXPECT_EQ(Bound("print " + text).substr(0, 5), "ZW003");
  const std::string terms = Repeated(150, [](int) { return std::string("+1"); });
  const std::string lets = Repeated(500, [&terms](int i) {
    return fmt::format("let t{} = X1 | where toscalar(t{}){} == 1;", i + 1, i, terms);
  });
  EXPECT_EQ(Bound("let t0 = X1;" + lets + "t500").substr(0, 5), "ZW003");
}

TEST(BinderLimits, WideRowsEndWithAnError) {
  const auto row = [](std::size_t columns) {
    return "print " + Repeated(static_cast<int>(columns), [](int i) { return fmt::format("{}c{}=1", i == 0 ? "" : ",", i); }) + "|count";
  };
  EXPECT_EQ(Bound(row(kMaxColumns)), "Count:long");
  EXPECT_EQ(Bound(row(kMaxColumns + 1)).substr(0, 5), "ZW003");
}

}  // namespace
}  // namespace zoomwatch::kql
