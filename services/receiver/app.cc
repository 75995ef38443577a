#include "services/receiver/app.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "common/admin/admin_server.h"
#include "common/app/steps.h"
#include "common/grpc/channel.h"
#include "common/grpc/server.h"
#include "common/http/server.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/storage/file_system.h"
#include "common/transport/grpc/batch_client.h"
#include "common/transport/grpc/ledger_server.h"
#include "services/receiver/account_registry.h"
#include "services/receiver/forwarder.h"
#include "services/receiver/replay_cache.h"
#include "services/receiver/spool/spool.h"
#include "services/receiver/spool/spool_metrics.h"
#include "services/receiver/url_validation.h"
#include "services/receiver/webhook_handler.h"
#include "services/receiver/webhook_options.h"

namespace zoomwatch::receiver {
namespace {

// How often secrets are looked at again and overdue challenges are noticed.
constexpr absl::Duration kReloadInterval = absl::Seconds(2);

SpoolOptions OptionsOf(const config::v1::Spool& spool) {
  return {.directory = spool.directory(),
          .max_items = static_cast<uint64_t>(spool.max_items()),
          .max_disk_bytes = static_cast<uint64_t>(spool.max_disk_bytes()),
          .max_unwritten_bytes = static_cast<uint64_t>(spool.max_unwritten_bytes()),
          .segment_bytes = static_cast<uint64_t>(spool.segment_bytes())};
}

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace

// Members are in the order of their start: destruction runs the other way. The sink goes before the forwarder, because it completes
// the forwarder's calls.
class ReceiverApp::State {
 public:
  State(config::v1::Receiver config, ReceiverDeps deps) : config_(std::move(config)), deps_(std::move(deps)) {
    if (deps_.metrics == nullptr) {
      own_metrics_ = std::make_unique<Metrics>();
      deps_.metrics = own_metrics_.get();
    }
    AddSteps();
  }

  StepList steps;

  std::vector<ledger::v1::AccountLedger> Ledger() const { return spool_->Ledger(); }

 private:
  void AddSteps() {
    if (deps_.admin == nullptr) {
      steps.Add("admin port", [this] { return StartAdmin(); }, [this](absl::Time deadline) { Shut(*own_admin_, deadline); });
    }
    steps.Add("accounts", [this] { return LoadAccounts(); });
    steps.Add("spool", [this] { return OpenSpool(); }, [this](absl::Time) { spool_->Close(); });
    steps.Add("forwarder", [this] { return StartForwarder(); }, [this](absl::Time deadline) { StopForwarder(deadline); });
    if (config_.has_grpc()) {
      steps.Add("grpc port", [this] { return StartGrpc(); }, [this](absl::Time deadline) { grpc_->Shutdown(deadline); });
    }
    steps.Add("reloader", [this] { return StartReloader(); }, [this](absl::Time) { reloader_ = {}; });
    steps.Add("webhook port", [this] { return StartWebhookPort(); }, [this](absl::Time deadline) { Shut(*server_, deadline); });
    steps.Add("ready", [this] { return MarkReady(); }, [this](absl::Time) { Admin().SetDraining(); });
  }

  AdminServer& Admin() { return deps_.admin != nullptr ? *deps_.admin : *own_admin_; }

  template <typename Server>
  void Shut(Server& server, absl::Time deadline) {
    server.Shutdown(std::max(deadline - deps_.clock->Now(), absl::ZeroDuration()));
  }

  absl::Status StartAdmin() {
    ZOOMWATCH_ASSIGN_OR_RETURN(own_admin_,
                               AdminServer::Start(config_.admin().listen_address(), *deps_.clock, *deps_.metrics));
    Log(Severity::kInfo, "listening", {{"port_name", "admin"}, {"port", own_admin_->port()}});
    return absl::OkStatus();
  }

  absl::Status LoadAccounts() {
    ZOOMWATCH_ASSIGN_OR_RETURN(accounts_,
                               AccountRegistry::Load(config_.zoom_accounts(), config_.webhook().path(), *deps_.metrics));
    challenges_ = std::make_unique<ChallengeWatch>(accounts_->names(), DurationOf(config_.challenge_warning_after()), *deps_.clock,
                                                   *deps_.metrics);
    return absl::OkStatus();
  }

  absl::Status OpenSpool() {
    ZOOMWATCH_ASSIGN_OR_RETURN(
        spool_, Spool::Open(OptionsOf(config_.spool()), storage::PosixFileSystem(), *deps_.clock, *deps_.metrics));
    Admin().AddReadinessCheck("spool", [this] { return spool_->health(); });
    deps_.metrics->AddCollector([this] { SetLedgerGauges(); });
    return absl::OkStatus();
  }

