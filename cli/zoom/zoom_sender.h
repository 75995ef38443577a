// Posts planned traffic to a receiver as Zoom does: at a rate, over several connections, with Zoom's retries.
// Source of the retries: Zoom "Using webhooks", unsuccessful delivery: after 5 minutes, 20 minutes later and 60 minutes
// later, for answers of 500 and above and for no answer within 3 seconds; never for other answers. Not thread-safe;
// Run() starts threads of its own and ends them.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "absl/time/time.h"
#include "cli/zoom/send_report.h"
#include "cli/zoom/traffic.h"
#include "common/crypto/hmac.h"
#include "common/http_client/http_client.h"
#include "common/time/clock.h"

namespace zoomwatch::cli {

inline constexpr int kMostRetries = 3;

struct ZoomSenderOptions {
  std::string url;
  int concurrency = 1;                        // requests on the way at one time
  double rate = 0;                            // first attempts per second; 0: as fast as answers come
  int retries = 0;                            // at most kMostRetries
  double time_scale = 1;                      // Zoom's waits are multiplied by it
  bool keep_signature = false;                // a retry has the time stamp and signature of the first attempt
  absl::Duration timeout = absl::Seconds(3);  // for an answer
};

// The wait before attempt `attempt` (1: the first retry), scaled; nullopt: Zoom has no such attempt.
std::optional<absl::Duration> RetryWait(int attempt, double time_scale);

// Whether Zoom would send it again. `status` 0: no answer.
bool IsRetried(int status);

class ZoomSender {
 public:
  // All references must outlive the sender.
  ZoomSender(ZoomSenderOptions options, const Traffic& traffic, const HmacSha256Key& key, HttpClient& http,
             const Clock& clock);

  // Sends everything and returns when each request is answered or given up. A stop ends it early; what was not sent
  // then counts as planned and neither expected nor unexpected.
  SendReport Run(const std::stop_token& stop);

 private:
  class Schedule;
  struct Attempt;

  void Work(Schedule& schedule, const std::stop_token& stop);

  const ZoomSenderOptions options_;
  const Traffic& traffic_;
  const HmacSha256Key& key_;
  HttpClient& http_;
  const Clock& clock_;
};

}  // namespace zoomwatch::cli
