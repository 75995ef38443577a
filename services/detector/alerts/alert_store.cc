#include "services/detector/alerts/alert_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/kql/ticks.h"
#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "services/detector/alerts/stored_numbers.h"

// On disk, never to be changed: integers are big-endian.
//   alerts    sequence:u64 -> alert.v1.Alert
//   ids       alert_id -> sequence:u64
//   findings  rule_id "/" identity:u64 -> time:u64 revision:u64
//   refused   sequence:u64 -> reason "\n" message
//   meta      "state" -> position.sequence position.clock next first delivered : u64, sink_state
//             "delivered" -> (first:u64 last:u64) for each run of alerts behind "delivered" that were delivered, ascending; absent: none
//             "incidents" -> position:u64, sink_state; absent: no incidents are made
namespace zoomwatch::detector {
namespace {

constexpr storage::Family kAlerts = 0;
constexpr storage::Family kIds = 1;
constexpr storage::Family kFindings = 2;
constexpr storage::Family kRefused = 3;
constexpr storage::Family kMeta = 4;
constexpr std::string_view kStateKey = "state";
constexpr std::string_view kDeliveredKey = "delivered";
constexpr std::string_view kIncidentsKey = "incidents";
constexpr int kRemovalsPerWrite = 100;
constexpr std::uint64_t kMemtableBytes = 4 << 20, kCacheBytes = 16 << 20;  // alerts are few beside events
constexpr int kFindingRemovalsPerWrite = 100'000;

absl::Status Corrupt(std::string_view what) { return Error(Reason::kStorageCorrupt, fmt::format("alert store: {} cannot be read", what)); }

std::string FindingKey(std::string_view rule_id, std::uint64_t identity) {
  std::string key(rule_id);
  key += '/';
  AppendNumber(identity, key);
  return key;
}

std::string FindingValue(kql::Ticks time, int revision) {
  std::string value;
  AppendNumber(static_cast<std::uint64_t>(time), value);
  AppendNumber(static_cast<std::uint64_t>(revision), value);
  return value;
}

std::optional<KnownFinding> ParseFinding(std::string_view key, std::string_view value) {
  constexpr std::size_t kTail = 1 + sizeof(std::uint64_t);
  if (key.size() <= kTail || key[key.size() - kTail] != '/') return std::nullopt;
  NumberReader identity(key.substr(key.size() - sizeof(std::uint64_t)));
  NumberReader numbers(value);
  KnownFinding finding{.rule_id = std::string(key.substr(0, key.size() - kTail)), .identity = identity.Next()};
  finding.time = static_cast<kql::Ticks>(numbers.Next());
  finding.revision = static_cast<int>(numbers.Next());
  if (!identity.ok() || !numbers.ok()) return std::nullopt;
  return finding;
}

absl::StatusOr<alert::v1::Alert> ParseAlert(std::uint64_t sequence, std::string_view value) {
  alert::v1::Alert alert;
  if (!alert.ParseFromArray(value.data(), static_cast<int>(value.size()))) return Corrupt(fmt::format("alert {}", sequence));
  return alert;
}

}  // namespace

std::vector<storage::FamilyOptions> AlertStoreFamilies() {
  return {{.name = "alerts"}, {.name = "ids", .point_lookups = true}, {.name = "findings", .point_lookups = true},
          {.name = "refused"}, {.name = "meta"}};
}

absl::StatusOr<std::unique_ptr<AlertStore>> AlertStore::Open(AlertStoreOptions options, const Clock& clock) {
  ZOOMWATCH_ASSIGN_OR_RETURN(auto store, storage::OpenKeyedStore({.folder = options.directory,
                                                              .families = AlertStoreFamilies(),
                                                              .memtable_bytes = kMemtableBytes,
                                                              .cache_bytes = kCacheBytes}));
  return Open(std::move(options), std::move(store), clock);
}

absl::StatusOr<std::unique_ptr<AlertStore>> AlertStore::Open(AlertStoreOptions options, std::unique_ptr<storage::KeyedStore> store,
                                                             const Clock& clock) {
  std::unique_ptr<AlertStore> alerts(new AlertStore(std::move(options), std::move(store), clock));
  ZOOMWATCH_RETURN_IF_ERROR(alerts->Load());
  return alerts;
}

AlertStore::AlertStore(AlertStoreOptions options, std::unique_ptr<storage::KeyedStore> store, const Clock& clock)
    : options_(std::move(options)), store_(std::move(store)), clock_(clock) {}

absl::Status AlertStore::Load() {
  State state;
  const auto value = store_->Get(kMeta, kStateKey);
  if (!value.ok() && !absl::IsNotFound(value.status())) return value.status();
  if (value.ok() && !ParseState(*value, state)) return Corrupt("its state");
  ZOOMWATCH_RETURN_IF_ERROR(LoadDelivered(state));
  ZOOMWATCH_RETURN_IF_ERROR(LoadIncidents(state));
  const MutexLock lock(mutex_);
  state_ = std::move(state);
  return absl::OkStatus();
}

bool AlertStore::ParseState(std::string_view value, State& state) {
  NumberReader numbers(value);
  state.position.sequence = numbers.Next();
  state.position.clock = static_cast<kql::Ticks>(numbers.Next());
  state.next = numbers.Next();
  state.first = numbers.Next();
  state.delivered = DeliveredAlerts(numbers.Next());
  state.sink_state = numbers.Rest();
  return numbers.ok();
}

absl::Status AlertStore::LoadDelivered(State& state) {
  const auto runs = store_->Get(kMeta, kDeliveredKey);
  if (absl::IsNotFound(runs.status())) return absl::OkStatus();
  ZOOMWATCH_RETURN_IF_ERROR(runs.status());
  auto delivered = DeliveredAlerts::Parse(state.delivered.position(), *runs, state.next);
  if (!delivered) return Corrupt("what was delivered");
  state.delivered = *std::move(delivered);
  return absl::OkStatus();
}

absl::Status AlertStore::LoadIncidents(State& state) {
  const auto value = store_->Get(kMeta, kIncidentsKey);
  if (!value.ok() && !absl::IsNotFound(value.status())) return value.status();
  storage::KeyedBatch batch;
  if (value.ok() && options_.incidents) {
    NumberReader numbers(*value);
    state.incidents = numbers.Next();
    state.incident_sink_state = numbers.Rest();
    return numbers.ok() ? absl::OkStatus() : Corrupt("its position of incidents");
  }
  if (!options_.incidents) {
    if (!value.ok()) return absl::OkStatus();
    batch.Delete(kMeta, kIncidentsKey);
    return store_->Write(batch);
  }
  state.incidents = state.next - 1;
  PutState(state, batch);
  return store_->Write(batch);
}

void AlertStore::PutState(const State& state, storage::KeyedBatch& batch) const {
  std::string value;
  for (const std::uint64_t number :
       {state.position.sequence, static_cast<std::uint64_t>(state.position.clock), state.next, state.first,
        state.delivered.position()}) {
    AppendNumber(number, value);
  }
  batch.Put(kMeta, kStateKey, value + state.sink_state);
  if (options_.incidents) batch.Put(kMeta, kIncidentsKey, NumberKeyOf(state.incidents) + state.incident_sink_state);
}

absl::Status AlertStore::Write(storage::KeyedBatch& batch, State state) {
  if (absl::Status failed = health(); !failed.ok()) return failed;
  PutState(state, batch);
  const absl::Status status = store_->Write(batch);
  const MutexLock lock(mutex_);
  if (status.ok()) {
    state_ = std::move(state);
  } else {
    failure_ = status;
  }
  stored_.NotifyAll();
  return status;
}

absl::StatusOr<std::vector<KnownFinding>> AlertStore::KnownFindings(kql::Ticks after) {
  const MutexLock write_lock(write_mutex_);
  const kql::Ticks old = kql::TicksOf(clock_.Now() - std::max(options_.retention, kFindingsMatter));
  std::vector<KnownFinding> findings;
  storage::KeyedBatch batch;
  int removed = 0, unreadable = 0;
  std::string rule_of_unreadable;  // of the first
  auto walk = store_->NewIterator(kFindings, {}, {});
  for (; walk->Valid(); walk->Next()) {
    auto finding = ParseFinding(walk->key(), walk->value());
    if (!finding && ++unreadable == 1) rule_of_unreadable = walk->key().substr(0, walk->key().find('/'));
    if (finding && finding->time > after) {
      findings.push_back(*std::move(finding));
    } else if ((!finding || finding->time <= old) && removed < kFindingRemovalsPerWrite) {
      batch.Delete(kFindings, walk->key());
      ++removed;
    }
  }
  ZOOMWATCH_RETURN_IF_ERROR(walk->status());
  if (unreadable > 0) {
    Log(Severity::kError, "findings cannot be read back and are forgotten: what they found may come as an alert again",
        {{"findings", std::to_string(unreadable)}, {"rule_id_of_first", rule_of_unreadable}});
  }
  if (removed > 0) ZOOMWATCH_RETURN_IF_ERROR(Write(batch, Snapshot()));
  return findings;
}

absl::Status AlertStore::ForgetFindings() {
  const MutexLock write_lock(write_mutex_);
  storage::KeyedBatch batch;
  auto walk = store_->NewIterator(kFindings, {}, {});
  for (; walk->Valid(); walk->Next()) batch.Delete(kFindings, walk->key());
  ZOOMWATCH_RETURN_IF_ERROR(walk->status());
  return Write(batch, Snapshot());
}

absl::Status AlertStore::Commit(const RulesPosition& position, std::vector<NewAlert> alerts) {
  const MutexLock write_lock(write_mutex_);
  State state = Snapshot();
  state.position = position;
  storage::KeyedBatch batch;
  std::vector<std::string> ids, keys;  // keys: of the findings
  for (const NewAlert& fresh : alerts) {
    ids.push_back(fresh.alert.alert_id());
    keys.push_back(FindingKey(fresh.alert.rule_id(), fresh.identity));
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto known_ids, store_->MultiGet(kIds, ids));
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto known_findings, store_->MultiGet(kFindings, keys));
  std::set<std::string_view> stored;          // ids, by this commit
  std::map<std::string_view, int> revisions;  // by finding key, of this commit
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    alert::v1::Alert& alert = alerts[i].alert;
    if (known_ids[i] || !stored.insert(ids[i]).second) continue;
    int& revision = revisions[keys[i]];
    if (revision == 0 && known_findings[i]) {
      const auto finding = ParseFinding(keys[i], *known_findings[i]);
      revision = finding ? finding->revision : 0;
    }
    alert.set_revision(++revision);
    alert.set_sequence(static_cast<std::int64_t>(state.next));
    batch.Put(kAlerts, NumberKeyOf(state.next), alert.SerializeAsString());
    batch.Put(kIds, ids[i], NumberKeyOf(state.next));
    batch.Put(kFindings, keys[i], FindingValue(alerts[i].time, revision));
    ++state.next;
  }
  ZOOMWATCH_RETURN_IF_ERROR(Retain(batch, state));
  return Write(batch, std::move(state));
}

