// Calls about the incidents of one Sentinel workspace.
//
// Threading: thread-safe. Ownership: what the constructor takes by reference outlives the client.
// An incident is created once and never changed. The documents let a PUT of an incident that exists overwrite it: its body needs no etag
// (azure-rest-api-specs issue 13203), so a PUT that is repeated after a crash or a lost answer would reset what an analyst has done
// since, and open again what was closed. Therefore every attempt looks first (GET), and an incident that is there is left alone.
// The HTTP client must not repeat it on its own either (HttpRequest::once).
//   What remains is a PUT of ours that arrives late, after the look of a later attempt found nothing. For that each PUT has
// "If-None-Match: *" (RFC 9110 section 13.1.2): where the service honours it, the late one is answered 412 and changes nothing. 412 and
// 409 are answered by one more look. An incident that was deleted while its answer was lost is made again; nothing can tell the two apart.
// Each call carries a token; a 401 is answered by one new token and one more call. Nothing is repeated otherwise: the caller decides by
// the result. docs/incidents.md has the table of answers. Errors hold Azure's message, bounded, without the token.
// Source: azure-rest-api-specs, Microsoft.SecurityInsights 2023-02-01: Incidents_Get, _CreateOrUpdate, _List.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/http_client/http_client.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "services/detector/delivery/token_provider.h"

namespace zoomwatch::detector {

struct IncidentResult {
  enum class Kind {
    kCreated,
    kExisting,  // it was there and was not touched; of a look: we may read
    kRefused,   // the body is at fault (400, 413): the same body will always be refused
    kRetry,     // passes by itself
    kWait,      // somebody must act, or a permission must come into force
  };
  Kind kind = Kind::kCreated;
  absl::Status status;         // OK when created or existing
  absl::Duration retry_after;  // what Azure asked for; 0: nothing
};

class IncidentClient {
 public:
  struct Options {
    std::string url;  // IncidentOptions::url
    absl::Duration timeout = absl::Seconds(30);
  };

  IncidentClient(Options options, HttpClient& http, TokenProvider& tokens, const Clock& clock, Metrics& metrics);

  // Makes the incident unless it is there. `stop` ends waits for a token before anything was sent; `cancel` ends also the calls
  // themselves, after which the incident may be there or not. Both lead to kRetry with SHUTTING_DOWN. REQUIRES: `name` is a GUID.
  IncidentResult Create(std::string_view name, std::string_view body, const std::stop_token& stop, const std::stop_token& cancel);

  // Reads one incident, whichever: shows address, identity, workspace and the right to read, and changes nothing.
  IncidentResult Probe();

 private:
  struct Answer;
  Answer Call(HttpRequest request, const std::stop_token& stop, const std::stop_token& cancel);
  HttpRequest Look(std::string_view name) const;
  // What a call means that did not bring what it was for.
  IncidentResult Failed(const Answer& answer, bool write);
  void Count(bool write, std::string_view result);

  const Options options_;
  HttpClient& http_;
  TokenProvider& tokens_;
  const Clock& clock_;
  Metrics& metrics_;
};

}  // namespace zoomwatch::detector
