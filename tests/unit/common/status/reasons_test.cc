#include "common/status/reasons.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "common/testing/status_matchers.h"

namespace zoomwatch {
namespace {

TEST(ReasonTable, HasEachReasonOnceUnderAUniqueUpperSnakeName) {
  std::set<std::string_view> names;
  std::set<Reason> reasons;
  for (const ReasonRow& row : ReasonTable()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(reasons.insert(row.reason).second) << row.name;
    for (const char c : row.name) EXPECT_TRUE(std::isupper(c) || std::isdigit(c) || c == '_') << row.name;
    EXPECT_EQ(row.text.back(), '.') << row.name;
  }
  // Every enumerator up to the last one, kUsage, has its row.
  EXPECT_EQ(reasons.size(), static_cast<size_t>(Reason::kUsage) + 1);
}

TEST(ReasonTable, NeverAnswersWhatZoomDoesNotRetryWhenTheWebhookCouldBeStoredLater) {
  for (const ReasonRow& row : ReasonTable()) {
    if (row.http_status == 0) continue;
    EXPECT_NE(row.http_status, 429) << row.name;
    if (row.retry == Retry::kLater) {
      EXPECT_EQ(row.http_status, 503) << row.name;
    }
  }
}

TEST(Error, CarriesCodeReasonAndMessage) {
  const absl::Status status = Error(Reason::kSpoolFull, "spool: 11 items exceed 10");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), Reason::kSpoolFull);
  EXPECT_EQ(Describe(status), "SPOOL_FULL: spool: 11 items exceed 10");
}

TEST(ReasonOf, IsAbsentFromForeignStatuses) {
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), std::nullopt);
  EXPECT_EQ(ReasonOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(Describe(absl::InternalError("x")), "INTERNAL: x");
}

TEST(Annotate, AddsContextAndKeepsTheReason) {
  const absl::Status status = Annotate(Error(Reason::kSecretEmpty, "file is empty"), "account main");
  EXPECT_THAT(status, testing::HasReason(Reason::kSecretEmpty));
  EXPECT_EQ(status.message(), "account main: file is empty");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

}  // namespace
}  // namespace zoomwatch
