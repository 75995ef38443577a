// The detector as an App: event log, rules and their alerts, delivery, gRPC port (events in, ledger out), admin port.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/impl/service_type.h>

#include <memory>
#include <vector>

#include "common/app/service_main.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/detector.pb.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch {
class AdminServer;
}

namespace zoomwatch::detector {

struct DetectorDeps {
  const Clock* clock = &SystemClock::Get();
  Metrics* metrics = nullptr;  // absent: its own
  // True: no gRPC port; calls come through Channel().
  bool in_process = false;
  // In place of config.admin, for several services in one process. Must outlive the app.
  AdminServer* admin = nullptr;
};

class DetectorApp final : public App {
 public:
  // REQUIRES: `config` came from the configuration loader.
  DetectorApp(config::v1::Detector config, DetectorDeps deps);
  ~DetectorApp() override;

  // Also CONFIG_INVALID_VALUE for options of a sink that cannot be honoured (delivery/azure_delivery.h).
  absl::Status Start() override;
  void Stop(absl::Time deadline) override;

  // The detector's half of the ledger. REQUIRES: started.
  std::vector<ledger::v1::AccountLedger> Ledger() const;
  // Reaches the services inside this process. REQUIRES: started.
  std::shared_ptr<grpc::Channel> Channel();
  // The services for other programs (hunting, volume; with rules also alerts and rules), for a server that is shared with other services in
  // this process; that server stops before the app. REQUIRES: started.
  std::vector<grpc::Service*> ClientServices() const;
  // Ends the long calls of these services and refuses new ones, so that a server need not wait for them when it stops. Idempotent.
  void EndStreams();

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch::detector
