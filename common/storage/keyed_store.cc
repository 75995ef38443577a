#include "common/storage/keyed_store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <utility>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/storage/file_system.h"

namespace zoomwatch::storage {
namespace {

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = fmt::format("{}: {}", what, status.ToString());
  if (status.IsNotFound()) return absl::NotFoundError(message);
  return Error(status.IsCorruption() ? Reason::kStorageCorrupt : Reason::kStorageFailed, message);
}

class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit ExpiryFilter(std::function<bool(std::string_view, std::string_view)> expired) : expired_(std::move(expired)) {}
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*, bool*) const override {
    return expired_(ToView(key), ToView(value));
  }
  const char* Name() const override { return "zoomwatch.expiry"; }

 private:
  const std::function<bool(std::string_view, std::string_view)> expired_;
};

class RocksIterator final : public KeyedStore::Iterator {
 public:
  RocksIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string_view begin, std::string_view end)
      : end_(end), upper_bound_(end_) {
    rocksdb::ReadOptions options;
    if (!end_.empty()) options.iterate_upper_bound = &upper_bound_;
    iterator_.reset(db.NewIterator(options, family));
    iterator_->Seek(ToSlice(begin));
  }
  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  absl::Status status() const override { return FromRocks(iterator_->status(), "iterate"); }

 private:
  const std::string end_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksStore final : public KeyedStore {
 public:
  explicit RocksStore(KeyedStoreOptions options) : options_(std::move(options)) {}
  ~RocksStore() override {
    if (db_ == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* const handle : handles_) (void)db_->DestroyColumnFamilyHandle(handle);
    (void)db_->Close();
  }

  absl::Status Open() {
    ZOOMWATCH_RETURN_IF_ERROR(PosixFileSystem().MakeFolder(options_.folder));
    rocksdb::DBOptions db_options;
    db_options.create_if_missing = true;
    db_options.create_missing_column_families = true;
    db_options.keep_log_file_num = 4;
    db_options.max_log_file_size = size_t{4} << 20;
    db_options.max_total_wal_size = options_.memtable_bytes * 8;
    db_options.max_open_files = 1024;
    cache_ = rocksdb::NewLRUCache(options_.cache_bytes);
    std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, {}}};
    for (const FamilyOptions& family : options_.families) families.emplace_back(family.name, RocksOptions(family));
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(db_options, options_.folder, families, &handles, &db);
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
      return Error(Reason::kStoreLocked, fmt::format("{}: {}", options_.folder, status.ToString()));
    }
    if (status.IsInvalidArgument()) {
      return Error(Reason::kStorageCorrupt, fmt::format("{}: {}", options_.folder, status.ToString()));
    }
    ZOOMWATCH_RETURN_IF_ERROR(FromRocks(status, fmt::format("open {}", options_.folder)));
    db_.reset(db);
    handles_ = std::move(handles);
    return absl::OkStatus();
  }

  absl::Status Write(const KeyedBatch& batch) override {
    constexpr size_t kBytesPerChange = 16;  // beside key and value, as a rule
    rocksdb::WriteBatch changes(batch.bytes() + batch.size() * kBytesPerChange);
    for (size_t i = 0; i < batch.size(); ++i) {
      const KeyedBatch::Change change = batch.At(i);
      rocksdb::Status added;
      switch (change.kind) {
        case KeyedBatch::Change::Kind::kPut:
          added = changes.Put(Handle(change.family), ToSlice(change.key), ToSlice(change.value));
          break;
        case KeyedBatch::Change::Kind::kDelete:
          added = changes.Delete(Handle(change.family), ToSlice(change.key));
          break;
        case KeyedBatch::Change::Kind::kDeleteRange:
          added = changes.DeleteRange(Handle(change.family), ToSlice(change.key), ToSlice(change.value));
          break;
      }
      ZOOMWATCH_RETURN_IF_ERROR(FromRocks(added, "batch"));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    return FromRocks(db_->Write(options, &changes), fmt::format("write {}", options_.folder));
  }

  absl::StatusOr<std::string> Get(Family family, std::string_view key) override {
    std::string value;
    ZOOMWATCH_RETURN_IF_ERROR(FromRocks(db_->Get({}, Handle(family), ToSlice(key), &value), "get"));
    return value;
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Family family,
                                                                   const std::vector<std::string>& keys) override {
    std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet({}, Handle(family), keys.size(), slices.data(), values.data(), statuses.data());
    std::vector<std::optional<std::string>> results(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      ZOOMWATCH_RETURN_IF_ERROR(FromRocks(statuses[i], "get"));
      results[i] = values[i].ToString();
    }
    return results;
  }

  std::unique_ptr<Iterator> NewIterator(Family family, std::string_view begin, std::string_view end) override {
    return std::make_unique<RocksIterator>(*db_, Handle(family), begin, end);
  }

  absl::Status ReclaimRange(Family family, std::string_view begin, std::string_view end) override {
    const rocksdb::Slice begin_slice = ToSlice(begin);
    const rocksdb::Slice end_slice = ToSlice(end);
    return FromRocks(rocksdb::DeleteFilesInRange(db_.get(), Handle(family), &begin_slice, &end_slice, false), "reclaim");
  }

  uint64_t MemoryBytes() const override {
    uint64_t memtables = 0, files = 0;
    db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &memtables);
    db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kEstimateTableReadersMem, &files);
    return memtables + files + cache_->GetUsage();
  }

  absl::Status Compact(Family family) override {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    return FromRocks(db_->CompactRange(options, Handle(family), nullptr, nullptr), "compact");
  }

 private:
  rocksdb::ColumnFamilyOptions RocksOptions(const FamilyOptions& family) {
    rocksdb::ColumnFamilyOptions options;
    options.write_buffer_size = options_.memtable_bytes;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache_;
    // Indexes and filters grow with what is stored: in parts, in the cache like any other block, they take no memory beyond it.
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.cache_index_and_filter_blocks = true;
    table.pin_top_level_index_and_filter = true;
    if (!family.point_lookups) table.block_size = size_t{16} << 10;
    if (family.point_lookups) {
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
      options.memtable_whole_key_filtering = true;
      options.memtable_prefix_bloom_size_ratio = 0.1;
      // Keys in any order are rewritten several times less often than with levels; the filters keep looking into more runs cheap.
      options.compaction_style = rocksdb::kCompactionStyleUniversal;
    }
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    filters_.push_back(family.expired ? std::make_unique<ExpiryFilter>(family.expired) : nullptr);
    options.compaction_filter = filters_.back().get();
    // What has expired goes within a day, also where nothing else makes its file be written again.
    if (family.expired) options.periodic_compaction_seconds = 24 * 60 * 60;
    return options;
  }

  rocksdb::ColumnFamilyHandle* Handle(Family family) const { return handles_.at(family + 1); }  // 0 is RocksDB's "default"

  const KeyedStoreOptions options_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::vector<std::unique_ptr<ExpiryFilter>> filters_;  // outlive the database
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace

