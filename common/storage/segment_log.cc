#include "common/storage/segment_log.h"

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/storage/log_format.h"
#include "common/storage/segment_files.h"
#include "common/storage/segment_reader.h"
#include "common/storage/segment_recovery.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"

namespace zoomwatch::storage {
namespace {

constexpr uint64_t kLeastSegmentBytes = 4096;
constexpr uint64_t kMostRecordBytes = uint64_t{1} << 31;
constexpr absl::Duration kSpareRetry = absl::Seconds(1);

// Records that wait to be written, or are being written: their bytes back to back, and who asked.
struct Gathered {
  std::string bytes;
  std::vector<SegmentLog::AppendCallback> callbacks;

  void Clear() {  // keeps the memory: steady state must not fault in pages
    bytes.clear();
    callbacks.clear();
  }
};

}  // namespace

class SegmentLog::Impl {
 public:
  Impl(SegmentLogOptions options, FileSystem& files) : options_(std::move(options)), files_(files) {}
  ~Impl() { Close(); }

  absl::Status Open();
  void Append(std::string_view bytes, AppendCallback done);
  absl::StatusOr<std::unique_ptr<Reader>> NewReader(Position position);
  bool WaitFor(Position position, absl::Duration timeout, const std::stop_token& stop);
  absl::Status Trim(Position position);
  void Close();

  // The segment that holds `position`, and where the next one begins (0: it is the last). nullopt: trimmed away.
  struct Place {
    Segment segment;
    Position next_segment = 0;
  };
  std::optional<Place> PlaceOf(Position position) const;
  FileSystem& files() { return files_; }

  Position first_position() const {
    MutexLock lock(mutex_);
    return segments_.front().first_position;
  }
  Position end_position() const {
    MutexLock lock(mutex_);
    return durable_end_;
  }
  uint64_t disk_bytes() const {
    MutexLock lock(mutex_);
    return live_bytes_ + (spare_ != nullptr || making_spare_ ? options_.segment_bytes : 0);
  }
  absl::Status health() const {
    MutexLock lock(mutex_);
    return failure_;
  }

 private:
  absl::Status CheckOptions() const;
  absl::Status Admit(uint64_t record_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunCommitter();
  void Commit(Gathered& group);
  absl::Status WriteSpan(std::string_view span);
  void FinishSpan(uint64_t bytes, size_t first, size_t last, Gathered& group);
  absl::Status Roll();
  void RefuseFrom(size_t first, Gathered& group, const absl::Status& status, bool for_good);
  void RunPreparer();
  bool RoomForSegment(uint64_t segments) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return live_bytes_ + segments * options_.segment_bytes <= options_.max_disk_bytes;
  }

  const SegmentLogOptions options_;
  FileSystem& files_;
  std::unique_ptr<FolderLock> folder_lock_;

  // Used by the committer alone (and by Open() before it runs).
  std::unique_ptr<File> active_;
  uint64_t active_size_ = 0;
  uint64_t active_offset_ = 0;

