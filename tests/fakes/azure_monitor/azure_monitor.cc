#include "tests/fakes/azure_monitor/azure_monitor.h"

#include <fmt/format.h>

#include "absl/status/status.h"
#include "common/status/status_macros.h"
#include "tests/fakes/azure_monitor/blocking_server.h"
#include "tests/fakes/azure_monitor/ingestion.h"

namespace zoomwatch::fakes {
namespace {

enum class Endpoint { kIngestion, kToken, kManagedIdentity, kIncidentRead, kIncidentWrite, kDiscovery, kControl, kUnknown };

Endpoint EndpointOf(const http::Request& request) {
  const std::string_view path = request.path();
  if (path.starts_with("/_fake/")) return Endpoint::kControl;
  if (path.starts_with("/metadata/identity/oauth2/token")) return Endpoint::kManagedIdentity;
  if (path.starts_with("/dataCollectionRules/") && path.find("/streams/") != std::string_view::npos) return Endpoint::kIngestion;
  if (Incidents::Owns(path)) return request.method == "PUT" ? Endpoint::kIncidentWrite : Endpoint::kIncidentRead;
  if (path.ends_with("/oauth2/v2.0/token")) return Endpoint::kToken;
  if (path.ends_with("/v2.0/.well-known/openid-configuration")) return Endpoint::kDiscovery;
  return Endpoint::kUnknown;
}

std::optional<FaultTarget> TargetOf(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kIngestion: return FaultTarget::kIngestion;
    case Endpoint::kToken: return FaultTarget::kToken;
    case Endpoint::kManagedIdentity: return FaultTarget::kManagedIdentity;
    case Endpoint::kIncidentRead: return FaultTarget::kIncidentRead;
    case Endpoint::kIncidentWrite: return FaultTarget::kIncidentWrite;
    case Endpoint::kDiscovery:
    case Endpoint::kControl:
    case Endpoint::kUnknown: return std::nullopt;
  }
  return std::nullopt;
}

std::string NameOf(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kIngestion: return "ingestion";
    case Endpoint::kToken: return "token";
    case Endpoint::kManagedIdentity: return "managed_identity";
    case Endpoint::kIncidentRead: return "incident_read";
    case Endpoint::kIncidentWrite: return "incident_write";
    case Endpoint::kDiscovery:
    case Endpoint::kControl:
    case Endpoint::kUnknown: return "other";
  }
  return "other";
}

http::Response Json(std::string body) { return {.content_type = "application/json", .body = std::move(body)}; }
http::Response NotFound() { return ToResponse({.status = 404, .code = "NotFound", .message = "No such path.", .retry_after_seconds = {}}); }
http::Response BadRequest(const absl::Status& status) {
  return ToResponse({.status = 400, .code = "InvalidArgument", .message = std::string(status.message()), .retry_after_seconds = {}});
}

}  // namespace

class FakeAzureMonitor::Endpoints final : public BlockingHandler {
 public:
  Endpoints(AzureMonitorOptions given, std::unique_ptr<StateStore> store, std::shared_ptr<const ClientCertificate> certificate)
      : options(std::move(given)),
        state(std::move(store)),
        tokens(options.token, std::move(certificate)),
        ingestion({.rule_id = options.rule_id,
                   .streams = options.streams,
                   .limits = options.limits,
                   .lose_object_bodies = options.lose_object_bodies},
                  tokens, faults, *state, *options.clock),
        incidents(options.incidents, tokens, *options.clock) {}
  ~Endpoints() override {
    faults.Stop();
    server.reset();
  }

  // REQUIRES: called once.
  void Serve(std::unique_ptr<BlockingServer> listening) {
    server = std::move(listening);
    url = fmt::format("{}:{}", server->tls() ? "https://localhost" : "http://127.0.0.1", server->port());
    server->Run();
  }

