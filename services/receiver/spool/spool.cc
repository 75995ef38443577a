#include "services/receiver/spool/spool.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/storage/segment_log.h"
#include "common/sync/mutex.h"
#include "common/time/timestamp.h"
#include "services/receiver/spool/cursor_file.h"
#include "services/receiver/spool/spool_metrics.h"

namespace zoomwatch::receiver {
namespace {

using ingest::v1::RawWebhook;
using storage::Position;

constexpr char kIdentityName[] = "identity";
constexpr char kCursorName[] = "cursor";
constexpr size_t kIdBytes = 8;
constexpr uint64_t kMaxSmallFileBytes = uint64_t{64} << 20;
constexpr uint64_t kRejectedSegmentBytes = uint64_t{4} << 20;
// What webhook_id and the framing of an item add to the stored bytes in a batch.
constexpr size_t kItemOverheadBytes = 64;
constexpr size_t kScanItems = 512;
constexpr size_t kScanBytes = size_t{4} << 20;
constexpr absl::Duration kMarkDistance = absl::Seconds(1);
constexpr absl::Duration kGaugeInterval = absl::Seconds(1);

absl::StatusOr<std::string> NewId() {
  unsigned char bytes[kIdBytes];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) return Error(Reason::kStorageFailed, "spool id: no random numbers");
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

bool IsId(std::string_view text) {
  return text.size() == 2 * kIdBytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The log's errors in the words of the webhook edge.
absl::Status ToEdgeError(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  const std::string message(status.message());
  if (reason == Reason::kStoreFull) return Error(Reason::kSpoolFull, message);
  if (reason == Reason::kBatchTooLarge) return Error(Reason::kBodyTooLarge, message);
  if (reason == Reason::kShuttingDown) return status;
  return Error(Reason::kSpoolFailed, message);
}

}  // namespace

class Spool::Impl {
 public:
  Impl(SpoolOptions options, storage::FileSystem& files, const Clock& clock, Metrics& metrics)
      : options_(std::move(options)), files_(files), clock_(clock), metrics_(metrics) {}
  ~Impl() { Close(); }

  absl::Status Open();
  void Store(RawWebhook webhook, std::function<void(absl::Status)> done);
  absl::StatusOr<Batch> ReadBatch(size_t max_items, size_t max_bytes, absl::Duration timeout, const std::stop_token& stop);
  void Acknowledge(const Batch& batch, const std::vector<RejectedItem>& rejected);
  void Close();
  std::vector<ledger::v1::AccountLedger> Ledger() const;
  Stats GetStats() const;
  absl::Status health() const { return log_->health(); }
  const std::string& id() const { return id_; }

 private:
  struct Account {
    int64_t accepted = 0;
    int64_t forwarded = 0;
    int64_t quarantined = 0;
  };
  // A batch that was read and is not yet behind the cursor.
  struct InFlight {
    Position next_position = 0;
    std::map<std::string, SpoolCursor::Counts> accounts;  // what the batch adds when it is acknowledged
    absl::Time first_receive_time;
    bool acknowledged = false;
  };
  // Webhooks of a batch that the next service refused, until they are in the dead-letter log.
  struct DeadLetters {
    Position batch = 0;
    std::vector<std::string> webhooks;
  };
  // The receive time of some accepted webhooks, to know the age of the oldest that waits without reading it.
  struct Mark {
    Position position = 0;
    absl::Time receive_time;
  };

