#include "services/detector/event_log/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/event_table/legacy_columns.h"
#include "common/log/log.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"
#include "common/time/timestamp.h"
#include "services/detector/event_log/event_format.h"
#include "services/detector/event_log/event_log_metrics.h"
#include "services/detector/event_log/event_log_state.h"

namespace zoomwatch::detector {
namespace {

constexpr size_t kGroupBytes = size_t{8} << 20;
constexpr absl::Duration kRetentionInterval = absl::Minutes(1);
constexpr int kQuarantineRemovals = 1000;  // in one write

// Why the item cannot be stored; empty: it can.
std::string_view Flaw(const detect::v1::EventItem& item) {
  if (item.webhook_id().empty()) return "webhook_id is empty";
  if (item.has_quarantined()) return item.quarantined().account_name().empty() ? "account_name is empty" : "";
  if (!item.has_event()) return "neither event nor quarantined is set";
  if (item.event().event_id().empty()) return "event_id is empty";
  if (item.event().event().empty()) return "event is empty";
  return item.event().account_name().empty() ? "account_name is empty" : "";
}

// Columns of the event's body that are not among the known ones.
std::vector<std::string> NewColumns(const event::v1::Event& event, const ColumnSequences& known) {
  std::vector<std::string> names;
  if (known.size() >= event_table::kMaxLegacyNames) return names;
  event_table::VisitLegacyNames(event.payload(), [&](std::string_view name) {
    if (!known.contains(name)) names.emplace_back(name);
  });
  return names;
}

absl::Status Malformed(std::string_view message) { return Error(Reason::kItemMalformed, message); }

void AddToRoute(ledger::v1::AccountLedger& entry, const std::string& name, const RouteCounts& counts) {
  auto* const routes = entry.mutable_routes();
  auto at = std::find_if(routes->begin(), routes->end(), [&](const ledger::v1::RouteCount& route) { return route.name() >= name; });
  if (at == routes->end() || at->name() != name) {
    const auto place = static_cast<int>(at - routes->begin());
    entry.add_routes()->set_name(name);
    for (int i = routes->size() - 1; i > place; --i) routes->SwapElements(i, i - 1);
    at = routes->begin() + place;
  }
  at->set_row_count(at->row_count() + counts.rows);
  at->set_byte_count(at->byte_count() + counts.bytes);
}

// False: `value` is no event that Append() could have stored; then `event` holds what could be made out of it, for a guess.
bool ReadEvent(uint64_t sequence, std::string_view value, event::v1::Event& event) {
  const auto view = DecodeEvent(sequence, value);
  return view.has_value() && event.ParseFromArray(view->serialized.data(), static_cast<int>(view->serialized.size())) &&
         !event.event_id().empty() && !event.event().empty() && !event.account_name().empty();
}

}  // namespace

class EventLog::Impl {
 public:
  Impl(EventLogOptions options, std::unique_ptr<storage::KeyedStore> store, const Clock& clock, Metrics& metrics)
      : options_(std::move(options)), store_(std::move(store)), clock_(clock), metrics_(metrics) {}
  ~Impl() { Close(); }

  absl::Status Open();
  void Append(std::vector<detect::v1::EventItem> items, std::function<void(absl::StatusOr<BatchResult>)> done);
  absl::StatusOr<std::vector<StoredEvent>> ReadFrom(uint64_t sequence, size_t max_items, size_t max_bytes);
  bool WaitForEvents(uint64_t sequence, absl::Duration timeout, const std::stop_token& stop);
  absl::Status SetAsideUnreadable();
  // Hands the request to the writer and waits: a delivery commit, or (nullopt) the work of retention.
  absl::Status Commit(std::optional<DeliveryCommit> commit);
  absl::StatusOr<std::vector<QuarantineEntry>> ListQuarantine(uint64_t after_id, size_t page_size);
  absl::StatusOr<StoredEvent> FindEvent(const std::string& event_id);
  absl::Status Scan(const ScanRange& range, const std::function<bool(const EventView&)>& callback);
  uint64_t CountCandidates(const ScanRange& range) const;
  void Close();
  std::vector<ledger::v1::AccountLedger> GetLedger() const;
  EventLogState Position() const;  // without what is many: ahead, ledger, blocks
  std::vector<uint64_t> SettledAhead() const {
    MutexLock lock(mutex_);
    return {state_.ahead.begin(), state_.ahead.end()};
  }
  absl::Time LeastReceiveTime() const {
    MutexLock lock(mutex_);
    absl::Time least = absl::InfiniteFuture();
    for (const auto& [number, block] : state_.blocks) least = std::min(least, block.least_time);
    return least;
  }
  std::shared_ptr<const ColumnSequences> Columns() const {
    MutexLock lock(mutex_);
    return state_.columns;
  }
  absl::Status health() const {
    MutexLock lock(mutex_);
    return failure_;
  }

