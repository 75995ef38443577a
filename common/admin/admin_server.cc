#include "common/admin/admin_server.h"

#include <atomic>
#include <utility>
#include <vector>

#include "common/http/error_response.h"
#include "common/http/server.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"

namespace zoomwatch {
namespace {

// Room for a few probes and scrapers at one time; more is no use of this port.
constexpr int kMaxConnections = 64;
constexpr size_t kMaxBodyBytes = 4096;

http::Response PlainText(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

}  // namespace

class AdminServer::State final : public http::Handler {
 public:
  explicit State(Metrics& metrics) : metrics_(metrics) {}

  std::optional<http::Response> OnHead(const http::Request& head) override {
    const std::string_view path = head.path();
    if (path != "/livez" && path != "/readyz" && path != "/metrics") return http::ErrorResponse(Reason::kPathUnknown);
    if (head.method == "GET" || head.method == "HEAD") return std::nullopt;
    http::Response refusal = http::ErrorResponse(Reason::kMethodNotAllowed);
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }

  void Handle(http::Request request, http::Responder responder) override {
    if (request.path() == "/livez") {
      responder.Send(PlainText(200, "ok\n"));
    } else if (request.path() == "/readyz") {
      responder.Send(Readiness());
    } else {
      responder.Send({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Text()});
    }
  }

  void AddCheck(std::string name, std::function<absl::Status()> check) {
    MutexLock lock(mutex_);
    checks_.emplace_back(std::move(name), std::move(check));
  }

  void AddDetail(std::string name, std::function<absl::Status()> detail) {
    MutexLock lock(mutex_);
    details_.emplace_back(std::move(name), std::move(detail));
  }

  std::unique_ptr<http::Server> server;
  std::atomic<bool> started{false};
  std::atomic<bool> draining{false};

 private:
  using NamedChecks = std::vector<std::pair<std::string, std::function<absl::Status()>>>;

  // {"ready":false,"checks":[{"name":"spool","ready":false,"why":"SPOOL_FAILED: ..."}],
  //  "details":[{"name":"delivery","ok":false,"why":"DELIVERY_FORBIDDEN: ..."}]}; no "details" when there are none.
  http::Response Readiness() {
    NamedChecks checks;
    NamedChecks details;
    {
      MutexLock lock(mutex_);
      checks = checks_;  // none is called under the lock
      details = details_;
    }
    checks.emplace(checks.begin(), "started", [this] {
      return started ? absl::OkStatus() : absl::UnavailableError("start-up is not complete");
    });
    checks.emplace(checks.begin() + 1, "not draining", [this] {
      return draining ? Error(Reason::kShuttingDown, "the service is stopping") : absl::OkStatus();
    });
    std::string lists = ",\"checks\":[";
    const bool ready = AppendStates(checks, "ready", lists);
    lists += ']';
    if (!details.empty()) {
      lists += ",\"details\":[";
      AppendStates(details, "ok", lists);
      lists += ']';
    }
    return {.status = ready ? 200 : 503,
            .content_type = "application/json",
            .body = std::string("{\"ready\":") + (ready ? "true" : "false") + lists + "}\n"};
  }

  // Asks each and appends its state under `key`. Returns whether all are OK.
  static bool AppendStates(const NamedChecks& checks, std::string_view key, std::string& out) {
    bool all = true;
    for (const auto& [name, check] : checks) {
      const absl::Status status = check();
      all = all && status.ok();
      out += &name == &checks.front().first ? "{\"name\":" : ",{\"name\":";
      AppendJsonString(out, name);
      out.append(",\"").append(key).append(status.ok() ? "\":true" : "\":false,\"why\":");
      if (!status.ok()) AppendJsonString(out, Describe(status));
      out += '}';
    }
    return all;
  }

  Metrics& metrics_;
  Mutex mutex_;
  NamedChecks checks_ ABSL_GUARDED_BY(mutex_);
  NamedChecks details_ ABSL_GUARDED_BY(mutex_);
};

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminServer::~AdminServer() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& listen_address, const Clock& clock,
                                                                Metrics& metrics) {
  auto state = std::make_unique<State>(metrics);
  http::ServerOptions options{.name = "admin",
                              .listen_address = listen_address,
                              .max_body_bytes = kMaxBodyBytes,
                              .max_connections = kMaxConnections};
  ZOOMWATCH_ASSIGN_OR_RETURN(state->server, http::Server::Start(std::move(options), *state, clock, metrics));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(state)));
}

uint16_t AdminServer::port() const { return state_->server->port(); }
void AdminServer::AddReadinessCheck(std::string name, std::function<absl::Status()> check) {
  state_->AddCheck(std::move(name), std::move(check));
}
void AdminServer::AddReadinessDetail(std::string name, std::function<absl::Status()> detail) {
  state_->AddDetail(std::move(name), std::move(detail));
}
void AdminServer::SetStarted() { state_->started = true; }
void AdminServer::SetDraining() { state_->draining = true; }
void AdminServer::Shutdown(absl::Duration deadline) { state_->server->Shutdown(deadline); }

}  // namespace zoomwatch
