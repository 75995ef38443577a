// The three services in one process, joined by in-process gRPC channels: the App behind `zoomwatch run`.
// The code is that of the three programs; only the channels, the admin port and the ledger port (both halves in one
// answer) differ. Threading: as App. Limits: those of the configuration.
#pragma once

#include <memory>
#include <vector>

#include "common/app/service_main.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/all_in_one.pb.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch::cli {

// The configurations of the services inside. Every group of options that has the same name in AllInOne and in the
// service's own configuration is taken over, so an option that is added to both needs nothing here.
struct ServiceConfigs {
  config::v1::Detector detector;
  config::v1::Normalizer normalizer;
  config::v1::Receiver receiver;
};
ServiceConfigs SplitConfig(const config::v1::AllInOne& config);

class AllInOneApp final : public App {
 public:
  // REQUIRES: `config` came from the configuration loader. `clock` must outlive the app.
  AllInOneApp(config::v1::AllInOne config, const Clock& clock);
  ~AllInOneApp() override;

  // Detector, normalizer, receiver, so that each finds the next one up. Errors: those of the services.
  absl::Status Start() override;
  // The other way round, so that what is under way reaches the store.
  void Stop(absl::Time deadline) override;

  // REQUIRES: started.
  std::vector<ledger::v1::AccountLedger> Ledger() const;

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch::cli