  std::optional<Reply> OnHead(const http::Request& head) override {
    const Endpoint endpoint = EndpointOf(head);
    const std::optional<FaultTarget> target = TargetOf(endpoint);
    if (!target || !faults.Take(*target, Faults::Stage::kHead)) return std::nullopt;
    state->CountAnswer(NameOf(endpoint), "cut");
    return Reply{.response = {}, .send = Reply::Send::kNothing};
  }

  Reply OnRequest(const http::Request& request) override {
    const Endpoint endpoint = EndpointOf(request);
    Reply reply = Call(endpoint, request);
    if (endpoint == Endpoint::kControl) return reply;
    state->CountAnswer(NameOf(endpoint), reply.send == Reply::Send::kAll ? std::to_string(reply.response.status) : "cut");
    return reply;
  }

  const AzureMonitorOptions options;
  const std::unique_ptr<StateStore> state;
  TokenAuthority tokens;
  Faults faults;
  Ingestion ingestion;
  Incidents incidents;
  std::unique_ptr<BlockingServer> server;
  std::string url;  // constant before the first call comes

 private:
  Reply Call(Endpoint endpoint, const http::Request& request) {
    const std::optional<FaultTarget> target = TargetOf(endpoint);
    if (target) {
      const std::optional<Fault> fault = faults.Take(*target, Faults::Stage::kCall);
      if (fault && fault->action == FaultAction::kAnswer) return {.response = Refused(endpoint, fault->answer())};
      if (fault && fault->action == FaultAction::kCutBeforeCommit) return {.response = {}, .send = Reply::Send::kNothing};
    }
    bool done = false;
    Reply reply{.response = Respond(endpoint, request, done)};
    if (!target || !done) return reply;
    const std::optional<Fault> fault = faults.Take(*target, Faults::Stage::kCommit);
    if (!fault) return reply;
    if (fault->action == FaultAction::kCommitThenCut) reply.send = Reply::Send::kNothing;
    if (fault->action == FaultAction::kCommitThenCutInAnswer) reply.send = Reply::Send::kHalfOfHead;
    if (fault->action == FaultAction::kCommitThenAnswer) reply.response = Refused(endpoint, fault->answer());
    return reply;
  }

  http::Response Refused(Endpoint endpoint, const Refusal& refusal) {
    Count(endpoint, refusal);
    return ToResponse(refusal);
  }

  void Count(Endpoint endpoint, const Refusal& refusal) {
    const bool counts = endpoint == Endpoint::kIngestion || endpoint == Endpoint::kIncidentRead || endpoint == Endpoint::kIncidentWrite;
    if (counts) state->CountRefusal(refusal.code);
  }

  // `done`: it was what the caller wanted.
  http::Response Respond(Endpoint endpoint, const http::Request& request, bool& done) {
    const absl::Time now = options.clock->Now();
    http::Response response;
    switch (endpoint) {
      case Endpoint::kIngestion:
        if (const std::optional<Refusal> refusal = ingestion.Take(request)) return Refused(endpoint, *refusal);
        response.status = 204;
        break;
      case Endpoint::kToken: response = tokens.AnswerTokenRequest(request, now); break;
      case Endpoint::kManagedIdentity: response = tokens.AnswerManagedIdentityRequest(request, now); break;
      case Endpoint::kIncidentRead:
      case Endpoint::kIncidentWrite: {
        std::optional<Refusal> refusal;
        response = incidents.Answer(request, refusal);
        if (refusal) Count(endpoint, *refusal);
        break;
      }
      case Endpoint::kDiscovery: return Discovery(request);
      case Endpoint::kControl: return Control(request);
      case Endpoint::kUnknown: return NotFound();
    }
    done = response.status < 300;
    return response;
  }

  http::Response Discovery(const http::Request& request) const {
    const std::string authority = url + std::string(request.path().substr(0, request.path().find('/', 1)));
    return Json(fmt::format(R"({{"issuer":"{0}/v2.0","token_endpoint":"{0}/oauth2/v2.0/token",)"
                            R"("authorization_endpoint":"{0}/oauth2/v2.0/authorize","jwks_uri":"{0}/discovery/v2.0/keys"}})",
                            authority));
  }

