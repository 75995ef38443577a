#include "tests/checks/docs/print_kql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "common/event_table/legacy_columns.h"
#include "common/kql/ast.h"
#include "common/kql/binder.h"
#include "common/kql/binder/operator_types.h"
#include "common/kql/functions/aggregates.h"
#include "common/kql/functions/registry.h"
#include "common/kql/parser.h"
#include "common/kql/types.h"

namespace zoomwatch {
namespace {

constexpr std::string_view kIntroduction = R"(# KQL

The query language of rules, hunting queries and `zoomwatch kql`: a subset of the Kusto Query Language as Microsoft Sentinel has it. A query
that is accepted means what it means there; what is not supported is refused by name (`ZW002`) and never guessed. The tables of this page
come from the program's own; the page is written by `scripts/update-docs`.

Try a query: `zoomwatch kql 'range x from 1 to 3 step 1 | extend y = x * x'` ([cli.md](cli.md)).

## A query

Statements end with `;`, and the last one that is a table is the result.

| statement | meaning |
|---|---|
| `let n = 5;` `let T = ZoomLogs \| where ...;` | a name for a value or a table |
| `let f = (a:long, T:(Event:string)) { ... };` | a function; parameters may have defaults, tables may be parameters |
| `set name = value;` | accepted and without effect |
| `declare query_parameters(n:long = 5);` | values from outside |

A query starts from a table's name, `datatable(...)`, `print`, `range`, `union`, `search` or a bracketed query. Subqueries stand in
`in (...)`, `toscalar(...)`, `materialize(...)` and on the right of `join`, `lookup` and `union`.

)";

// By the first name of each operator.
const std::map<std::string_view, std::string_view> kOperatorTexts = {
    {"where", "keeps the rows for which a condition is true (`filter` is the same)"},
    {"extend", "adds columns, or replaces those of the same name"},
    {"project", "only these columns"},
    {"project-away", "without these columns; patterns with `*`"},
    {"project-keep", "only the columns that match, in their order"},
    {"project-rename", "other names for columns"},
    {"project-reorder", "columns to the front; `asc`, `desc`, `granny-asc`, `granny-desc` for patterns"},
    {"summarize", "aggregates by keys"},
    {"distinct", "every combination once; `*` for all columns"},
    {"join", "`kind=` innerunique (default), inner, leftouter, rightouter, fullouter, leftsemi, rightsemi, leftanti, rightanti; on equal columns"},
    {"lookup", "adds the columns of a small table; `kind=` leftouter (default), inner"},
    {"union", "rows of several tables, by patterns too; `kind=` outer (default), inner; `withsource=`, `isfuzzy=`"},
    {"search", "rows with a term in any column"},
    {"sort", "orders the rows, descending unless `asc`; `nulls first` or `last` (`order` is the same)"},
    {"top", "the first rows of an order"},
    {"take", "some rows (`limit` is the same)"},
    {"count", "how many rows"},
    {"mv-expand", "a row for each element of an array or bag; `to typeof()`, `limit`, `bagexpansion=`, `with_itemindex=`"},
    {"mv-apply", "a subquery over the elements of each row"},
    {"parse", "columns from a text by a pattern; `kind=` simple (default), regex, relaxed"},
    {"parse-where", "the same, without the rows that do not match"},
    {"render", "how to draw the result; `zoomwatch kql` draws timechart, linechart, areachart, barchart, columnchart, piechart and table"},
    {"as", "a name for the table so far"},
    {"serialize", "fixes the order, for `prev`, `next`, `row_number`, `row_cumsum`"},
    {"invoke", "calls a function with the table as its first parameter"},
    {"evaluate", "the plugins `bag_unpack` and `pivot`, whose columns are stated: `evaluate bag_unpack(d) : (*, Name:string)`"},
    {"getschema", "the columns as rows"},
};

// Other names of operators.
constexpr std::string_view kOtherNames[] = {"filter", "order", "limit", "mvexpand", "mvapply"};

constexpr std::string_view kSemantics = R"(
## Null rules

Every type but string has a null; a string that is missing is `""`. A function with a null argument is null, unless it is made for nulls
(`isnull`, `coalesce`, `iff`). `null == null` is null, `null == x` false, `null != x` true. `where` keeps a row only for true. Aggregates pass
over nulls; `count()` counts rows. What a dynamic does not have is null, so `d.a != ""` is true of it, with a warning: `isnotempty()` asks
for both.

## Comparison

Numbers compare by value, whatever their types. A text against another scalar compares what the text stands for (`"true" == true`). Keys of
`summarize`, `join` and `distinct`: null equals null, but in `join` and `lookup` a null meets nothing; NaN equals NaN, `1` equals `1.0`, bags
whatever the order of their keys. In the order of `sort`, nulls come first in `asc` and last in `desc`.

## Arithmetic

Integers divide toward zero; the remainder is never negative. Reals follow IEEE 754. What overflows, and division of an integer, decimal or
timespan by zero, is null, and the result says how often. Times are counted in ticks of 100 ns, datetimes from year 1 to 9999 in UTC.
As text a real has the digits that it takes to read it back, and an exponent below 0.0001 and from 1e15 on. A whole number of JSON that
exceeds a long is a real.

## Text

`has` and its kin look for whole terms: runs of letters and digits. Operators without `_cs` take the letters A to Z as equal to a to z and
fold no others. Regular expressions are RE2's, in UTF-8: no backreferences and no lookaround; with 16 groups at most.
`search` reads `*` in a term: at an end of it, that end may lie inside a word; within it, any text of the line may stand there.
A query that takes thousands of expressions from its data keeps 128 MiB of them at most and compiles what it dropped again.

## Plugins

`evaluate bag_unpack(d) : (Name:string, Age:long)` has the columns that stand behind it, and with `(*, Name:string)` those that stay before them;
`evaluate pivot(c) : (Room:string, In:long)` likewise. Without them the columns would depend on the data, and that is refused.

`bag_unpack` reads each member as `tolong()` and its kin do. What is missing is null, and members that are not stated are passed over. A stated
column that the source has too takes `columnsConflict='replace_source'` or `'keep_source'`: the default, `error`, would depend on the data.

`pivot` groups by the columns behind the aggregate, or by all but the pivoted one and the one that the aggregate is of; they are stated too, or
`*`. Rows with a value that is not stated still make their group. Where a group has no row of a value the aggregate gives what it gives for no
rows: 0 for `count` and `sum`, null for `max`. With no column to group by there is one row, as of `summarize`. Stated types are those that the
columns have; nothing is converted.

## Names of result columns

An expression without a name is called after its column or path (`d.a` is `d_a`), after its function where that gives a name
(`count_`, `sum_x`, `set_x`, `strlen_s`), and otherwise `Column1`, `Column2` (`print_0` in print). A name that exists gets a number.

## Columns of the retired connector

`ZoomLogs` and `Zoom_CL` also have the columns that the Data Collector API made of a webhook's body: `payload_object_timezone_s` is the text
at `payload.object.timezone`; `_s` text, arrays as JSON, `_b` bool, `_d` number, `_t` time, `_g` GUID. As in the old workspace such a column
exists from the first event on that had a value for it, and stays; until then `column_ifexists` gives its default and naming the column is
an error. Rules, hunts and `zoomwatch kql` (where the file's events count) agree on it. The published queries name some of them without
asking, so these always exist: )";

constexpr std::string_view kDifferences = R"(
## Known differences from Microsoft's binder

Queries are generated, made wrong by small changes, and given to Microsoft's language service and to this one; both must accept the same
ones with the same columns (`tests/checks/kusto_binder`). What is known to differ:

- parse into a column that exists replaces it, as extend does: a result has no two columns of one name; there it is listed twice
- an aggregate of several values (percentiles) is no argument and no operand, for it is no one value; there some functions take it
- a function that is not called is not checked, for what it holds is bound with the arguments of a call; there it is checked where it is declared
- neighbouring strings are one string, but not within dynamic(), which holds JSON; there they are one in it too
- a value is no table to start from, for nothing says which columns it would have; there it may be one
- a column that is named as an unnamed expression before it gets a number, so that neither is lost; there it replaces it
- typeof() names one type, which is what its callers can use; there it may name several columns or none
- columns that two patterns match are listed once: a result has no two columns of one name
- words of the syntax (by, in, where) may be names in a let, where nothing else can stand; there they may not
)";

