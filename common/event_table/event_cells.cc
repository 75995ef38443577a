#include "common/event_table/event_cells.h"

#include <algorithm>

#include "common/event_table/payload_text.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::event_table {
namespace {

using event::v1::Event;
using kql::Type;
using kql::Value;

constexpr size_t kMaxFieldBytes = 64'000;  // as in the rows that are delivered

Type TypeOf(ColumnType type) {
  switch (type) {
    case ColumnType::kString: return Type::kString;
    case ColumnType::kLong: return Type::kLong;
    case ColumnType::kBool: return Type::kBool;
    case ColumnType::kDateTime: return Type::kDateTime;
    case ColumnType::kDynamic: return Type::kDynamic;
  }
  return Type::kString;
}

const Column* FindEventColumn(std::string_view name) {
  const auto columns = EventColumns();
  const auto at = std::find_if(columns.begin(), columns.end(), [name](const Column& column) { return column.name == name; });
  return at == columns.end() ? nullptr : &*at;
}

// To the microsecond, as the rows that are delivered write it.
Value Time(const google::protobuf::Timestamp& time) {
  const kql::Ticks ticks = kql::kUnixEpoch + time.seconds() * kql::kTicksPerSecond + time.nanos() / 1000 * kql::kTicksPerMicrosecond;
  return Value::DateTime(std::clamp(ticks, kql::kMinDateTime, kql::kMaxDateTime));
}

// The text of {"v":"..."} when nothing in it is escaped, as in most texts: those need no parser.
std::optional<std::string_view> PlainText(std::string_view object) {
  constexpr std::string_view kBegin = R"({"v":")", kEnd = R"("})";
  if (!object.starts_with(kBegin) || object.size() < kBegin.size() + kEnd.size() || object.find('\\') != std::string_view::npos) return std::nullopt;
  return object.substr(kBegin.size(), object.size() - kBegin.size() - kEnd.size());
}

}  // namespace

const kql::Schema& EventSchema() {
  static const kql::Schema kSchema = [] {
    kql::Schema schema;
    for (const Column& column : EventColumns()) schema.push_back({std::string(column.name), TypeOf(column.type)});
    return schema;
  }();
  return kSchema;
}

EventCells::EventCells(const kql::Schema& columns, const std::vector<bool>& needed) {
  for (std::size_t i = 0; i < columns.size(); ++i) AddColumn(columns[i], needed[i]);
}

std::size_t EventCells::AddColumn(const kql::Column& column, bool needed) {
  Reader reader{.column = FindEventColumn(column.name), .legacy = {}, .type = column.type, .needed = needed};
  if (reader.column == nullptr) reader.legacy = ParseLegacyColumn(column.name);
  readers_.push_back(std::move(reader));
  return readers_.size() - 1;
}

void EventCells::Append(const Event& event, std::vector<Value>& row) {
  Begin();
  for (std::size_t i = 0; i < readers_.size(); ++i) row.push_back(Cell(i, event));
}

Value EventCells::Cell(std::size_t column, const Event& event) {
  const Reader& reader = readers_[column];
  Value value = reader.needed ? Read(reader, event) : Value();
  if (value.is_null() && reader.type == Type::kString) value = Value::String("");
  return value;
}

Value EventCells::Read(const Reader& reader, const Event& event) {
  if (reader.legacy) return ReadLegacyColumn(*reader.legacy, Payload(event));
  if (reader.column == nullptr) return Value();
  if (reader.column->append == nullptr) return reader.column->name == "Payload" ? Payload(event) : Value();
  if (reader.type == Type::kDateTime) return Time(reader.column->name == "EventTime" ? event.event_time() : event.receive_time());
  json_.clear();
  ObjectWriter object(json_, kMaxFieldBytes);
  reader.column->append(event, "v", object);
  object.End();
  if (json_ == "{}") return Value();
  if (const auto text = PlainText(json_)) return Value::String(*text);
  const auto parsed = kql::ParseJson(json_);
  const Value* value = parsed && parsed->is_bag() ? parsed->AsBag().Find("v") : nullptr;
  return value == nullptr ? Value() : *value;
}

const Value& EventCells::Payload(const Event& event) {
  if (!payload_) payload_ = kql::ParseJson(RowPayload(event.payload(), scratch_)).value_or(Value());
  return *payload_;
}

}  // namespace zoomwatch::event_table