absl::Status AlertStore::Retain(storage::KeyedBatch& batch, State& state) {
  const absl::Time cutoff = clock_.Now() - options_.retention;
  const std::uint64_t done = options_.incidents ? std::min(state.delivered.position(), state.incidents) : state.delivered.position();
  const std::uint64_t end = std::min(done + 1, state.first + kRemovalsPerWrite);
  if (end <= state.first) return absl::OkStatus();
  auto walk = store_->NewIterator(kAlerts, NumberKeyOf(state.first), NumberKeyOf(end));
  std::uint64_t sequence = state.first;
  for (; walk->Valid(); walk->Next(), ++sequence) {
    const auto alert = ParseAlert(sequence, walk->value());
    // The age of a damaged one is not known: it goes with the next that is old.
    if (!alert.ok()) continue;
    if (absl::FromUnixSeconds(alert->alert_time().seconds()) >= cutoff) break;
    batch.Delete(kIds, alert->alert_id());
    for (; state.first <= sequence; ++state.first) {
      batch.Delete(kAlerts, NumberKeyOf(state.first));
      batch.Delete(kRefused, NumberKeyOf(state.first));
    }
  }
  return walk->status();
}

absl::StatusOr<std::vector<alert::v1::Alert>> AlertStore::ReadFrom(std::uint64_t sequence, std::size_t max_items) {
  const State state = Snapshot();
  if (sequence < state.first) {
    return absl::OutOfRangeError(fmt::format("alert {} was removed; the oldest is {}", sequence, state.first));
  }
  std::vector<alert::v1::Alert> alerts;
  if (sequence >= state.next) return alerts;
  auto walk = store_->NewIterator(kAlerts, NumberKeyOf(sequence), NumberKeyOf(state.next));
  for (; walk->Valid() && alerts.size() < max_items; walk->Next()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(alert::v1::Alert alert, ParseAlert(sequence + alerts.size(), walk->value()));
    alerts.push_back(std::move(alert));
  }
  ZOOMWATCH_RETURN_IF_ERROR(walk->status());
  return alerts;
}