 private:
  struct Request {
    std::vector<detect::v1::EventItem> items;
    std::map<size_t, std::vector<std::string>> columns;  // by item: those that were not known when it was appended
    std::function<void(absl::StatusOr<BatchResult>)> done;  // empty: not a batch
    std::optional<DeliveryCommit> commit;
    std::function<void(absl::Status)> finished;  // of a commit or of retention
    size_t bytes = 0;
    absl::StatusOr<BatchResult> result = BatchResult{};
    absl::Status status;
  };
  // What the store and the batches before know of the ids in a group.
  struct Known {
    std::unordered_set<std::string> deliveries;
    std::unordered_map<std::string, Identity> identities;
  };

  // The runs of sequences, [first, second) and in order, that a scan must read; neighbours are joined.
  std::vector<std::pair<uint64_t, uint64_t>> RunsOf(const ScanRange& range) const;
  void RunWriter();
  void WriteGroup(std::deque<Request>& group);
  absl::StatusOr<Known> LookUp(const std::deque<Request>& group);
  void AddBatch(Request& request, Known& known, EventLogDraft& draft);
  void AddEvent(const detect::v1::EventItem& item, const std::vector<std::string>* columns, Known& known, EventLogDraft& draft,
                BatchResult& result);
  void AddQuarantined(const detect::v1::EventItem& item, EventLogDraft& draft);
  absl::Status AddCommit(DeliveryCommit& commit, EventLogDraft& draft);
  // How many events the commit settles.
  absl::StatusOr<int64_t> CountSettled(const DeliveryCommit& commit, const EventLogDraft& draft) const;
  absl::StatusOr<std::vector<QuarantineEntry>> ReadRefused(const DeliveryCommit& commit, const EventLogDraft& draft);
  // The accounts whose pending events are not all readable, with how many are not. With one account that has any: all of them.
  absl::StatusOr<std::map<std::string, int64_t>> CountUnreadable();
  void Retain(EventLogDraft& draft, size_t wanted_bytes);
  absl::Status RetainQuarantine(EventLogDraft& draft);
  void Finish(std::deque<Request>& group, const absl::Status& written);
  void UpdateGauges();

  const EventLogOptions options_;
  const std::unique_ptr<storage::KeyedStore> store_;
  const Clock& clock_;
  Metrics& metrics_;
  prometheus::Counter& stored_items_ = metrics_.Counter(kLogItems, {"stored"});

  mutable Mutex mutex_;
  CondVar work_;
  CondVar stored_;
  // Changed by the writer alone, under the lock; so the writer reads it without.
  EventLogState state_;
  std::deque<Request> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex close_mutex_;
  std::thread writer_;
};

absl::Status EventLog::Impl::Open() {
  ZOOMWATCH_ASSIGN_OR_RETURN(state_, LoadState(*store_));
  UpdateGauges();
  writer_ = std::thread([this] { RunWriter(); });
  return absl::OkStatus();
}

void EventLog::Impl::Append(std::vector<detect::v1::EventItem> items,
                            std::function<void(absl::StatusOr<BatchResult>)> done) {
  size_t bytes = 0;
  std::map<size_t, std::vector<std::string>> columns;
  const std::shared_ptr<const ColumnSequences> known = Columns();
  for (size_t i = 0; i < items.size(); ++i) {
    bytes += items[i].ByteSizeLong();
    if (std::vector<std::string> names = NewColumns(items[i].event(), *known); !names.empty()) columns.emplace(i, std::move(names));
  }
  absl::Status refused;
  {
    MutexLock lock(mutex_);
    if (!failure_.ok()) refused = failure_;
    else if (closing_) refused = Error(Reason::kShuttingDown, "the event log is closed");
    else if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.max_queued_bytes) {
      refused = Error(Reason::kOverloaded, fmt::format("event log: {} bytes wait, and {} more exceed {}", queued_bytes_, bytes,
                                                       options_.max_queued_bytes));
    } else {
      Request request;
      request.items = std::move(items);
      request.columns = std::move(columns);
      request.done = std::move(done);
      request.bytes = bytes;
      queued_bytes_ += bytes;
      queue_.push_back(std::move(request));
      work_.NotifyOne();
      return;
    }
  }
  metrics_.Counter(kLogRefusedBatches, {NameOf(ReasonOf(refused).value_or(Reason::kStorageFailed))}).Increment();
  done(std::move(refused));
}

absl::Status EventLog::Impl::Commit(std::optional<DeliveryCommit> commit) {
  struct Outcome {
    Mutex mutex;
    CondVar changed;
    std::optional<absl::Status> status ABSL_GUARDED_BY(mutex);
  } outcome;
  {
    MutexLock lock(mutex_);
    if (!failure_.ok()) return failure_;
    if (closing_) return Error(Reason::kShuttingDown, "the event log is closed");
    Request request;
    request.commit = std::move(commit);
    request.finished = [&outcome](absl::Status status) {
      MutexLock outcome_lock(outcome.mutex);
      outcome.status = std::move(status);
      outcome.changed.NotifyAll();
    };
    queue_.push_back(std::move(request));
    work_.NotifyOne();
  }
  MutexLock lock(outcome.mutex);
  while (!outcome.status.has_value()) outcome.changed.Wait(outcome.mutex);
  return *outcome.status;
}

