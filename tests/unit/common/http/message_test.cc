#include "common/http/message.h"

#include <gtest/gtest.h>

#include "common/http/error_response.h"

namespace zoomwatch::http {
namespace {

TEST(Headers, FindsTheFirstWithoutRegardToCase) {
  Headers headers;
  headers.Add("X-Zm-Signature", "one");
  headers.Add("Host", "a.example");
  headers.Add("x-zm-signature", "two");
  EXPECT_EQ(headers.Find("x-ZM-signature"), "one");
  EXPECT_EQ(headers.Count("X-ZM-SIGNATURE"), 2u);
  EXPECT_EQ(headers.Find("x-zm"), std::nullopt);
  EXPECT_EQ(headers.Count("x-zm"), 0u);
}

TEST(Headers, KeepsOrderAndSpelling) {
  Headers headers;
  headers.Add("B", "2");
  headers.Add("a", "");
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.name(0), "B");
  EXPECT_EQ(headers.value(0), "2");
  EXPECT_EQ(headers.name(1), "a");
  EXPECT_EQ(headers.value(1), "");
}

TEST(Headers, SurvivesAMove) {
  Headers headers;
  headers.Add("A", "b");  // short enough for the small-string buffer
  const Headers moved = std::move(headers);
  EXPECT_EQ(moved.Find("a"), "b");
}

TEST(EqualsIgnoreCase, ComparesLettersOnlyWithoutCase) {
  EXPECT_TRUE(EqualsIgnoreCase("Content-LENGTH", "content-length"));
  EXPECT_FALSE(EqualsIgnoreCase("content_length", "content-length"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));  // differ in the bit that tells the cases of letters apart
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
}

TEST(Request, PathEndsAtTheQuery) {
  EXPECT_EQ((Request{.target = "/webhook?a=/b?c"}).path(), "/webhook");
  EXPECT_EQ((Request{.target = "/webhook"}).path(), "/webhook");
  EXPECT_EQ((Request{.target = "/?"}).path(), "/");
}

TEST(ErrorResponse, HoldsTheStatusOfTheRowAndTheReasonOnly) {
  const Response response = ErrorResponse(Reason::kSignatureMismatch);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "{\"reason\":\"SIGNATURE_MISMATCH\"}");
  EXPECT_EQ(response.content_type, "application/json");
}

}  // namespace
}  // namespace zoomwatch::http
