#include "services/normalizer/event_time.h"

#include <charconv>
#include <string>

#include "absl/time/time.h"

namespace zoomwatch {
namespace {

constexpr size_t kDigitsOfSeconds = 10;
constexpr size_t kDigitsOfMilliseconds = 13;
constexpr size_t kShortestRfc3339 = 20;  // 2026-11-24T09:30:00Z
constexpr size_t kLongestRfc3339 = 40;

bool IsPlausible(int64_t unix_ms, int64_t receive_unix_ms) {
  return unix_ms >= kEarliestEventTimeMs && unix_ms <= receive_unix_ms + kMaxEventTimeAheadMs;
}

std::optional<int64_t> ReadTime(const Reader& reader, json::NodeIndex value, bool allow_text) {
  if (value == json::kNoNode) return std::nullopt;
  const json::Document& document = reader.document();
  const json::Type type = document.at(value).type;
  if (type == json::Type::kNumber) return ParseEpoch(document.Raw(value));
  if (type != json::Type::kString) return std::nullopt;
  const std::string_view text = document.RawString(value);
  const auto epoch = ParseEpoch(text);
  return epoch || !allow_text ? epoch : ParseRfc3339(text);
}

}  // namespace

std::optional<int64_t> ParseEpoch(std::string_view digits) {
  if (digits.size() != kDigitsOfSeconds && digits.size() != kDigitsOfMilliseconds) return std::nullopt;
  if (digits.front() == '-') return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return digits.size() == kDigitsOfSeconds ? number * 1000 : number;
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  if (text.size() < kShortestRfc3339 || text.size() > kLongestRfc3339 || text.front() == ' ' || text.back() == ' ') {
    return std::nullopt;
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &time, &error)) return std::nullopt;
  return absl::ToUnixMillis(time);
}

EventTime FindEventTime(const Reader& reader, TimeRule rule, int64_t receive_unix_ms) {
  const auto top = ReadTime(reader, reader.Find(json::Document::root(), "event_ts"), /*allow_text=*/false);
  if (top && IsPlausible(*top, receive_unix_ms)) return {*top, event::v1::TIME_SOURCE_EVENT_TS};
  for (const Path& path : RowOf(rule).paths) {
    if (path.empty()) break;
    const auto time = ReadTime(reader, reader.Find(path), /*allow_text=*/true);
    if (time && IsPlausible(*time, receive_unix_ms)) return {*time, event::v1::TIME_SOURCE_PAYLOAD};
  }
  return {receive_unix_ms, event::v1::TIME_SOURCE_RECEIVE_TIME};
}

}  // namespace zoomwatch