  absl::Status OpenIdentity();
  absl::StatusOr<SpoolCursor> ReadCursor();
  absl::Status CountWaiting(Position from);
  absl::StatusOr<storage::SegmentLog*> RejectedLog();
  void Accepted(const std::string& account, Position position, absl::Time receive_time);
  void AddMark(Position position, absl::Time receive_time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AdvanceCursor() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunKeeper();
  void KeepDeadLetters();
  absl::Status AppendDeadLetters(const DeadLetters& letters);
  void WriteCursor();
  void UpdateGauges();

  const SpoolOptions options_;
  storage::FileSystem& files_;
  const Clock& clock_;
  Metrics& metrics_;
  std::string id_;
  std::unique_ptr<storage::SegmentLog> log_;
  std::unique_ptr<storage::SegmentLog> rejected_log_;             // made at the first dead letter; used by the keeper alone
  std::unique_ptr<storage::SegmentLog::Reader> reader_ ABSL_GUARDED_BY(read_mutex_);

  Mutex read_mutex_;  // taken before mutex_
  mutable Mutex mutex_;
  CondVar keeper_wake_;
  std::map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
  std::map<Position, InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::deque<DeadLetters> dead_letters_ ABSL_GUARDED_BY(mutex_);
  std::deque<Mark> marks_ ABSL_GUARDED_BY(mutex_);
  Position cursor_ ABSL_GUARDED_BY(mutex_) = 1;
  bool cursor_moved_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex close_mutex_;  // one Close() at a time; taken before all others
  std::thread keeper_;
};

absl::Status Spool::Impl::Open() {
  storage::SegmentLogOptions log_options{.folder = options_.directory + "/log",
                                         .segment_bytes = options_.segment_bytes,
                                         .max_disk_bytes = options_.max_disk_bytes,
                                         .max_items = options_.max_items,
                                         .max_unwritten_bytes = options_.max_unwritten_bytes,
                                         .after_commit = options_.after_commit};
  ZOOMWATCH_ASSIGN_OR_RETURN(log_, storage::SegmentLog::Open(std::move(log_options), files_));
  ZOOMWATCH_RETURN_IF_ERROR(OpenIdentity());
  ZOOMWATCH_ASSIGN_OR_RETURN(const SpoolCursor cursor, ReadCursor());
  {
    MutexLock lock(mutex_);
    cursor_ = cursor.position;
    for (const auto& [name, counts] : cursor.accounts) {
      accounts_[name] = {.accepted = counts.forwarded + counts.quarantined,
                         .forwarded = counts.forwarded,
                         .quarantined = counts.quarantined};
    }
  }
  ZOOMWATCH_RETURN_IF_ERROR(CountWaiting(cursor.position));
  ZOOMWATCH_RETURN_IF_ERROR(log_->Trim(cursor.position));
  MutexLock read_lock(read_mutex_);
  ZOOMWATCH_ASSIGN_OR_RETURN(reader_, log_->NewReader(cursor.position));
  keeper_ = std::thread([this] { RunKeeper(); });
  return absl::OkStatus();
}

absl::Status Spool::Impl::OpenIdentity() {
  const std::string path = options_.directory + "/" + kIdentityName;
  absl::StatusOr<std::string> id = storage::ReadWholeFile(files_, path, kMaxSmallFileBytes);
  if (absl::IsNotFound(id.status())) {
    // A new id for webhooks that have one would make the detector take resends for new deliveries.
    if (log_->end_position() > 1) return Error(Reason::kStorageCorrupt, fmt::format("{}: missing beside a log", path));
    ZOOMWATCH_ASSIGN_OR_RETURN(id_, NewId());
    return storage::ReplaceFile(files_, options_.directory, kIdentityName, id_);
  }
  if (!id.ok()) return id.status();
  if (!IsId(*id)) return Error(Reason::kStorageCorrupt, fmt::format("{}: not 16 hexadecimal digits", path));
  id_ = *std::move(id);
  return absl::OkStatus();
}

absl::StatusOr<SpoolCursor> Spool::Impl::ReadCursor() {
  const std::string path = options_.directory + "/" + kCursorName;
  const absl::StatusOr<std::string> bytes = storage::ReadWholeFile(files_, path, kMaxSmallFileBytes);
  SpoolCursor cursor;
  if (bytes.ok()) {
    absl::StatusOr<SpoolCursor> decoded = DecodeSpoolCursor(*bytes);
    if (!decoded.ok()) return Annotate(decoded.status(), path);
    cursor = *std::move(decoded);
  } else if (!absl::IsNotFound(bytes.status())) {
    return bytes.status();
  }
  if (cursor.position < log_->first_position() || cursor.position > log_->end_position()) {
    return Error(Reason::kStorageCorrupt, fmt::format("{}: position {} is not in the log [{}, {}]", path, cursor.position,
                                                      log_->first_position(), log_->end_position()));
  }
  return cursor;
}

absl::Status Spool::Impl::CountWaiting(Position from) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::unique_ptr<storage::SegmentLog::Reader> reader, log_->NewReader(from));
  RawWebhook webhook;
  while (true) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<storage::LogRecord> records, reader->Read(kScanItems, kScanBytes));
    if (records.empty()) return absl::OkStatus();
    for (const storage::LogRecord& record : records) {
      if (!webhook.ParseFromString(record.bytes)) {
        return Error(Reason::kStorageCorrupt, fmt::format("spool: record {} is no webhook", record.position));
      }
      Accepted(webhook.account_name(), record.position, TimeOf(webhook.receive_time()));
    }
  }
}

