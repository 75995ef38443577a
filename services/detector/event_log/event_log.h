// The detector's durable store: events in one total order, de-duplication, the position of delivery, quarantine and the ledger.
//
// Threading: all methods are thread-safe. Append() reads the bodies of its events on the caller's thread. One writer thread puts all batches that wait into one synced write; callbacks of
// Append() run on it and must not block. The other methods wait for the disk, so they are not for network threads.
// Ownership: store, clock and metrics outlive the log.
// Sequences number the stored events from 1 without gaps; they are never given twice in the life of the folder.
// Invariant for each account, at every moment and across restarts:
//   forwarded (deliveries stored) = delivered + not_sent + duplicate + quarantined + pending.
// Events behind the position of delivery may be settled ahead of it, when another stream than that of the oldest waiting event took
// them: they are counted when they are settled, and are never the next behind the position.
// De-duplication: by webhook_id (a resend between services: accepted, counted once) for delivery_horizon, and by event_id (another
// delivery of the same event: a duplicate) when the receive times of both are less than deduplication_horizon apart.
// Limits: EventLogOptions. Errors: STORE_FULL, OVERLOADED, STORAGE_FAILED, STORAGE_CORRUPT, STORE_LOCKED, SHUTTING_DOWN;
// after a failed write everything fails with STORAGE_FAILED until the folder is opened anew.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/storage/keyed_store.h"
#include "common/time/clock.h"
#include "common/transport/event_sink.h"
#include "zoomwatch/detect/v1/detect_service.pb.h"
#include "zoomwatch/event/v1/event.pb.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch::detector {

// Meaning and defaults of the first four: config.v1.EventStore.
struct EventLogOptions {
  std::string directory;
  absl::Duration deduplication_horizon = absl::Hours(24);
  absl::Duration retention = absl::Hours(24 * 30);
  // Bytes of stored events as written, before compression.
  uint64_t max_disk_bytes = uint64_t{50} << 30;
  // How long the webhook_ids of stored deliveries are remembered: a receiver that was cut off for longer may make duplicates.
  absl::Duration delivery_horizon = absl::Hours(24 * 7);
  // Most bytes of quarantined deliveries and rows; beyond it the oldest are removed (they stay counted).
  uint64_t max_quarantine_bytes = uint64_t{1} << 30;
  // Most bytes of batches that wait for the writer; beyond it Append() fails with OVERLOADED. One batch is always admitted.
  uint64_t max_queued_bytes = uint64_t{64} << 20;
};

// An event of the log, with its value still serialized. Views live as long as the callback.
struct EventView {
  uint64_t sequence = 0;
  absl::Time receive_time;
  std::string_view name;        // Event.event
  std::string_view serialized;  // event.v1.Event
};

// Which events a scan passes: all conditions hold for each.
struct ScanRange {
  absl::Time from_time = absl::InfinitePast();   // inclusive, of receive_time
  absl::Time to_time = absl::InfiniteFuture();   // exclusive
  uint64_t begin_sequence = 1;                   // inclusive
  uint64_t end_sequence = UINT64_MAX;            // exclusive
  std::function<bool(std::string_view)> wanted;  // of the event's name; empty: all
  bool skip_unreadable = false;                  // false: a stored value without the head of an event is STORAGE_CORRUPT
};

struct StoredEvent {
  uint64_t sequence = 0;
  event::v1::Event event;
  // The stored bytes are no event (any more): `event` is not to be used.
  bool unreadable = false;
};

// The columns of the retired connector (common/event_table/legacy_columns.h) that stored events had, each with the sequence of the first
// of them. As in the connector's table a column stays when its events go. At most event_table::kMaxLegacyNames.
using ColumnSequences = std::map<std::string, uint64_t, std::less<>>;

// What took one route.
struct RouteCounts {
  int64_t rows = 0;
  int64_t bytes = 0;  // as JSON, before compression
};

// What became of the events of one account that a commit settles.
struct DeliveryCounts {
  int64_t delivered = 0;
  int64_t not_sent = 0;
  int64_t quarantined = 0;
  std::map<std::string, RouteCounts> routes = {};  // of those delivered and not sent, by name; empty: nobody asked for the routes
};

// A row that the sink refused for good.
struct RefusedRow {
  uint64_t sequence = 0;
  std::string reason;   // a row of docs/error-reasons.md
  std::string message;  // for people
  std::string account_name = {};  // whose row it is, when the event itself cannot say so; otherwise empty
};

// More events than one attempt of delivery has (DeliveryOptions::max_rows).
inline constexpr size_t kMaxSettledAhead = 100'000;

struct DeliveryCommit {
  uint64_t up_to_sequence = 0;                           // inclusive
  std::string sink_state;                                // opaque; given back by SinkState()
  std::map<std::string, DeliveryCounts> account_counts;  // by account_name; together one for each event that is settled
  std::vector<RefusedRow> refused;                       // go to quarantine; also counted in account_counts
  std::vector<uint64_t> ahead = {};                      // beyond up_to_sequence and settled too; ascending
};

