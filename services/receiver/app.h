// The receiver as an App: spool, accounts, webhook port, forwarder, ledger, admin port, in the order of their start.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <vector>

#include "common/app/service_main.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/receiver.pb.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch {
class AdminServer;
}

namespace zoomwatch::receiver {

struct ReceiverDeps {
  const Clock* clock = &SystemClock::Get();
  Metrics* metrics = nullptr;  // absent: its own
  // In place of config.normalizer, for several services in one process.
  std::shared_ptr<grpc::Channel> normalizer;
  // In place of config.admin, for several services in one process. Must outlive the app.
  AdminServer* admin = nullptr;
};

class ReceiverApp final : public App {
 public:
  // REQUIRES: `config` came from the configuration loader.
  ReceiverApp(config::v1::Receiver config, ReceiverDeps deps);
  ~ReceiverApp() override;

  absl::Status Start() override;
  void Stop(absl::Time deadline) override;

  // The receiver's half of the ledger. REQUIRES: started.
  std::vector<ledger::v1::AccountLedger> Ledger() const;

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch::receiver