  void SetLedgerGauges() {
    for (const ledger::v1::AccountLedger& entry : spool_->Ledger()) {
      const auto set = [&](std::string_view place, int64_t count) {
        deps_.metrics->Gauge(kReceiverLedger, {entry.account_name(), place}).Set(static_cast<double>(count));
      };
      set("accepted", entry.accepted_count());
      set("spooled", entry.spooled_count());
      set("forwarded", entry.forwarded_count());
      set("quarantined", entry.quarantined_count());
    }
  }

  absl::Status StartForwarder() {
    std::shared_ptr<grpc::Channel> channel = deps_.normalizer;
    if (channel == nullptr) {
      ZOOMWATCH_ASSIGN_OR_RETURN(channel, MakeChannel(config_.normalizer(), *deps_.clock));
    }
    sink_ = MakeIngestClient(std::move(channel), DurationOf(config_.normalizer().deadline()));
    const config::v1::Batching& batching = config_.batching();
    forwarder_ = std::make_unique<Forwarder>(ForwarderOptions{.max_items = static_cast<size_t>(batching.max_items()),
                                                              .max_bytes = static_cast<size_t>(batching.max_bytes()),
                                                              .max_in_flight = batching.max_in_flight()},
                                             *spool_, *sink_, *deps_.clock, *deps_.metrics);
    forwarder_->Start();
    return absl::OkStatus();
  }

  void StopForwarder(absl::Time deadline) {
    forwarder_->Stop(deadline);
    sink_.reset();
  }

  absl::Status StartGrpc() {
    ledger_service_ = MakeLedgerService([this] { return spool_->Ledger(); });
    grpc::Service* services[] = {ledger_service_.get()};
    ZOOMWATCH_ASSIGN_OR_RETURN(grpc_, GrpcServer::Listen(config_.grpc(), services, *deps_.clock));
    Log(Severity::kInfo, "listening", {{"port_name", "grpc"}, {"address", grpc_->address()}});
    return absl::OkStatus();
  }

  absl::Status StartReloader() {
    reloader_ = std::jthread([this](const std::stop_token& stop) {
      Mutex mutex;
      CondVar stopped;
      const std::stop_callback wake(stop, [&] {
        MutexLock lock(mutex);
        stopped.NotifyAll();
      });
      while (!stop.stop_requested()) {
        {
          MutexLock lock(mutex);
          if (!stop.stop_requested()) stopped.WaitFor(mutex, kReloadInterval);
        }
        // Reload() logs and counts what is wrong; the last good secrets stay in force.
        accounts_->Reload().IgnoreError();
        challenges_->Check();
      }
    });
    return absl::OkStatus();
  }

  absl::Status StartWebhookPort() {
    ZOOMWATCH_ASSIGN_OR_RETURN(http::ServerOptions server_options, WebhookServerOptions(config_.webhook()));
    ZOOMWATCH_ASSIGN_OR_RETURN(WebhookHandlerOptions handler_options, HandlerOptions(config_));
    replays_ = std::make_unique<ReplayCache>(CacheOptions(config_.replay()), *deps_.metrics);
    handler_ = std::make_unique<WebhookHandler>(std::move(handler_options), *accounts_, *replays_, *challenges_, *spool_,
                                                *deps_.clock, *deps_.metrics);
    ZOOMWATCH_ASSIGN_OR_RETURN(server_, http::Server::Start(std::move(server_options), *handler_, *deps_.clock, *deps_.metrics));
    Log(Severity::kInfo, "listening", {{"port_name", "webhook"}, {"port", server_->port()}});
    return absl::OkStatus();
  }

  absl::Status MarkReady() {
    if (grpc_ != nullptr) grpc_->SetServing(true);
    Admin().SetStarted();
    return absl::OkStatus();
  }

  const config::v1::Receiver config_;
  ReceiverDeps deps_;
  std::unique_ptr<Metrics> own_metrics_;
  std::unique_ptr<AccountRegistry> accounts_;
  std::unique_ptr<ChallengeWatch> challenges_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<EventSink<ingest::v1::RawWebhook>> sink_;
  std::unique_ptr<grpc::Service> ledger_service_;
  std::unique_ptr<GrpcServer> grpc_;
  std::jthread reloader_;
  std::unique_ptr<ReplayCache> replays_;
  std::unique_ptr<WebhookHandler> handler_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<AdminServer> own_admin_;  // its checks ask the members above
};

ReceiverApp::ReceiverApp(config::v1::Receiver config, ReceiverDeps deps)
    : state_(std::make_unique<State>(std::move(config), std::move(deps))) {}

ReceiverApp::~ReceiverApp() = default;

absl::Status ReceiverApp::Start() { return state_->steps.Start(); }

void ReceiverApp::Stop(absl::Time deadline) { state_->steps.Stop(deadline); }

std::vector<ledger::v1::AccountLedger> ReceiverApp::Ledger() const { return state_->Ledger(); }

}  // namespace zoomwatch::receiver
