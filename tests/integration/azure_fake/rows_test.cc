// What becomes of rows and fields: kept, changed and counted, or the call refused.
#include "tests/integration/azure_fake/azure_fake_fixture.h"

namespace zoomwatch::fakes {
namespace {

using AzureRowsTest = AzureFakeTest;
using Counted = std::map<std::string, uint64_t>;

std::string RowAt(absl::Time time) {
  return fmt::format(R"({{"TimeGenerated":"{}"}})", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()));
}
std::string CallOf(const std::vector<absl::Time>& times) {
  std::string body;
  for (const absl::Time time : times) body += (body.empty() ? "[" : ",") + RowAt(time);
  return body + "]";
}

TEST_F(AzureRowsTest, RefusesAllButAnArrayOfObjects) {
  const struct {
    std::string_view body;
    std::string_view code;
  } cases[] = {
      {R"({"Text":"a"})", "BodyNotArray"}, {R"("a")", "BodyNotArray"},          {"null", "BodyNotArray"},
      {"", "InvalidJson"},                 {"[{]", "InvalidJson"},              {"[{}]x", "InvalidJson"},
      {"[\"\xff\"]", "InvalidJson"},       {R"([{"a":1,"a":2}])", "InvalidJson"}, {R"([{"Text":"a"},1])", "RowNotObject"},
      {"[[]]", "RowNotObject"},
  };
  for (const auto& [body, code] : cases) {
    const RawResponse response = Upload(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(Code(response), code) << body;
  }
  EXPECT_TRUE(Rows().empty());
  EXPECT_EQ(fake().state().refusals["InvalidJson"], 5u);
}

TEST_F(AzureRowsTest, TakesAnEmptyArray) {
  EXPECT_EQ(Upload("[]").status, 204);
  EXPECT_TRUE(Rows().empty());
}

TEST_F(AzureRowsTest, LosesABodyOfOneObjectWhenToldToActLikeTheService) {
  options_.lose_object_bodies = true;
  EXPECT_EQ(Upload(R"({"TimeGenerated":"2026-11-18T11:06:40Z","Text":"a"})").status, 204);
  EXPECT_TRUE(Rows().empty());
  EXPECT_EQ(Upload("1").status, 400);
}

TEST_F(AzureRowsTest, DropsUndeclaredFieldsAndCountsThemByName) {
  EXPECT_EQ(Upload(R"([{"Text":"a","text":"b","Other":1},{"Other":{}}])").status, 204);
  EXPECT_EQ(Rows()[0], R"({"TimeGenerated":"2026-11-18T11:06:40.000000Z","Text":"a"})");
  EXPECT_EQ(Counts().changes.undeclared, (Counted{{"Other", 2}, {"text", 1}}));
}

TEST_F(AzureRowsTest, ConvertsWhatFitsAndLosesWhatDoesNot) {
  const struct {
    std::string_view sent;
    std::string_view kept;  // empty: lost
  } cases[] = {
      {R"("Text":"a\n\u00e9")", R"("Text":"a\n\u00e9")"},
      {R"("Text":1.50)", R"("Text":"1.50")"},
      {R"("Text":true)", R"("Text":"true")"},
      {R"("Text":{})", ""},
      {R"("Int":2147483647)", R"("Int":2147483647)"},
      {R"("Int":2147483648)", ""},
      {R"("Int":"7")", R"("Int":7)"},
      {R"("Long":9223372036854775807)", R"("Long":9223372036854775807)"},
      {R"("Long":9223372036854775808)", ""},
      {R"("Long":1.5)", ""},
      {R"("Real":1e3)", R"("Real":1e3)"},
      {R"("Real":"x")", ""},
      {R"("Flag":false)", R"("Flag":false)"},
      {R"("Flag":"true")", R"("Flag":true)"},
      {R"("Flag":1)", ""},
      {R"("When":"2026-11-18")", R"("When":"2026-11-18")"},
      {R"("When":"yesterday")", ""},
      {R"("When":1795000000)", ""},
      {R"("Any":{"b":[1, null]})", R"("Any":{"b":[1, null]})"},
      {R"("Any":"text")", R"("Any":"text")"},
      {"\"Any\":[\n1\r\n]", "\"Any\":[ 1  ]"},
  };
  for (const auto& [sent, kept] : cases) {
    fake().Forget();
    EXPECT_EQ(Upload(fmt::format(R"([{{"TimeGenerated":"2026-11-18T11:06:40Z",{}}}])", sent)).status, 204) << sent;
    EXPECT_EQ(Rows()[0], fmt::format(R"({{"TimeGenerated":"2026-11-18T11:06:40Z"{}{}}})", kept.empty() ? "" : ",", kept)) << sent;
    EXPECT_EQ(Counts().changes.lost.size(), kept.empty() ? 1u : 0u) << sent;
  }
}

TEST_F(AzureRowsTest, LeavesNullsOutWithoutCounting) {
  EXPECT_EQ(Upload(R"([{"TimeGenerated":"2026-11-18T11:06:40Z","Text":null,"Int":null}])").status, 204);
  EXPECT_EQ(Rows()[0], R"({"TimeGenerated":"2026-11-18T11:06:40Z"})");
  EXPECT_TRUE(Counts().changes.lost.empty());
}

TEST_F(AzureRowsTest, CutsAFieldAbove64KibibytesWithoutAnError) {
  const struct {
    size_t sent;
    size_t kept;
    uint64_t cut;
  } cases[] = {{65'535, 65'535, 0}, {65'536, 65'536, 0}, {65'537, 65'536, 1}};
  for (const auto& [sent, kept, cut] : cases) {
    fake().Forget();
    EXPECT_EQ(Upload(fmt::format(R"([{{"Text":"{}"}}])", std::string(sent, 'x'))).status, 204);
    EXPECT_EQ(Text(Rows()[0], "Text").size(), kept);
    EXPECT_EQ(Counts().changes.cut["Text"], cut);
  }
}

TEST_F(AzureRowsTest, MeasuresAFieldDecodedAndCutsBetweenCharacters) {
  options_.limits.max_field_bytes = 4;
  EXPECT_EQ(Upload(R"([{"Text":"abc\u00e9"},{"Text":"ab\u00e9"}])").status, 204);
  EXPECT_EQ(Text(Rows()[0], "Text"), "abc");
  EXPECT_EQ(Text(Rows()[1], "Text"), R"(ab\u00e9)");
}

TEST_F(AzureRowsTest, CutsADynamicFieldIntoText) {
  options_.limits.max_field_bytes = 8;
  EXPECT_EQ(Upload(R"([{"Any":[1,2,3]},{"Any":[1,2,3,4]},{"Any":{"a":"b"}}])").status, 204);
  EXPECT_NE(Rows()[0].find(R"("Any":[1,2,3])"), std::string::npos) << Rows()[0];
  EXPECT_NE(Rows()[1].find(R"("Any":"[1,2,3,4")"), std::string::npos) << Rows()[1];
  EXPECT_EQ(Counts().changes.cut["Any"], 2u);
}

TEST_F(AzureRowsTest, AddsTheTimeOfReceiptWhenThereIsNone) {
  EXPECT_EQ(Upload(R"([{"Text":"a"},{"TimeGenerated":"soon"},{"TimeGenerated":5},{"TimeGenerated":null}])").status, 204);
  for (const std::string& row : Rows()) EXPECT_EQ(Text(row, "TimeGenerated"), "2026-11-18T11:06:40.000000Z");
  EXPECT_EQ(Counts().changes.time_missing, 4u);
  EXPECT_EQ(Counts().changes.time_replaced, 0u);
}

TEST_F(AzureRowsTest, ReplacesATimeMoreThanTwoDaysBackOrOneDayAhead) {
  const absl::Duration step = absl::Microseconds(1);
  const struct {
    absl::Time sent;
    bool kept;
  } cases[] = {
      {kNow - absl::Hours(48) + step, true}, {kNow - absl::Hours(48), true}, {kNow - absl::Hours(48) - step, false},
      {kNow + absl::Hours(24) - step, true}, {kNow + absl::Hours(24), true}, {kNow + absl::Hours(24) + step, false},
  };
  for (const auto& [sent, kept] : cases) {
    fake().Forget();
    EXPECT_EQ(Upload(CallOf({sent})).status, 204);
    EXPECT_EQ(Rows()[0], kept ? RowAt(sent) : R"({"TimeGenerated":"2026-11-18T11:06:40.000000Z"})") << sent;
    EXPECT_EQ(Counts().changes.time_replaced, kept ? 0u : 1u) << sent;
  }
}

TEST_F(AzureRowsTest, RefusesAuxiliaryCallsThatSpanMoreThan30Minutes) {
  const absl::Duration step = absl::Microseconds(1);
  EXPECT_EQ(Upload(CallOf({kNow, kNow - absl::Minutes(30) + step}), kAuxiliaryStream).status, 204);
  EXPECT_EQ(Upload(CallOf({kNow - absl::Minutes(30), kNow, kNow - absl::Minutes(10)}), kAuxiliaryStream).status, 204);
  const RawResponse response = Upload(CallOf({kNow, kNow - absl::Minutes(30) - step}), kAuxiliaryStream);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Code(response), "RecordsTimeRangeIsMoreThan30Minutes");
  EXPECT_EQ(Rows(kAuxiliaryStream).size(), 5u);
  EXPECT_EQ(Upload(CallOf({kNow, kNow - absl::Hours(10)})).status, 204);  // not for other tables
}

TEST_F(AzureRowsTest, RefusesNestedValuesOutsideDynamicColumnsOfAuxiliaryTables) {
  const RawResponse response = Upload(R"([{"Text":{"a":1}}])", kAuxiliaryStream);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Code(response), "InvalidColumnValue");
  EXPECT_EQ(Upload(R"([{"Any":{"a":1}}])", kAuxiliaryStream).status, 204);
}

TEST_F(AzureRowsTest, KeepsNothingOfARefusedCall) {
  EXPECT_EQ(Upload(R"([{"Text":"a","Other":1},2])").status, 400);
  EXPECT_TRUE(Rows().empty());
  EXPECT_EQ(Counts().rows, 0u);
  EXPECT_TRUE(Counts().changes.undeclared.empty());
}

}  // namespace
}  // namespace zoomwatch::fakes