bool AlertStore::WaitForAlerts(std::uint64_t sequence, absl::Duration timeout, const std::stop_token& stop) {
  const absl::Duration deadline = SystemClock::Get().Monotonic() + timeout;
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    stored_.NotifyAll();
  });
  const MutexLock lock(mutex_);
  while (state_.next <= sequence) {
    const absl::Duration left = deadline - SystemClock::Get().Monotonic();
    if (left <= absl::ZeroDuration() || stop.stop_requested()) return false;
    stored_.WaitFor(mutex_, left);
  }
  return true;
}

absl::StatusOr<alert::v1::Alert> AlertStore::Find(std::string_view alert_id) {
  const auto sequence = store_->Get(kIds, alert_id);
  if (absl::IsNotFound(sequence.status())) return absl::NotFoundError(fmt::format("there is no alert {}", alert_id));
  ZOOMWATCH_RETURN_IF_ERROR(sequence.status());
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string value, store_->Get(kAlerts, *sequence));
  return ParseAlert(NumberReader(*sequence).Next(), value);
}

absl::StatusOr<std::vector<alert::v1::Alert>> AlertStore::ReadWaiting(Order order, std::size_t max_items) {
  const State state = Snapshot();
  std::vector<alert::v1::Alert> alerts;
  for (const std::uint64_t sequence : state.delivered.Waiting(state.next, max_items, order == Order::kOldestFirst)) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::string value, store_->Get(kAlerts, NumberKeyOf(sequence)));
    ZOOMWATCH_ASSIGN_OR_RETURN(alerts.emplace_back(), ParseAlert(sequence, value));
  }
  return alerts;
}

