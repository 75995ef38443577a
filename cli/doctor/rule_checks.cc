#include "cli/doctor/rule_checks.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <vector>

#include "absl/status/statusor.h"
#include "cli/doctor/network_checks.h"
#include "common/grpc/channel.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "zoomwatch/config/v1/common.pb.h"
#include "zoomwatch/rule/v1/rule_service.grpc.pb.h"

namespace zoomwatch::cli {
namespace {

namespace pb = google::protobuf;

// Whether the configuration has that part; only one with rules is asked about them.
bool Has(const pb::Message& config, const std::string& name) {
  const pb::FieldDescriptor* const field = config.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && config.GetReflection()->HasField(config, field);
}

config::v1::GrpcServer ServerOf(const pb::Message& config) {
  const pb::FieldDescriptor* const field = config.GetDescriptor()->FindFieldByName("grpc");
  return dynamic_cast<const config::v1::GrpcServer&>(config.GetReflection()->GetMessage(config, field));
}

config::v1::GrpcClient ClientOf(const config::v1::GrpcServer& server, const RuleChecksOptions& options) {
  const auto first_set = [](const std::string& a, const std::string& b) { return a.empty() ? b : a; };
  config::v1::GrpcClient client;
  client.set_address(LocalAddress(server.listen_address()));
  client.set_allow_plaintext(server.allow_plaintext());
  if (server.allow_plaintext()) return client;
  config::v1::ClientTls& tls = *client.mutable_tls();
  tls.set_ca_file(first_set(options.ca_file, server.tls().client_ca_file()));
  tls.set_certificate_file(first_set(options.certificate_file, server.tls().certificate_file()));
  tls.set_private_key_file(first_set(options.private_key_file, server.tls().private_key_file()));
  tls.set_server_name(options.server_name);
  return client;
}

absl::StatusOr<std::vector<rule::v1::Rule>> ListRules(const config::v1::GrpcClient& client, const Clock& clock,
                                                      absl::Duration timeout) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, MakeChannel(client, clock));
  const auto stub = rule::v1::RuleService::NewStub(channel);
  std::vector<rule::v1::Rule> rules;
  rule::v1::ListRulesRequest request;
  do {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(clock.Now() + timeout));
    rule::v1::ListRulesResponse response;
    ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(stub->ListRules(&context, request, &response)));
    rules.insert(rules.end(), response.rules().begin(), response.rules().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return rules;
}

// "\nName (file): why".
std::string Line(const rule::v1::Rule& rule, std::string_view state) {
  std::string line = fmt::format("\n{}: {}", state, rule.name().empty() ? rule.file() : rule.name());
  return rule.state_message().empty() ? line : line + ": " + rule.state_message();
}

void Judge(const std::vector<rule::v1::Rule>& rules, Checks& checks) {
  int running = 0;
  bool broken = false;
  std::string others;
  for (const rule::v1::Rule& rule : rules) {
    switch (rule.state()) {
      case rule::v1::RULE_STATE_FAILED:
        broken = true;
        others += Line(rule, "failed");
        break;
      case rule::v1::RULE_STATE_REJECTED:
        broken = true;
        others += Line(rule, "rejected");
        break;
      case rule::v1::RULE_STATE_DISABLED:
        others += Line(rule, "disabled");
        break;
      default:
        ++running;
    }
  }
  const std::string finding = fmt::format("{} rules loaded, {} of them run{}", rules.size(), running, others);
  if (broken) {
    return Fail(checks, "rules", finding,
                "correct the rule's file (zoomwatch rules check FOLDER shows each error with its place); it is read again by itself");
  }
  if (running == 0) {
    return Fail(checks, "rules", finding, "put rule files into the folders of rules.folders; in Kubernetes, check that the volume is mounted");
  }
  Pass(checks, "rules", finding);
}

}  // namespace

void CheckRules(const pb::Message& config, const Clock& clock, const RuleChecksOptions& options, Checks& checks) {
  if (!Has(config, "rules")) return;
  if (!Has(config, "grpc")) {
    return Skip(checks, "rules", "not asked: the configuration opens no gRPC port", "add the part grpc, or look at the metric zoomwatch_detector_rules");
  }
  const auto rules = ListRules(ClientOf(ServerOf(config), options), clock, options.timeout);
  if (rules.ok()) return Judge(*rules, checks);
  Skip(checks, "rules", "not asked: " + Describe(rules.status()),
       "give --certificate-file and --private-key-file of a client among grpc.allowed_client_names, --ca-file of its authority, and "
       "--server-name as the service's certificate has it");
}

}  // namespace zoomwatch::cli