void EventLog::Impl::RunWriter() {
  while (true) {
    std::deque<Request> group;
    {
      MutexLock lock(mutex_);
      if (queue_.empty() && !closing_) work_.WaitFor(mutex_, kRetentionInterval);
      if (queue_.empty() && closing_) return;
      size_t bytes = 0;
      while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= kGroupBytes)) {
        bytes += queue_.front().bytes;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      queued_bytes_ -= bytes;
    }
    WriteGroup(group);
  }
}

void EventLog::Impl::WriteGroup(std::deque<Request>& group) {
  absl::StatusOr<Known> known = LookUp(group);
  if (!known.ok()) return Finish(group, known.status());
  const uint64_t first_before = state_.counters.first_sequence;
  EventLogDraft draft(state_);
  Retain(draft, 0);
  if (const absl::Status status = RetainQuarantine(draft); !status.ok()) return Finish(group, status);
  for (Request& request : group) {
    if (request.done) AddBatch(request, *known, draft);
    else if (request.commit.has_value()) request.status = AddCommit(*request.commit, draft);
  }
  if (draft.batch().empty()) return Finish(group, absl::OkStatus());
  draft.Finish();
  const absl::Duration begin = clock_.Monotonic();
  absl::Status written = store_->Write(draft.batch());
  metrics_.Histogram(kLogWriteSeconds).Observe(absl::ToDoubleSeconds(clock_.Monotonic() - begin));
  {
    MutexLock lock(mutex_);
    if (written.ok()) {
      std::move(draft).Apply(state_);
      stored_.NotifyAll();
    } else {
      // Nobody knows whether the batch is on disk, so memory and disk may disagree: only opening the folder anew settles it.
      written = Error(Reason::kStorageFailed, std::string(written.message()));
      failure_ = written;
    }
  }
  Finish(group, written);
  const uint64_t first = state_.counters.first_sequence;
  if (first == first_before) return;
  metrics_.Counter(kLogRemovedEvents).Increment(static_cast<double>(first - first_before));
  if (const absl::Status status = store_->ReclaimRange(kEvents, NumberKey(0), NumberKey(first)); !status.ok()) {
    Log(Severity::kWarning, "space of removed events was not given back", {{"error", status}});
  }
}

void EventLog::Impl::Finish(std::deque<Request>& group, const absl::Status& written) {
  for (Request& request : group) {
    if (request.done) {
      if (!written.ok()) request.result = written;
      if (!request.result.ok()) {
        const Reason reason = ReasonOf(request.result.status()).value_or(Reason::kStorageFailed);
        metrics_.Counter(kLogRefusedBatches, {NameOf(reason)}).Increment();
      }
      request.done(std::move(request.result));
    } else {
      request.finished(written.ok() ? request.status : written);
    }
  }
  UpdateGauges();
}

absl::StatusOr<EventLog::Impl::Known> EventLog::Impl::LookUp(const std::deque<Request>& group) {
  std::vector<std::string> deliveries;
  std::vector<std::string> identities;
  for (const Request& request : group) {
    for (const detect::v1::EventItem& item : request.items) {
      deliveries.push_back(item.webhook_id());
      if (item.has_event()) identities.push_back(item.event().event_id());
    }
  }
  Known known;
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto delivery_values, store_->MultiGet(kDeliveries, deliveries));
  for (size_t i = 0; i < deliveries.size(); ++i) {
    if (!delivery_values[i].has_value()) continue;
    const auto time = DecodeTime(*delivery_values[i]);
    if (!time.has_value()) return Error(Reason::kStorageCorrupt, "event log: a delivery cannot be read");
    if (clock_.Now() - *time < options_.delivery_horizon) known.deliveries.insert(deliveries[i]);
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto identity_values, store_->MultiGet(kIdentities, identities));
  for (size_t i = 0; i < identities.size(); ++i) {
    if (!identity_values[i].has_value()) continue;
    const auto identity = DecodeIdentity(*identity_values[i]);
    if (!identity.has_value()) return Error(Reason::kStorageCorrupt, "event log: an identity cannot be read");
    known.identities[identities[i]] = *identity;
  }
  return known;
}