std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

bool PrintOperators() {
  fmt::print("## Operators\n\n| operator | meaning |\n|---|---|\n");
  for (const std::string_view name : kql::OperatorNames()) {
    if (std::find(std::begin(kOtherNames), std::end(kOtherNames), name) != std::end(kOtherNames)) continue;
    const auto text = kOperatorTexts.find(name);
    if (text == kOperatorTexts.end()) {
      fmt::print(stderr, "print_kql.cc has no text for the operator {}\n", name);
      return false;
    }
    fmt::print("| `{}` | {} |\n", name, Cell(text->second));
  }
  fmt::print("\nRefused: ");
  const std::vector<std::string_view> refused = kql::RefusedOperatorNames();
  for (const std::string_view name : refused) fmt::print("{}`{}`", name == refused.front() ? "" : ", ", name);
  fmt::print(".\n");
  return true;
}

void PrintTypeTable(std::string_view sign, kql::Op op) {
  fmt::print("\n| {} |", sign);
  for (const kql::Type type : kql::kAllTypes) fmt::print(" {} |", kql::TypeName(type));
  fmt::print("\n|---|");
  for (size_t i = 0; i < std::size(kql::kAllTypes); ++i) fmt::print("---|");
  fmt::print("\n");
  for (const kql::Type left : kql::kAllTypes) {
    fmt::print("| **{}** |", kql::TypeName(left));
    for (const kql::Type right : kql::kAllTypes) {
      const auto type = kql::BinaryType(op, left, right);
      fmt::print(" {} |", type ? kql::TypeName(*type) : "");
    }
    fmt::print("\n");
  }
}

