#include "common/status/grpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "common/testing/status_matchers.h"

namespace zoomwatch {
namespace {

TEST(GrpcStatus, RoundTripsEveryReason) {
  for (const ReasonRow& row : ReasonTable()) {
    const absl::Status back = FromGrpcStatus(ToGrpcStatus(Error(row.reason, "text")));
    EXPECT_THAT(back, testing::HasReason(row.reason));
    EXPECT_EQ(back.message(), "text");
  }
}

TEST(GrpcStatus, CodesAreTheSameNumbersOnBothSides) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "x");
    EXPECT_EQ(static_cast<int>(ToGrpcStatus(status).error_code()), code);
    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)).code(), status.code());
  }
}

TEST(GrpcStatus, CutsMessagesThatWouldNotFitAHeader) {
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(std::string(5000, 'x'))).error_message().size(), 1024u);
}

TEST(GrpcStatus, IgnoresDetailsOfForeignOrigin) {
  const grpc::Status foreign(grpc::StatusCode::INTERNAL, "x", "\x01\x02 not a message");
  EXPECT_EQ(ReasonOf(FromGrpcStatus(foreign)), std::nullopt);
  EXPECT_EQ(FromGrpcStatus(foreign).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace zoomwatch
