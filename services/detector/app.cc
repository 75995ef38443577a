#include "services/detector/app.h"

#include <algorithm>
#include <utility>

#include "common/admin/admin_server.h"
#include "common/app/steps.h"
#include "common/grpc/server.h"
#include "common/log/log.h"
#include "common/retry/sleeper.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/transport/grpc/batch_server.h"
#include "common/transport/grpc/ledger_server.h"
#include "services/detector/alerts/alert_row_queue.h"
#include "services/detector/alerts/alert_store.h"
#include "services/detector/api/alert_service.h"
#include "services/detector/api/rule_service.h"
#include "services/detector/delivery/azure_delivery.h"
#include "services/detector/delivery/delivery_worker.h"
#include "services/detector/delivery/event_row_queue.h"
#include "services/detector/delivery/json_lines_sink.h"
#include "services/detector/detector_service.h"
#include "services/detector/event_log/event_log.h"
#include "services/detector/event_log/event_log_metrics.h"
#include "services/detector/hunt/hunt_service.h"
#include "services/detector/incidents/incident_delivery.h"
#include "services/detector/incidents/incident_metrics.h"
#include "services/detector/routing/route_table.h"
#include "services/detector/rules/rule_runner.h"
#include "services/detector/volume/volume_service.h"

namespace zoomwatch::detector {
namespace {

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

EventLogOptions OptionsOf(const config::v1::EventStore& store) {
  return {.directory = store.directory(),
          .deduplication_horizon = DurationOf(store.deduplication_horizon()),
          .retention = DurationOf(store.retention()),
          .max_disk_bytes = static_cast<uint64_t>(store.max_disk_bytes())};
}

HuntOptions OptionsOf(const config::v1::Hunting& hunting) {
  return {.max_hunts = hunting.max_queries(),
          .max_memory_bytes = static_cast<uint64_t>(hunting.max_memory_bytes()),
          .max_result_rows = static_cast<uint64_t>(hunting.max_result_rows()),
          .max_result_bytes = static_cast<uint64_t>(hunting.max_result_bytes()),
          .max_duration = DurationOf(hunting.max_duration())};
}

}  // namespace

class DetectorApp::State {
 public:
  State(config::v1::Detector config, DetectorDeps deps) : config_(std::move(config)), deps_(std::move(deps)) {
    if (deps_.metrics == nullptr) {
      own_metrics_ = std::make_unique<Metrics>();
      deps_.metrics = own_metrics_.get();
    }
    if (deps_.admin == nullptr) {
      steps.Add("admin port", [this] { return StartAdmin(); }, [this](absl::Time deadline) {
        own_admin_->Shutdown(std::max(deadline - deps_.clock->Now(), absl::ZeroDuration()));
      });
    }
    steps.Add("event log", [this] { return OpenLog(); }, [this](absl::Time) { log_->Close(); });
    if (config_.has_rules()) steps.Add("alert store", [this] { return OpenAlerts(); }, [](absl::Time) {});
    steps.Add("delivery", [this] { return StartDelivery(); }, [this](absl::Time deadline) {
      // The other half is for the store. A call that is cut short may have reached Azure: its rows then come twice.
      const absl::Time half = deps_.clock->Now() + (deadline - deps_.clock->Now()) / 2;
      for (const auto& worker : workers_) worker->Stop(std::max(half - deps_.clock->Now(), absl::ZeroDuration()));
    });
    if (config_.has_rules()) steps.Add("rules", [this] { return StartRules(); }, [this](absl::Time) { runner_->Stop(); });
    steps.Add("grpc port", [this] { return Serve(); }, [this](absl::Time deadline) { server_->Shutdown(deadline); });
    steps.Add("ready", [this] { return MarkReady(); }, [this](absl::Time) {
      EndStreams();
      if (own_admin_ != nullptr) own_admin_->SetDraining();
    });
  }

  StepList steps;

  std::vector<ledger::v1::AccountLedger> Ledger() const { return log_->GetLedger(); }
  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel(); }
  void EndStreams() {
    hunts_->Stop();
    volumes_->Stop();
    if (alert_service_ != nullptr) alert_service_->Stop();
    if (rule_service_ != nullptr) rule_service_->Stop();
  }
  std::vector<grpc::Service*> ClientServices() const {
    std::vector<grpc::Service*> services = {hunts_->service(), volumes_.get()};
    if (alert_service_ != nullptr) services.push_back(alert_service_.get());
    if (rule_service_ != nullptr) services.push_back(rule_service_.get());
    return services;
  }

 private:
  AdminServer& Admin() { return deps_.admin != nullptr ? *deps_.admin : *own_admin_; }

  absl::Status StartAdmin() {
    ZOOMWATCH_ASSIGN_OR_RETURN(own_admin_,
                               AdminServer::Start(config_.admin().listen_address(), *deps_.clock, *deps_.metrics));
    Log(Severity::kInfo, "listening", {{"port_name", "admin"}, {"port", own_admin_->port()}});
    return absl::OkStatus();
  }

