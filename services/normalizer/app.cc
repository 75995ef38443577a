#include "services/normalizer/app.h"

#include <algorithm>
#include <utility>

#include "common/admin/admin_server.h"
#include "common/app/steps.h"
#include "common/grpc/channel.h"
#include "common/grpc/server.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/transport/grpc/batch_client.h"
#include "common/transport/grpc/batch_server.h"
#include "services/normalizer/normalizer_service.h"

namespace zoomwatch::normalizer {

// The stop order matters: the server first (no new batch), then the client (it answers what is outstanding), then the service.
class NormalizerApp::State {
 public:
  State(config::v1::Normalizer config, NormalizerDeps deps) : config_(std::move(config)), deps_(std::move(deps)) {
    if (deps_.metrics == nullptr) {
      own_metrics_ = std::make_unique<Metrics>();
      deps_.metrics = own_metrics_.get();
    }
    if (deps_.admin == nullptr) {
      steps.Add("admin port", [this] { return StartAdmin(); }, [this](absl::Time deadline) {
        own_admin_->Shutdown(std::max(deadline - deps_.clock->Now(), absl::ZeroDuration()));
      });
    }
    steps.Add("detector client", [this] { return Connect(); }, [this](absl::Time) { sink_.reset(); });
    steps.Add("grpc port", [this] { return Serve(); }, [this](absl::Time deadline) { server_->Shutdown(deadline); });
    steps.Add("ready", [this] { return MarkReady(); }, [this](absl::Time) {
      if (own_admin_ != nullptr) own_admin_->SetDraining();
    });
  }

  StepList steps;

  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel(); }

 private:
  absl::Status StartAdmin() {
    ZOOMWATCH_ASSIGN_OR_RETURN(own_admin_,
                               AdminServer::Start(config_.admin().listen_address(), *deps_.clock, *deps_.metrics));
    Log(Severity::kInfo, "listening", {{"port_name", "admin"}, {"port", own_admin_->port()}});
    return absl::OkStatus();
  }

  absl::Status Connect() {
    std::shared_ptr<grpc::Channel> channel = deps_.detector;
    if (channel == nullptr) {
      ZOOMWATCH_ASSIGN_OR_RETURN(channel, MakeChannel(config_.detector(), *deps_.clock));
    }
    const auto& deadline = config_.detector().deadline();
    sink_ = MakeDetectClient(std::move(channel), absl::Seconds(deadline.seconds()) + absl::Nanoseconds(deadline.nanos()));
    return absl::OkStatus();
  }

  absl::Status Serve() {
    service_ = std::make_unique<NormalizerService>(
        NormalizerServiceOptions{.normalizer = {.max_depth = config_.json().max_depth()},
                                 .max_batches_in_flight = config_.max_batches_in_flight()},
        *sink_, *deps_.metrics);
    ingest_ = MakeIngestService(*service_);
    grpc::Service* services[] = {ingest_.get()};
    if (deps_.detector != nullptr) {
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

  const config::v1::Normalizer config_;
  NormalizerDeps deps_;
  std::unique_ptr<Metrics> own_metrics_;
  std::unique_ptr<AdminServer> own_admin_;
  std::unique_ptr<NormalizerService> service_;
  std::unique_ptr<EventSink<detect::v1::EventItem>> sink_;
  std::unique_ptr<grpc::Service> ingest_;
  std::unique_ptr<GrpcServer> server_;
};

NormalizerApp::NormalizerApp(config::v1::Normalizer config, NormalizerDeps deps)
    : state_(std::make_unique<State>(std::move(config), std::move(deps))) {}

NormalizerApp::~NormalizerApp() = default;

absl::Status NormalizerApp::Start() { return state_->steps.Start(); }

void NormalizerApp::Stop(absl::Time deadline) { state_->steps.Stop(deadline); }

std::shared_ptr<grpc::Channel> NormalizerApp::Channel() { return state_->Channel(); }

}  // namespace zoomwatch::normalizer