void PrintTypeTables() {
  fmt::print("## Type tables\n\nThe type of the result for the left operand (rows) and the right one (columns); empty: refused. `==` and `!=` take "
             "any two types.\n");
  PrintTypeTable("+", kql::Op::kAdd);
  PrintTypeTable("-", kql::Op::kSubtract);
  PrintTypeTable("\\*", kql::Op::kMultiply);
  PrintTypeTable("/", kql::Op::kDivide);
  PrintTypeTable("%", kql::Op::kModulo);
  PrintTypeTable("< <= > >=", kql::Op::kLess);
}

// "`(string, long) → string`", one for each overload.
std::string Signatures(const std::vector<kql::Overload>& overloads) {
  std::string out;
  for (const kql::Overload& overload : overloads) {
    out += fmt::format("{}`({}) → {}`", out.empty() ? "" : "<br>", Cell(overload.signature_text), Cell(overload.result_text));
  }
  return out;
}

void PrintFamily(std::string_view title, void (*add)(kql::FunctionRegistry& registry)) {
  kql::FunctionRegistry registry;
  add(registry);
  fmt::print("\n### {}\n\n| function | signatures |\n|---|---|\n", title);
  for (const auto& function : registry.functions()) {
    std::string names = fmt::format("`{}`", function->name);
    for (const std::string& alias : function->aliases) names += fmt::format(", `{}`", alias);
    fmt::print("| {} | {} |\n", names, Signatures(function->overloads));
  }
}

constexpr std::string_view kSignatureRules = R"(
## Scalar functions