  mutable Mutex mutex_;
  CondVar work_;     // for the committer
  CondVar prepare_;  // for the preparer
  CondVar prepared_;
  CondVar durable_;
  std::deque<Segment> segments_ ABSL_GUARDED_BY(mutex_);
  uint64_t live_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Gathered gathering_ ABSL_GUARDED_BY(mutex_);
  Position next_position_ ABSL_GUARDED_BY(mutex_) = 1;
  Position durable_end_ ABSL_GUARDED_BY(mutex_) = 1;
  Position trimmed_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t unwritten_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Where the next appended record will go: Append() and the committer do the same sums, so that max_disk_bytes holds at once.
  uint64_t place_left_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t rolls_ahead_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<File> spare_ ABSL_GUARDED_BY(mutex_);
  bool making_spare_ ABSL_GUARDED_BY(mutex_) = false;
  bool adopting_ ABSL_GUARDED_BY(mutex_) = false;  // the spare's name is in use until it is a segment
  absl::Status spare_error_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_preparer_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex close_mutex_;  // one Close() at a time
  std::thread committer_;
  std::thread preparer_;
};

absl::Status SegmentLog::Impl::CheckOptions() const {
  if (options_.segment_bytes < kLeastSegmentBytes || options_.segment_bytes % 8 != 0) {
    return Error(Reason::kConfigInvalidValue, fmt::format("segment_bytes: {} is not a multiple of 8 of at least {}",
                                                          options_.segment_bytes, kLeastSegmentBytes));
  }
  if (options_.max_disk_bytes / 2 < options_.segment_bytes) {
    return Error(Reason::kConfigInvalidValue, fmt::format("max_disk_bytes: {} is less than two segments of {}",
                                                          options_.max_disk_bytes, options_.segment_bytes));
  }
  return absl::OkStatus();
}

absl::Status SegmentLog::Impl::Open() {
  ZOOMWATCH_RETURN_IF_ERROR(CheckOptions());
  ZOOMWATCH_RETURN_IF_ERROR(files_.MakeFolder(options_.folder));
  ZOOMWATCH_ASSIGN_OR_RETURN(folder_lock_, files_.Lock(options_.folder));
  ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<Segment> segments, ListSegments(files_, options_.folder));
  if (segments.empty()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(active_, MakeSpare(files_, options_.folder, options_.segment_bytes));
    ZOOMWATCH_ASSIGN_OR_RETURN(Segment first, AdoptSpare(files_, options_.folder, *active_, 1, options_.segment_bytes));
    segments.push_back(std::move(first));
  } else {
    ZOOMWATCH_ASSIGN_OR_RETURN(active_, files_.Open(segments.back().path));
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(const LogEnd end, RecoverLastSegment(*active_, segments.back()));
  // A crash may have undone the name of the last segment's file only after it was seen here.
  ZOOMWATCH_RETURN_IF_ERROR(files_.SyncFolder(options_.folder));
  if (end.erased_bytes > 0) {
    Log(Severity::kWarning, "erased records that were never acknowledged",
        {{"file", segments.back().path}, {"offset", end.offset}, {"bytes", end.erased_bytes}});
  }
  active_size_ = segments.back().size;
  active_offset_ = end.offset;
  MutexLock lock(mutex_);
  for (const Segment& segment : segments) live_bytes_ += segment.size;
  segments_.assign(segments.begin(), segments.end());
  next_position_ = durable_end_ = end.position;
  trimmed_ = segments_.front().first_position;
  place_left_ = active_size_ - active_offset_;
  committer_ = std::thread([this] { RunCommitter(); });
  preparer_ = std::thread([this] { RunPreparer(); });
  return absl::OkStatus();
}

absl::Status SegmentLog::Impl::Admit(uint64_t record_bytes) {
  if (!failure_.ok()) return failure_;
  if (closing_) return Error(Reason::kShuttingDown, "the log is closed");
  if (record_bytes > options_.segment_bytes - log_format::kSegmentHeaderBytes || record_bytes > kMostRecordBytes) {
    return Error(Reason::kBatchTooLarge, fmt::format("record: {} bytes do not fit into a segment of {}", record_bytes,
                                                     options_.segment_bytes));
  }
  if (next_position_ - trimmed_ >= options_.max_items) {
    return Error(Reason::kStoreFull, fmt::format("log: {} records reach max_items", next_position_ - trimmed_));
  }
  if (unwritten_bytes_ > 0 && unwritten_bytes_ + record_bytes > options_.max_unwritten_bytes) {
    return Error(Reason::kStoreFull, fmt::format("log: {} unwritten bytes, and {} more exceed {}", unwritten_bytes_,
                                                 record_bytes, options_.max_unwritten_bytes));
  }
  if (record_bytes <= place_left_) {
    place_left_ -= record_bytes;
    return absl::OkStatus();
  }
  if (!RoomForSegment(rolls_ahead_ + 1)) {
    return Error(Reason::kStoreFull, fmt::format("log: {} bytes of files, and another segment exceeds {}", live_bytes_,
                                                 options_.max_disk_bytes));
  }
  if (spare_ == nullptr && !spare_error_.ok()) return spare_error_;
  ++rolls_ahead_;
  place_left_ = options_.segment_bytes - log_format::kSegmentHeaderBytes - record_bytes;
  return absl::OkStatus();
}

void SegmentLog::Impl::Append(std::string_view bytes, AppendCallback done) {
  absl::Status admitted;
  {
    MutexLock lock(mutex_);
    const uint64_t record_bytes = log_format::RecordBytes(bytes.size());
    admitted = Admit(record_bytes);
    if (admitted.ok()) {
      log_format::AppendUnsealedRecord(gathering_.bytes, next_position_, bytes);
      gathering_.callbacks.push_back(std::move(done));
      ++next_position_;
      unwritten_bytes_ += record_bytes;
      if (gathering_.callbacks.size() == 1) work_.NotifyOne();
    }
  }
  if (!admitted.ok()) done(std::move(admitted));
}

void SegmentLog::Impl::RunCommitter() {
  Gathered group;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (gathering_.callbacks.empty() && !closing_) work_.Wait(mutex_);
      if (gathering_.callbacks.empty()) return;
      std::swap(group, gathering_);
    }
    Commit(group);
    group.Clear();
  }
}

