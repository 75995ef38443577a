// Turns one webhook into an event, or says why it is none. Pure apart from reused memory: the result depends on the webhook alone.
// Not thread-safe; keep one per thread. Holds no reference to a webhook after Normalize() returned.
//
// Nothing is required of a body but that it is one JSON object with an "event" of 1 to 200 characters. Unknown events and fields pass.
// Limits: options.max_depth; typed fields as in mapping/reader.h.
// Quarantine reasons: BODY_NOT_JSON, BODY_NOT_UTF8, JSON_TOO_DEEP, JSON_DUPLICATE_KEY, BODY_TOO_LARGE, EVENT_NAME_MISSING,
// EVENT_NAME_MALFORMED. The bytes of a quarantined body are kept as they came.
// Source: docs/event-model.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/json/document.h"
#include "common/json/parser.h"
#include "common/status/reasons.h"
#include "services/normalizer/identity.h"
#include "services/normalizer/mapping/mapping_table.h"
#include "services/normalizer/redaction.h"
#include "zoomwatch/detect/v1/detect_service.pb.h"
#include "zoomwatch/ingest/v1/raw_webhook.pb.h"

namespace zoomwatch {

struct NormalizerOptions {
  int max_depth = 64;  // deepest nesting of objects and arrays in a body
};

// What became of a webhook, for counters.
struct NormalizeReport {
  const MappingRow* mapping = nullptr;  // null: quarantined
  std::optional<Reason> reason;         // of the quarantine
  int redacted_values = 0;
};

class Normalizer {
 public:
  explicit Normalizer(const Redactor& redactor, NormalizerOptions options = {});

  // Replaces `item` by the event or the quarantined webhook. A reused item costs fewer allocations.
  // REQUIRES: webhook has webhook_id, account_name and receive_time.
  NormalizeReport Normalize(const ingest::v1::RawWebhook& webhook, detect::v1::EventItem& item);

 private:
  // OK: event_name_ is set.
  absl::Status ReadEventName(const Reader& reader);
  void FillEvent(const ingest::v1::RawWebhook& webhook, const Reader& reader, const MappingRow& mapping, event::v1::Event& event);
  void FillAccount(const Reader& reader, event::v1::Event& event) const;
  void FillActor(const Reader& reader, ActorRule rule, event::v1::Event& event) const;
  NormalizeReport Quarantine(const ingest::v1::RawWebhook& webhook, const absl::Status& why, detect::v1::EventItem& item) const;

  const Redactor& redactor_;
  json::Parser parser_;
  json::Document document_;
  Redaction redaction_;
  EventIdentity identity_;
  std::string event_name_;
};

}  // namespace zoomwatch
