// Matchers for absl::Status and absl::StatusOr that put code and reason into every assertion. For tests only.
#pragma once

#include <gmock/gmock.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/reasons.h"

namespace zoomwatch::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << Describe(StatusOf(arg));
  return StatusOf(arg).ok();
}

// The status carries that reason (and so the code of its row).
MATCHER_P(HasReason, reason, std::string("has reason ") + std::string(NameOf(reason))) {
  *result_listener << Describe(StatusOf(arg));
  return ReasonOf(StatusOf(arg)) == reason && StatusOf(arg).code() == RowOf(reason).code;
}

// The status carries that reason and its message matches.
MATCHER_P2(HasReasonAndMessage, reason, message_matcher, "") {
  *result_listener << Describe(StatusOf(arg));
  return ReasonOf(StatusOf(arg)) == reason &&
         ::testing::ExplainMatchResult(message_matcher, std::string(StatusOf(arg).message()), result_listener);
}

}  // namespace zoomwatch::testing

#define ASSERT_OK(expression) ASSERT_THAT(expression, ::zoomwatch::testing::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT(expression, ::zoomwatch::testing::IsOk())