// Writes the group span by span, a span being what goes into one segment. A span is durable before the next segment has a name, so
// only the last segment can have a torn end.
void SegmentLog::Impl::Commit(Gathered& group) {
  Position durable = end_position();
  uint64_t from = 0;
  size_t first = 0;
  while (first < group.callbacks.size()) {
    uint64_t to = from;
    size_t last = first;
    while (last < group.callbacks.size()) {
      const uint64_t record_bytes = log_format::RecordBytes(log_format::PayloadLength(group.bytes.data() + to));
      if (active_offset_ + (to - from) + record_bytes > active_size_) break;
      to += log_format::SealRecord(group.bytes.data() + to, durable);
      ++last;
    }
    if (last > first) {
      if (absl::Status status = WriteSpan(std::string_view(group.bytes).substr(from, to - from)); !status.ok()) {
        // Nobody knows which of the bytes are on the device, and after a failed fdatasync the kernel may have dropped the dirty
        // pages and report success the next time. If later records were accepted, they could stand behind a hole and be lost
        // with it. So nothing is accepted until the folder is opened anew and recovery has read what is really there. (LevelDB
        // decides the same in DBImpl::Write.)
        RefuseFrom(first, group, status, /*for_good=*/true);
        return;
      }
      FinishSpan(to - from, first, last, group);
      durable += last - first;
      from = to;
      first = last;
      if (options_.after_commit) options_.after_commit();
    }
    if (first == group.callbacks.size()) return;
    if (absl::Status status = Roll(); !status.ok()) {
      // Without a spare nothing was attempted on the log itself: the records are refused, and later ones may succeed.
      RefuseFrom(first, group, status, ReasonOf(status) != Reason::kStoreFull);
      return;
    }
  }
}

absl::Status SegmentLog::Impl::WriteSpan(std::string_view span) {
  ZOOMWATCH_RETURN_IF_ERROR(active_->WriteAt(active_offset_, span));
  if (options_.sync) ZOOMWATCH_RETURN_IF_ERROR(active_->SyncData());
  active_offset_ += span.size();
  return absl::OkStatus();
}

void SegmentLog::Impl::FinishSpan(uint64_t bytes, size_t first, size_t last, Gathered& group) {
  Position position = 0;
  {
    MutexLock lock(mutex_);
    position = durable_end_;
    durable_end_ += last - first;
    unwritten_bytes_ -= bytes;
    durable_.NotifyAll();
  }
  for (size_t i = first; i < last; ++i) {
    group.callbacks[i](position++);
    group.callbacks[i] = nullptr;
  }
}

absl::Status SegmentLog::Impl::Roll() {
  std::unique_ptr<File> spare;
  Position first_position = 0;
  {
    MutexLock lock(mutex_);
    prepare_.NotifyOne();
    while (spare_ == nullptr && spare_error_.ok()) prepared_.Wait(mutex_);
    if (spare_ == nullptr) return spare_error_;
    spare = std::move(spare_);
    adopting_ = true;
    first_position = durable_end_;
  }
  absl::StatusOr<Segment> segment = AdoptSpare(files_, options_.folder, *spare, first_position, options_.segment_bytes);
  MutexLock lock(mutex_);
  adopting_ = false;
  if (!segment.ok()) return segment.status();
  active_ = std::move(spare);
  active_size_ = options_.segment_bytes;
  active_offset_ = log_format::kSegmentHeaderBytes;
  live_bytes_ += segment->size;
  segments_.push_back(*std::move(segment));
  if (rolls_ahead_ > 0) --rolls_ahead_;
  prepare_.NotifyOne();
  return absl::OkStatus();
}

