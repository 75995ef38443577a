#include "common/event_table/event_row.h"

#include <algorithm>

#include "common/event_table/columns.h"
#include "common/event_table/payload_text.h"

namespace zoomwatch::event_table {
namespace {

using event::v1::Event;

// PayloadBytes, PayloadSha256, PayloadCutBytes and the key of one part, with room to spare.
constexpr size_t kPayloadOverhead = 256;

// Every column but those of the payload, without the closing brace.
void AppendColumns(const Event& event, size_t max_value_bytes, std::string& out) {
  ObjectWriter row(out, max_value_bytes);
  for (const Column& column : EventColumns()) {
    if (column.append != nullptr) column.append(event, column.name, row);
  }
}

void AppendKey(std::string& out, std::string_view key) {
  out += ",\"";
  out += key;
  out += "\":";
}

void AppendPartKey(std::string& out, int number) {
  std::string key = "PayloadPart00";
  key[key.size() - 2] = static_cast<char>('0' + number / 10);
  key[key.size() - 1] = static_cast<char>('0' + number % 10);
  AppendKey(out, key);
}

}  // namespace

void RowEncoder::Append(const Event& event, std::string& out) {
  const size_t begin = out.size();
  // Hostile texts only: a usual row is done in the first round. The last round always fits, see kMinRowBytes.
  for (const size_t max_value_bytes : {limits_.max_field_bytes, std::min<size_t>(limits_.max_field_bytes, 4096), kMinValueBytes}) {
    out.resize(begin);
    AppendColumns(event, max_value_bytes, out);
    if (out.size() - begin + kPayloadOverhead <= limits_.max_row_bytes) break;
  }
  AppendPayload(RowPayload(event.payload(), scratch_), begin, out);
  out += '}';
}

void RowEncoder::AppendPayload(std::string_view payload, size_t row_begin, std::string& out) const {
  const size_t room = limits_.max_row_bytes - (out.size() - row_begin) - 1;  // 1: the closing brace
  constexpr std::string_view kKey = ",\"Payload\":";
  if (payload.empty()) return;
  if (payload.size() <= limits_.max_field_bytes && payload.size() + kKey.size() <= room) {
    out += kKey;
    out += payload;
    return;
  }
  AppendKey(out, "PayloadBytes");
  out += std::to_string(payload.size());
  AppendKey(out, "PayloadSha256");
  out += '"' + Sha256Hex(payload) + '"';

  constexpr size_t kPartOverhead = sizeof(",\"PayloadPart01\":\"\"") - 1;
  constexpr size_t kCutOverhead = sizeof(",\"PayloadCutBytes\":9007199254740991}") - 1;
  std::string_view rest = payload;
  for (int number = 1; number <= kPayloadParts && !rest.empty(); ++number) {
    const size_t used = out.size() - row_begin + kPartOverhead + kCutOverhead;
    if (used + 6 > limits_.max_row_bytes) break;
    AppendPartKey(out, number);
    out += '"';
    rest.remove_prefix(AppendEncodedPrefix(out, rest, std::min(limits_.max_field_bytes, limits_.max_row_bytes - used)));
    out += '"';
  }
  if (rest.empty()) return;
  AppendKey(out, "PayloadCutBytes");
  out += std::to_string(rest.size());
}

}  // namespace zoomwatch::event_table