void EventLog::Impl::AddBatch(Request& request, Known& known, EventLogDraft& draft) {
  if (draft.event_bytes() + request.bytes > options_.max_disk_bytes) Retain(draft, request.bytes);
  if (draft.event_bytes() + request.bytes > options_.max_disk_bytes) {
    request.result = Error(Reason::kStoreFull, fmt::format("event log: {} bytes of events that wait for delivery, limit {}",
                                                           draft.event_bytes(), options_.max_disk_bytes));
    return;
  }
  BatchResult result;
  for (size_t i = 0; i < request.items.size(); ++i) {
    const detect::v1::EventItem& item = request.items[i];
    if (const std::string_view flaw = Flaw(item); !flaw.empty()) {
      result.rejected.push_back({.index = static_cast<int>(i), .reason = std::string(NameOf(Reason::kItemMalformed)),
                                 .message = std::string(flaw)});
      metrics_.Counter(kLogItems, {"rejected"}).Increment();
      continue;
    }
    ++result.accepted_count;
    if (!known.deliveries.insert(item.webhook_id()).second) {
      metrics_.Counter(kLogItems, {"resent"}).Increment();
      continue;
    }
    draft.batch().Put(kDeliveries, item.webhook_id(), EncodeTime(clock_.Now()));
    const auto columns = request.columns.find(i);
    if (item.has_event()) AddEvent(item, columns == request.columns.end() ? nullptr : &columns->second, known, draft, result);
    else AddQuarantined(item, draft);
  }
  request.result = std::move(result);
}

void EventLog::Impl::AddEvent(const detect::v1::EventItem& item, const std::vector<std::string>* columns, Known& known,
                              EventLogDraft& draft, BatchResult& result) {
  const event::v1::Event& event = item.event();
  const absl::Time time = event.has_receive_time() ? TimeOf(event.receive_time()) : clock_.Now();
  ledger::v1::AccountLedger& ledger = draft.Ledger(event.account_name());
  ledger.set_forwarded_count(ledger.forwarded_count() + 1);
  const auto found = known.identities.find(event.event_id());
  if (found != known.identities.end() && absl::AbsDuration(time - found->second.receive_time) < options_.deduplication_horizon) {
    ++result.duplicate_count;
    ledger.set_duplicate_count(ledger.duplicate_count() + 1);
    metrics_.Counter(kLogItems, {"duplicate"}).Increment();
    return;
  }
  ledger.set_pending_count(ledger.pending_count() + 1);
  const Identity identity{.receive_time = time, .sequence = draft.AddEvent(time, event)};
  if (columns != nullptr) draft.AddColumns(*columns, identity.sequence);
  known.identities[event.event_id()] = identity;
  draft.batch().Put(kIdentities, event.event_id(), EncodeIdentity(identity));
  stored_items_.Increment();
}

void EventLog::Impl::AddQuarantined(const detect::v1::EventItem& item, EventLogDraft& draft) {
  const event::v1::QuarantinedWebhook& webhook = item.quarantined();
  ledger::v1::AccountLedger& ledger = draft.Ledger(webhook.account_name());
  ledger.set_forwarded_count(ledger.forwarded_count() + 1);
  ledger.set_quarantined_count(ledger.quarantined_count() + 1);
  draft.AddQuarantine({.time = clock_.Now(), .account_name = webhook.account_name(), .webhook_id = item.webhook_id(),
                       .reason = webhook.reason(), .message = webhook.message(), .body = webhook.body()});
  metrics_.Counter(kLogItems, {"quarantined"}).Increment();
}

absl::StatusOr<int64_t> EventLog::Impl::CountSettled(const DeliveryCommit& commit, const EventLogDraft& draft) const {
  const bool moves = commit.up_to_sequence > draft.delivered();
  if (commit.up_to_sequence < draft.delivered() || (!moves && commit.ahead.empty()) ||
      commit.up_to_sequence >= state_.counters.next_sequence) {
    return Malformed(fmt::format("delivery: position {} is not in ({}, {})", commit.up_to_sequence, draft.delivered(),
                                 state_.counters.next_sequence));
  }
  uint64_t last = commit.up_to_sequence;
  for (const uint64_t sequence : commit.ahead) {
    if (sequence <= last || sequence >= state_.counters.next_sequence || draft.ahead().contains(sequence)) {
      return Malformed(fmt::format("delivery: event {} ahead of {} is settled already, out of order or not stored", sequence, last));
    }
    last = sequence;
  }
  if (draft.ahead().size() + commit.ahead.size() > kMaxSettledAhead) {
    return Malformed(fmt::format("delivery: {} and {} events ahead exceed {}", draft.ahead().size(), commit.ahead.size(), kMaxSettledAhead));
  }
  const auto passed = std::distance(draft.ahead().begin(), draft.ahead().upper_bound(commit.up_to_sequence));
  return static_cast<int64_t>(commit.up_to_sequence - draft.delivered()) - passed + static_cast<int64_t>(commit.ahead.size());
}

