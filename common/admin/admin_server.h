// The plaintext port for probes and metrics. Keep it inside the cluster.
//   /livez    200 while the event loop runs
//   /readyz   200 when every check is OK, otherwise 503; the body names each check and, if it fails, why, and the details
//   /metrics  Prometheus text format 0.0.4
// Threading: thread-safe; checks run on the port's one thread and must not block. The checks are called until Shutdown() returns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"

namespace zoomwatch {

class AdminServer {
 public:
  // Binds and serves; with no checks yet /readyz answers 503 until SetStarted(). Errors: ADDRESS_UNUSABLE.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& listen_address, const Clock& clock,
                                                            Metrics& metrics);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  uint16_t port() const;

  // Adds a check: OK, or why the service is not ready (its Describe() text goes into the body, so it must not hold secrets).
  void AddReadinessCheck(std::string name, std::function<absl::Status()> check);
  // Adds a state that /readyz tells but does not decide by: of something that people should know, while to take the service out of
  // service would help nobody. Otherwise as a check.
  void AddReadinessDetail(std::string name, std::function<absl::Status()> detail);
  // All start-up steps are done: from now on the checks alone decide.
  void SetStarted();
  // The service is stopping: /readyz answers 503 from now on, whatever the checks say.
  void SetDraining();

  void Shutdown(absl::Duration deadline);

 private:
  class State;
  explicit AdminServer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch
