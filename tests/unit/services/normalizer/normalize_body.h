// Normalises one body the way the service does. For tests of the normalizer only.
#pragma once

#include <string>

#include "services/normalizer/normalizer.h"

namespace zoomwatch {

// 2026-11-24T09:30:00.250Z
inline constexpr int64_t kReceiveSeconds = 1795512600;
inline constexpr int64_t kReceiveMs = kReceiveSeconds * 1000 + 250;

inline ingest::v1::RawWebhook MakeWebhook(std::string body, std::string webhook_id = "hook-1") {
  ingest::v1::RawWebhook webhook;
  webhook.set_webhook_id(std::move(webhook_id));
  webhook.set_body(std::move(body));
  webhook.set_account_name("northwind");
  webhook.set_traceparent("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  webhook.mutable_receive_time()->set_seconds(kReceiveSeconds);
  webhook.mutable_receive_time()->set_nanos(250'000'000);
  return webhook;
}

inline detect::v1::EventItem NormalizeBody(std::string body, NormalizerOptions options = {}) {
  const Redactor redactor;
  Normalizer normalizer(redactor, options);
  detect::v1::EventItem item;
  normalizer.Normalize(MakeWebhook(std::move(body)), item);
  return item;
}

// REQUIRES: the body is an event; otherwise an empty event, which fails every expectation.
inline event::v1::Event EventOf(std::string body) { return NormalizeBody(std::move(body)).event(); }

}  // namespace zoomwatch
