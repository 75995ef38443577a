#include "services/receiver/replay_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::receiver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasReason;
using Admission = ReplayCache::Admission;

constexpr int64_t kSecond = 1790000000;

RequestFingerprint Fingerprint(int number, uint32_t account = 0) {
  return RequestFingerprint(account, Sha256(std::to_string(number)));
}

class ReplayCacheTest : public ::testing::Test {
 protected:
  Admission Admit(const RequestFingerprint& fingerprint, int64_t now = kSecond) {
    return cache_.Admit(fingerprint, absl::FromUnixSeconds(now),
                        [this](const absl::Status& outcome) { outcomes_.push_back(outcome); });
  }
  void Store(const RequestFingerprint& fingerprint, int64_t timestamp = kSecond, int64_t now = kSecond) {
    ASSERT_EQ(Admit(fingerprint, now), Admission::kNew);
    cache_.Settle(fingerprint, timestamp, absl::OkStatus());
  }

  Metrics metrics_;
  std::vector<absl::Status> outcomes_;
  ReplayCache cache_{{.max_age = absl::Minutes(90), .max_entries = 3}, metrics_};
};

TEST_F(ReplayCacheTest, KnowsWhatWasStored) {
  Store(Fingerprint(1));
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kKnown);
  EXPECT_EQ(Admit(Fingerprint(2)), Admission::kNew);
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(ReplayCacheTest, TellsAccountsApart) {
  Store(Fingerprint(1, 0));
  EXPECT_EQ(Admit(Fingerprint(1, 1)), Admission::kNew);
}

TEST_F(ReplayCacheTest, LetsATwinWaitUntilTheFirstIsDurable) {
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kNew);
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kPending);
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kPending);
  EXPECT_TRUE(outcomes_.empty());
  cache_.Settle(Fingerprint(1), kSecond, absl::OkStatus());
  EXPECT_THAT(outcomes_, ElementsAre(absl::OkStatus(), absl::OkStatus()));
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kKnown);
}

TEST_F(ReplayCacheTest, ForgetsWhatCouldNotBeStored) {
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kNew);
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kPending);
  cache_.Settle(Fingerprint(1), kSecond, Error(Reason::kSpoolFull, "full"));
  EXPECT_THAT(outcomes_, ElementsAre(HasReason(Reason::kSpoolFull)));
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kNew);  // Zoom's retry
}

TEST_F(ReplayCacheTest, ForgetsAnEntryWhenItsTimeStampAloneWouldBeRefused) {
  Store(Fingerprint(1));
  EXPECT_EQ(Admit(Fingerprint(1), kSecond + 5399), Admission::kKnown);
  EXPECT_EQ(Admit(Fingerprint(1), kSecond + 5400), Admission::kKnown);
  EXPECT_EQ(Admit(Fingerprint(1), kSecond + 5401), Admission::kNew);
}

TEST_F(ReplayCacheTest, ForgetsTheOldestAtTheLimitAndCountsIt) {
  for (int i = 1; i <= 3; ++i) Store(Fingerprint(i));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_replay_evictions_total 0"));
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kKnown);
  Store(Fingerprint(4));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_replay_evictions_total 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_replay_entries 3"));
  EXPECT_EQ(Admit(Fingerprint(2)), Admission::kKnown);
  EXPECT_EQ(Admit(Fingerprint(1)), Admission::kNew);
}

TEST_F(ReplayCacheTest, AdmitsEachRequestOnceWhateverTheThreads) {
  ReplayCache cache({.max_entries = 100000}, metrics_);
  constexpr int kRequests = 2000;
  std::atomic<int> stored{0}, answered{0};
  const auto deliver_all = [&] {
    for (int i = 0; i < kRequests; ++i) {
      const auto on_settled = [&](const absl::Status&) { ++answered; };
      switch (cache.Admit(Fingerprint(i), absl::FromUnixSeconds(kSecond), on_settled)) {
        case Admission::kNew:
          ++stored;
          cache.Settle(Fingerprint(i), kSecond, absl::OkStatus());
          ++answered;
          break;
        case Admission::kKnown: ++answered; break;
        case Admission::kPending: break;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(deliver_all);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, kRequests);
  EXPECT_EQ(answered, 3 * kRequests);
}

}  // namespace
}  // namespace zoomwatch::receiver