struct QuarantineEntry {
  uint64_t id = 0;            // grows
  absl::Time time;            // when it came into quarantine
  std::string account_name;
  std::string webhook_id;
  std::string reason;
  std::string message;
  std::string body;           // the webhook's body; for a refused row the serialized Event; for an unreadable event what is stored
  uint64_t sequence = 0;      // of the refused row's event; 0: a webhook that could not be read
};

class EventLog {
 public:
  // Opens or makes the log in options.directory.
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(EventLogOptions options, const Clock& clock, Metrics& metrics);
  // The same over a given store (tests). REQUIRES: `store` was opened with EventLogFamilies(options, clock).
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(EventLogOptions options, std::unique_ptr<storage::KeyedStore> store,
                                                        const Clock& clock, Metrics& metrics);
  // As Close().
  ~EventLog();

  // Stores a batch atomically and then calls `done` exactly once, on the writer's thread, or before it returns when it is refused
  // at once (SHUTTING_DOWN, OVERLOADED, STORAGE_FAILED). Never waits for the disk.
  // OK: every item is durable or in `rejected` (ITEM_MALFORMED: no webhook_id, no outcome, no event_id, no name or no account_name).
  // Otherwise (STORE_FULL, STORAGE_FAILED) the caller sends the batch again. Idempotent by webhook_id.
  void Append(std::vector<detect::v1::EventItem> items, std::function<void(absl::StatusOr<BatchResult>)> done);

  // Events from `sequence` (inclusive) on, in order: at most `max_items` of at most `max_bytes` serialized (but at least one).
  // Empty: there are none yet. OUT_OF_RANGE: the event at `sequence` was removed by retention. A stored value that is no event comes
  // as unreadable; what the store itself cannot give back (STORAGE_CORRUPT, STORAGE_FAILED) is an error, for nothing of it is left.
  absl::StatusOr<std::vector<StoredEvent>> ReadFrom(uint64_t sequence, size_t max_items, size_t max_bytes);
  // The event with that id. NOT_FOUND: none is kept. Cost: one read within the horizon of de-duplication, a scan beyond it.
  absl::StatusOr<StoredEvent> FindEvent(const std::string& event_id);
  // Waits until the event at `sequence` is stored. False: time ran out, or `stop` was requested, or the log was closed.
  bool WaitForEvents(uint64_t sequence, absl::Duration timeout, const std::stop_token& stop);

  // Moves the position of delivery and settles events ahead of it, durably and atomically with everything in `commit`. Idempotent only
  // in that what is settled is refused: INVALID_ARGUMENT ITEM_MALFORMED when nothing is settled by it, the position goes back, a
  // sequence lies behind the end or is settled already, the counts do not add up to the events that are settled, or a refused row is
  // not among them. The position then also passes what was settled ahead and has become the next.
  absl::Status CommitDelivered(DeliveryCommit commit);
  // Puts unreadable events that stand directly behind the position of delivery into quarantine with STORAGE_CORRUPT and their bytes,
  // and moves the position past them, as CommitDelivered() does. OK without effect when there are none. Cost: with several accounts
  // that wait for delivery, a read of all events that wait, to find out whose they are.
  absl::Status SetAsideUnreadable();
  // Last sequence whose row needs nothing more; 0: none yet.
  uint64_t DeliveredPosition() const;
  // The events beyond that position that need nothing more either, ascending. At most kMaxSettledAhead.
  std::vector<uint64_t> SettledAhead() const;
  // As of the last CommitDelivered(); empty at first.
  std::string SinkState() const;

  // One entry for each account, ordered by name. The receiver's fields are 0.
  std::vector<ledger::v1::AccountLedger> GetLedger() const;

  // Up to `page_size` entries with id > `after_id`, in order.
  absl::StatusOr<std::vector<QuarantineEntry>> ListQuarantine(uint64_t after_id, size_t page_size);

  // Calls `callback` in the order of the log for each event of the range until it returns false. Sees the log as of the call; a scan
  // is resumed by the sequence behind the last event that it passed. Cost: blocks of the log without such a time are skipped.
  absl::Status Scan(const ScanRange& range, const std::function<bool(const EventView&)>& callback);
  // How many events a scan of the range would look at, without regard to `wanted`: never fewer than it passes.
  uint64_t CountCandidates(const ScanRange& range) const;

  // Removes delivered events that are older than the retention or beyond max_disk_bytes, by whole blocks. The writer does it by
  // itself, at most a minute late.
  absl::Status ApplyRetention();

  // Refuses new batches, stores the waiting ones, runs their callbacks. Idempotent.
  void Close();

  // Never null. Columns of an event are there when the event can be read.
  std::shared_ptr<const ColumnSequences> Columns() const;

  // Oldest stored event, or EndSequence().
  uint64_t FirstSequence() const;
  // The sequence that the next event will get.
  uint64_t EndSequence() const;
  // The least receive_time of the stored events, which need not be that of the oldest sequence; InfiniteFuture() when there are none.
  absl::Time LeastReceiveTime() const;
  // Bytes of stored events, before compression.
  uint64_t EventBytes() const;
  // The error that made the log refuse batches, or OK.
  absl::Status health() const;

 private:
  class Impl;
  explicit EventLog(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

// The families of the log's store. `clock` outlives the store.
std::vector<storage::FamilyOptions> EventLogFamilies(const EventLogOptions& options, const Clock& clock);

}  // namespace zoomwatch::detector
