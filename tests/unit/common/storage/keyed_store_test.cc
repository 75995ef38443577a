// What the store keeps in memory, and what it forgets, however much is stored.
#include "common/storage/keyed_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::storage {
namespace {

constexpr Family kScanned = 0, kLookedUp = 1;

class KeyedStoreTest : public ::testing::Test {
 protected:
  static std::string KeyOf(uint64_t number) { return fmt::format("{:016x}", number * 0x9E3779B97F4A7C15ULL); }  // in no order
  void Open() {
    auto store = OpenKeyedStore(options_);
    ASSERT_OK(store);
    store_ = *std::move(store);
  }
  void Put(uint64_t begin, uint64_t end) {
    while (begin < end) {
      KeyedBatch batch;
      for (const uint64_t stop = std::min(begin + 1000, end); begin < stop; ++begin) {
        batch.Put(kScanned, KeyOf(begin), "value");
        batch.Put(kLookedUp, KeyOf(begin), "value");
      }
      ASSERT_OK(store_->Write(batch));
    }
  }
  // Each key that is there, and as many that are not.
  void LookUp(uint64_t end) {
    for (uint64_t begin = 0; begin < end; begin += 1000) {
      std::vector<std::string> keys;
      for (uint64_t i = begin; i < begin + 1000; ++i) keys.insert(keys.end(), {KeyOf(i), KeyOf(i + end)});
      const auto values = store_->MultiGet(kLookedUp, keys);
      ASSERT_OK(values);
      for (size_t i = 0; i < keys.size(); ++i) ASSERT_EQ((*values)[i].has_value(), i % 2 == 0);
    }
  }

  testing::TempDir dir_;
  KeyedStoreOptions options_{.folder = dir_.file("store"),
                             .families = {{.name = "scanned"}, {.name = "looked_up", .point_lookups = true}},
                             .memtable_bytes = uint64_t{1} << 20,
                             .cache_bytes = uint64_t{32} << 10};
  std::unique_ptr<KeyedStore> store_;
};

// Filters of 150,000 keys are 190 KB, and indexes come on top.
TEST_F(KeyedStoreTest, MemoryDoesNotGrowWithWhatIsStored) {
  constexpr uint64_t kKeys = 150'000;
  ASSERT_NO_FATAL_FAILURE(Open());
  const uint64_t empty = store_->MemoryBytes();
  ASSERT_NO_FATAL_FAILURE(Put(0, kKeys));
  ASSERT_OK(store_->Compact(kScanned));
  ASSERT_OK(store_->Compact(kLookedUp));
  store_.reset();
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(LookUp(kKeys));
  uint64_t count = 0;
  const auto walk = store_->NewIterator(kScanned, "", "");
  for (; walk->Valid(); walk->Next()) ++count;
  EXPECT_OK(walk->status());
  EXPECT_EQ(count, kKeys);
  EXPECT_GT(store_->MemoryBytes(), empty) << "nothing was cached";
  EXPECT_LT(store_->MemoryBytes(), empty + 2 * options_.cache_bytes);
}

TEST_F(KeyedStoreTest, WhatHasExpiredGoesWhenItIsCompacted) {
  options_.families[kLookedUp].expired = [](std::string_view key, std::string_view) { return key < KeyOf(1); };
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(Put(0, 10));
  ASSERT_OK(store_->Compact(kLookedUp));
  for (uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(store_->Get(kLookedUp, KeyOf(i)).ok(), KeyOf(i) >= KeyOf(1)) << i;
    EXPECT_OK(store_->Get(kScanned, KeyOf(i)));
  }
}

}  // namespace
}  // namespace zoomwatch::storage
