// Mistakes of people who know other query languages, and what they are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/kql/binder.h"
#include "common/kql/catalog.h"

namespace zoomwatch::kql {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTable = "let T = datatable(Event:string, User:string, Time:datetime)[]; ";

std::string FirstMistake(std::string_view query) {
  const BoundQuery bound = Compile(std::string(kTable) + std::string(query), EmptyCatalog());
  return bound.diagnostics.empty() ? "" : bound.diagnostics[0].message;
}

TEST(Mistakes, OfCapitalLetters) {
  EXPECT_EQ(FirstMistake("T | WHERE Event == 'a'"), "there is no operator 'WHERE', did you mean 'where'?");
  EXPECT_EQ(FirstMistake("T | where EVENT == 'a'"), "unknown column 'EVENT', did you mean 'Event'?");
  EXPECT_THAT(FirstMistake("T | where Event == 'a' AND User == 'b'"), HasSubstr("found 'AND'"));
  EXPECT_THAT(FirstMistake("T | where Event == 'a' AND User == 'b'"), HasSubstr("; write 'and'"));
}

TEST(Mistakes, OfSql) {
  EXPECT_THAT(FirstMistake("T | where Event is null"), HasSubstr("; there are isnull(), isempty() and '=='"));
  EXPECT_THAT(FirstMistake("T | where Event not in ('a')"), HasSubstr("; there are '!in'"));
  EXPECT_THAT(FirstMistake("T | where not Event == 'a'"), HasSubstr("; not is a function: not(...)"));
  EXPECT_THAT(FirstMistake("T | order by Event descending"), HasSubstr("; write 'desc'"));
  EXPECT_THAT(FirstMistake("T | group by Event"), HasSubstr("there is no operator 'group'; here it is 'summarize'"));
  EXPECT_THAT(FirstMistake("T | join kind=left (T) on Event"), HasSubstr("there are: inner, innerunique, "));
  const BoundQuery bound = Compile("select * from T", EmptyCatalog());
  ASSERT_FALSE(bound.diagnostics.empty());
  EXPECT_THAT(bound.diagnostics[0].message, HasSubstr("; this is SQL, and a query begins with its table"));
}

TEST(Mistakes, OfOtherLanguages) {
  EXPECT_EQ(FirstMistake("T | stats count()"), "there is no operator 'stats'; here it is 'summarize'");
  EXPECT_THAT(FirstMistake("T | where Event == 'a' && User == 'b'"), HasSubstr("unexpected character '&'; write 'and'"));
  EXPECT_THAT(FirstMistake("T | where Event == 'a' || User == 'b'"), HasSubstr("; of two conditions write 'or'"));
  EXPECT_THAT(FirstMistake("T | where Event == \u201ca\u201d"), HasSubstr("; a text stands between straight quotes"));
  EXPECT_THAT(FirstMistake("# all\nT"), HasSubstr("; a comment begins with //"));
  EXPECT_THAT(FirstMistake("T | where Event matches 'a.*'"), HasSubstr("; write 'matches regex'"));
}

TEST(Mistakes, OfNamesAndTypes) {
  EXPECT_EQ(FirstMistake("T | summarize count() by Event | where count > 5"), "'count' is a function; did you mean the column 'count_'?");
  EXPECT_EQ(FirstMistake("T | summarize count by Event"), "'count' is a function: write count()");
  EXPECT_EQ(FirstMistake("T | where Time > '2026-01-31'"), "'>' is not defined for datetime and string; a time is written datetime(2026-01-31 10:00)");
}

}  // namespace
}  // namespace zoomwatch::kql
