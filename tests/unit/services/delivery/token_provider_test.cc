#include "services/detector/delivery/token_provider.h"

#include <gmock/gmock.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReason;
using ::testing::HasSubstr;

// Issues t1, t2, ... that live for an hour, unless it is told to fail or to hold requests back. Thread-safe.
class FakeSource final : public CredentialSource {
 public:
  TokenAnswer RequestToken(const std::stop_token&) override {
    MutexLock lock(mutex_);
    ++requests_;
    changed_.NotifyAll();
    while (held_) changed_.Wait(mutex_);
    if (failing_) return {.status = Error(Reason::kTokenRefused, "no"), .retry_after = absl::Seconds(3)};
    return {.status = absl::OkStatus(), .token = Secret("t" + std::to_string(requests_)), .lifetime = lifetime_};
  }
  void SetFailing(bool failing) {
    MutexLock lock(mutex_);
    failing_ = failing;
  }
  void SetHeld(bool held) {
    MutexLock lock(mutex_);
    held_ = held;
    changed_.NotifyAll();
  }
  void SetLifetime(absl::Duration lifetime) {
    MutexLock lock(mutex_);
    lifetime_ = lifetime;
  }
  int requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }
  void AwaitRequests(int count) {
    MutexLock lock(mutex_);
    while (requests_ < count) changed_.Wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration lifetime_ ABSL_GUARDED_BY(mutex_) = absl::Hours(1);
};

class TokenProviderTest : public ::testing::Test {
 protected:
  // The token, or "" with an error.
  std::string Get() {
    const TokenProvider::Result result = provider_.Get({});
    return result.status.ok() ? std::string(result.token->Reveal()) : "";
  }

  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  Metrics metrics_;
  FakeSource* source_ = new FakeSource;  // owned by provider_
  TokenProvider provider_{std::unique_ptr<CredentialSource>(source_), clock_, metrics_};
};

TEST_F(TokenProviderTest, KeepsATokenUntilFiveMinutesBeforeItsEnd) {
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(absl::Minutes(55) - absl::Nanoseconds(1));
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(Get(), "t2");
  EXPECT_EQ(source_->requests(), 2);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_token_requests_total{result=\"issued\"} 2\n"));
}

TEST_F(TokenProviderTest, RenewsAShortTokenAtHalfOfItsLife) {
  source_->SetLifetime(absl::Seconds(60));
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(absl::Seconds(29));
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenProviderTest, ATokenThatLivesNoTimeServesOnce) {
  source_->SetLifetime(absl::ZeroDuration());
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenProviderTest, SettingTheClockChangesNothing) {
  EXPECT_EQ(Get(), "t1");
  clock_.SetNow(absl::FromUnixSeconds(2'000'000'000));
  EXPECT_EQ(Get(), "t1");
  clock_.SetNow(absl::UnixEpoch());
  EXPECT_EQ(Get(), "t1");
}

TEST_F(TokenProviderTest, TheOldTokenServesOnWhileRenewalFails) {
  EXPECT_EQ(Get(), "t1");
  source_->SetFailing(true);
  clock_.Advance(absl::Minutes(55));
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(source_->requests(), 2) << "not at every call";
  clock_.Advance(TokenProvider::kRenewAgain);
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(source_->requests(), 3);
  clock_.Advance(absl::Minutes(5));
  const TokenProvider::Result expired = provider_.Get({});
  EXPECT_THAT(expired.status, HasReason(Reason::kTokenRefused));
  EXPECT_EQ(expired.retry_after, absl::Seconds(3));
  EXPECT_EQ(expired.token, nullptr);
  source_->SetFailing(false);
  EXPECT_EQ(Get(), "t5");
}

TEST_F(TokenProviderTest, ARejectedTokenIsReplacedOnce) {
  const TokenProvider::Token first = provider_.Get({}).token;
  provider_.Reject(first);
  EXPECT_EQ(Get(), "t2");
  provider_.Reject(first);  // another thread, with the same answer later
  EXPECT_EQ(Get(), "t2");
  EXPECT_EQ(source_->requests(), 2);
}

TEST_F(TokenProviderTest, ARejectedTokenServesNoLongerWhenRenewalFails) {
  provider_.Reject(provider_.Get({}).token);
  source_->SetFailing(true);
  EXPECT_EQ(Get(), "");
}

TEST_F(TokenProviderTest, OneRequestServesAllWhoWait) {
  source_->SetHeld(true);
  std::vector<std::future<std::string>> tokens;
  for (int i = 0; i < 4; ++i) tokens.push_back(std::async(std::launch::async, [this] { return Get(); }));
  source_->AwaitRequests(1);
  source_->SetHeld(false);
  for (auto& token : tokens) EXPECT_EQ(token.get(), "t1");
  EXPECT_EQ(source_->requests(), 1);
}

TEST_F(TokenProviderTest, OthersGoOnWithTheOldTokenDuringARenewal) {
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(absl::Minutes(56));
  source_->SetHeld(true);
  auto renewing = std::async(std::launch::async, [this] { return Get(); });
  source_->AwaitRequests(2);
  EXPECT_EQ(Get(), "t1");
  source_->SetHeld(false);
  EXPECT_EQ(renewing.get(), "t2");
}

TEST_F(TokenProviderTest, AStopEndsTheWaitForAnothersRequest) {
  source_->SetHeld(true);
  auto renewing = std::async(std::launch::async, [this] { return Get(); });
  source_->AwaitRequests(1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(provider_.Get(stop.get_token()).status, HasReason(Reason::kShuttingDown));
  source_->SetHeld(false);
  EXPECT_EQ(renewing.get(), "t1");
}

}  // namespace
}  // namespace zoomwatch::detector