void Spool::Impl::Store(RawWebhook webhook, std::function<void(absl::Status)> done) {
  webhook.clear_webhook_id();  // made of the position, which is not known yet
  thread_local std::string bytes;
  webhook.SerializeToString(&bytes);
  log_->Append(bytes, [this, account = webhook.account_name(), receive_time = TimeOf(webhook.receive_time()),
                       done = std::move(done)](absl::StatusOr<Position> position) {
    if (position.ok()) {
      Accepted(account, *position, receive_time);
      done(absl::OkStatus());
      return;
    }
    const absl::Status refusal = ToEdgeError(position.status());
    metrics_.Counter(kSpoolRefused, {NameOf(ReasonOf(refusal).value_or(Reason::kSpoolFailed))}).Increment();
    done(refusal);
  });
}

void Spool::Impl::Accepted(const std::string& account, Position position, absl::Time receive_time) {
  MutexLock lock(mutex_);
  ++accounts_[account].accepted;
  AddMark(position, receive_time);
}

void Spool::Impl::AddMark(Position position, absl::Time receive_time) {
  if (position < cursor_) return;  // forwarded before its callback ran
  if (marks_.empty() || receive_time >= marks_.back().receive_time + kMarkDistance) marks_.push_back({position, receive_time});
}

absl::StatusOr<Spool::Batch> Spool::Impl::ReadBatch(size_t max_items, size_t max_bytes, absl::Duration timeout,
                                                    const std::stop_token& stop) {
  MutexLock read_lock(read_mutex_);
  Batch batch;
  batch.first_position = batch.next_position = reader_->position();
  if (!log_->WaitFor(batch.first_position, timeout, stop)) return batch;
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<storage::LogRecord> records,
                             reader_->Read(max_items, max_bytes, kItemOverheadBytes));
  InFlight in_flight;
  batch.webhooks.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    RawWebhook& webhook = batch.webhooks[i];
    if (!webhook.ParseFromString(records[i].bytes)) {
      return Error(Reason::kStorageCorrupt, fmt::format("spool: record {} is no webhook", records[i].position));
    }
    webhook.set_webhook_id(fmt::format("{}-{}", id_, records[i].position));
    ++in_flight.accounts[webhook.account_name()].forwarded;
  }
  batch.next_position = in_flight.next_position = reader_->position();
  in_flight.first_receive_time = TimeOf(batch.webhooks.front().receive_time());
  MutexLock lock(mutex_);
  in_flight_[batch.first_position] = std::move(in_flight);
  return batch;
}

void Spool::Impl::Acknowledge(const Batch& batch, const std::vector<RejectedItem>& rejected) {
  if (batch.webhooks.empty()) return;
  DeadLetters letters{.batch = batch.first_position, .webhooks = {}};
  std::map<std::string, int64_t> refused;
  std::set<int> seen;
  for (const RejectedItem& item : rejected) {
    // An index that no item has, or one that comes twice, is the peer's mistake.
    if (item.index < 0 || static_cast<size_t>(item.index) >= batch.webhooks.size() || !seen.insert(item.index).second) continue;
    const RawWebhook& webhook = batch.webhooks[static_cast<size_t>(item.index)];
    Log(Severity::kError, "webhook refused for good by the next service, kept as a dead letter",
        {{"webhook_id", webhook.webhook_id()}, {"account", webhook.account_name()}, {"reason", item.reason},
         {"error", item.message}});
    letters.webhooks.push_back(webhook.SerializeAsString());
    ++refused[webhook.account_name()];
  }
  metrics_.Counter(kSpoolRejected).Increment(static_cast<double>(letters.webhooks.size()));
  MutexLock lock(mutex_);
  const auto found = in_flight_.find(batch.first_position);
  ZOOMWATCH_CHECK(found != in_flight_.end() && !found->second.acknowledged);
  for (const auto& [account, count] : refused) {
    found->second.accounts[account].forwarded -= count;
    found->second.accounts[account].quarantined += count;
  }
  if (letters.webhooks.empty()) {
    found->second.acknowledged = true;
    AdvanceCursor();
  } else {
    dead_letters_.push_back(std::move(letters));  // the keeper acknowledges the batch when they are on disk
  }
  keeper_wake_.NotifyOne();
}

