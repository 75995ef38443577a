// Sorted byte keys and values on disk, in families, with atomic synced batches. The only door to RocksDB.
// An interface, so that tests can fail a write; OpenKeyedStore() makes the real one.
// Threading: thread-safe; an iterator or a batch is used by one thread at a time. Ownership: the store outlives its iterators.
// Errors: STORE_LOCKED, STORAGE_CORRUPT, STORAGE_FAILED; NOT_FOUND from Get().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zoomwatch::storage {

// Index into KeyedStoreOptions::families.
using Family = size_t;

struct FamilyOptions {
  // Name on disk; never changes.
  std::string name;
  // True: keys are looked up one by one, mostly without success (bloom filter). False: keys are scanned in order.
  bool point_lookups = false;
  // Whether an entry may be forgotten; asked during compaction, from any thread. An entry may outlive its expiry, so readers check
  // it themselves. Empty: nothing expires.
  std::function<bool(std::string_view key, std::string_view value)> expired;
};

struct KeyedStoreOptions {
  // Folder; made when missing. One process at a time may use it.
  std::string folder;
  std::vector<FamilyOptions> families;
  // Bytes of recent writes held in memory for each family before they go to a file. More means fewer files and more memory; small
  // ones stay in the processor's cache and cost fewer page faults.
  uint64_t memtable_bytes = uint64_t{16} << 20;
  // Cache of blocks read, shared by all families.
  uint64_t cache_bytes = uint64_t{64} << 20;
};

// Changes that happen together or not at all.
class KeyedBatch {
 public:
  struct Change {
    enum class Kind { kPut, kDelete, kDeleteRange };
    Kind kind = Kind::kPut;
    Family family = 0;
    std::string_view key;    // or begin
    std::string_view value;  // or end
  };

  void Put(Family family, std::string_view key, std::string_view value);
  void Delete(Family family, std::string_view key);
  // Deletes [begin, end).
  void DeleteRange(Family family, std::string_view begin, std::string_view end);
  void Clear();

  size_t size() const { return places_.size(); }  // changes
  bool empty() const { return places_.empty(); }
  size_t bytes() const { return bytes_.size(); }  // of keys and values
  // In the order in which they were made; it lives until the next one is made. REQUIRES: number < size().
  Change At(size_t number) const;

 private:
  struct Place {
    Change::Kind kind = Change::Kind::kPut;
    Family family = 0;
    size_t begin = 0, key_size = 0, value_size = 0;  // the key, then the value
  };
  void Add(Change::Kind kind, Family family, std::string_view key, std::string_view value);

  std::vector<Place> places_;
  std::string bytes_;  // of all: strings of their own would cost an allocation each
};

class KeyedStore {
 public:
  // A walk over the keys of a range at one moment. REQUIRES in key(), value() and Next(): Valid(). Views live until Next().
  class Iterator {
   public:
    virtual ~Iterator() = default;
    virtual bool Valid() const = 0;
    virtual void Next() = 0;
    virtual std::string_view key() const = 0;
    virtual std::string_view value() const = 0;
    // Why the walk ended: OK at the end of the range.
    virtual absl::Status status() const = 0;
  };

  virtual ~KeyedStore() = default;

  // Applies the batch atomically; durable on return. After a failure nothing is known about the batch.
  virtual absl::Status Write(const KeyedBatch& batch) = 0;
  virtual absl::StatusOr<std::string> Get(Family family, std::string_view key) = 0;
  // One result for each key, nullopt where there is none.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Family family,
                                                                           const std::vector<std::string>& keys) = 0;
  // Walks [begin, end); an empty `end` means to the last key.
  virtual std::unique_ptr<Iterator> NewIterator(Family family, std::string_view begin, std::string_view end) = 0;
  // Gives back the space of files that lie wholly in [begin, end). The range must have been deleted before.
  virtual absl::Status ReclaimRange(Family family, std::string_view begin, std::string_view end) = 0;
  // Bytes held in memory: recent writes, cached blocks, and what open files need beside them. Indexes and filters are cached blocks, so
  // it does not grow with what is stored.
  virtual uint64_t MemoryBytes() const = 0;
  // Compacts the family, which applies its expiry to every entry. Slow: for tests and maintenance.
  virtual absl::Status Compact(Family family) = 0;
};

// Opens or makes the store. Families that the folder holds beyond those of the options are STORAGE_CORRUPT.
absl::StatusOr<std::unique_ptr<KeyedStore>> OpenKeyedStore(KeyedStoreOptions options);

}  // namespace zoomwatch::storage
