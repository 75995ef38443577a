#include "cli/kql/prompt.h"

#include <gtest/gtest.h>

#include "cli/kql/table_file.h"

namespace zoomwatch::cli {
namespace {

TEST(QueryLinesOfThePrompt, ABlankLineEndsAQuery) {
  QueryLines lines;
  EXPECT_EQ(lines.Add(""), std::nullopt);
  EXPECT_EQ(lines.Add("T"), std::nullopt);
  EXPECT_FALSE(lines.empty());
  EXPECT_EQ(lines.Add("| count"), std::nullopt);
  EXPECT_EQ(lines.Add("  "), "T\n| count\n");
  EXPECT_TRUE(lines.empty());
}

TEST(QueryLinesOfThePrompt, ASemicolonEndsAResult) {
  QueryLines lines;
  EXPECT_EQ(lines.Add("print 1;"), "print 1;\n");
  EXPECT_EQ(lines.Add("let n = 5;"), std::nullopt) << "the query is still to come";
  EXPECT_EQ(lines.Add("set a = 1; "), std::nullopt);
  EXPECT_EQ(lines.Add("print n"), std::nullopt);
  EXPECT_EQ(lines.Add("| extend 2 ;"), "let n = 5;\nset a = 1; \nprint n\n| extend 2 ;\n");
  EXPECT_EQ(lines.Add("print (;"), "print (;\n") << "a mistake is shown at once";
}

TEST(QueryLinesOfThePrompt, CanBeDropped) {
  QueryLines lines;
  lines.Add("T");
  lines.Clear();
  EXPECT_EQ(lines.Add("print 1;"), "print 1;\n");
}

TEST(DotCommands, ListTablesAndHelp) {
  MemoryTables tables;
  EXPECT_EQ(AnswerDotCommand(".tables", tables), "there are no tables; give them with --table NAME=FILE\n");
  tables.Add("T", *ParseTable("T", "t.csv", "a,b\n1,x\n"));
  EXPECT_EQ(AnswerDotCommand(" .tables ", tables), "T\n  a: long\n  b: string\n");
  EXPECT_NE(AnswerDotCommand(".help", tables)->find(".quit"), std::string::npos);
  EXPECT_EQ(AnswerDotCommand(".nosuch", tables), "there is no .nosuch; .help says what there is\n");
  EXPECT_EQ(AnswerDotCommand("print 1", tables), std::nullopt);
}

}  // namespace
}  // namespace zoomwatch::cli