void Spool::Impl::AdvanceCursor() {
  while (!in_flight_.empty() && in_flight_.begin()->first == cursor_ && in_flight_.begin()->second.acknowledged) {
    const InFlight& front = in_flight_.begin()->second;
    for (const auto& [name, counts] : front.accounts) {
      accounts_[name].forwarded += counts.forwarded;
      accounts_[name].quarantined += counts.quarantined;
    }
    cursor_ = front.next_position;
    cursor_moved_ = true;
    in_flight_.erase(in_flight_.begin());
  }
  while (marks_.size() > 1 && marks_[1].position <= cursor_) marks_.pop_front();
  if (marks_.size() == 1 && log_->end_position() <= cursor_) marks_.clear();
}

// Everything of the cursor and the dead letters that touches the disk happens here, so that Acknowledge() never waits.
void Spool::Impl::RunKeeper() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_ && !cursor_moved_ && dead_letters_.empty()) keeper_wake_.WaitFor(mutex_, kGaugeInterval);
      if (stopping_) return;
    }
    KeepDeadLetters();
    WriteCursor();
    UpdateGauges();
    MutexLock lock(mutex_);
    if (!stopping_ && cursor_moved_) keeper_wake_.WaitFor(mutex_, options_.cursor_interval);
    if (!stopping_ && !dead_letters_.empty()) keeper_wake_.WaitFor(mutex_, kGaugeInterval);
  }
}

void Spool::Impl::KeepDeadLetters() {
  while (true) {
    DeadLetters letters;
    {
      MutexLock lock(mutex_);
      if (dead_letters_.empty()) return;
      letters = dead_letters_.front();
    }
    if (const absl::Status status = AppendDeadLetters(letters); !status.ok()) {
      metrics_.Counter(kSpoolCursorFailures).Increment();
      Log(Severity::kError, "dead letters not stored; their batch stays in the spool", {{"error", status}});
      rejected_log_.reset();  // opened anew the next time
      return;
    }
    MutexLock lock(mutex_);
    dead_letters_.pop_front();
    in_flight_.at(letters.batch).acknowledged = true;
    AdvanceCursor();
  }
}

absl::StatusOr<storage::SegmentLog*> Spool::Impl::RejectedLog() {
  if (rejected_log_ == nullptr) {
    storage::SegmentLogOptions log_options{.folder = options_.directory + "/rejected",
                                           .segment_bytes = std::min(kRejectedSegmentBytes, options_.max_rejected_bytes / 2 / 8 * 8),
                                           .max_disk_bytes = options_.max_rejected_bytes};
    ZOOMWATCH_ASSIGN_OR_RETURN(rejected_log_, storage::SegmentLog::Open(std::move(log_options), files_));
  }
  return rejected_log_.get();
}

absl::Status Spool::Impl::AppendDeadLetters(const DeadLetters& letters) {
  ZOOMWATCH_ASSIGN_OR_RETURN(storage::SegmentLog* const log, RejectedLog());
  struct Outcome {
    Mutex mutex;
    CondVar changed;
    size_t waiting ABSL_GUARDED_BY(mutex) = 0;
    absl::Status status ABSL_GUARDED_BY(mutex);
  } outcome;
  {
    MutexLock lock(outcome.mutex);
    outcome.waiting = letters.webhooks.size();
  }
  for (const std::string& webhook : letters.webhooks) {
    log->Append(webhook, [&outcome](const absl::StatusOr<Position>& position) {
      MutexLock lock(outcome.mutex);
      if (!position.ok()) outcome.status = position.status();
      if (--outcome.waiting == 0) outcome.changed.NotifyAll();
    });
  }
  MutexLock lock(outcome.mutex);
  while (outcome.waiting > 0) outcome.changed.Wait(outcome.mutex);
  return outcome.status;
}