  absl::Status MakeSinks() {
    const config::v1::Delivery& delivery = config_.delivery();
    switch (delivery.sink_case()) {
      case config::v1::Delivery::kJsonLines:
        event_sink_ = std::make_unique<JsonLinesSink>(delivery.json_lines().file());
        if (!config_.has_rules()) return absl::OkStatus();
        if (delivery.json_lines().alerts_file().empty()) {
          return Error(Reason::kConfigMissingKey, "delivery.json_lines.alerts_file: is needed, because there are rules");
        }
        if (delivery.json_lines().alerts_file() == delivery.json_lines().file()) {
          return Error(Reason::kConfigInvalidValue, "delivery.json_lines.alerts_file: must not be the file of the events");
        }
        alert_sink_ = std::make_unique<JsonLinesSink>(delivery.json_lines().alerts_file());
        return absl::OkStatus();
      case config::v1::Delivery::kLogsIngestion: {
        ZOOMWATCH_ASSIGN_OR_RETURN(
            azure_, AzureDelivery::Make(delivery.logs_ingestion(), *deps_.clock, SystemSleeper::Get(), *deps_.metrics));
        ZOOMWATCH_ASSIGN_OR_RETURN(routes_, RouteTable::Make(delivery.logs_ingestion()));
        event_sink_ = azure_->MakeSink(routes_.streams());
        if (config_.has_rules()) alert_sink_ = azure_->MakeSink(delivery.logs_ingestion().alert_stream(), /*urgent=*/true);
        return MakeIncidents();
      }
      case config::v1::Delivery::SINK_NOT_SET: break;
    }
    return Error(Reason::kConfigMissingKey, "delivery: no sink");
  }

  absl::Status MakeIncidents() {
    const config::v1::LogsIngestionSink& sink = config_.delivery().logs_ingestion();
    if (!sink.has_incidents()) return absl::OkStatus();
    if (!config_.has_rules()) return Error(Reason::kConfigMissingKey, "rules: is needed, because delivery.logs_ingestion.incidents is there");
    ZOOMWATCH_ASSIGN_OR_RETURN(incidents_, IncidentDelivery::Make(sink, *azure_, *deps_.clock, *deps_.metrics));
    incident_sink_ = incidents_->MakeSink();
    return absl::OkStatus();
  }

  absl::Status OpenLog() {
    ZOOMWATCH_RETURN_IF_ERROR(MakeSinks());
    ZOOMWATCH_ASSIGN_OR_RETURN(log_, EventLog::Open(OptionsOf(config_.store()), *deps_.clock, *deps_.metrics));
    Admin().AddReadinessCheck("event_log", [this] { return log_->health(); });
    deps_.metrics->AddCollector([this] { SetLedgerGauges(); });
    return absl::OkStatus();
  }

  void SetLedgerGauges() {
    for (const ledger::v1::AccountLedger& entry : log_->GetLedger()) {
      const auto set = [&](std::string_view place, int64_t count) {
        deps_.metrics->Gauge(kDetectorLedger, {entry.account_name(), place}).Set(static_cast<double>(count));
      };
      set("delivered", entry.delivered_count());
      set("duplicate", entry.duplicate_count());
      set("quarantined", entry.quarantined_count());
      set("pending", entry.pending_count());
      set("not_sent", entry.not_sent_count());
    }
  }

  absl::Status OpenAlerts() {
    const config::v1::Rules& rules = config_.rules();
    ZOOMWATCH_ASSIGN_OR_RETURN(
        alerts_, AlertStore::Open({.directory = rules.alert_directory(),
                                   .retention = DurationOf(rules.alert_retention()),
                                   .incidents = incidents_ != nullptr},
                                  *deps_.clock));
    Admin().AddReadinessCheck("alert_store", [this] { return alerts_->health(); });
    if (incidents_ != nullptr) {
      deps_.metrics->AddCollector([this] {
        deps_.metrics->Gauge(kIncidentsPending).Set(static_cast<double>(alerts_->EndSequence() - 1 - alerts_->IncidentPosition()));
      });
    }
    return absl::OkStatus();
  }

  event_table::RowLimits RowLimits() const { return azure_ != nullptr ? azure_->row_limits() : event_table::RowLimits{}; }

  // A sink that fails is not a reason to be unready: events are stored, and taking the detector out of service would help nobody.
  absl::Status StartDelivery() {
    const event_table::RowLimits limits = RowLimits();
    DeliveryOptions options = azure_ != nullptr ? azure_->worker_options() : DeliveryOptions{};
    // Alerts first: they are few, and what a person waits for.
    if (alerts_ != nullptr) {
      DeliveryOptions urgent = options;
      urgent.max_wait = absl::ZeroDuration();
      const auto order = azure_ != nullptr ? AlertStore::Order::kNewestFirst : AlertStore::Order::kOldestFirst;  // a file is a log
      ZOOMWATCH_RETURN_IF_ERROR(
          StartWorker("alert_delivery", urgent, std::make_unique<AlertRowQueue>(*alerts_, limits, order), *alert_sink_));
      options.first = workers_.back().get();
    }
    if (incidents_ != nullptr) {
      ZOOMWATCH_RETURN_IF_ERROR(
          StartWorker("incident_delivery", incidents_->worker_options(), incidents_->MakeQueue(*alerts_), *incident_sink_));
    }
    return StartWorker("delivery", options, std::make_unique<EventRowQueue>(*log_, limits, *deps_.metrics, std::move(routes_)), *event_sink_);
  }

