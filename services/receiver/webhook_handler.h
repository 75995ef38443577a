// Decides about every request at the webhook port. Thread-safe; never blocks.
//
// Order: path, method, authentication headers (all from the head, before the body is read); body present; signature over the
// raw bytes with every secret of the path; time window; additional header check of the account; replay cache; then the store. The
// answer is 200 when the store says durable, 503 with the reason when it cannot, 401 for every fault of authentication. A signed
// challenge gets its answer and is stored like any event; it is answered even when it cannot be stored, because six
// unanswered ones end the subscription while a lost one costs nothing.
// The body is not parsed for anything else: a signed body that is not JSON is stored, and quarantined by the normalizer.
// Errors reach the peer as {"reason":"..."}; log lines carry ids and a hash of the body.
// Ownership: everything passed in must outlive the handler and all of its outstanding stores.
#pragma once

#include <map>
#include <string>

#include "common/http/server.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "services/receiver/account_registry.h"
#include "services/receiver/replay_cache.h"
#include "services/receiver/signature_verifier.h"
#include "services/receiver/trusted_proxies.h"
#include "services/receiver/url_validation.h"
#include "services/receiver/webhook_store.h"

namespace zoomwatch::receiver {

struct WebhookHandlerOptions {
  absl::Duration max_age = absl::Minutes(90);
  absl::Duration max_ahead = absl::Minutes(5);
  TrustedProxies trusted_proxies;
};

class WebhookHandler final : public http::Handler {
 public:
  WebhookHandler(WebhookHandlerOptions options, const AccountRegistry& accounts, ReplayCache& replays, ChallengeWatch& challenges,
                 WebhookStore& store, const Clock& clock, Metrics& metrics);

  std::optional<http::Response> OnHead(const http::Request& head) override;
  void Handle(http::Request request, http::Responder responder) override;

 private:
  // A request that passed every check, and how it will be answered.
  struct Verified {
    std::shared_ptr<const PathAccounts> accounts;  // keeps `account` alive
    const Account* account = nullptr;
    int64_t timestamp_seconds = 0;
    Sha256Digest mac;
    bool is_challenge = false;
    std::string trace_id;
    http::Response success;
  };
  struct AccountSeries {
    prometheus::Counter& accepted;
    prometheus::Counter& challenges;
    prometheus::Counter& replayed;
    prometheus::Counter& bytes;
  };

  absl::StatusOr<Verified> Verify(const http::Request& request, std::string* account_name);
  void Store(http::Request request, Verified verified, http::Responder responder);
  void OnStored(const Verified& verified, size_t body_bytes, absl::Time receive_time, const absl::Status& outcome,
                const http::Responder& responder);
  // Counts, logs and makes the answer.
  http::Response Refuse(const absl::Status& why, std::string_view account, const http::Request& request);

  const WebhookHandlerOptions options_;
  const AccountRegistry& accounts_;
  ReplayCache& replays_;
  ChallengeWatch& challenges_;
  WebhookStore& store_;
  const Clock& clock_;
  Metrics& metrics_;
  prometheus::Histogram& latency_;
  std::map<std::string, AccountSeries, std::less<>> series_;  // constant after construction
};

}  // namespace zoomwatch::receiver
