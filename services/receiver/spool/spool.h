// The receiver's durable queue: every accepted webhook, on disk before it is answered, until the detector has it.
//
// Threading: all methods are thread-safe and none waits for the disk, except Open(), ReadBatch() (reads) and Close(). One thread reads
// batches, any threads acknowledge them. Callbacks of Store() run on the log's thread and must not block.
// Ownership: file system, clock and metrics outlive the spool.
// On disk: log/ (common/storage/segment_log.h, serialized RawWebhook without webhook_id), rejected/ (the same, for dead letters),
// `identity` (the spool id), `cursor` (position and counts up to it, replaced atomically).
// After a crash the batches that were acknowledged since the cursor was last written (SpoolOptions::cursor_interval) are read
// again; the detector recognises their webhook_ids.
// Ledger: accepted = forwarded + quarantined + spooled for each account, at every moment and across restarts.
// Errors: SPOOL_FULL, SPOOL_FAILED, SHUTTING_DOWN, BODY_TOO_LARGE from Store(); STORE_LOCKED, STORAGE_FAILED, STORAGE_CORRUPT,
// CONFIG_INVALID_VALUE from Open(); STORAGE_FAILED, STORAGE_CORRUPT from ReadBatch().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/storage/file_system.h"
#include "common/time/clock.h"
#include "common/transport/event_sink.h"
#include "services/receiver/webhook_store.h"
#include "zoomwatch/ingest/v1/raw_webhook.pb.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch::receiver {

// Meaning and defaults of the first five: config.v1.Spool.
struct SpoolOptions {
  std::string directory;
  uint64_t max_items = 20'000'000;
  uint64_t max_disk_bytes = uint64_t{10} << 30;
  uint64_t max_unwritten_bytes = uint64_t{64} << 20;
  uint64_t segment_bytes = uint64_t{64} << 20;
  // How often the cursor is written at most. A crash resends what was acknowledged within it; shorter costs two syncs each time.
  absl::Duration cursor_interval = absl::Milliseconds(100);
  // Most bytes of dead letters. When they are reached, a batch with refused items stays unacknowledged (so nothing is lost, and in
  // the end the spool fills up and webhooks are answered 503).
  uint64_t max_rejected_bytes = uint64_t{256} << 20;
  // Called on the log's thread once for each commit, after the callbacks of Store(): lets the edge wake each of its threads once
  // for many answers. Empty: not called.
  std::function<void()> after_commit;
};

class Spool final : public WebhookStore {
 public:
  // Opens or makes the spool. Cost: reads the webhooks that wait, to count them by account.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(SpoolOptions options, storage::FileSystem& files, const Clock& clock,
                                                     Metrics& metrics);
  // As Close().
  ~Spool() override;

  // See WebhookStore. account_name and receive_time are set; a webhook_id in it is ignored.
  void Store(ingest::v1::RawWebhook webhook, std::function<void(absl::Status)> done) override;

  // Webhooks in the order they were accepted, each with its webhook_id.
  struct Batch {
    uint64_t first_position = 0;
    uint64_t next_position = 0;  // exclusive
    std::vector<ingest::v1::RawWebhook> webhooks;
  };
  // The next batch: at most `max_items` webhooks of at most `max_bytes` serialized (but at least one). Waits up to `timeout` for
  // the first; an empty batch means there was none, or `stop` was requested. Each webhook is given once, so the caller keeps a
  // batch and sends it again until it is acknowledged; the next start of the receiver begins at the first that was not.
  absl::StatusOr<Batch> ReadBatch(size_t max_items, size_t max_bytes, absl::Duration timeout, const std::stop_token& stop);

  // The next service has every webhook of the batch, except `rejected`, which it refused for good: those are kept as dead letters
  // on disk and count as quarantined. In any order of batches; the cursor advances over the acknowledged ones in front.
  // REQUIRES: the batch came from ReadBatch() and is acknowledged once.
  void Acknowledge(const Batch& batch, const std::vector<RejectedItem>& rejected);

  // Refuses new webhooks, makes the accepted ones durable, runs their callbacks, writes the cursor. Idempotent.
  void Close();

  // One entry for each account, ordered by name: accepted, spooled, forwarded and quarantined counts.
  std::vector<ledger::v1::AccountLedger> Ledger() const;

  struct Stats {
    uint64_t items = 0;       // accepted and not acknowledged
    uint64_t disk_bytes = 0;  // of files
    absl::Duration age;       // of the oldest of the items, to about a second; zero: none
  };
  Stats GetStats() const;

  // OK, or why webhooks are refused since a write failed: for readiness.
  absl::Status health() const;
  // 16 lower-case hexadecimal digits, made with the folder.
  const std::string& id() const;

 private:
  class Impl;
  explicit Spool(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace zoomwatch::receiver
