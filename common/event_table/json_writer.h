// Appends JSON to a string that the caller reuses: no allocation once the string is large enough. Not thread-safe.
//
// Whatever bytes go in, valid UTF-8 JSON on one line comes out: bytes that are no UTF-8 become U+FFFD, control characters are
// escaped. Integers beyond 2^53 - 1 become strings, because readers that hold numbers as doubles would round them.
// Limits: a text whose encoded form is longer than the writer's max_value_bytes is cut at a character boundary and ends with
// "...[cut: <bytes> bytes, sha256 <hex>]", both of the whole text. A list is cut to as much, but not
// below kMinListBytes, and ends with "...[cut: <n> values]", the number of all its values.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zoomwatch::event_table {

// The largest integer that every reader holds exactly.
inline constexpr int64_t kMaxExactInteger = (int64_t{1} << 53) - 1;

// Smallest useful max_value_bytes: the mark of a cut fits into it.
inline constexpr size_t kMinValueBytes = 160;
inline constexpr size_t kMinListBytes = 8 * kMinValueBytes;

// Length of the well-formed UTF-8 sequence at the start of `text`; 0 when there is none. REQUIRES: not empty.
size_t Utf8SequenceLength(std::string_view text);

// The JSON string of the whole text, quotes included.
void AppendJsonString(std::string& out, std::string_view text);
// As much of `text` as fits into `max_bytes` of encoded form, without quotes and marks, ending at a character boundary. Returns
// how many bytes of `text` were taken.
size_t AppendEncodedPrefix(std::string& out, std::string_view text, size_t max_bytes);

std::string Sha256Hex(std::string_view bytes);

// Writes one object: the constructor opens it, End() closes it. Keys are constants that need no escaping.
class ObjectWriter {
 public:
  // REQUIRES: max_value_bytes >= kMinValueBytes; `out` outlives the writer.
  ObjectWriter(std::string& out, size_t max_value_bytes);

  void Text(std::string_view key, std::string_view text);
  void Number(std::string_view key, int64_t number);
  void Bool(std::string_view key, bool value);
  void List(std::string_view key, const google::protobuf::RepeatedPtrField<std::string>& values);
  // ISO 8601 in UTC with six decimals: "2026-05-04T10:00:00.123456Z". Years beyond 1 to 9999 become the nearest of them.
  void Time(std::string_view key, const google::protobuf::Timestamp& time);
  // `json` is appended as it is. REQUIRES: one JSON value.
  void Json(std::string_view key, std::string_view json);
  // Writes the key; the caller appends exactly one value to out().
  void Key(std::string_view key);

  void End() { out_ += '}'; }

  std::string& out() { return out_; }
  size_t max_value_bytes() const { return max_value_bytes_; }

 private:
  std::string& out_;
  const size_t max_value_bytes_;
  bool first_ = true;
};

}  // namespace zoomwatch::event_table
