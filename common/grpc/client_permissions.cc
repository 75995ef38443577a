#include "common/grpc/client_permissions.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>

#include "common/log/log.h"
#include "common/status/reasons.h"

namespace zoomwatch {
namespace {

constexpr std::string_view kApiServices[] = {
    "/zoomwatch.alert.v1.AlertService/", "/zoomwatch.rule.v1.RuleService/",     "/zoomwatch.hunt.v1.HuntService/",
    "/zoomwatch.ledger.v1.LedgerService/", "/zoomwatch.volume.v1.VolumeService/", "/grpc.health.v1.Health/",           "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
};

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

}  // namespace

bool IsApiMethod(std::string_view path) {
  return std::any_of(std::begin(kApiServices), std::end(kApiServices), [path](std::string_view service) { return path.starts_with(service); });
}

ClientPermissions::ClientPermissions(const config::v1::GrpcServer& options)
    : full_names_(options.allowed_client_names().begin(), options.allowed_client_names().end()) {}

grpc::Status ClientPermissions::Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata* /*consumed*/,
                                        OutputMetadata* /*response*/) {
  const auto path = metadata.find(":path");
  if (path != metadata.end() && IsApiMethod(View(path->second))) return grpc::Status::OK;
  const auto has_full_name = [&](const char* property) {
    const std::vector<grpc::string_ref> values = context->FindPropertyValues(property);
    return std::any_of(values.begin(), values.end(), [this](grpc::string_ref value) { return full_names_.contains(View(value)); });
  };
  if (has_full_name(GRPC_X509_CN_PROPERTY_NAME) || has_full_name(GRPC_PEER_DNS_PROPERTY_NAME)) return grpc::Status::OK;
  const std::vector<grpc::string_ref> names = context->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  Log(Severity::kWarning, "call refused",
      {{"reason", NameOf(Reason::kPeerNotAllowed)},
       {"common_name", names.empty() ? std::string_view() : View(names.front())},
       {"method", path == metadata.end() ? std::string_view() : View(path->second)}});
  return {grpc::StatusCode::PERMISSION_DENIED, std::string(NameOf(Reason::kPeerNotAllowed))};
}

}  // namespace zoomwatch