absl::Status EventLog::Impl::AddCommit(DeliveryCommit& commit, EventLogDraft& draft) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const int64_t settled, CountSettled(commit, draft));
  int64_t total = 0;
  int64_t quarantined = 0;
  for (const auto& [account, counts] : commit.account_counts) {
    const int64_t sum = counts.delivered + counts.not_sent + counts.quarantined;
    const ledger::v1::AccountLedger* const entry = draft.FindLedger(account);
    if (counts.delivered < 0 || counts.not_sent < 0 || counts.quarantined < 0 || entry == nullptr || sum > entry->pending_count()) {
      return Malformed(fmt::format("delivery: {} events of account \"{}\" are more than are pending", sum, account));
    }
    int64_t routed = 0;
    for (const auto& [route, taken] : counts.routes) routed += taken.rows;
    if (!counts.routes.empty() && routed != counts.delivered + counts.not_sent) {
      return Malformed(fmt::format("delivery: {} events of account \"{}\" by route are not its {} and {}", routed, account,
                                   counts.delivered, counts.not_sent));
    }
    total += sum;
    quarantined += counts.quarantined;
  }
  if (total != settled || quarantined != static_cast<int64_t>(commit.refused.size())) {
    return Malformed(fmt::format("delivery: counts of {} events and {} refused rows do not fit the {} of positions ({}, {}] and {} ahead",
                                 total, commit.refused.size(), settled, draft.delivered(), commit.up_to_sequence, commit.ahead.size()));
  }
  // Read before the draft changes: a commit that fails leaves nothing in it.
  ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<QuarantineEntry> refused, ReadRefused(commit, draft));
  for (QuarantineEntry& entry : refused) draft.AddQuarantine(std::move(entry));
  for (const auto& [account, counts] : commit.account_counts) {
    ledger::v1::AccountLedger& entry = draft.Ledger(account);
    entry.set_delivered_count(entry.delivered_count() + counts.delivered);
    entry.set_not_sent_count(entry.not_sent_count() + counts.not_sent);
    entry.set_quarantined_count(entry.quarantined_count() + counts.quarantined);
    entry.set_pending_count(entry.pending_count() - counts.delivered - counts.not_sent - counts.quarantined);
    for (const auto& [route, taken] : counts.routes) AddToRoute(entry, route, taken);
  }
  draft.SetDelivered(commit.up_to_sequence, commit.ahead, std::move(commit.sink_state));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<QuarantineEntry>> EventLog::Impl::ReadRefused(const DeliveryCommit& commit,
                                                                                   const EventLogDraft& draft) {
  std::vector<QuarantineEntry> entries;
  for (const RefusedRow& row : commit.refused) {
    const bool passed = row.sequence > draft.delivered() && row.sequence <= commit.up_to_sequence && !draft.ahead().contains(row.sequence);
    if (!passed && !std::binary_search(commit.ahead.begin(), commit.ahead.end(), row.sequence)) {
      return Malformed(fmt::format("delivery: refused row {} is not settled by the commit up to {}", row.sequence, commit.up_to_sequence));
    }
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::string value, store_->Get(kEvents, NumberKey(row.sequence)));
    event::v1::Event event;
    if (!ReadEvent(row.sequence, value, event)) {
      if (row.account_name.empty()) return Error(Reason::kStorageCorrupt, fmt::format("event log: event {} cannot be read", row.sequence));
      entries.push_back({.id = 0, .time = clock_.Now(), .account_name = row.account_name, .webhook_id = event.webhook_id(),
                         .reason = row.reason, .message = row.message, .body = value, .sequence = row.sequence});
      continue;
    }
    const auto view = DecodeEvent(row.sequence, value);
    entries.push_back({.id = 0, .time = clock_.Now(), .account_name = event.account_name(), .webhook_id = event.webhook_id(),
                       .reason = row.reason, .message = row.message, .body = std::string(view->serialized),
                       .sequence = row.sequence});
  }
  return entries;
}

// Removes delivered blocks that are too old, and oldest first as many as it takes to make room for `wanted_bytes`.
void EventLog::Impl::Retain(EventLogDraft& draft, size_t wanted_bytes) {
  const absl::Time cutoff = clock_.Now() - options_.retention;
  while (const auto front = draft.FrontBlock()) {
    const bool beyond = front->first.greatest_time < cutoff || draft.event_bytes() + wanted_bytes > options_.max_disk_bytes;
    if (!beyond || front->second - 1 > std::min(draft.delivered(), state_.counters.next_sequence - 1)) return;
    draft.RemoveFrontBlock();
  }
}

absl::Status EventLog::Impl::RetainQuarantine(EventLogDraft& draft) {
  if (draft.counters().quarantine_bytes == 0) return absl::OkStatus();
  const absl::Time cutoff = clock_.Now() - options_.retention;
  int removed = 0;
  for (auto walk = store_->NewIterator(kQuarantine, {}, {}); walk->Valid() && removed < kQuarantineRemovals; walk->Next()) {
    const auto id = ParseNumberKey(walk->key());
    const auto time = DecodeTime(walk->value());
    if (!id.has_value() || !time.has_value()) return Error(Reason::kStorageCorrupt, "event log: quarantine cannot be read");
    if (*time >= cutoff && draft.counters().quarantine_bytes <= options_.max_quarantine_bytes) break;
    draft.RemoveQuarantine(*id, walk->value().size());
    ++removed;
  }
  metrics_.Counter(kLogRemovedQuarantine).Increment(removed);
  return absl::OkStatus();
}

