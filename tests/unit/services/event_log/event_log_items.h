// Items and a blocking Append() for the tests of the event log.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

inline detect::v1::EventItem EventOf(const std::string& webhook_id, const std::string& event_id, absl::Time receive_time,
                                     const std::string& account = "main") {
  detect::v1::EventItem item;
  item.set_webhook_id(webhook_id);
  event::v1::Event& event = *item.mutable_event();
  event.set_event_id(event_id);
  event.set_event("meeting.started");
  event.set_account_name(account);
  event.set_webhook_id(webhook_id);
  event.mutable_receive_time()->set_seconds(absl::ToUnixSeconds(receive_time));
  return item;
}

inline detect::v1::EventItem QuarantinedOf(const std::string& webhook_id, const std::string& account = "main") {
  detect::v1::EventItem item;
  item.set_webhook_id(webhook_id);
  event::v1::QuarantinedWebhook& webhook = *item.mutable_quarantined();
  webhook.set_reason("BODY_NOT_JSON");
  webhook.set_message("no JSON");
  webhook.set_body("body of " + webhook_id);
  webhook.set_account_name(account);
  return item;
}

inline std::future<absl::StatusOr<BatchResult>> StartAppend(EventLog& log, std::vector<detect::v1::EventItem> items) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<BatchResult>>>();
  std::future<absl::StatusOr<BatchResult>> future = promise->get_future();
  log.Append(std::move(items), [promise](absl::StatusOr<BatchResult> result) { promise->set_value(std::move(result)); });
  return future;
}

inline absl::StatusOr<BatchResult> Append(EventLog& log, std::vector<detect::v1::EventItem> items) {
  return StartAppend(log, std::move(items)).get();
}

}  // namespace zoomwatch::detector
