#include "cli/all_in_one.h"

#include <algorithm>
#include <utility>

#include "cli/ledger_report.h"
#include "common/admin/admin_server.h"
#include "common/app/steps.h"
#include "common/grpc/server.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/status/check.h"
#include "common/status/status_macros.h"
#include "common/transport/grpc/ledger_server.h"
#include "services/detector/app.h"
#include "services/normalizer/app.h"
#include "services/receiver/app.h"

namespace zoomwatch::cli {
namespace {

namespace pb = google::protobuf;

// Of a call between the services inside. As the default of GrpcClient.deadline: a sync of the disk may take that long.
constexpr int kInProcessDeadlineSeconds = 10;

// Copies the groups that are set in `from` and have a field of the same name and type in `to`.
void CopyGroups(const pb::Message& from, pb::Message& to) {
  const pb::Reflection& source = *from.GetReflection();
  const pb::Reflection& target = *to.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  source.ListFields(from, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    const pb::FieldDescriptor* same = to.GetDescriptor()->FindFieldByName(field->name());
    if (same == nullptr || same->message_type() != field->message_type()) continue;
    ZOOMWATCH_CHECK(field->message_type() != nullptr);  // a test keeps single options out of the shared names
    if (!field->is_repeated()) {
      target.MutableMessage(&to, same)->CopyFrom(source.GetMessage(from, field));
      continue;
    }
    for (int i = 0; i < source.FieldSize(from, field); ++i) {
      target.AddMessage(&to, same)->CopyFrom(source.GetRepeatedMessage(from, field, i));
    }
  }
}

}  // namespace

ServiceConfigs SplitConfig(const config::v1::AllInOne& config) {
  ServiceConfigs configs;
  CopyGroups(config, configs.detector);
  CopyGroups(config, configs.normalizer);
  CopyGroups(config, configs.receiver);
  // The one port for gRPC is ours.
  configs.detector.clear_grpc();
  configs.normalizer.clear_grpc();
  configs.receiver.clear_grpc();
  configs.receiver.mutable_normalizer()->mutable_deadline()->set_seconds(kInProcessDeadlineSeconds);
  configs.normalizer.mutable_detector()->mutable_deadline()->set_seconds(kInProcessDeadlineSeconds);
  // The receiver inside is the only caller.
  configs.normalizer.set_max_batches_in_flight(config.batching().max_in_flight());
  return configs;
}

// Members are in the order of their start. The admin port goes first of all at the end: its checks ask the services.
class AllInOneApp::State {
 public:
  State(config::v1::AllInOne config, const Clock& clock) : config_(std::move(config)), clock_(clock) {
    steps.Add(
        "admin port", [this] { return StartAdmin(); },
        [this](absl::Time deadline) { admin_->Shutdown(std::max(deadline - clock_.Now(), absl::ZeroDuration())); });
    steps.Add(
        "detector", [this] { return StartDetector(); }, [this](absl::Time deadline) { detector_->Stop(deadline); });
    steps.Add(
        "normalizer", [this] { return StartNormalizer(); },
        [this](absl::Time deadline) { normalizer_->Stop(deadline); });
    steps.Add(
        "receiver", [this] { return StartReceiver(); }, [this](absl::Time deadline) { receiver_->Stop(deadline); });
    if (config_.has_grpc()) {
      steps.Add(
          "grpc port", [this] { return StartGrpc(); },
          [this](absl::Time deadline) {
            detector_->EndStreams();
            grpc_->Shutdown(deadline);
          });
    }
  }

  StepList steps;

  std::vector<ledger::v1::AccountLedger> Ledger() const {
    std::vector<ledger::v1::AccountLedger> detector = detector_->Ledger();
    for (ledger::v1::AccountLedger& account : detector)
      account.clear_forwarded_count();  // the receiver's count of the same
    return AddLedgers(receiver_->Ledger(), detector);
  }

 private:
  absl::Status StartAdmin() {
    ZOOMWATCH_ASSIGN_OR_RETURN(admin_, AdminServer::Start(config_.admin().listen_address(), clock_, metrics_));
    Log(Severity::kInfo, "listening", {{"port_name", "admin"}, {"port", admin_->port()}});
    return absl::OkStatus();
  }

  absl::Status StartDetector() {
    detector_ = std::make_unique<detector::DetectorApp>(
        configs_.detector,
        detector::DetectorDeps{.clock = &clock_, .metrics = &metrics_, .in_process = true, .admin = admin_.get()});
    return detector_->Start();
  }

  absl::Status StartNormalizer() {
    normalizer_ = std::make_unique<normalizer::NormalizerApp>(
        configs_.normalizer,
        normalizer::NormalizerDeps{
            .clock = &clock_, .metrics = &metrics_, .detector = detector_->Channel(), .admin = admin_.get()});
    return normalizer_->Start();
  }

  absl::Status StartReceiver() {
    receiver_ = std::make_unique<receiver::ReceiverApp>(
        configs_.receiver,
        receiver::ReceiverDeps{
            .clock = &clock_, .metrics = &metrics_, .normalizer = normalizer_->Channel(), .admin = admin_.get()});
    return receiver_->Start();
  }

  absl::Status StartGrpc() {
    ledger_ = MakeLedgerService([this] { return Ledger(); });
    std::vector<grpc::Service*> services = detector_->ClientServices();
    services.push_back(ledger_.get());
    ZOOMWATCH_ASSIGN_OR_RETURN(grpc_, GrpcServer::Listen(config_.grpc(), services, clock_));
    grpc_->SetServing(true);
    Log(Severity::kInfo, "listening", {{"port_name", "grpc"}, {"address", grpc_->address()}});
    return absl::OkStatus();
  }

  const config::v1::AllInOne config_;
  const ServiceConfigs configs_ = SplitConfig(config_);
  const Clock& clock_;
  Metrics metrics_;
  std::unique_ptr<detector::DetectorApp> detector_;
  std::unique_ptr<normalizer::NormalizerApp> normalizer_;
  std::unique_ptr<receiver::ReceiverApp> receiver_;
  std::unique_ptr<grpc::Service> ledger_;
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<AdminServer> admin_;
};

AllInOneApp::AllInOneApp(config::v1::AllInOne config, const Clock& clock)
    : state_(std::make_unique<State>(std::move(config), clock)) {}

AllInOneApp::~AllInOneApp() = default;

absl::Status AllInOneApp::Start() { return state_->steps.Start(); }

void AllInOneApp::Stop(absl::Time deadline) { state_->steps.Stop(deadline); }

std::vector<ledger::v1::AccountLedger> AllInOneApp::Ledger() const { return state_->Ledger(); }

}  // namespace zoomwatch::cli
