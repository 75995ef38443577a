// An append-only log of byte records in a folder, with group commit: what was appended while the last fdatasync ran is written and
// synced together by one thread. Format on disk: log_format.h. Decision: docs/adr/2026-11-24-append-only-log.md.
//
// Threading: all methods are thread-safe; a Reader is used by one thread at a time. Callbacks run on the log's thread, without a
// lock; they must not block, and must not call Close().
// Ownership: file system and metrics outlive the log; the log outlives its readers.
// Positions number the records from 1 without gaps and are never given twice in the life of the folder.
// Limits (SegmentLogOptions): at each of them Append() fails at once with STORE_FULL; nothing waits and nothing is dropped.
// Errors: STORE_FULL, STORAGE_FAILED, STORAGE_CORRUPT (file and offset in the message), STORE_LOCKED, SHUTTING_DOWN,
//   BATCH_TOO_LARGE (the record cannot fit into a segment), CONFIG_INVALID_VALUE.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/storage/file_system.h"

namespace zoomwatch::storage {

using Position = uint64_t;

struct SegmentLogOptions {
  // Folder of the log; made when missing. One process at a time may use it.
  std::string folder;
  // Size of a segment file. Files are written full of zeros before they are used, because a sync of a file that does not grow
  // costs a third. Space is given back a segment at a time. At least 4 KiB.
  uint64_t segment_bytes = uint64_t{64} << 20;
  // Most bytes of files, the prepared spare segment included. At least two segments.
  uint64_t max_disk_bytes = uint64_t{10} << 30;
  // Most records between the trimmed position and the end.
  uint64_t max_items = 20'000'000;
  // Most bytes accepted but not yet durable. One record is always admitted.
  uint64_t max_unwritten_bytes = uint64_t{64} << 20;
  // False: the callbacks run after the write, without a sync. For benchmarks only.
  bool sync = true;
  // Called on the log's thread once for each commit, after the callbacks of its records. Empty: not called.
  std::function<void()> after_commit;
};

struct LogRecord {
  Position position = 0;
  std::string bytes;
};

class SegmentLog {
 public:
  using AppendCallback = std::function<void(absl::StatusOr<Position>)>;

  // Opens the log and recovers it: records of the last segment behind the first bad one were never acknowledged and are erased;
  // a bad record that was acknowledged is STORAGE_CORRUPT. Cost: reads the last segment.
  static absl::StatusOr<std::unique_ptr<SegmentLog>> Open(SegmentLogOptions options, FileSystem& files);

  // As Close().
  ~SegmentLog();

  // Copies `bytes`, never waits for the disk. `done` is called exactly once: on the log's thread when the record is durable, or
  // when that failed; on the caller's thread, before Append() returns, when it is refused at once (a limit, a closed log, an
  // earlier failure). Order: records get positions in the order of the calls.
  // After a failed write or sync of the device every later call fails with STORAGE_FAILED until the folder is opened anew.
  void Append(std::string_view bytes, AppendCallback done);

  // Reads records in order. Sees durable records only, and those at once after (or just before) their callback.
  class Reader {
   public:
    virtual ~Reader() = default;
    // Up to `max_items` records of together at most `max_bytes` (but at least one record); empty: no more are durable.
    // Each record counts as its bytes and `item_overhead`. The reader stays where it was after an error. STORAGE_CORRUPT, STORAGE_FAILED.
    virtual absl::StatusOr<std::vector<LogRecord>> Read(size_t max_items, size_t max_bytes, size_t item_overhead = 0) = 0;
    // Position of the next record.
    virtual Position position() const = 0;
  };
  // A reader whose first record is `position`, which lies in [first_position(), end_position()]. OUT_OF_RANGE otherwise.
  // Cost: reads the part of the segment before it.
  absl::StatusOr<std::unique_ptr<Reader>> NewReader(Position position);

  // Waits until the record at `position` is durable. False: time ran out, `stop` was requested, or the log closed before.
  bool WaitFor(Position position, absl::Duration timeout, const std::stop_token& stop);

  // Forgets the records before `position`: deletes the segments that hold nothing else and counts the rest as gone for max_items.
  // Idempotent; a position behind the end counts as the end.
  absl::Status Trim(Position position);

  // Refuses new records, makes the accepted ones durable, runs their callbacks. Idempotent.
  void Close();

  // Oldest record that is still in a file, or end_position().
  Position first_position() const;
  // Position that follows the last durable record.
  Position end_position() const;
  // Bytes of files, spare included.
  uint64_t disk_bytes() const;
  // The error that made the log refuse records, or OK.
  absl::Status health() const;

 private:
  friend class LogReader;
  class Impl;
  explicit SegmentLog(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace zoomwatch::storage
