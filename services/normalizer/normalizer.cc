#include "services/normalizer/normalizer.h"

#include <algorithm>
#include <string_view>

#include "common/time/timestamp.h"
#include "services/normalizer/event_time.h"
#include "services/normalizer/mapping/families.h"
#include "services/normalizer/mapping/reader.h"

namespace zoomwatch {
namespace {

using detect::v1::EventItem;
using event::v1::Event;
using ingest::v1::RawWebhook;
using json::Document;
using json::NodeIndex;

constexpr size_t kMaxEventNameCharacters = 200;

// Where the id of the account stands: the first that has a value counts.
constexpr Path kAccountIds[] = {"payload.account_id", "account_id", "payload.accountId"};

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void Trim(std::string& text) {
  while (!text.empty() && IsBlank(text.back())) text.pop_back();
  text.erase(0, static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsBlank) - text.begin()));
}

// C0, DEL and C1 control characters. REQUIRES: UTF-8.
bool HasControlCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// The name up to its first dot, in lower case; the whole name when it starts with one.
void SetCategoryFromName(std::string_view name, std::string& category) {
  const size_t dot = name.find('.');
  category.assign(dot == 0 ? name : name.substr(0, dot));
  for (char& c : category) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int64_t ReceiveUnixMs(const RawWebhook& webhook) {
  return webhook.receive_time().seconds() * 1000 + webhook.receive_time().nanos() / 1'000'000;
}

// Sets `out` to the first of `paths` that has a text other than "".
template <size_t kSize>
bool FirstText(const Reader& reader, const std::array<Path, kSize>& paths, std::string& out) {
  for (const Path& path : paths) {
    if (path.empty()) return false;
    const NodeIndex value = reader.Find(path);
    if (reader.HasText(value)) return reader.Text(value, out);
  }
  return false;
}

}  // namespace

Normalizer::Normalizer(const Redactor& redactor, NormalizerOptions options)
    : redactor_(redactor), parser_(json::ParserOptions{.max_depth = options.max_depth, .duplicate_keys = json::DuplicateKeys::kKeepInsideArrays}) {}

NormalizeReport Normalizer::Normalize(const RawWebhook& webhook, EventItem& item) {
  item.set_webhook_id(webhook.webhook_id());
  absl::Status status = parser_.Parse(webhook.body(), document_);
  if (status.ok() && document_.at(Document::root()).type != json::Type::kObject) {
    status = Error(Reason::kBodyNotJson, "byte 0: the body is not an object");
  }
  if (!status.ok()) return Quarantine(webhook, status, item);
  const Reader reader(document_);
  status = ReadEventName(reader);
  if (!status.ok()) return Quarantine(webhook, status, item);
  const MappingRow& mapping = FindMapping(event_name_);
  FillEvent(webhook, reader, mapping, *item.mutable_event());
  return {&mapping, std::nullopt, redaction_.secret_count};
}

absl::Status Normalizer::ReadEventName(const Reader& reader) {
  const NodeIndex name = reader.Find(Document::root(), "event");
  if (name == json::kNoNode || document_.at(name).type == json::Type::kNull) {
    return Error(Reason::kEventNameMissing, "the body has no \"event\"");
  }
  if (document_.at(name).type != json::Type::kString) return Error(Reason::kEventNameMalformed, "\"event\" is not a string");
  event_name_.clear();
  document_.AppendString(name, event_name_);
  Trim(event_name_);
  if (event_name_.empty()) return Error(Reason::kEventNameMalformed, "\"event\" is empty");
  if (HasControlCharacter(event_name_)) return Error(Reason::kEventNameMalformed, "\"event\" holds a control character");
  if (event_name_.size() > kMaxEventNameCharacters && CountCharacters(event_name_) > kMaxEventNameCharacters) {
    return Error(Reason::kEventNameMalformed, "\"event\" is longer than 200 characters");
  }
  return absl::OkStatus();
}

void Normalizer::FillEvent(const RawWebhook& webhook, const Reader& reader, const MappingRow& mapping, Event& event) {
  event.Clear();
  redactor_.Find(document_, redaction_);  // first: it marks what no field may show
  Redactor::Write(document_, redaction_, *event.mutable_payload());
  for (const std::string_view path : redaction_.paths) event.add_redacted_paths()->assign(path);
  event.set_event(event_name_);
  if (mapping.category.empty()) {
    SetCategoryFromName(event_name_, *event.mutable_category());
  } else {
    event.mutable_category()->assign(mapping.category);
  }
  event.set_account_name(webhook.account_name());
  FillAccount(reader, event);
  FillActor(reader, mapping.actor, event);
  const EventTime time = FindEventTime(reader, mapping.time, ReceiveUnixMs(webhook));
  event.set_time_source(time.source);
  *event.mutable_receive_time() = webhook.receive_time();
  if (time.source == event::v1::TIME_SOURCE_RECEIVE_TIME) {
    *event.mutable_event_time() = webhook.receive_time();
  } else {
    *event.mutable_event_time() = TimestampOf(absl::FromUnixMillis(time.unix_ms));
  }
  event.set_webhook_id(webhook.webhook_id());
  event.set_traceparent(webhook.traceparent());
  identity_.Compute(reader, mapping.identity, event_name_, event.account_id(), event.account_name(), *event.mutable_event_id());
  FillFamily(mapping.family, reader, event);
}

void Normalizer::FillAccount(const Reader& reader, Event& event) const {
  for (const Path& path : kAccountIds) {
    const NodeIndex value = reader.Find(path);
    if (reader.HasText(value)) {
      reader.Text(value, *event.mutable_account_id());
      return;
    }
  }
}

void Normalizer::FillActor(const Reader& reader, ActorRule rule, Event& event) const {
  for (const ActorCandidate& candidate : RowOf(rule).candidates) {
    const bool named = FirstText(reader, candidate.names, *event.mutable_user());
    const bool identified = FirstText(reader, candidate.ids, *event.mutable_user_id());
    if (named || identified) return;
  }
}

NormalizeReport Normalizer::Quarantine(const RawWebhook& webhook, const absl::Status& why, EventItem& item) const {
  const Reason reason = ReasonOf(why).value_or(Reason::kBodyNotJson);
  event::v1::QuarantinedWebhook& quarantined = *item.mutable_quarantined();
  quarantined.Clear();
  quarantined.mutable_reason()->assign(NameOf(reason));
  quarantined.set_message(std::string(why.message()));
  quarantined.set_body(webhook.body());
  quarantined.set_account_name(webhook.account_name());
  *quarantined.mutable_receive_time() = webhook.receive_time();
  quarantined.set_traceparent(webhook.traceparent());
  return {nullptr, reason, 0};
}

}  // namespace zoomwatch