void Spool::Impl::WriteCursor() {
  SpoolCursor cursor;
  {
    MutexLock lock(mutex_);
    if (!cursor_moved_) return;
    cursor_moved_ = false;
    cursor.position = cursor_;
    for (const auto& [name, account] : accounts_) {
      if (account.forwarded + account.quarantined == 0) continue;
      cursor.accounts[name] = {.forwarded = account.forwarded, .quarantined = account.quarantined};
    }
  }
  absl::Status status = storage::ReplaceFile(files_, options_.directory, kCursorName, EncodeSpoolCursor(cursor));
  // Only behind the cursor on disk: what it does not cover is read again after a crash.
  if (status.ok()) status = log_->Trim(cursor.position);
  if (status.ok()) return;
  metrics_.Counter(kSpoolCursorFailures).Increment();
  Log(Severity::kError, "the spool's cursor was not written", {{"folder", options_.directory}, {"error", status}});
  MutexLock lock(mutex_);
  cursor_moved_ = true;
}

Spool::Stats Spool::Impl::GetStats() const {
  const Position end = log_->end_position();
  Stats stats{.items = 0, .disk_bytes = log_->disk_bytes(), .age = absl::ZeroDuration()};
  MutexLock lock(mutex_);
  stats.items = end - std::min(end, cursor_);
  if (stats.items == 0) return stats;
  absl::Time oldest = absl::InfiniteFuture();
  if (!in_flight_.empty()) oldest = in_flight_.begin()->second.first_receive_time;
  else if (!marks_.empty()) oldest = marks_.front().receive_time;
  stats.age = std::max(absl::ZeroDuration(), clock_.Now() - oldest);
  return stats;
}

void Spool::Impl::UpdateGauges() {
  const Stats stats = GetStats();
  metrics_.Gauge(kSpoolItems).Set(static_cast<double>(stats.items));
  metrics_.Gauge(kSpoolDiskBytes).Set(static_cast<double>(stats.disk_bytes));
  metrics_.Gauge(kSpoolOldestAge).Set(absl::ToDoubleSeconds(stats.age));
}

void Spool::Impl::Close() {
  MutexLock close_lock(close_mutex_);
  if (log_ == nullptr) return;
  log_->Close();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    keeper_wake_.NotifyAll();
  }
  if (!keeper_.joinable()) return;
  keeper_.join();
  KeepDeadLetters();
  WriteCursor();
  if (rejected_log_ != nullptr) rejected_log_->Close();
}

std::vector<ledger::v1::AccountLedger> Spool::Impl::Ledger() const {
  std::vector<ledger::v1::AccountLedger> ledger;
  MutexLock lock(mutex_);
  for (const auto& [name, account] : accounts_) {
    ledger::v1::AccountLedger entry;
    // A webhook may be forwarded in the moment between its commit and its callback; it counts as accepted then.
    const int64_t settled = account.forwarded + account.quarantined;
    const int64_t accepted = std::max(account.accepted, settled);
    entry.set_account_name(name);
    entry.set_accepted_count(accepted);
    entry.set_spooled_count(accepted - settled);
    entry.set_forwarded_count(account.forwarded);
    entry.set_quarantined_count(account.quarantined);
    ledger.push_back(std::move(entry));
  }
  return ledger;
}

Spool::Spool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Spool::~Spool() = default;

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(SpoolOptions options, storage::FileSystem& files, const Clock& clock,
                                                   Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), files, clock, metrics);
  ZOOMWATCH_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<Spool>(new Spool(std::move(impl)));
}

void Spool::Store(RawWebhook webhook, std::function<void(absl::Status)> done) {
  impl_->Store(std::move(webhook), std::move(done));
}
absl::StatusOr<Spool::Batch> Spool::ReadBatch(size_t max_items, size_t max_bytes, absl::Duration timeout,
                                              const std::stop_token& stop) {
  return impl_->ReadBatch(max_items, max_bytes, timeout, stop);
}
void Spool::Acknowledge(const Batch& batch, const std::vector<RejectedItem>& rejected) {
  impl_->Acknowledge(batch, rejected);
}
void Spool::Close() { impl_->Close(); }
std::vector<ledger::v1::AccountLedger> Spool::Ledger() const { return impl_->Ledger(); }
Spool::Stats Spool::GetStats() const { return impl_->GetStats(); }
absl::Status Spool::health() const { return impl_->health(); }
const std::string& Spool::id() const { return impl_->id(); }

}  // namespace zoomwatch::receiver