bool AlertStore::WaitForWaiting(std::size_t count, absl::Duration timeout, const std::stop_token& stop) {
  return WaitForAlerts(Snapshot().delivered.Count() + count, timeout, stop);
}

std::uint64_t AlertStore::WaitingCount() const {
  const State state = Snapshot();
  return state.next - 1 - state.delivered.Count();
}

absl::Status AlertStore::CommitDelivered(const std::vector<std::uint64_t>& sequences, std::string sink_state,
                                         const std::vector<RefusedAlert>& refused) {
  const MutexLock write_lock(write_mutex_);
  State state = Snapshot();
  const bool had_runs = !state.delivered.Runs().empty();
  for (const std::uint64_t sequence : sequences) {
    ZOOMWATCH_CHECK(sequence < state.next);
    state.delivered.Add(sequence);
  }
  state.sink_state = std::move(sink_state);
  storage::KeyedBatch batch;
  if (const std::string runs = state.delivered.Runs(); !runs.empty()) {
    batch.Put(kMeta, kDeliveredKey, runs);
  } else if (had_runs) {
    batch.Delete(kMeta, kDeliveredKey);
  }
  for (const RefusedAlert& alert : refused) batch.Put(kRefused, NumberKeyOf(alert.sequence), alert.reason + "\n" + alert.message);
  return Write(batch, std::move(state));
}

absl::Status AlertStore::CommitIncidents(std::uint64_t up_to_sequence, std::string sink_state, const std::vector<RefusedAlert>& refused) {
  ZOOMWATCH_CHECK(options_.incidents);
  const MutexLock write_lock(write_mutex_);
  State state = Snapshot();
  state.incidents = up_to_sequence;
  state.incident_sink_state = std::move(sink_state);
  storage::KeyedBatch batch;
  for (const RefusedAlert& which : refused) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::string value, store_->Get(kAlerts, NumberKeyOf(which.sequence)));
    ZOOMWATCH_ASSIGN_OR_RETURN(alert::v1::Alert alert, ParseAlert(which.sequence, value));
    alert.set_incident_refusal(fmt::format("{}: {}", which.reason, which.message));
    batch.Put(kAlerts, NumberKeyOf(which.sequence), alert.SerializeAsString());
  }
  return Write(batch, std::move(state));
}

AlertStore::State AlertStore::Snapshot() const {
  const MutexLock lock(mutex_);
  return state_;
}
RulesPosition AlertStore::position() const { return Snapshot().position; }
std::string AlertStore::SinkState() const { return Snapshot().sink_state; }
std::uint64_t AlertStore::IncidentPosition() const { return Snapshot().incidents; }
std::string AlertStore::IncidentSinkState() const { return Snapshot().incident_sink_state; }
std::uint64_t AlertStore::FirstSequence() const { return Snapshot().first; }
std::uint64_t AlertStore::EndSequence() const { return Snapshot().next; }
absl::Status AlertStore::health() const {
  const MutexLock lock(mutex_);
  return failure_;
}

}  // namespace zoomwatch::detector
