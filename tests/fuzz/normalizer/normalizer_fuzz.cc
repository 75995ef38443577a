// The body of a webhook -> event or quarantine -> row of the table. Properties:
//   - there is an event or a quarantined webhook, and it survives the way through protobuf (which refuses bytes that are not UTF-8);
//   - the redacted body is JSON in which nothing is left to redact, and a quarantined body is byte for byte what came;
//   - the event has what its readers rely on: identity, name, category, times;
//   - a reused normalizer and a new one agree;
//   - the row is one line of JSON within its limits, and the body reads as a value of KQL.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/event_table/event_cells.h"
#include "common/event_table/event_row.h"
#include "common/json/parser.h"
#include "common/kql/json.h"
#include "common/status/check.h"
#include "services/normalizer/normalizer.h"

namespace {

using namespace zoomwatch;

constexpr NormalizerOptions kDeepest{.max_depth = 255};  // what the configuration allows
// A row holds the body one level deeper.
constexpr json::ParserOptions kLikeNormalizer{.max_depth = 256, .duplicate_keys = json::DuplicateKeys::kKeepInsideArrays};

const Redactor& TheRedactor() {
  static const Redactor& redactor = *new Redactor;
  return redactor;
}

ingest::v1::RawWebhook MakeWebhook(std::string_view body) {
  ingest::v1::RawWebhook webhook;
  webhook.set_webhook_id("hook-1");
  webhook.set_body(std::string(body));
  webhook.set_account_name("main");
  webhook.set_traceparent("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  webhook.mutable_receive_time()->set_seconds(1795512600);  // 2026-11-24T09:30:00Z
  webhook.mutable_receive_time()->set_nanos(250'000'000);
  return webhook;
}

void CheckRedacted(const std::string& payload) {
  json::Parser parser(kLikeNormalizer);
  json::Document document;
  ZOOMWATCH_CHECK(parser.Parse(payload, document).ok());
  ZOOMWATCH_CHECK(!document.has_lone_surrogates());
  Redaction redaction;
  TheRedactor().Find(document, redaction);
  std::string again;
  Redactor::Write(document, redaction, again);
  ZOOMWATCH_CHECK(again == payload);
}

void CheckRow(const event::v1::Event& event) {
  static event_table::RowEncoder& encoder = *new event_table::RowEncoder;
  std::string row;
  encoder.Append(event, row);
  ZOOMWATCH_CHECK(row.size() <= event_table::RowLimits{}.max_row_bytes);
  ZOOMWATCH_CHECK(row.find('\n') == std::string::npos);
  json::Parser parser(kLikeNormalizer);
  json::Document document;
  ZOOMWATCH_CHECK(parser.Parse(row, document).ok());

  const kql::Schema& schema = event_table::EventSchema();
  static event_table::EventCells& cells = *new event_table::EventCells(schema, std::vector<bool>(schema.size(), true));
  std::vector<kql::Value> values;
  cells.Append(event, values);
  ZOOMWATCH_CHECK(values.size() == schema.size());
  const auto payload = kql::FindColumn(schema, "Payload");
  ZOOMWATCH_CHECK(payload.has_value() && values[*payload].is_bag());
}

void CheckEvent(const event::v1::Event& event) {
  ZOOMWATCH_CHECK(event.event_id().size() == 32);
  ZOOMWATCH_CHECK(event.event_id().find_first_not_of("0123456789abcdef") == std::string::npos);
  ZOOMWATCH_CHECK(!event.event().empty() && !event.category().empty());
  ZOOMWATCH_CHECK(event.time_source() != event::v1::TIME_SOURCE_UNSPECIFIED);
  ZOOMWATCH_CHECK(event.event_time().nanos() >= 0 && event.event_time().nanos() < 1'000'000'000);
  CheckRedacted(event.payload());
  CheckRow(event);
}

void CheckQuarantined(std::string_view body, const event::v1::QuarantinedWebhook& quarantined) {
  ZOOMWATCH_CHECK(quarantined.body() == body);
  ZOOMWATCH_CHECK(!quarantined.reason().empty() && !quarantined.message().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const ingest::v1::RawWebhook webhook = MakeWebhook(body);
  static Normalizer& reused = *new Normalizer(TheRedactor(), kDeepest);
  static detect::v1::EventItem& item = *new detect::v1::EventItem;
  const NormalizeReport report = reused.Normalize(webhook, item);
  ZOOMWATCH_CHECK(item.has_event() == (report.mapping != nullptr) && item.has_quarantined() == report.reason.has_value());
  ZOOMWATCH_CHECK(item.has_event() != item.has_quarantined());

  detect::v1::EventItem fresh, parsed;
  Normalizer(TheRedactor(), kDeepest).Normalize(webhook, fresh);
  const std::string bytes = fresh.SerializeAsString();
  ZOOMWATCH_CHECK(item.SerializeAsString() == bytes);
  ZOOMWATCH_CHECK(parsed.ParseFromString(bytes) && parsed.SerializeAsString() == bytes);

  if (item.has_event()) {
    CheckEvent(item.event());
  } else {
    CheckQuarantined(body, item.quarantined());
  }
  return 0;
}