void KeyedBatch::Put(Family family, std::string_view key, std::string_view value) { Add(Change::Kind::kPut, family, key, value); }
void KeyedBatch::Delete(Family family, std::string_view key) { Add(Change::Kind::kDelete, family, key, {}); }
void KeyedBatch::DeleteRange(Family family, std::string_view begin, std::string_view end) {
  Add(Change::Kind::kDeleteRange, family, begin, end);
}
void KeyedBatch::Add(Change::Kind kind, Family family, std::string_view key, std::string_view value) {
  places_.push_back({.kind = kind, .family = family, .begin = bytes_.size(), .key_size = key.size(), .value_size = value.size()});
  bytes_.append(key).append(value);
}
KeyedBatch::Change KeyedBatch::At(size_t number) const {
  const Place& place = places_.at(number);
  const std::string_view bytes(bytes_);
  return {.kind = place.kind,
          .family = place.family,
          .key = bytes.substr(place.begin, place.key_size),
          .value = bytes.substr(place.begin + place.key_size, place.value_size)};
}
void KeyedBatch::Clear() {
  places_.clear();
  bytes_.clear();
}

absl::StatusOr<std::unique_ptr<KeyedStore>> OpenKeyedStore(KeyedStoreOptions options) {
  auto store = std::make_unique<RocksStore>(std::move(options));
  ZOOMWATCH_RETURN_IF_ERROR(store->Open());
  return store;
}

}  // namespace zoomwatch::storage
