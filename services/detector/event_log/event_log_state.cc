#include "services/detector/event_log/event_log_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/event_table/legacy_columns.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {
namespace {

absl::Status Unreadable(std::string_view what) {
  return Error(Reason::kStorageCorrupt, fmt::format("event log: {} cannot be read", what));
}

absl::Status LoadBlocks(storage::KeyedStore& store, EventLogState& state) {
  uint64_t events = 0;
  for (auto walk = store.NewIterator(kBlocks, {}, {}); walk->Valid() || !walk->status().ok(); walk->Next()) {
    ZOOMWATCH_RETURN_IF_ERROR(walk->status());
    const auto number = ParseNumberKey(walk->key());
    const auto block = DecodeBlock(walk->value());
    if (!number.has_value() || !block.has_value()) return Unreadable("a block");
    state.blocks[*number] = *block;
    state.event_bytes += block->bytes;
    events += block->events;
  }
  if (events != state.counters.next_sequence - state.counters.first_sequence) {
    return Error(Reason::kStorageCorrupt, fmt::format("event log: blocks hold {} events, counters [{}, {})", events,
                                                      state.counters.first_sequence, state.counters.next_sequence));
  }
  return absl::OkStatus();
}

absl::Status LoadAhead(storage::KeyedStore& store, EventLogState& state) {
  const absl::StatusOr<std::string> ahead = store.Get(kMeta, kAheadKey);
  if (absl::IsNotFound(ahead.status())) return absl::OkStatus();
  if (!ahead.ok()) return ahead.status();
  constexpr size_t kNumber = sizeof(uint64_t);
  std::string_view rest = *ahead;
  uint64_t last = state.delivered;
  while (!rest.empty()) {
    const auto from = ParseNumberKey(rest.substr(0, kNumber));
    const auto to = rest.size() < 2 * kNumber ? std::nullopt : ParseNumberKey(rest.substr(kNumber, kNumber));
    if (!from.has_value() || !to.has_value() || *from <= last || *to < *from || *to >= state.counters.next_sequence ||
        state.ahead.size() + (*to - *from) >= kMaxSettledAhead) {
      return Unreadable("what was delivered ahead");
    }
    for (uint64_t sequence = *from; sequence <= *to; ++sequence) state.ahead.insert(state.ahead.end(), sequence);
    last = *to;
    rest.remove_prefix(2 * kNumber);
  }
  return absl::OkStatus();
}

// As LoadAhead() reads it.
std::string EncodeAhead(const std::set<uint64_t>& ahead) {
  std::string runs;
  for (auto at = ahead.begin(); at != ahead.end();) {
    const uint64_t from = *at;
    uint64_t to = from;
    while (++at != ahead.end() && *at == to + 1) ++to;
    runs += NumberKey(from) + NumberKey(to);
  }
  return runs;
}

absl::Status LoadLedger(storage::KeyedStore& store, EventLogState& state) {
  for (auto walk = store.NewIterator(kMeta, kLedgerPrefix, kLedgerEnd); walk->Valid() || !walk->status().ok(); walk->Next()) {
    ZOOMWATCH_RETURN_IF_ERROR(walk->status());
    ledger::v1::AccountLedger entry;
    if (!entry.ParseFromArray(walk->value().data(), static_cast<int>(walk->value().size()))) return Unreadable("a ledger entry");
    state.ledger[entry.account_name()] = std::move(entry);
  }
  return absl::OkStatus();
}

absl::Status LoadColumns(storage::KeyedStore& store, EventLogState& state) {
  ColumnSequences columns;
  for (auto walk = store.NewIterator(kMeta, kColumnPrefix, kColumnEnd); walk->Valid() || !walk->status().ok(); walk->Next()) {
    ZOOMWATCH_RETURN_IF_ERROR(walk->status());
    const auto sequence = ParseNumberKey(walk->value());
    if (!sequence.has_value()) return Unreadable("a column");
    columns.emplace(walk->key().substr(kColumnPrefix.size()), *sequence);
  }
  state.columns = std::make_shared<const ColumnSequences>(std::move(columns));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EventLogState> LoadState(storage::KeyedStore& store) {
  EventLogState state;
  const absl::StatusOr<std::string> counters = store.Get(kMeta, kCountersKey);
  if (absl::IsNotFound(counters.status())) return state;
  if (!counters.ok()) return counters.status();
  const auto decoded = DecodeCounters(*counters);
  if (!decoded.has_value()) return Unreadable("the counters");
  state.counters = *decoded;
  const absl::StatusOr<std::string> delivered = store.Get(kMeta, kDeliveredKey);
  if (delivered.ok()) {
    const auto sequence = ParseNumberKey(std::string_view(*delivered).substr(0, sizeof(uint64_t)));
    if (!sequence.has_value()) return Unreadable("the delivered position");
    state.delivered = *sequence;
    state.sink_state = delivered->substr(sizeof(uint64_t));
  } else if (!absl::IsNotFound(delivered.status())) {
    return delivered.status();
  }
  ZOOMWATCH_RETURN_IF_ERROR(LoadAhead(store, state));
  ZOOMWATCH_RETURN_IF_ERROR(LoadBlocks(store, state));
  ZOOMWATCH_RETURN_IF_ERROR(LoadLedger(store, state));
  ZOOMWATCH_RETURN_IF_ERROR(LoadColumns(store, state));
  return state;
}

EventLogDraft::EventLogDraft(const EventLogState& state)
    : state_(state), counters_(state.counters), delivered_(state.delivered), event_bytes_(state.event_bytes) {}

const ledger::v1::AccountLedger* EventLogDraft::FindLedger(const std::string& account) const {
  if (const auto changed = ledger_.find(account); changed != ledger_.end()) return &changed->second;
  const auto known = state_.ledger.find(account);
  return known == state_.ledger.end() ? nullptr : &known->second;
}

ledger::v1::AccountLedger& EventLogDraft::Ledger(const std::string& account) {
  if (const auto changed = ledger_.find(account); changed != ledger_.end()) return changed->second;
  ledger::v1::AccountLedger entry;
  if (const auto known = state_.ledger.find(account); known != state_.ledger.end()) entry = known->second;
  entry.set_account_name(account);
  return ledger_[account] = std::move(entry);
}

uint64_t EventLogDraft::AddEvent(absl::Time receive_time, const event::v1::Event& event) {
  const uint64_t sequence = counters_.next_sequence++;
  const std::string value = EncodeEvent(receive_time, event);
  batch_.Put(kEvents, NumberKey(sequence), value);
  std::optional<Block>& slot = blocks_[BlockOf(sequence)];
  if (!slot.has_value()) {
    const auto known = state_.blocks.find(BlockOf(sequence));
    // A block that this draft removed begins anew with the sequences behind the removed ones.
    const bool removed = sequence == counters_.first_sequence;
    slot = known == state_.blocks.end() || removed ? Block() : known->second;
  }
  slot->least_time = std::min(slot->least_time, receive_time);
  slot->greatest_time = std::max(slot->greatest_time, receive_time);
  slot->bytes += value.size();
  ++slot->events;
  event_bytes_ += value.size();
  return sequence;
}

void EventLogDraft::AddColumns(const std::vector<std::string>& names, uint64_t sequence) {
  for (const std::string& name : names) {
    if (state_.columns->contains(name) || state_.columns->size() + columns_.size() >= event_table::kMaxLegacyNames) continue;
    if (columns_.emplace(name, sequence).second) batch_.Put(kMeta, std::string(kColumnPrefix) + name, NumberKey(sequence));
  }
}

void EventLogDraft::AddQuarantine(QuarantineEntry entry) {
  const std::string value = EncodeQuarantine(entry);
  counters_.quarantine_bytes += value.size();
  batch_.Put(kQuarantine, NumberKey(counters_.next_quarantine++), value);
}

void EventLogDraft::RemoveQuarantine(uint64_t id, uint64_t value_bytes) {
  batch_.Delete(kQuarantine, NumberKey(id));
  counters_.quarantine_bytes -= std::min(counters_.quarantine_bytes, value_bytes);
}

void EventLogDraft::SetDelivered(uint64_t sequence, const std::vector<uint64_t>& ahead, std::string sink_state) {
  std::set<uint64_t> settled = this->ahead();
  const bool had_any = !settled.empty();
  settled.insert(ahead.begin(), ahead.end());
  settled.erase(settled.begin(), settled.upper_bound(sequence));
  while (!settled.empty() && *settled.begin() == sequence + 1) {
    settled.erase(settled.begin());
    ++sequence;
  }
  delivered_ = sequence;
  batch_.Put(kMeta, kDeliveredKey, NumberKey(sequence) + sink_state);
  if (had_any || !settled.empty()) {
    if (settled.empty()) batch_.Delete(kMeta, kAheadKey);
    else batch_.Put(kMeta, kAheadKey, EncodeAhead(settled));
    ahead_ = std::move(settled);
  }
  sink_state_ = std::move(sink_state);
}

std::optional<std::pair<Block, uint64_t>> EventLogDraft::FrontBlock() const {
  if (counters_.first_sequence == counters_.next_sequence) return std::nullopt;
  const uint64_t number = BlockOf(counters_.first_sequence);
  const uint64_t end = std::min(FirstOfBlock(number + 1), counters_.next_sequence);
  if (const auto changed = blocks_.find(number); changed != blocks_.end()) return std::pair(changed->second.value(), end);
  return std::pair(state_.blocks.at(number), end);
}

uint64_t EventLogDraft::RemoveFrontBlock() {
  const auto front = FrontBlock();
  ZOOMWATCH_CHECK(front.has_value());
  const uint64_t first = std::exchange(counters_.first_sequence, front->second);
  batch_.DeleteRange(kEvents, NumberKey(first), NumberKey(front->second));
  blocks_[BlockOf(first)] = std::nullopt;
  event_bytes_ -= front->first.bytes;
  return front->second - first;
}

void EventLogDraft::Finish() {
  batch_.Put(kMeta, kCountersKey, EncodeCounters(counters_));
  for (const auto& [account, entry] : ledger_) {
    batch_.Put(kMeta, std::string(kLedgerPrefix) + account, entry.SerializeAsString());
  }
  for (const auto& [number, block] : blocks_) {
    if (block.has_value()) batch_.Put(kBlocks, NumberKey(number), EncodeBlock(*block));
    else batch_.Delete(kBlocks, NumberKey(number));
  }
}

void EventLogDraft::Apply(EventLogState& state) && {
  state.counters = counters_;
  state.delivered = delivered_;
  state.event_bytes = event_bytes_;
  if (sink_state_.has_value()) state.sink_state = *std::move(sink_state_);
  if (ahead_.has_value()) state.ahead = *std::move(ahead_);
  for (auto& [account, entry] : ledger_) state.ledger[account] = std::move(entry);
  for (const auto& [number, block] : blocks_) {
    if (block.has_value()) state.blocks[number] = *block;
    else state.blocks.erase(number);
  }
  if (columns_.empty()) return;
  auto columns = std::make_shared<ColumnSequences>(*state.columns);
  columns->merge(columns_);
  state.columns = std::move(columns);
}

}  // namespace zoomwatch::detector
