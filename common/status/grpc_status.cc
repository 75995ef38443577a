#include "common/status/grpc_status.h"

#include <string>

#include "common/status/reasons.h"
#include "zoomwatch/rpc/v1/error_info.pb.h"

namespace zoomwatch {
namespace {

constexpr char kDomain[] = "zoomwatch";
constexpr size_t kMaxMessageBytes = 1024;

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message().substr(0, kMaxMessageBytes));
  std::string details;
  if (const auto reason = ReasonOf(status); reason.has_value()) {
    rpc::v1::ErrorInfo info;
    info.set_reason(std::string(NameOf(*reason)));
    info.set_domain(kDomain);
    details = info.SerializeAsString();
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message, details);
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  rpc::v1::ErrorInfo info;
  if (!status.error_details().empty() && info.ParseFromString(status.error_details()) && info.domain() == kDomain) {
    if (const ReasonRow* row = FindReason(info.reason()); row != nullptr) {
      return Error(row->reason, status.error_message());
    }
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace zoomwatch
