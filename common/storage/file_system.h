// The files that common/storage writes itself (RocksDB has its own): the one seam to the disk, so that tests can fail the n-th call
// or drop what was not synced. Thread-safe; a File is used by one writer and any number of readers at a time.
// Errors: NOT_FOUND for a missing file; STORE_LOCKED from Lock(); otherwise STORAGE_FAILED with path and the system's error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zoomwatch::storage {

// An open file. Closed by the destructor.
class File {
 public:
  virtual ~File() = default;

  // Writes all of `bytes` at `offset`. After a failure any part of the range may have been written.
  virtual absl::Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Reads up to `size` bytes; fewer only at the end of the file.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) = 0;
  // Returns when everything written is on the device (fdatasync).
  virtual absl::Status SyncData() = 0;
  virtual absl::StatusOr<uint64_t> Size() = 0;
};

// Held as long as the object lives. The system releases it when the process dies.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Makes an empty file for reading and writing, in place of one that exists.
  virtual absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) = 0;
  // Opens an existing file for reading and writing.
  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) = 0;
  // Replaces `to` atomically. Durable after SyncFolder().
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  // Makes the folder and its missing parents durably. OK when it exists.
  virtual absl::Status MakeFolder(const std::string& path) = 0;
  // Makes the names in the folder durable (fsync of the folder).
  virtual absl::Status SyncFolder(const std::string& path) = 0;
  // Names in the folder, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
  // Takes the exclusive lock of a folder (flock on its file LOCK). STORE_LOCKED: somebody has it. Never waits.
  virtual absl::StatusOr<std::unique_ptr<FolderLock>> Lock(const std::string& folder) = 0;
};

// The real one; lives as long as the process.
FileSystem& PosixFileSystem();

// The whole file. NOT_FOUND: there is none. STORAGE_FAILED also when it is larger than `max_bytes`.
absl::StatusOr<std::string> ReadWholeFile(FileSystem& files, const std::string& path, uint64_t max_bytes);

// Replaces the file durably: after a crash it holds either the old bytes or the new ones. Uses "<path>.tmp".
absl::Status ReplaceFile(FileSystem& files, const std::string& folder, const std::string& name, std::string_view bytes);

}  // namespace zoomwatch::storage
