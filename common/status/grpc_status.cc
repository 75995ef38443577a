#include "common/status/grpc_status.h"

#include <optional>
#include <string>

#include "common/json/text.h"
#include "common/status/reasons.h"
#include "zoomwatch/rpc/v1/error_info.pb.h"

namespace zoomwatch {
namespace {

constexpr char kDomain[] = "zoomwatch";
// The standard's name, since the bytes are the standard's: libraries of other languages then know the type.
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr size_t kMaxMessageBytes = 1024;

// None: no reason of ours is in the details.
std::optional<Reason> ReasonIn(const std::string& details) {
  rpc::v1::Status status;
  if (!status.ParseFromString(details)) return std::nullopt;
  for (const google::protobuf::Any& detail : status.details()) {
    rpc::v1::ErrorInfo info;
    if (detail.type_url() != kErrorInfoUrl || !info.ParseFromString(detail.value()) || info.domain() != kDomain) continue;
    if (const ReasonRow* row = FindReason(info.reason()); row != nullptr) return row->reason;
  }
  return std::nullopt;
}

// What fits, as UTF-8: a message within the details that is anything else makes them unreadable, and with them the reason.
std::string MessageText(const absl::Status& status) {
  constexpr size_t kLongestCharacter = 4;
  std::string text(status.message().substr(0, kMaxMessageBytes + kLongestCharacter));
  json::ReplaceInvalidUtf8(text);
  text.resize(json::CutUtf8(text, kMaxMessageBytes).size());
  return text;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = MessageText(status);
  std::string details;
  if (const auto reason = ReasonOf(status); reason.has_value()) {
    rpc::v1::ErrorInfo info;
    info.set_reason(std::string(NameOf(*reason)));
    info.set_domain(kDomain);
    rpc::v1::Status whole;
    whole.set_code(static_cast<int>(status.code()));
    whole.set_message(message);
    google::protobuf::Any& detail = *whole.add_details();
    detail.set_type_url(kErrorInfoUrl);
    detail.set_value(info.SerializeAsString());
    details = whole.SerializeAsString();
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message, details);
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  if (const auto reason = ReasonIn(status.error_details())) return Error(*reason, status.error_message());
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace zoomwatch