  http::Response Control(const http::Request& request) {
    const std::string call = request.method + " " + std::string(request.path().substr(std::string_view("/_fake/").size()));
    if (call == "GET state") return Json(state->state().ToJson());
    if (call == "GET rows") {
      http::Response response{.content_type = "application/x-ndjson"};
      for (const std::string& row : state->Rows(FormValue(QueryOf(request), "stream").value_or(""))) response.body += row + "\n";
      return response;
    }
    if (call == "GET last-call") return Json(state->last_call().ToJson());
    if (call == "POST faults") return AddFaults(request.body);
    if (call == "DELETE faults") {
      faults.Clear();
      return Json("{}");
    }
    if (call == "POST revoke") {
      tokens.RevokeTokens();
      return Json("{}");
    }
    if (call == "POST forget") {
      state->Forget();
      return Json("{}");
    }
    return NotFound();
  }

  http::Response AddFaults(std::string_view json) {
    const absl::StatusOr<std::vector<Fault>> read = ReadFaults(json);
    if (!read.ok()) return BadRequest(read.status());
    for (const Fault& fault : *read) {
      if (const absl::Status status = faults.Add(fault); !status.ok()) return BadRequest(status);
    }
    return Json(fmt::format(R"({{"pending":{}}})", faults.pending()));
  }
};

FakeAzureMonitor::FakeAzureMonitor() = default;
FakeAzureMonitor::~FakeAzureMonitor() = default;

absl::StatusOr<std::unique_ptr<FakeAzureMonitor>> FakeAzureMonitor::Start(AzureMonitorOptions options) {
  ZOOMWATCH_ASSIGN_OR_RETURN(auto store, StateStore::Open(options.rows_file, options.keep_rows, options.on_row));
  std::shared_ptr<const ClientCertificate> certificate;
  if (const std::string& file = options.token.client_certificate_file; !file.empty()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(certificate, ClientCertificate::Load(file));
  }
  std::unique_ptr<FakeAzureMonitor> fake(new FakeAzureMonitor());
  const BlockingServerOptions server{
      .port = options.port, .certificate_file = options.certificate_file, .private_key_file = options.private_key_file};
  fake->endpoints_ = std::make_unique<Endpoints>(std::move(options), std::move(store), std::move(certificate));
  ZOOMWATCH_ASSIGN_OR_RETURN(auto listening, BlockingServer::Listen(server, *fake->endpoints_));
  fake->endpoints_->Serve(std::move(listening));
  return fake;
}

uint16_t FakeAzureMonitor::port() const { return endpoints_->server->port(); }
std::string FakeAzureMonitor::url() const { return endpoints_->url; }
uint64_t FakeAzureMonitor::connections() const { return endpoints_->server->connections(); }
uint64_t FakeAzureMonitor::open_connections() const { return endpoints_->server->open_connections(); }
absl::Status FakeAzureMonitor::AddFault(Fault fault) { return endpoints_->faults.Add(std::move(fault)); }
void FakeAzureMonitor::ClearFaults() { endpoints_->faults.Clear(); }
size_t FakeAzureMonitor::pending_faults() const { return endpoints_->faults.pending(); }
AzureState FakeAzureMonitor::state() const { return endpoints_->state->state(); }
std::vector<std::string> FakeAzureMonitor::Rows(std::string_view stream) const { return endpoints_->state->Rows(stream); }
RecordedCall FakeAzureMonitor::last_call() const { return endpoints_->state->last_call(); }
void FakeAzureMonitor::Forget() { endpoints_->state->Forget(); }
TokenAuthority& FakeAzureMonitor::tokens() { return endpoints_->tokens; }
Incidents& FakeAzureMonitor::incidents() { return endpoints_->incidents; }

}  // namespace zoomwatch::fakes
