// The series of one port, looked up once. Thread-safe. Internal to common/http.
#pragma once

#include <map>
#include <string>

#include "common/http/http_metrics.h"
#include "common/status/reasons.h"

namespace zoomwatch::http {

class PortMetrics {
 public:
  PortMetrics(Metrics& metrics, const std::string& port);

  void CountResponse(int status);
  void CountRefusal(Reason reason);

  prometheus::Gauge& open;
  prometheus::Counter& accepted;
  prometheus::Counter& refused;
  prometheus::Counter& displaced;
  prometheus::Counter& failed;
  prometheus::Counter& handshake_done;
  prometheus::Counter& handshake_failed;
  prometheus::Counter& handshake_timeout;
  prometheus::Counter& reload_done;
  prometheus::Counter& reload_failed;
  prometheus::Gauge& certificate_end;

 private:
  std::map<int, prometheus::Counter*> responses_;  // constant after construction
  prometheus::Counter& other_responses_;
  std::map<Reason, prometheus::Counter*> refusals_;  // constant after construction
};

}  // namespace zoomwatch::http
