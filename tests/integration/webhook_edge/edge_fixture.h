// The receiver's edge as it is shipped, over real sockets: server, handler, accounts, replay cache. Only the store and the clock are
// fakes. A fixture is a small vocabulary: a good request, changed in one point, sent, answered.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/http/server.h"
#include "common/sync/mutex.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "services/receiver/webhook_handler.h"
#include "tests/integration/http_edge/raw_client.h"

namespace zoomwatch::receiver::testing {

using ::zoomwatch::testing::FakeClock;
using ::zoomwatch::testing::RawClient;
using ::zoomwatch::testing::RawResponse;

inline constexpr char kSecret[] = "own-test-secret-1";
inline constexpr char kNextSecret[] = "own-test-secret-2";
inline constexpr char kBody[] = "{\"event\":\"meeting.started\",\"payload\":{\"account_id\":\"acc\"},\"event_ts\":1790000000000}";
inline constexpr int64_t kNow = 1790000000;

// Keeps webhooks in memory. Settles at once, unless held.
class FakeStore final : public WebhookStore {
 public:
  void Store(ingest::v1::RawWebhook webhook, std::function<void(absl::Status)> done) override {
    std::function<void(absl::Status)> settle_now;
    absl::Status outcome;
    {
      MutexLock lock(mutex_);
      stored_.push_back(std::move(webhook));
      if (held_) {
        waiting_.push_back(std::move(done));
        changed_.NotifyAll();
      } else {
        settle_now = std::move(done);
        outcome = outcome_;
      }
    }
    if (settle_now) settle_now(outcome);
  }
  std::vector<ingest::v1::RawWebhook> stored() const {
    MutexLock lock(mutex_);
    return stored_;
  }
  void SetOutcome(absl::Status outcome) {
    MutexLock lock(mutex_);
    outcome_ = std::move(outcome);
  }
  void Hold() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  // Settles the oldest held one; waits until there is one.
  void SettleNext(const absl::Status& outcome) {
    std::function<void(absl::Status)> done;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty()) changed_.Wait(mutex_);
      done = std::move(waiting_.front());
      waiting_.pop_front();
    }
    done(outcome);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<ingest::v1::RawWebhook> stored_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::function<void(absl::Status)>> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::Status outcome_ ABSL_GUARDED_BY(mutex_);
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
};

// A request as text, in parts that a test can change.
struct WebhookRequest {
  std::string request_line = "POST /webhook HTTP/1.1";
  std::vector<std::string> fields;  // whole lines without line end
  std::string body = kBody;

  std::string Bytes() const {
    std::string bytes = request_line + "\r\n";
    for (const std::string& field : fields) bytes += field + "\r\n";
    return bytes + "\r\n" + body;
  }
  // Replaces the field with that name, or removes it when `line` is empty.
  WebhookRequest& Set(const std::string& name, const std::string& line) {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!http::EqualsIgnoreCase(std::string_view(fields[i]).substr(0, name.size() + 1), name + ":")) continue;
      if (line.empty()) {
        fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        fields[i] = line;
      }
      return *this;
    }
    if (!line.empty()) fields.push_back(line);
    return *this;
  }
  WebhookRequest& Add(const std::string& line) {
    fields.push_back(line);
    return *this;
  }
};

// Signed as Zoom does it.
inline WebhookRequest SignedRequest(const std::string& body, int64_t timestamp = kNow, const std::string& secret = kSecret) {
  const std::string time = std::to_string(timestamp);
  WebhookRequest request;
  request.body = body;
  request.fields = {"Host: receiver.example",
                    "User-Agent: Zoom Marketplace/1.0a",
                    "Content-Type: application/json; charset=utf-8",
                    "Content-Length: " + std::to_string(body.size()),
                    "x-zm-request-timestamp: " + time,
                    "x-zm-signature: " + Sign(HmacSha256Key{Secret(secret)}, time, body)};
  return request;
}

class EdgeTest : public ::testing::Test {
 protected:
  EdgeTest() {
    Write("secret-1", std::string(kSecret) + "\n");
    Write("secret-2", kNextSecret);
    config::v1::ZoomAccount& account = *config_.add_zoom_accounts();
    account.set_name("main");
    account.add_secret_token_files(dir_.file("secret-1"));
    account.add_secret_token_files(dir_.file("secret-2"));
    server_options_.name = "webhook";
    server_options_.tick = absl::Milliseconds(1);
    server_options_.threads = 2;
    server_options_.max_body_bytes = 64 << 10;
    server_options_.answer_deadline = absl::Milliseconds(2500);
  }

  void Write(const std::string& name, const std::string& content) { std::ofstream(dir_.file(name)) << content; }

  void StartEdge() {
    auto accounts = AccountRegistry::Load(config_.zoom_accounts(), "/webhook", metrics_);
    ASSERT_OK(accounts);
    accounts_ = *std::move(accounts);
    handler_ = std::make_unique<WebhookHandler>(handler_options_, *accounts_, replays_, challenges_, store_, clock_, metrics_);
    auto server = http::Server::Start(server_options_, *handler_, clock_, metrics_);
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  RawResponse Exchange(const WebhookRequest& request) { return RawClient(server_->port()).Exchange(request.Bytes()); }

  ::zoomwatch::testing::TempDir dir_;
  config::v1::Receiver config_;
  http::ServerOptions server_options_;
  WebhookHandlerOptions handler_options_;
  FakeClock clock_{absl::FromUnixSeconds(kNow)};
  Metrics metrics_;
  FakeStore store_;
  ReplayCache replays_{{}, metrics_};
  ChallengeWatch challenges_{{"main"}, absl::Hours(80), clock_, metrics_};
  std::unique_ptr<AccountRegistry> accounts_;
  std::unique_ptr<WebhookHandler> handler_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace zoomwatch::receiver::testing
