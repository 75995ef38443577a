// A fake of what zoomwatch needs of Azure, in one server on 127.0.0.1: Entra's token endpoint, the managed identity endpoint, the
// Logs Ingestion API of one data collection rule and the incidents of one Sentinel workspace, with their documented limits. It can be
// told to fail in every way that matters.
//
//   POST /{tenant}/oauth2/v2.0/token                                                 token_authority.h
//   GET  /{tenant}/v2.0/.well-known/openid-configuration                             the token endpoint's address, for the official clients
//   GET  /metadata/identity/oauth2/token                                             token_authority.h
//   POST /dataCollectionRules/{rule}/streams/{stream}?api-version=2023-01-01         ingestion.h
//   GET, PUT /subscriptions/.../Microsoft.SecurityInsights/incidents...              incidents.h
//   GET  /_fake/state        the counters (state.h) as JSON
//   GET  /_fake/rows?stream= the rows of a stream, one JSON object per line
//   GET  /_fake/last-call    the last ingestion call with a valid token, as it came
//   POST /_fake/faults       adds faults (faults.h); DELETE removes all
//   POST /_fake/revoke       refuses all tokens given so far
//   POST /_fake/forget       forgets rows and counters
//
// Threading: every method is thread-safe. Ownership: the clock outlives the object. The destructor cuts all connections.
// Limits: keep_rows rows are kept for reading out, further ones are counted (and written to rows_file) only.
// Time: token expiry, TimeGenerated and the quota per minute go by `clock`; delays of faults by the wall.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/time/clock.h"
#include "tests/fakes/azure_monitor/faults.h"
#include "tests/fakes/azure_monitor/incidents.h"
#include "tests/fakes/azure_monitor/limits.h"
#include "tests/fakes/azure_monitor/state.h"
#include "tests/fakes/azure_monitor/stream.h"
#include "tests/fakes/azure_monitor/token_authority.h"

namespace zoomwatch::fakes {

struct AzureMonitorOptions {
  uint16_t port = 0;             // 0: any free one
  std::string certificate_file;  // PEM, with private_key_file: TLS; otherwise plain HTTP
  std::string private_key_file;
  TokenOptions token;
  std::string rule_id = "dcr-00000000000000000000000000000000";  // immutable id
  std::vector<Stream> streams;
  IncidentOptions incidents;
  AzureLimits limits;
  // What a body of one object instead of an array gets. The service was seen to answer 204 and to keep nothing (true); refusing it
  // with 400 makes the mistake visible.
  bool lose_object_bodies = false;
  std::string rows_file;  // not empty: committed rows are appended, one JSON object per line with the table's name as "Type"
  // For tests with more rows than a file or memory holds: called with each committed row, in order, under the fake's lock.
  std::function<void(const Stream&, std::string_view row)> on_row;
  size_t keep_rows = 1'000'000;
  const Clock* clock = &SystemClock::Get();
};

class FakeAzureMonitor {
 public:
  // Errors: CERTIFICATE_INVALID; INVALID_ARGUMENT, the client's certificate; UNAVAILABLE, the port or the rows file cannot be opened.
  static absl::StatusOr<std::unique_ptr<FakeAzureMonitor>> Start(AzureMonitorOptions options);
  ~FakeAzureMonitor();

  uint16_t port() const;
  // "http://127.0.0.1:<port>" or "https://localhost:<port>": token authority, managed identity endpoint, ingestion and management endpoint.
  std::string url() const;
  uint64_t connections() const;       // accepted so far
  uint64_t open_connections() const;  // of these, whose calls may still be under way

  // Errors: INVALID_ARGUMENT.
  absl::Status AddFault(Fault fault);
  void ClearFaults();
  size_t pending_faults() const;

  AzureState state() const;
  // The committed rows of a stream in order.
  std::vector<std::string> Rows(std::string_view stream) const;
  // The last ingestion call with a valid token.
  RecordedCall last_call() const;
  // Forgets rows and counters; tokens, quota and faults stay.
  void Forget();

  TokenAuthority& tokens();
  Incidents& incidents();

 private:
  class Endpoints;
  FakeAzureMonitor();
  std::unique_ptr<Endpoints> endpoints_;
};

}  // namespace zoomwatch::fakes