A parameter is a type or a class of types and marks behind it: `?` may be left out, `+` once or more, `{2..64}` so often, `const` a constant
expression, `literal` a literal, `column` a column, `literal=a/b` one of these. Classes: `scalar` any type; `number` int, long, real, decimal;
`summable` numbers, datetime, timespan; `orderable` these, bool and string; `common...` all such arguments get one type; `array` and `bag`
dynamic of that shape; `type` is `typeof(...)`. Results: `arg0` the type of the first argument, `promoted` the same with int made long, `widest`
of all numbers, `common` of all such arguments. An int is taken where a long, real or decimal is declared, a long where a real or decimal is.
)";

struct Family {
  std::string_view title;
  void (*add)(kql::FunctionRegistry& registry);
};

constexpr Family kFamilies[] = {
    {"Strings", kql::RegisterStringFunctions},
    {"Regular expressions", kql::RegisterRegexFunctions},
    {"Date and time", kql::RegisterDateTimeFunctions},
    {"Formatting times", kql::RegisterFormatTimeFunctions},
    {"Mathematics", kql::RegisterMathFunctions},
    {"Conversion", kql::RegisterConversionFunctions},
    {"Conditions", kql::RegisterConditionalFunctions},
    {"Dynamic values", kql::RegisterDynamicFunctions},
    {"Arrays and sets", kql::RegisterArrayFunctions},
    {"Networks", kql::RegisterNetworkFunctions},
    {"Parsing", kql::RegisterParseFunctions},
    {"Hashes", kql::RegisterHashFunctions},
    {"Encoding", kql::RegisterEncodingFunctions},
    {"Rows and schema", kql::RegisterRowFunctions},
};

// False when a function of the language's registry is in no family above.
bool PrintFunctions() {
  fmt::print("{}", kSignatureRules);
  kql::FunctionRegistry all;
  for (const Family& family : kFamilies) {
    PrintFamily(family.title, family.add);
    family.add(all);
  }
  for (const auto& function : kql::FunctionRegistry::Default().functions()) {
    if (all.Find(function->name) != nullptr) continue;
    fmt::print(stderr, "print_kql.cc has no family with the function {}\n", function->name);
    return false;
  }
  fmt::print("\nFunctions that the language has and this list has not are refused by name. None reads files, the network or the clock; `now()` is "
             "one value for a whole query.\n");
  return true;
}

void PrintAggregates() {
  fmt::print("\n## Aggregates\n\nSignatures as above. Nulls are passed over. `dcount` counts exactly; `percentile` is the nearest rank's value. Sets and "
             "lists hold\n1048576 elements at most, those of `makeset` and `makelist` 128.\n\n| aggregate | signatures |\n|---|---|\n");
  for (const kql::AggregateFunction& aggregate : kql::AggregateFunctions()) {
    fmt::print("| `{}` | {} |\n", aggregate.name, Signatures(aggregate.overloads));
  }
}

void PrintLimits() {
  fmt::print("\n## Limits\n\n| what | most |\n|---|---|\n");
  fmt::print("| bytes of a query | {} |\n", kql::kMaxQueryBytes);
  fmt::print("| brackets and subqueries within each other | {} |\n", kql::kMaxNesting);
  fmt::print("| operators in one expression's chain | {} |\n", kql::kMaxTreeDepth);
  fmt::print("| calls of functions within each other | {} |\n", kql::kMaxCallDepth);
  fmt::print("| functions by `let` | {} |\n", kql::kMaxLetFunctions);
  fmt::print("| columns of a table | {} |\n", kql::kMaxColumns);
  fmt::print("| nodes of the bound query | {} |\n", kql::kMaxPlanNodes);
}

}  // namespace

int PrintKql() {
  fmt::print("{}", kIntroduction);
  if (!PrintOperators()) return 1;
  fmt::print("{}`{}`.\n\n", kSemantics, fmt::join(event_table::AlwaysDeclaredLegacyNames(), "`, `"));
  PrintTypeTables();
  if (!PrintFunctions()) return 1;
  PrintAggregates();
  PrintLimits();
  fmt::print("{}", kDifferences);
  return 0;
}

}  // namespace zoomwatch
