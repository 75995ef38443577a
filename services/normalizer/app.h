// The normalizer as an App: detector client, batch service, gRPC port, admin port. Keeps no state.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "common/app/service_main.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/normalizer.pb.h"

namespace zoomwatch {
class AdminServer;
}

namespace zoomwatch::normalizer {

struct NormalizerDeps {
  const Clock* clock = &SystemClock::Get();
  Metrics* metrics = nullptr;  // absent: its own
  // In place of config.detector and config.grpc, for several services in one process: calls come through Channel().
  std::shared_ptr<grpc::Channel> detector;
  // In place of config.admin, for several services in one process. Must outlive the app.
  AdminServer* admin = nullptr;
};

class NormalizerApp final : public App {
 public:
  // REQUIRES: `config` came from the configuration loader.
  NormalizerApp(config::v1::Normalizer config, NormalizerDeps deps);
  ~NormalizerApp() override;

  absl::Status Start() override;
  void Stop(absl::Time deadline) override;

  // Reaches the service inside this process. REQUIRES: started.
  std::shared_ptr<grpc::Channel> Channel();

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch::normalizer
