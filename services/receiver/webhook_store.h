// Where a verified webhook goes before it is answered 200. Implemented by the spool, and by fakes in tests.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "zoomwatch/ingest/v1/raw_webhook.pb.h"

namespace zoomwatch::receiver {

class WebhookStore {
 public:
  virtual ~WebhookStore() = default;

  // Stores the webhook durably and then calls `done` exactly once, from any thread. The store fills in webhook_id.
  // OK: it survives a kill or a crash from now on. Otherwise it is not stored: SPOOL_FULL, SPOOL_FAILED, SHUTTING_DOWN.
  // Never blocks on the disk. Thread-safe.
  virtual void Store(ingest::v1::RawWebhook webhook, std::function<void(absl::Status)> done) = 0;
};

}  // namespace zoomwatch::receiver
