// What the event log keeps in memory of its store, and a draft of changes to it. Not thread-safe: EventLog guards it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/keyed_store.h"
#include "services/detector/event_log/event_format.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch::detector {

struct EventLogState {
  Counters counters;
  uint64_t delivered = 0;
  std::string sink_state;
  std::set<uint64_t> ahead;  // settled, above `delivered` + 1
  uint64_t event_bytes = 0;
  std::map<std::string, ledger::v1::AccountLedger> ledger;
  std::map<uint64_t, Block> blocks;  // every block from that of first_sequence to that of the last event
  std::shared_ptr<const ColumnSequences> columns = std::make_shared<const ColumnSequences>();
};

// Reads the state from the store. STORAGE_CORRUPT: an entry cannot be read, or the blocks do not fit the counters.
absl::StatusOr<EventLogState> LoadState(storage::KeyedStore& store);

// The state as it will be, and the batch that makes it durable. Holds what differs only.
class EventLogDraft {
 public:
  // `state` outlives the draft and does not change before Apply().
  explicit EventLogDraft(const EventLogState& state);

  const Counters& counters() const { return counters_; }
  uint64_t delivered() const { return delivered_; }
  const std::set<uint64_t>& ahead() const { return ahead_.has_value() ? *ahead_ : state_.ahead; }
  uint64_t event_bytes() const { return event_bytes_; }
  storage::KeyedBatch& batch() { return batch_; }
  // The account's entry, made at need.
  ledger::v1::AccountLedger& Ledger(const std::string& account);
  // The account's entry as it is, nullptr: none.
  const ledger::v1::AccountLedger* FindLedger(const std::string& account) const;

  // Stores the event under the next sequence, which it returns.
  uint64_t AddEvent(absl::Time receive_time, const event::v1::Event& event);
  // Columns of that event: those that are not known yet come to be with it, as far as there is room.
  void AddColumns(const std::vector<std::string>& names, uint64_t sequence);
  void AddQuarantine(QuarantineEntry entry);  // gives it its id
  void RemoveQuarantine(uint64_t id, uint64_t value_bytes);
  // Everything up to `sequence`, and those of `ahead`, are settled, beside what was settled before.
  void SetDelivered(uint64_t sequence, const std::vector<uint64_t>& ahead, std::string sink_state);

  // The oldest block, unless there are no events. Its events are [first_sequence, second).
  std::optional<std::pair<Block, uint64_t>> FrontBlock() const;
  // Removes the events of the oldest block. Returns how many.
  uint64_t RemoveFrontBlock();

  // Completes the batch with the changed counters, ledgers and blocks.
  void Finish();
  // Makes the changes in `state`. Call once, after the batch was written.
  void Apply(EventLogState& state) &&;

 private:
  const EventLogState& state_;
  storage::KeyedBatch batch_;
  Counters counters_;
  uint64_t delivered_;
  uint64_t event_bytes_;
  std::optional<std::string> sink_state_;
  std::optional<std::set<uint64_t>> ahead_;
  std::map<std::string, ledger::v1::AccountLedger> ledger_;
  std::map<uint64_t, std::optional<Block>> blocks_;  // nullopt: removed
  ColumnSequences columns_;                          // new ones
};

}  // namespace zoomwatch::detector