void EventLog::Impl::UpdateGauges() {
  metrics_.Gauge(kLogPending).Set(static_cast<double>(state_.counters.next_sequence - 1 - state_.delivered - state_.ahead.size()));
  metrics_.Gauge(kLogBytes).Set(static_cast<double>(state_.event_bytes));
  metrics_.Gauge(kLogMemoryBytes).Set(static_cast<double>(store_->MemoryBytes()));
  metrics_.Gauge(kLogQuarantineBytes).Set(static_cast<double>(state_.counters.quarantine_bytes));
}

EventLogState EventLog::Impl::Position() const {
  MutexLock lock(mutex_);
  return {.counters = state_.counters, .delivered = state_.delivered, .sink_state = state_.sink_state,
          .ahead = {}, .event_bytes = state_.event_bytes, .ledger = {}, .blocks = {}, .columns = {}};
}

absl::StatusOr<std::vector<StoredEvent>> EventLog::Impl::ReadFrom(uint64_t sequence, size_t max_items, size_t max_bytes) {
  const Counters counters = Position().counters;
  if (sequence < counters.first_sequence) {
    return absl::OutOfRangeError(fmt::format("event {} was removed; the oldest is {}", sequence, counters.first_sequence));
  }
  std::vector<StoredEvent> events;
  if (sequence >= counters.next_sequence) return events;
  size_t bytes = 0;
  auto walk = store_->NewIterator(kEvents, NumberKey(sequence), NumberKey(counters.next_sequence));
  for (; walk->Valid() && events.size() < max_items; walk->Next()) {
    if (ParseNumberKey(walk->key()) != sequence) {
      return Error(Reason::kStorageCorrupt, fmt::format("event log: event {} is missing", sequence));
    }
    StoredEvent stored{.sequence = sequence, .event = {}};
    stored.unreadable = !ReadEvent(sequence, walk->value(), stored.event);
    bytes += walk->value().size();
    if (!events.empty() && bytes > max_bytes) break;
    events.push_back(std::move(stored));
    ++sequence;
  }
  ZOOMWATCH_RETURN_IF_ERROR(walk->status());
  if (events.empty() && max_items > 0) {
    return Error(Reason::kStorageCorrupt, fmt::format("event log: event {} is missing", sequence));
  }
  return events;
}

absl::StatusOr<std::map<std::string, int64_t>> EventLog::Impl::CountUnreadable() {
  std::map<std::string, int64_t> waiting;
  uint64_t next = 0;
  uint64_t end = 0;
  std::set<uint64_t> ahead;  // they do not wait any more
  {
    MutexLock lock(mutex_);
    ahead = state_.ahead;
    for (const auto& [account, entry] : state_.ledger) {
      if (entry.pending_count() > 0) waiting[account] = entry.pending_count();
    }
    next = state_.delivered + 1;
    end = state_.counters.next_sequence;
  }
  if (waiting.size() <= 1) return waiting;
  while (next < end) {
    const size_t most = std::min(end - next, kBlockEvents);
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<StoredEvent> events, ReadFrom(next, most, kGroupBytes));
    for (const StoredEvent& stored : events) {
      if (!stored.unreadable && !ahead.contains(stored.sequence)) --waiting[stored.event.account_name()];
    }
    next += events.size();
  }
  return waiting;
}

absl::Status EventLog::Impl::SetAsideUnreadable() {
  const EventLogState position = Position();
  ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<StoredEvent> events, ReadFrom(position.delivered + 1, kBlockEvents, kGroupBytes));
  const std::vector<uint64_t> ahead = SettledAhead();
  const auto goes_on = [&](const StoredEvent& stored) {
    return !stored.unreadable || std::binary_search(ahead.begin(), ahead.end(), stored.sequence);
  };
  events.erase(std::find_if(events.begin(), events.end(), goes_on), events.end());
  if (events.empty()) return absl::OkStatus();
  ZOOMWATCH_ASSIGN_OR_RETURN(auto owners, CountUnreadable());
  DeliveryCommit commit{.up_to_sequence = events.back().sequence, .sink_state = position.sink_state, .account_counts = {}, .refused = {}};
  for (const StoredEvent& stored : events) {
    // The one that it still names, or else any that misses one: the counts are right in either case.
    auto owner = owners.find(stored.event.account_name());
    if (owner == owners.end() || owner->second <= 0) {
      owner = std::find_if(owners.begin(), owners.end(), [](const auto& entry) { return entry.second > 0; });
    }
    if (owner == owners.end()) return Error(Reason::kStorageCorrupt, fmt::format("event log: event {} is of no account", stored.sequence));
    --owner->second;
    ++commit.account_counts[owner->first].quarantined;
    commit.refused.push_back({.sequence = stored.sequence, .reason = std::string(NameOf(Reason::kStorageCorrupt)),
                              .message = "what the event log has stored is not an event; the body is the stored value",
                              .account_name = owner->first});
  }
  ZOOMWATCH_RETURN_IF_ERROR(Commit(std::move(commit)));
  metrics_.Counter(kLogUnreadable).Increment(static_cast<double>(events.size()));
  Log(Severity::kError, "stored events cannot be read back and are put into quarantine",
      {{"events", std::to_string(events.size())}, {"first_sequence", std::to_string(events.front().sequence)}});
  return absl::OkStatus();
}

