#include "common/status/grpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "common/testing/status_matchers.h"
#include "zoomwatch/rpc/v1/error_info.pb.h"

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

TEST(GrpcStatus, KeepsTheReasonWhateverBytesTheMessageHas) {
  const std::string half = std::string(1023, 'x') + "\xc3\xa9" + std::string(100, 'y');  // a character where it is cut
  for (const std::string& message : {half, std::string("a file named \xff\xfe"), std::string("\xe2\x82"), std::string(3000, '\x80'), std::string("a\0b", 3)}) {
    const grpc::Status status = ToGrpcStatus(Error(Reason::kQueryInvalid, message));
    EXPECT_THAT(FromGrpcStatus(status), testing::HasReason(Reason::kQueryInvalid));
    EXPECT_LE(status.error_message().size(), 1024u);
    rpc::v1::Status details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
  }
  EXPECT_EQ(ToGrpcStatus(Error(Reason::kQueryInvalid, half)).error_message(), std::string(1023, 'x'));
  EXPECT_EQ(ToGrpcStatus(Error(Reason::kQueryInvalid, "a file named \xff\xfe")).error_message(), "a file named \uFFFD\uFFFD");
}

TEST(GrpcStatus, IgnoresDetailsOfForeignOrigin) {
  const grpc::Status foreign(grpc::StatusCode::INTERNAL, "x", "\x01\x02 not a message");
  EXPECT_EQ(ReasonOf(FromGrpcStatus(foreign)), std::nullopt);
  EXPECT_EQ(FromGrpcStatus(foreign).code(), absl::StatusCode::kInternal);
}

// Libraries of other languages take the whole status from the details: code and message must be those of the call, not absent.
TEST(GrpcStatus, DetailsRepeatCodeAndMessage) {
  const grpc::Status status = ToGrpcStatus(Error(Reason::kQueryInvalid, "line 1"));
  rpc::v1::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), "line 1");
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_TRUE(ToGrpcStatus(absl::InternalError("no reason")).error_details().empty());
}

TEST(GrpcStatus, IgnoresReasonsOfAnotherDomain) {
  rpc::v1::ErrorInfo info;
  info.set_reason("QUERY_INVALID");
  info.set_domain("other.example");
  rpc::v1::Status details;
  details.add_details()->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  details.mutable_details(0)->set_value(info.SerializeAsString());
  EXPECT_EQ(ReasonOf(FromGrpcStatus(grpc::Status(grpc::StatusCode::INTERNAL, "x", details.SerializeAsString()))), std::nullopt);
}

}  // namespace
}  // namespace zoomwatch
