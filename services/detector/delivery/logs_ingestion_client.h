// Calls of the Azure Monitor Logs Ingestion API for one data collection rule.
//
// Threading: thread-safe. Ownership: what the constructor takes by reference outlives the client.
// Each call carries a token; a 401 is answered by one new token and one more call. Calls keep within the rule's
// RateBudget. Nothing is repeated otherwise: the caller decides by CallResult. docs/delivery.md has the table of
// answers. Errors hold Azure's message, bounded, without the token. Source: "Logs Ingestion API in Azure Monitor",
// api-version 2023-01-01.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/http_client/http_client.h"
#include "common/metrics/metrics.h"
#include "common/retry/sleeper.h"
#include "common/time/clock.h"
#include "services/detector/delivery/rate_budget.h"
#include "services/detector/delivery/token_provider.h"

namespace zoomwatch::detector {

// A body of one call: a JSON array.
struct IngestionBody {
  std::string_view bytes;  // as they are sent
  bool gzip = false;
  size_t plain_bytes = 0;  // before compression
  bool urgent = false;     // may use what the budget keeps for such calls
};

struct CallResult {
  enum class Kind {
    kStored,   // 204
    kRefused,  // the body is at fault (400, 413): the same body will always be refused
    kRetry,    // passes by itself
    kWait,     // somebody must act, or a permission must come into force
  };
  Kind kind = Kind::kStored;
  absl::Status status;         // OK when stored
  absl::Duration retry_after;  // what Azure asked for; 0: nothing
};

class LogsIngestionClient {
 public:
  struct Options {
    std::string endpoint;  // "https://<name>.<region>-1.ingest.monitor.azure.com", no slash at the end
    std::string rule_id;   // "dcr-..."
    absl::Duration timeout = absl::Seconds(30);
  };

  LogsIngestionClient(Options options, HttpClient& http, TokenProvider& tokens, RateBudget& budget, const Clock& clock,
                      Sleeper& sleeper, Metrics& metrics);

  // Makes the call. `stop` ends waits for the budget or for a token before anything was sent; `cancel` ends also the
  // call itself, after which Azure may have the rows or not. Both lead to kRetry with SHUTTING_DOWN.
  CallResult Post(const std::string& stream, const IngestionBody& body, const std::stop_token& stop,
                  const std::stop_token& cancel);

 private:
  // Waits until the budget grants the call. False: stopped.
  bool AwaitBudget(const IngestionBody& body, const std::stop_token& stop);
  absl::StatusOr<HttpResponse> Call(const std::string& stream, const IngestionBody& body, const Secret& token,
                                    const std::stop_token& cancel);
  CallResult Read(const std::string& stream, const absl::StatusOr<HttpResponse>& response, const Secret& token);
  void Count(const std::string& stream, std::string_view result);

  const Options options_;
  HttpClient& http_;
  TokenProvider& tokens_;
  RateBudget& budget_;
  const Clock& clock_;
  Sleeper& sleeper_;
  Metrics& metrics_;
};

}  // namespace zoomwatch::detector