absl::StatusOr<StoredEvent> EventLog::Impl::FindEvent(const std::string& event_id) {
  const auto identity = store_->Get(kIdentities, event_id);
  if (!identity.ok() && !absl::IsNotFound(identity.status())) return identity.status();
  if (const auto known = identity.ok() ? DecodeIdentity(*identity) : std::nullopt; known && known->sequence != 0) {
    const auto events = ReadFrom(known->sequence, 1, 0);
    const bool found = events.ok() && !events->empty() && !events->front().unreadable;
    if (found && events->front().event.event_id() == event_id) return events->front();
  }
  std::optional<StoredEvent> found;
  ZOOMWATCH_RETURN_IF_ERROR(Scan({.wanted = {}, .skip_unreadable = true}, [&](const EventView& view) {
    StoredEvent stored{.sequence = view.sequence, .event = {}};
    const bool same = view.serialized.find(event_id) != std::string_view::npos &&
                      stored.event.ParseFromArray(view.serialized.data(), static_cast<int>(view.serialized.size())) &&
                      stored.event.event_id() == event_id;
    if (same) found = std::move(stored);
    return !same;
  }));
  if (!found) return absl::NotFoundError(fmt::format("no event {} is kept", event_id));
  return *std::move(found);
}

bool EventLog::Impl::WaitForEvents(uint64_t sequence, absl::Duration timeout, const std::stop_token& stop) {
  const absl::Duration deadline = SystemClock::Get().Monotonic() + timeout;
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    stored_.NotifyAll();
  });
  MutexLock lock(mutex_);
  while (state_.counters.next_sequence <= sequence) {
    const absl::Duration left = deadline - SystemClock::Get().Monotonic();
    if (left <= absl::ZeroDuration() || stop.stop_requested() || closing_) return false;
    stored_.WaitFor(mutex_, left);
  }
  return true;
}

absl::StatusOr<std::vector<QuarantineEntry>> EventLog::Impl::ListQuarantine(uint64_t after_id, size_t page_size) {
  std::vector<QuarantineEntry> entries;
  auto walk = store_->NewIterator(kQuarantine, NumberKey(after_id + 1), {});
  for (; walk->Valid() && entries.size() < page_size; walk->Next()) {
    const auto id = ParseNumberKey(walk->key());
    auto entry = DecodeQuarantine(id.value_or(0), walk->value());
    if (!id.has_value() || !entry.has_value()) return Error(Reason::kStorageCorrupt, "event log: quarantine cannot be read");
    entries.push_back(*std::move(entry));
  }
  ZOOMWATCH_RETURN_IF_ERROR(walk->status());
  return entries;
}

std::vector<std::pair<uint64_t, uint64_t>> EventLog::Impl::RunsOf(const ScanRange& range) const {
  std::vector<std::pair<uint64_t, uint64_t>> runs;
  MutexLock lock(mutex_);
  const uint64_t begin = std::max(range.begin_sequence, state_.counters.first_sequence);
  for (auto at = state_.blocks.lower_bound(BlockOf(begin)); at != state_.blocks.end(); ++at) {
    const auto& [number, block] = *at;
    const uint64_t first = std::max(FirstOfBlock(number), begin);
    const uint64_t end = std::min({FirstOfBlock(number + 1), state_.counters.next_sequence, range.end_sequence});
    if (first >= end) break;
    if (block.greatest_time < range.from_time || block.least_time >= range.to_time) continue;
    if (!runs.empty() && runs.back().second == first) runs.back().second = end;
    else runs.emplace_back(first, end);
  }
  return runs;
}

uint64_t EventLog::Impl::CountCandidates(const ScanRange& range) const {
  uint64_t events = 0;
  for (const auto& [first, end] : RunsOf(range)) events += end - first;
  return events;
}

absl::Status EventLog::Impl::Scan(const ScanRange& range, const std::function<bool(const EventView&)>& callback) {
  for (const auto& [first, end] : RunsOf(range)) {
    auto walk = store_->NewIterator(kEvents, NumberKey(first), NumberKey(end));
    for (; walk->Valid(); walk->Next()) {
      const auto sequence = ParseNumberKey(walk->key());
      const auto view = DecodeEvent(sequence.value_or(0), walk->value());
      if (range.skip_unreadable && !view.has_value()) continue;
      if (!sequence.has_value() || !view.has_value()) return Error(Reason::kStorageCorrupt, "event log: an event cannot be read");
      if (view->receive_time < range.from_time || view->receive_time >= range.to_time) continue;
      if (range.wanted && !range.wanted(view->name)) continue;
      if (!callback(*view)) return absl::OkStatus();
    }
    ZOOMWATCH_RETURN_IF_ERROR(walk->status());
  }
  return absl::OkStatus();
}

