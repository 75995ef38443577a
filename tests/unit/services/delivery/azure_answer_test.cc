#include "services/detector/delivery/azure_answer.h"

#include <gmock/gmock.h>

namespace zoomwatch::detector {
namespace {

constexpr int64_t kNowSeconds = 1795512600;  // Tue, 24 Nov 2026 09:30:00 GMT

HttpResponse WithRetryAfter(const std::string& value) { return {.status = 429, .headers = {{"retry-after", value}}}; }

TEST(RetryAfterOf, ReadsSecondsAndDates) {
  const absl::Time now = absl::FromUnixSeconds(kNowSeconds);
  EXPECT_EQ(RetryAfterOf(WithRetryAfter("0"), now), absl::ZeroDuration());
  EXPECT_EQ(RetryAfterOf(WithRetryAfter("120"), now), absl::Seconds(120));
  EXPECT_EQ(RetryAfterOf(WithRetryAfter("Tue, 24 Nov 2026 09:30:45 GMT"), now), absl::Seconds(45));
}

TEST(RetryAfterOf, IsZeroForWhatItCannotUse) {
  const absl::Time now = absl::FromUnixSeconds(kNowSeconds);
  EXPECT_EQ(RetryAfterOf({.status = 429}, now), absl::ZeroDuration());
  for (const char* value : {"", "-5", "soon", "1.5", "99999999999999999999", "Tue, 24 Nov 2026 09:29:00 GMT"}) {
    EXPECT_EQ(RetryAfterOf(WithRetryAfter(value), now), absl::ZeroDuration()) << value;
  }
}

TEST(ErrorTextOf, TakesCodeAndMessageOfBothForms) {
  EXPECT_EQ(ErrorTextOf({.status = 400, .body = R"({"error":{"code":"InvalidPayload","message":"not an array"}})"}, {}),
            "status 400: InvalidPayload: not an array");
  EXPECT_EQ(
      ErrorTextOf({.status = 401, .body = R"({"error":"invalid_client","error_description":"AADSTS7000215: no"})"}, {}),
      "status 401: invalid_client: AADSTS7000215: no");
  EXPECT_EQ(ErrorTextOf({.status = 403, .body = R"({"error":{"code":"Forbidden"}})"}, {}), "status 403: Forbidden");
}

TEST(ErrorTextOf, FallsBackToTheBody) {
  EXPECT_EQ(ErrorTextOf({.status = 502, .body = "<html>\r\n\r\n  bad gateway\x01</html>"}, {}),
            "status 502: <html> bad gateway </html>");
  EXPECT_EQ(ErrorTextOf({.status = 500}, {}), "status 500");
  EXPECT_EQ(ErrorTextOf({.status = 500, .body = "a\xff"}, {}), "status 500: a\uFFFD");
  EXPECT_EQ(ErrorTextOf({.status = 400, .body = R"({"error":{}})"}, {}), R"(status 400: {"error":{}})");
}

TEST(ErrorTextOf, IsBoundedAndHidesSecrets) {
  const std::string text =
      ErrorTextOf({.status = 400, .body = std::string(490, 'x') + "s3cret" + std::string(5000, 'y')}, {"s3cret", ""});
  EXPECT_EQ(text, "status 400: " + std::string(490, 'x') + "[redacted]...");
  EXPECT_EQ(
      ErrorTextOf({.status = 400, .body = R"({"error":{"code":"s3cret","message":"was s3cret s3cret"}})"}, {"s3cret"}),
      "status 400: [redacted]: was [redacted] [redacted]");
}

}  // namespace
}  // namespace zoomwatch::detector
