#include "common/event_table/json_writer.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

namespace zoomwatch::event_table {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool IsPlain(unsigned char byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

struct Encoded {
  std::array<char, 6> bytes{};  // the longest: \u00XX
  uint8_t size = 0;
  uint8_t consumed = 0;

  std::string_view view() const { return {bytes.data(), size}; }
};

Encoded Make(std::string_view bytes, size_t consumed) {
  Encoded encoded;
  std::memcpy(encoded.bytes.data(), bytes.data(), bytes.size());
  encoded.size = static_cast<uint8_t>(bytes.size());
  encoded.consumed = static_cast<uint8_t>(consumed);
  return encoded;
}

// The encoded form of the first character of a text that is not empty.
Encoded EncodeFirst(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (IsPlain(byte)) return Make(text.substr(0, 1), 1);
  if (byte >= 0x80) {
    const size_t length = Utf8SequenceLength(text);
    return length == 0 ? Make(kReplacement, 1) : Make(text.substr(0, length), length);
  }
  switch (byte) {
    case '"': return Make("\\\"", 1);
    case '\\': return Make("\\\\", 1);
    case '\n': return Make("\\n", 1);
    case '\r': return Make("\\r", 1);
    case '\t': return Make("\\t", 1);
    default: break;
  }
  const char escape[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 0xF]};
  return Make(std::string_view(escape, sizeof(escape)), 1);
}

void AppendEncoded(std::string& out, std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t end = at;
    while (end < text.size() && IsPlain(static_cast<unsigned char>(text[end]))) ++end;
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) break;
    const Encoded encoded = EncodeFirst(text.substr(at));
    out += encoded.view();
    at += encoded.consumed;
  }
}

void AppendNumber(std::string& out, int64_t number) {
  std::array<char, 24> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

void AppendTwoDigits(std::string& out, unsigned value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

// The encoded text between quotes, cut with a mark when it is longer than `max_bytes`.
void AppendLimited(std::string& out, std::string_view text, size_t max_bytes) {
  out += '"';
  const size_t begin = out.size();
  AppendEncoded(out, text);
  if (out.size() - begin > max_bytes) {
    out.resize(begin);
    std::string mark = "...[cut: ";
    AppendNumber(mark, static_cast<int64_t>(text.size()));
    mark += " bytes, sha256 ";
    mark += Sha256Hex(text);
    mark += ']';
    AppendEncodedPrefix(out, text, max_bytes - mark.size());
    out += mark;
  }
  out += '"';
}

}  // namespace

size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  AppendEncoded(out, text);
  out += '"';
}

size_t AppendEncodedPrefix(std::string& out, std::string_view text, size_t max_bytes) {
  size_t at = 0, written = 0;
  while (at < text.size()) {
    size_t end = at;
    const size_t stop = std::min(text.size(), at + (max_bytes - written));
    while (end < stop && IsPlain(static_cast<unsigned char>(text[end]))) ++end;
    out.append(text, at, end - at);
    written += end - at;
    at = end;
    if (at == text.size()) break;
    const Encoded encoded = EncodeFirst(text.substr(at));
    if (written + encoded.size > max_bytes) break;
    out += encoded.view();
    written += encoded.size;
    at += encoded.consumed;
  }
  return at;
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 0xF];
  }
  return hex;
}

ObjectWriter::ObjectWriter(std::string& out, size_t max_value_bytes) : out_(out), max_value_bytes_(max_value_bytes) {
  out_ += '{';
}

void ObjectWriter::Key(std::string_view key) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_ += key;
  out_ += "\":";
}

void ObjectWriter::Text(std::string_view key, std::string_view text) {
  Key(key);
  AppendLimited(out_, text, max_value_bytes_);
}

void ObjectWriter::Number(std::string_view key, int64_t number) {
  Key(key);
  const bool exact = number >= -kMaxExactInteger && number <= kMaxExactInteger;
  if (!exact) out_ += '"';
  AppendNumber(out_, number);
  if (!exact) out_ += '"';
}

void ObjectWriter::Bool(std::string_view key, bool value) { Json(key, value ? "true" : "false"); }

void ObjectWriter::Json(std::string_view key, std::string_view json) {
  Key(key);
  out_ += json;
}

void ObjectWriter::List(std::string_view key, const google::protobuf::RepeatedPtrField<std::string>& values) {
  Key(key);
  const size_t begin = out_.size();
  const size_t max_bytes = std::max(max_value_bytes_, kMinListBytes);
  out_ += '[';
  for (int i = 0; i < values.size(); ++i) {
    const size_t before = out_.size();
    if (i > 0) out_ += ',';
    AppendLimited(out_, values.Get(i), max_value_bytes_);
    if (out_.size() - begin > max_bytes - kMinValueBytes) {
      out_.resize(before);
      if (i > 0) out_ += ',';
      out_ += "\"...[cut: ";
      AppendNumber(out_, values.size());
      out_ += " values]\"";
      break;
    }
  }
  out_ += ']';
}

void ObjectWriter::Time(std::string_view key, const google::protobuf::Timestamp& time) {
  constexpr int64_t kYear1 = -62135596800, kYear9999End = 253402300799;
  const int64_t seconds = std::clamp<int64_t>(time.seconds(), kYear1, kYear9999End);
  const int64_t day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  const auto second_of_day = static_cast<unsigned>(seconds - day * 86400);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  const auto micros = static_cast<unsigned>(std::clamp(time.nanos(), 0, 999'999'999)) / 1000;

  Key(key);
  out_ += '"';
  AppendTwoDigits(out_, year / 100);
  AppendTwoDigits(out_, year % 100);
  out_ += '-';
  AppendTwoDigits(out_, static_cast<unsigned>(date.month()));
  out_ += '-';
  AppendTwoDigits(out_, static_cast<unsigned>(date.day()));
  out_ += 'T';
  AppendTwoDigits(out_, second_of_day / 3600);
  out_ += ':';
  AppendTwoDigits(out_, second_of_day / 60 % 60);
  out_ += ':';
  AppendTwoDigits(out_, second_of_day % 60);
  out_ += '.';
  AppendTwoDigits(out_, micros / 10000);
  AppendTwoDigits(out_, micros / 100 % 100);
  AppendTwoDigits(out_, micros % 100);
  out_ += "Z\"";
}

}  // namespace zoomwatch::event_table
