// Webhooks and blocking calls for the tests of the spool.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "services/receiver/spool/spool.h"

namespace zoomwatch::receiver {

inline constexpr absl::Duration kLong = absl::Seconds(60);  // never reached in a passing test
inline constexpr size_t kAllBytes = size_t{64} << 20;

inline ingest::v1::RawWebhook Webhook(const std::string& body, const std::string& account = "main") {
  ingest::v1::RawWebhook webhook;
  webhook.set_body(body);
  webhook.set_account_name(account);
  webhook.mutable_receive_time()->set_seconds(1'790'000'000);
  return webhook;
}

inline std::future<absl::Status> StartStore(Spool& spool, ingest::v1::RawWebhook webhook) {
  auto promise = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> future = promise->get_future();
  spool.Store(std::move(webhook), [promise](absl::Status status) { promise->set_value(std::move(status)); });
  return future;
}

inline absl::Status Store(Spool& spool, const std::string& body, const std::string& account = "main") {
  return StartStore(spool, Webhook(body, account)).get();
}

}  // namespace zoomwatch::receiver