std::vector<ledger::v1::AccountLedger> EventLog::Impl::GetLedger() const {
  std::vector<ledger::v1::AccountLedger> entries;
  MutexLock lock(mutex_);
  for (const auto& [account, entry] : state_.ledger) entries.push_back(entry);
  return entries;
}

void EventLog::Impl::Close() {
  MutexLock close_lock(close_mutex_);
  {
    MutexLock lock(mutex_);
    closing_ = true;
    work_.NotifyAll();
    stored_.NotifyAll();
  }
  if (writer_.joinable()) writer_.join();
}

std::vector<storage::FamilyOptions> EventLogFamilies(const EventLogOptions& options, const Clock& clock) {
  const auto older_than = [&clock](absl::Duration age) {
    return [&clock, age](std::string_view, std::string_view value) {
      const auto time = DecodeTime(value);
      return time.has_value() && clock.Now() - *time > age;
    };
  };
  // Identities are compared by receive time; kept twice as long, they serve webhooks that a receiver forwards a horizon late.
  return {{.name = "events"},
          {.name = "identities", .point_lookups = true, .expired = older_than(2 * options.deduplication_horizon)},
          {.name = "deliveries", .point_lookups = true, .expired = older_than(options.delivery_horizon)},
          {.name = "quarantine"},
          {.name = "blocks"},
          {.name = "meta"}};
}

EventLog::EventLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventLog::~EventLog() = default;

absl::StatusOr<std::unique_ptr<EventLog>> EventLog::Open(EventLogOptions options, const Clock& clock, Metrics& metrics) {
  storage::KeyedStoreOptions store_options{.folder = options.directory, .families = EventLogFamilies(options, clock)};
  ZOOMWATCH_ASSIGN_OR_RETURN(std::unique_ptr<storage::KeyedStore> store, storage::OpenKeyedStore(std::move(store_options)));
  return Open(std::move(options), std::move(store), clock, metrics);
}

absl::StatusOr<std::unique_ptr<EventLog>> EventLog::Open(EventLogOptions options, std::unique_ptr<storage::KeyedStore> store,
                                                         const Clock& clock, Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(store), clock, metrics);
  ZOOMWATCH_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<EventLog>(new EventLog(std::move(impl)));
}

void EventLog::Append(std::vector<detect::v1::EventItem> items, std::function<void(absl::StatusOr<BatchResult>)> done) {
  impl_->Append(std::move(items), std::move(done));
}
absl::StatusOr<std::vector<StoredEvent>> EventLog::ReadFrom(uint64_t sequence, size_t max_items, size_t max_bytes) {
  return impl_->ReadFrom(sequence, max_items, max_bytes);
}
absl::StatusOr<StoredEvent> EventLog::FindEvent(const std::string& event_id) { return impl_->FindEvent(event_id); }
bool EventLog::WaitForEvents(uint64_t sequence, absl::Duration timeout, const std::stop_token& stop) {
  return impl_->WaitForEvents(sequence, timeout, stop);
}
absl::Status EventLog::CommitDelivered(DeliveryCommit commit) { return impl_->Commit(std::move(commit)); }
absl::Status EventLog::SetAsideUnreadable() { return impl_->SetAsideUnreadable(); }
std::vector<uint64_t> EventLog::SettledAhead() const { return impl_->SettledAhead(); }
uint64_t EventLog::DeliveredPosition() const { return impl_->Position().delivered; }
std::string EventLog::SinkState() const { return impl_->Position().sink_state; }
std::vector<ledger::v1::AccountLedger> EventLog::GetLedger() const { return impl_->GetLedger(); }
absl::StatusOr<std::vector<QuarantineEntry>> EventLog::ListQuarantine(uint64_t after_id, size_t page_size) {
  return impl_->ListQuarantine(after_id, page_size);
}
absl::Status EventLog::Scan(const ScanRange& range, const std::function<bool(const EventView&)>& callback) {
  return impl_->Scan(range, callback);
}
uint64_t EventLog::CountCandidates(const ScanRange& range) const { return impl_->CountCandidates(range); }
absl::Status EventLog::ApplyRetention() { return impl_->Commit(std::nullopt); }
void EventLog::Close() { impl_->Close(); }
std::shared_ptr<const ColumnSequences> EventLog::Columns() const { return impl_->Columns(); }
uint64_t EventLog::FirstSequence() const { return impl_->Position().counters.first_sequence; }
uint64_t EventLog::EndSequence() const { return impl_->Position().counters.next_sequence; }
absl::Time EventLog::LeastReceiveTime() const { return impl_->LeastReceiveTime(); }
uint64_t EventLog::EventBytes() const { return impl_->Position().event_bytes; }
absl::Status EventLog::health() const { return impl_->health(); }

}  // namespace zoomwatch::detector
