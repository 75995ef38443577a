// A store whose writes fail when a test says so, as on a full disk.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/status/reasons.h"
#include "common/storage/keyed_store.h"

namespace zoomwatch::detector {

// Shared by the test and the store, which goes with its owner.
struct StoreFaults {
  enum class Write { kWorks, kFails, kFailsAfterItWasDone };  // after a failure nothing is known about the batch
  std::atomic<Write> write = Write::kWorks;
  std::atomic<std::size_t> largest_batch = 0;  // changes
  std::atomic<int> failed = 0;
};

class FaultyStore final : public storage::KeyedStore {
 public:
  FaultyStore(std::unique_ptr<storage::KeyedStore> store, std::shared_ptr<StoreFaults> faults)
      : store_(std::move(store)), faults_(std::move(faults)) {}

  absl::Status Write(const storage::KeyedBatch& batch) override {
    faults_->largest_batch = std::max(faults_->largest_batch.load(), batch.size());
    const StoreFaults::Write write = faults_->write;
    if (write != StoreFaults::Write::kFails) {
      if (absl::Status status = store_->Write(batch); !status.ok()) return status;
    }
    if (write == StoreFaults::Write::kWorks) return absl::OkStatus();
    ++faults_->failed;
    return Error(Reason::kStorageFailed, "No space left on device");
  }
  absl::StatusOr<std::string> Get(storage::Family family, std::string_view key) override { return store_->Get(family, key); }
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(storage::Family family, const std::vector<std::string>& keys) override {
    return store_->MultiGet(family, keys);
  }
  std::unique_ptr<Iterator> NewIterator(storage::Family family, std::string_view begin, std::string_view end) override {
    return store_->NewIterator(family, begin, end);
  }
  absl::Status ReclaimRange(storage::Family family, std::string_view begin, std::string_view end) override {
    return store_->ReclaimRange(family, begin, end);
  }
  std::uint64_t MemoryBytes() const override { return store_->MemoryBytes(); }
  absl::Status Compact(storage::Family family) override { return store_->Compact(family); }

 private:
  const std::unique_ptr<storage::KeyedStore> store_;
  const std::shared_ptr<StoreFaults> faults_;
};

}  // namespace zoomwatch::detector