// Fails the records from `first` on and all that were gathered since; their positions were never given to anybody.
void SegmentLog::Impl::RefuseFrom(size_t first, Gathered& group, const absl::Status& status, bool for_good) {
  Gathered later;
  {
    MutexLock lock(mutex_);
    std::swap(later, gathering_);
    next_position_ = durable_end_;
    unwritten_bytes_ = 0;
    place_left_ = active_size_ - active_offset_;
    rolls_ahead_ = 0;
    if (for_good && failure_.ok()) failure_ = status;
  }
  Log(Severity::kError, "records were not stored", {{"folder", options_.folder}, {"error", status}});
  for (size_t i = first; i < group.callbacks.size(); ++i) group.callbacks[i](status);
  for (AppendCallback& done : later.callbacks) done(status);
  if (options_.after_commit) options_.after_commit();
}

// Keeps a spare ready, so that a commit seldom waits for a segment to be filled with zeros.
void SegmentLog::Impl::RunPreparer() {
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stop_preparer_ && (spare_ != nullptr || adopting_ || !RoomForSegment(1))) prepare_.Wait(mutex_);
      if (!stop_preparer_ && !spare_error_.ok()) prepare_.WaitFor(mutex_, kSpareRetry);
      if (stop_preparer_) return;
      making_spare_ = true;
    }
    absl::StatusOr<std::unique_ptr<File>> made = MakeSpare(files_, options_.folder, options_.segment_bytes);
    MutexLock lock(mutex_);
    making_spare_ = false;
    if (made.ok()) spare_ = *std::move(made);
    spare_error_ = made.ok() ? absl::OkStatus()
                             : Error(Reason::kStoreFull, fmt::format("no new segment: {}", std::string(made.status().message())));
    prepared_.NotifyAll();
  }
}

std::optional<SegmentLog::Impl::Place> SegmentLog::Impl::PlaceOf(Position position) const {
  MutexLock lock(mutex_);
  std::optional<Place> place;
  for (const Segment& segment : segments_) {
    if (segment.first_position > position) {
      if (place.has_value()) place->next_segment = segment.first_position;
      break;
    }
    place = Place{.segment = segment, .next_segment = 0};
  }
  return place;
}

bool SegmentLog::Impl::WaitFor(Position position, absl::Duration timeout, const std::stop_token& stop) {
  const Clock& clock = SystemClock::Get();
  const absl::Duration deadline = clock.Monotonic() + timeout;
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    durable_.NotifyAll();
  });
  MutexLock lock(mutex_);
  while (durable_end_ <= position) {
    const absl::Duration left = deadline - clock.Monotonic();
    if (left <= absl::ZeroDuration() || stop.stop_requested() || closing_ || !failure_.ok()) return false;
    durable_.WaitFor(mutex_, left);
  }
  return true;
}

absl::Status SegmentLog::Impl::Trim(Position position) {
  std::vector<Segment> dead;
  {
    MutexLock lock(mutex_);
    trimmed_ = std::max(trimmed_, std::min(position, durable_end_));
    while (segments_.size() > 1 && segments_[1].first_position <= trimmed_) {
      live_bytes_ -= segments_.front().size;
      dead.push_back(std::move(segments_.front()));
      segments_.pop_front();
    }
  }
  // Oldest first, and no further after a failure: what is left is a log without holes, trimmed again after the next start.
  for (const Segment& segment : dead) ZOOMWATCH_RETURN_IF_ERROR(files_.Remove(segment.path));
  if (!dead.empty()) prepare_.NotifyOne();
  return absl::OkStatus();
}

void SegmentLog::Impl::Close() {
  MutexLock close_lock(close_mutex_);
  {
    MutexLock lock(mutex_);
    closing_ = true;
    work_.NotifyAll();
    durable_.NotifyAll();
  }
  if (committer_.joinable()) committer_.join();
  {
    MutexLock lock(mutex_);
    stop_preparer_ = true;
    prepare_.NotifyAll();
  }
  if (preparer_.joinable()) preparer_.join();
  folder_lock_.reset();
}

namespace {

absl::Status Damaged(const Segment& segment, uint64_t offset, Position position) {
  return Error(Reason::kStorageCorrupt,
               fmt::format("{}: offset {}: record {} is damaged or missing", segment.path, offset, position));
}

}  // namespace

class LogReader final : public SegmentLog::Reader {
 public:
  LogReader(SegmentLog::Impl& log, Position position) : log_(log), position_(position) {}

  Position position() const override { return position_; }

