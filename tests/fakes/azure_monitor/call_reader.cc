#include "tests/fakes/azure_monitor/call_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "common/json/text.h"

namespace zoomwatch::fakes {
namespace {

using json::NodeIndex;
using json::Type;

constexpr std::string_view kTimeGenerated = "TimeGenerated";
constexpr size_t kMaxCountedNameBytes = 64;

std::string NameForCount(std::string_view name) { return std::string(json::CutUtf8(name, kMaxCountedNameBytes)); }

template <typename Number>
bool IsA(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Line ends stand only between tokens; a row is one line.
std::string OnOneLine(std::string_view json) {
  std::string out(json);
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return out;
}

Refusal BadRequest(std::string code, std::string message) {
  return {.status = 400, .code = std::move(code), .message = std::move(message), .retry_after_seconds = {}};
}

}  // namespace

std::optional<absl::Time> ReadTime(std::string_view text) {
  absl::Time time;
  std::string error;
  const std::string copy(text);  // the time library takes Abseil's own view
  for (const char* const format : {absl::RFC3339_full, "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, copy, absl::UTCTimeZone(), &time, &error)) return time;
  }
  return std::nullopt;
}

void RowChanges::Add(const RowChanges& other) {
  for (const auto& [name, count] : other.undeclared) undeclared[name] += count;
  for (const auto& [name, count] : other.lost) lost[name] += count;
  for (const auto& [name, count] : other.cut) cut[name] += count;
  time_missing += other.time_missing;
  time_replaced += other.time_replaced;
}

std::optional<Refusal> CallReader::Read(std::string_view body, const Stream& stream, absl::Time now, RowInspector* inspector,
                                        CallRows& out) {
  if (const absl::Status status = parser_.Parse(body, document_); !status.ok()) {
    return BadRequest("InvalidJson", "The request body is not valid JSON: " + std::string(status.message()));
  }
  if (document_.at(document_.root()).type != Type::kArray) return BadRequest("BodyNotArray", "The request body must be a JSON array.");
  Span span;
  const NodeIndex end = document_.end_of(document_.root());
  for (NodeIndex row = document_.first_child(document_.root()); row != end; row = document_.at(row).next) {
    if (document_.at(row).type != Type::kObject) return BadRequest("RowNotObject", "Every element of the array must be an object.");
    if (std::optional<Refusal> refusal = ReadRow(row, stream, now, inspector, span, out)) return refusal;
  }
  if (stream.auxiliary && span.first < span.last && span.last - span.first > limits_.max_span) {
    return BadRequest("RecordsTimeRangeIsMoreThan30Minutes", "The time range of the records is more than 30 minutes.");
  }
  return std::nullopt;
}

std::optional<Refusal> CallReader::ReadRow(NodeIndex row, const Stream& stream, absl::Time now, RowInspector* inspector, Span& span,
                                           CallRows& out) {
  std::string text;
  text.reserve(document_.Raw(row).size() + 64);
  AppendTime(document_.Find(row, kTimeGenerated), now, span, out.changes, text);
  const NodeIndex end = document_.end_of(row);
  for (NodeIndex field = document_.first_child(row); field != end; field = document_.at(field).next) {
    const json::Node& node = document_.at(field);
    if (inspector != nullptr) {
      if (std::optional<Refusal> refusal = inspector->Inspect(node.key, TextOf(field))) return refusal;
    }
    if (node.key == kTimeGenerated) continue;
    const Column* const column = stream.Find(node.key);
    if (column == nullptr) {
      ++out.changes.undeclared[NameForCount(node.key)];
      continue;
    }
    if (stream.auxiliary && column->type != ColumnType::kDynamic && (node.type == Type::kObject || node.type == Type::kArray)) {
      return BadRequest("InvalidColumnValue", fmt::format("Column '{}' is not dynamic but has a nested value.", node.key));
    }
    AppendField(*column, field, out.changes, text);
  }
  text += '}';
  out.rows.push_back(std::move(text));
  return std::nullopt;
}

void CallReader::AppendTime(NodeIndex value, absl::Time now, Span& span, RowChanges& changes, std::string& row) {
  row += "{\"TimeGenerated\":";
  const bool is_text = value != json::kNoNode && document_.at(value).type == Type::kString;
  const std::optional<absl::Time> sent = is_text ? ReadTime(TextOf(value)) : std::nullopt;
  if (sent.has_value()) {
    span.first = std::min(span.first, *sent);
    span.last = std::max(span.last, *sent);
    if (now - *sent <= limits_.max_age && *sent - now <= limits_.max_ahead) {
      row += document_.Raw(value);
      return;
    }
  }
  ++(sent.has_value() ? changes.time_replaced : changes.time_missing);
  row += '"' + absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now, absl::UTCTimeZone()) + '"';
}

void CallReader::AppendField(const Column& column, NodeIndex value, RowChanges& changes, std::string& row) {
  if (document_.at(value).type == Type::kNull) return;
  const std::optional<std::string> converted = Convert(column, value, changes);
  if (!converted.has_value()) {
    ++changes.lost[column.name];
    return;
  }
  row += ",\"";
  row += column.name;
  row += "\":";
  row += *converted;
}

std::optional<std::string> CallReader::Convert(const Column& column, NodeIndex value, RowChanges& changes) const {
  const Type type = document_.at(value).type;
  const std::string_view raw = document_.Raw(value);
  const bool nested = type == Type::kObject || type == Type::kArray;
  if (nested && column.type != ColumnType::kDynamic) return std::nullopt;
  const std::string text = nested ? std::string(raw) : TextOf(value);
  const auto when = [&](bool fits) { return fits ? std::optional<std::string>(text) : std::nullopt; };
  switch (column.type) {
    case ColumnType::kString:
    case ColumnType::kDynamic:
      if (text.size() > limits_.max_field_bytes) {
        ++changes.cut[column.name];
        return JsonString(json::CutUtf8(text, limits_.max_field_bytes));
      }
      if (type == Type::kString || column.type == ColumnType::kDynamic) return OnOneLine(raw);
      return JsonString(text);
    case ColumnType::kInt: return when(IsA<int32_t>(text));
    case ColumnType::kLong: return when(IsA<int64_t>(text));
    case ColumnType::kReal: return when(json::IsNumber(text));
    case ColumnType::kBoolean: return when(text == "true" || text == "false");
    case ColumnType::kDateTime:
      if (type != Type::kString || !ReadTime(text).has_value()) return std::nullopt;
      return std::string(raw);
  }
  return std::nullopt;
}

std::string CallReader::TextOf(NodeIndex value) const {
  if (document_.at(value).type != Type::kString) return std::string(document_.Raw(value));
  std::string text;
  document_.AppendString(value, text);
  return text;
}

}  // namespace zoomwatch::fakes