  absl::Status StartWorker(const std::string& name, const DeliveryOptions& options, std::unique_ptr<RowQueue> queue, RowSink& sink) {
    workers_.push_back(std::make_unique<DeliveryWorker>(options, *queue, sink, *deps_.clock, SystemSleeper::Get(), *deps_.metrics));
    queues_.push_back(std::move(queue));
    DeliveryWorker* const worker = workers_.back().get();
    Admin().AddReadinessDetail(name, [worker] { return worker->health(); });
    return worker->Start();
  }

  // Rules that stand still are not a reason to be unready either.
  absl::Status StartRules() {
    const config::v1::Rules& rules = config_.rules();
    runner_ = std::make_unique<RuleRunner>(
        RuleRunnerOptions{.folders = {rules.folders().begin(), rules.folders().end()},
                          .reload_interval = DurationOf(rules.reload_interval()),
                          .settle_time = DurationOf(rules.settle_time()),
                          .max_rule_state_bytes = static_cast<uint64_t>(rules.max_rule_state_bytes()),
                          .hold_without_history = rules.hold_without_history()},
        *log_, *alerts_, *deps_.clock, *deps_.metrics);
    Admin().AddReadinessDetail("rules", [this] { return runner_->health(); });
    return runner_->Start();
  }

  absl::Status Serve() {
    service_ = std::make_unique<DetectorService>(*log_);
    detect_ = MakeDetectService(*service_);
    ledger_ = MakeLedgerService([this] { return log_->GetLedger(); });
    hunts_ = std::make_unique<HuntService>(OptionsOf(config_.hunting()), *log_, *deps_.clock, *deps_.metrics);
    volumes_ = std::make_unique<VolumeService>(*log_, RowLimits(), config_.delivery().logs_ingestion(), *deps_.clock);
    std::vector<grpc::Service*> services = {detect_.get(), ledger_.get()};
    if (runner_ != nullptr) {
      alert_service_ = std::make_unique<AlertService>(*alerts_);
      rule_service_ = std::make_unique<RuleService>(*runner_, *log_);
    }
    for (grpc::Service* const service : ClientServices()) services.push_back(service);
    if (deps_.in_process) {
      ZOOMWATCH_ASSIGN_OR_RETURN(server_, GrpcServer::InProcess(services));
      return absl::OkStatus();
    }
    ZOOMWATCH_ASSIGN_OR_RETURN(server_, GrpcServer::Listen(config_.grpc(), services, *deps_.clock));
    Log(Severity::kInfo, "listening", {{"port_name", "grpc"}, {"address", server_->address()}});
    return absl::OkStatus();
  }

  absl::Status MarkReady() {
    server_->SetServing(true);
    if (own_admin_ != nullptr) own_admin_->SetStarted();
    return absl::OkStatus();
  }

  const config::v1::Detector config_;
  DetectorDeps deps_;
  std::unique_ptr<Metrics> own_metrics_;
  std::unique_ptr<AzureDelivery> azure_;  // null: rows go elsewhere
  RouteTable routes_;                     // until the queue has them
  std::unique_ptr<IncidentDelivery> incidents_;  // null: no incidents are made
  std::unique_ptr<RowSink> event_sink_, alert_sink_, incident_sink_;  // the latter ones null: no rules, no incidents
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AlertStore> alerts_;  // null: no rules
  std::vector<std::unique_ptr<RowQueue>> queues_;
  std::vector<std::unique_ptr<DeliveryWorker>> workers_;
  std::unique_ptr<RuleRunner> runner_;  // null: no rules
  std::unique_ptr<DetectorService> service_;
  std::unique_ptr<grpc::Service> detect_;
  std::unique_ptr<grpc::Service> ledger_;
  std::unique_ptr<HuntService> hunts_;
  std::unique_ptr<VolumeService> volumes_;
  std::unique_ptr<AlertService> alert_service_;  // these null: no rules
  std::unique_ptr<RuleService> rule_service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<AdminServer> own_admin_;  // its checks ask the members above
};

DetectorApp::DetectorApp(config::v1::Detector config, DetectorDeps deps)
    : state_(std::make_unique<State>(std::move(config), std::move(deps))) {}

DetectorApp::~DetectorApp() = default;

absl::Status DetectorApp::Start() { return state_->steps.Start(); }

void DetectorApp::Stop(absl::Time deadline) { state_->steps.Stop(deadline); }

std::vector<ledger::v1::AccountLedger> DetectorApp::Ledger() const { return state_->Ledger(); }

std::vector<grpc::Service*> DetectorApp::ClientServices() const { return state_->ClientServices(); }

void DetectorApp::EndStreams() { state_->EndStreams(); }

std::shared_ptr<grpc::Channel> DetectorApp::Channel() { return state_->Channel(); }

}  // namespace zoomwatch::detector