  absl::StatusOr<std::vector<LogRecord>> Read(size_t max_items, size_t max_bytes, size_t item_overhead) override {
    std::vector<LogRecord> records;
    size_t bytes = 0;
    const Position end = log_.end_position();
    while (position_ < end && records.size() < max_items) {
      ZOOMWATCH_RETURN_IF_ERROR(Enter(end));
      ZOOMWATCH_ASSIGN_OR_RETURN(const SegmentScanner::Found found, scanner_->At(offset_, position_));
      if (found.outcome != SegmentScanner::Outcome::kRecord) {
        if (records.empty()) return Damaged(segment_, offset_, position_);
        break;  // what is sound before the damage is still given
      }
      bytes += found.payload.size() + item_overhead;
      if (!records.empty() && bytes > max_bytes) break;
      records.push_back({.position = position_, .bytes = std::string(found.payload)});
      offset_ += found.record_bytes;
      ++position_;
    }
    return records;
  }

  // Moves to `position` without giving the records before it.
  absl::Status Seek(Position position) {
    const auto place = log_.PlaceOf(position);
    const Position end = log_.end_position();
    if (!place.has_value() || position > end) {
      return absl::OutOfRangeError(fmt::format("position {} is not in the log, which ends at {}", position, end));
    }
    position_ = place->segment.first_position;
    while (position_ < position) {
      ZOOMWATCH_RETURN_IF_ERROR(Enter(end));
      ZOOMWATCH_ASSIGN_OR_RETURN(const SegmentScanner::Found found, scanner_->At(offset_, position_));
      if (found.outcome != SegmentScanner::Outcome::kRecord) return Damaged(segment_, offset_, position_);
      offset_ += found.record_bytes;
      ++position_;
    }
    return absl::OkStatus();
  }

 private:
  // Opens the segment that position_ lies in, unless it is open. `end` is what is durable.
  absl::Status Enter(Position end) {
    if (position_ >= read_up_to_) {
      if (scanner_ != nullptr) scanner_->Forget();  // read ahead before the record was written
      read_up_to_ = end;
    }
    const auto place = log_.PlaceOf(position_);
    if (!place.has_value()) return absl::OutOfRangeError(fmt::format("position {} was trimmed", position_));
    if (scanner_ != nullptr && place->segment.first_position == segment_.first_position) return absl::OkStatus();
    if (scanner_ != nullptr && position_ != place->segment.first_position) return Damaged(segment_, offset_, position_);
    ZOOMWATCH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, log_.files().Open(place->segment.path));
    scanner_ = std::make_unique<SegmentScanner>(*file, place->segment.size);
    file_ = std::move(file);
    segment_ = place->segment;
    offset_ = log_format::kSegmentHeaderBytes;
    return absl::OkStatus();
  }

  SegmentLog::Impl& log_;
  Position position_;
  Position read_up_to_ = 0;  // everything the scanner holds was read when at least the records before it were durable
  Segment segment_;
  std::unique_ptr<File> file_;
  std::unique_ptr<SegmentScanner> scanner_;
  uint64_t offset_ = 0;
};

absl::StatusOr<std::unique_ptr<SegmentLog::Reader>> SegmentLog::Impl::NewReader(Position position) {
  auto reader = std::make_unique<LogReader>(*this, position);
  ZOOMWATCH_RETURN_IF_ERROR(reader->Seek(position));
  return reader;
}

SegmentLog::SegmentLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentLog::~SegmentLog() = default;

absl::StatusOr<std::unique_ptr<SegmentLog>> SegmentLog::Open(SegmentLogOptions options, FileSystem& files) {
  auto impl = std::make_unique<Impl>(std::move(options), files);
  ZOOMWATCH_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<SegmentLog>(new SegmentLog(std::move(impl)));
}

void SegmentLog::Append(std::string_view bytes, AppendCallback done) { impl_->Append(bytes, std::move(done)); }
absl::StatusOr<std::unique_ptr<SegmentLog::Reader>> SegmentLog::NewReader(Position position) {
  return impl_->NewReader(position);
}
bool SegmentLog::WaitFor(Position position, absl::Duration timeout, const std::stop_token& stop) {
  return impl_->WaitFor(position, timeout, stop);
}
absl::Status SegmentLog::Trim(Position position) { return impl_->Trim(position); }
void SegmentLog::Close() { impl_->Close(); }
Position SegmentLog::first_position() const { return impl_->first_position(); }
Position SegmentLog::end_position() const { return impl_->end_position(); }
uint64_t SegmentLog::disk_bytes() const { return impl_->disk_bytes(); }
absl::Status SegmentLog::health() const { return impl_->health(); }

}  // namespace zoomwatch::storage
