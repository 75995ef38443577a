// Delivery to one data collection rule, put together from its configuration: connections, identity, budget, client. All
// sinks that it makes, one for each stream, share them.
//
// Threading: thread-safe. Ownership: clock, sleeper and metrics outlive the object, which outlives its sinks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/event_table/event_row.h"
#include "common/http_client/http_client.h"
#include "common/metrics/metrics.h"
#include "common/retry/sleeper.h"
#include "common/time/clock.h"
#include "services/detector/delivery/delivery_worker.h"
#include "services/detector/delivery/logs_ingestion_client.h"
#include "services/detector/delivery/row_sink.h"
#include "services/detector/delivery/token_provider.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::detector {

class AzureDelivery {
 public:
  // Calls nobody yet. CONFIG_INVALID_VALUE: an address that is neither https nor on this machine, an initial_backoff
  // above max_backoff. REQUIRES: `config` came from the configuration loader.
  static absl::StatusOr<std::unique_ptr<AzureDelivery>> Make(const config::v1::LogsIngestionSink& config,
                                                             const Clock& clock, Sleeper& sleeper, Metrics& metrics);

  // `urgent`: its calls do not wait behind those of other sinks (rate_budget.h).
  std::unique_ptr<RowSink> MakeSink(const std::string& stream, bool urgent = false);

  // One sink over such sinks, for rows of these streams.
  std::unique_ptr<RowSink> MakeSink(const std::vector<std::string>& streams);

  // One call to the stream with no rows in it: shows address, identity, permission, rule and stream, and changes nothing. Blocks
  // for as long as a token and a call may take. Azure may refuse an empty batch (kRefused) even then.
  CallResult Probe(const std::string& stream);
  // Whether our identity gets a token. Blocks for as long as that may take.
  absl::Status ProbeToken();

  // Tokens of the same identity for another scope, and our connections. Both live no longer than this object.
  std::unique_ptr<TokenProvider> MakeTokens(const std::string& scope);
  HttpClient& http() { return *http_; }

  // What a worker that feeds such a sink should do.
  DeliveryOptions worker_options() const;
  // Of rows that fit into one call.
  event_table::RowLimits row_limits() const;

 private:
  AzureDelivery(const config::v1::LogsIngestionSink& config, const Clock& clock, Sleeper& sleeper, Metrics& metrics);

  const config::v1::LogsIngestionSink config_;
  const Clock& clock_;
  Metrics& metrics_;
  const std::unique_ptr<HttpClient> http_;
  TokenProvider tokens_;
  RateBudget budget_;
  LogsIngestionClient client_;
};

// The address without slashes at its end. CONFIG_INVALID_VALUE: not https (plain http is taken for this machine only:
// 127.0.0.0/8, [::1], localhost, where tests and proxies are), or with a user, query or fragment. `option` names it in
// the message.
absl::StatusOr<std::string> CheckedAddress(const std::string& option, const std::string& address);

}  // namespace zoomwatch::detector
