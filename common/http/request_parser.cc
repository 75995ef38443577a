#include "common/http/request_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace zoomwatch::http {
namespace {

// Classes of bytes, as bits of one table.
constexpr uint8_t kTokenChar = 1;   // RFC 9110 tchar
constexpr uint8_t kTargetChar = 2;  // visible ASCII but "#"
constexpr uint8_t kValueChar = 4;   // HTAB, SP, visible ASCII, obs-text
constexpr uint8_t kHostChar = 8;    // what an authority can consist of

constexpr std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  constexpr std::string_view kHostMarks = ".-_~:[]%!$&'()*+,;=";
  for (size_t i = 0; i < classes.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool letter_or_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool visible = i > 0x20 && i < 0x7F;
    uint8_t bits = 0;
    if (letter_or_digit || (visible && kTokenMarks.find(c) != std::string_view::npos)) bits |= kTokenChar;
    if (letter_or_digit || (visible && kHostMarks.find(c) != std::string_view::npos)) bits |= kHostChar;
    if (visible && c != '#') bits |= kTargetChar;
    if (visible || c == ' ' || c == '\t' || i >= 0x80) bits |= kValueChar;
    classes[i] = bits;
  }
  return classes;
}

constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();
constexpr size_t kMaxMethodBytes = 20;
constexpr int kMaxChunkDigits = 8;
// A declared length reserves no more than this at once: memory follows the bytes that really arrive.
constexpr uint64_t kMaxReserve = 64 << 10;

bool AllOf(std::string_view text, uint8_t byte_class) {
  return std::all_of(text.begin(), text.end(),
                     [=](char c) { return (kByteClasses[static_cast<unsigned char>(c)] & byte_class) != 0; });
}

std::string_view TrimWhitespace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Digits only, at most 18 of them, so that it cannot overflow.
std::optional<uint64_t> ParseLength(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  return length;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// True when the comma-separated list has the token.
bool ListHas(std::string_view list, std::string_view token) {
  while (true) {
    const size_t comma = list.find(',');
    if (EqualsIgnoreCase(TrimWhitespace(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

size_t RequestParser::Parse(std::string_view bytes) {
  size_t consumed = 0;
  const State begin_state = state_;
  while (consumed < bytes.size() && state_ == begin_state) {
    const std::string_view rest = bytes.substr(consumed);
    if (state_ == State::kHead) {
      consumed += ParseHead(rest);
    } else if (state_ == State::kBody) {
      consumed += body_kind_ == BodyKind::kLength ? ParseLengthBody(rest) : ParseChunkedBody(rest);
    } else {
      break;
    }
  }
  return consumed;
}

// Takes up to the end of one line.
size_t RequestParser::ParseHead(std::string_view bytes) {
  // A peer that speaks something else (TLS, SSH) is refused at its first byte instead of at the time-out.
  if (head_bytes_ == 0 && !AllOf(bytes.substr(0, 1), kTokenChar)) {
    head_bytes_ = 1;
    Fail(Reason::kRequestMalformed);
    return 1;
  }
  const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
  const bool whole_line = found != nullptr;
  const size_t taken = whole_line ? static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 1 : bytes.size();
  if (taken > limits_.max_header_bytes - head_bytes_) {
    head_bytes_ = limits_.max_header_bytes;
    Fail(Reason::kHeadersTooLarge);
    return taken;
  }
  head_bytes_ += taken;
  if (!whole_line) {
    line_ += bytes;
  } else if (line_.empty()) {
    OnLine(bytes.substr(0, taken));
  } else {
    line_ += bytes.substr(0, taken);
    OnLine(line_);
    line_.clear();
  }
  return taken;
}

// `line` ends with LF.
void RequestParser::OnLine(std::string_view line) {
  if (line.size() < 2 || line[line.size() - 2] != '\r') return Fail(Reason::kRequestMalformed);
  line.remove_suffix(2);
  if (!seen_request_line_) {
    seen_request_line_ = true;
    if (!ParseRequestLine(line)) Fail(Reason::kRequestMalformed);
  } else if (line.empty()) {
    OnHeadEnd();
  } else if (request_.headers.size() >= limits_.max_header_count) {
    Fail(Reason::kHeadersTooLarge);
  } else if (!ParseField(line)) {
    Fail(Reason::kRequestMalformed);
  }
}

bool RequestParser::ParseRequestLine(std::string_view line) {
  constexpr std::string_view kVersion = " HTTP/1.1";
  if (!line.ends_with(kVersion)) return false;
  line.remove_suffix(kVersion.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0 || space > kMaxMethodBytes) return false;
  const std::string_view method = line.substr(0, space);
  const std::string_view target = line.substr(space + 1);
  if (!AllOf(method, kTokenChar) || !target.starts_with('/') || !AllOf(target, kTargetChar)) return false;
  request_.method = method;
  request_.target = target;
  return true;
}

bool RequestParser::ParseField(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = TrimWhitespace(line.substr(colon + 1));
  // A folded line begins with white space, which no token has.
  if (!AllOf(name, kTokenChar) || !AllOf(value, kValueChar)) return false;
  if (!OnFramingField(name, value)) return false;
  request_.headers.Add(name, value);
  return true;
}

// Fields that decide where the request ends, or whom it is for.
bool RequestParser::OnFramingField(std::string_view name, std::string_view value) {
  if (EqualsIgnoreCase(name, "host")) return ++host_count_ == 1 && AllOf(value, kHostChar);
  if (EqualsIgnoreCase(name, "content-length")) {
    if (content_length_.has_value()) return false;
    content_length_ = ParseLength(value);
    return content_length_.has_value();
  }
  if (EqualsIgnoreCase(name, "transfer-encoding")) {
    if (chunked_ || !EqualsIgnoreCase(value, "chunked")) return false;
    chunked_ = true;
    return true;
  }
  if (EqualsIgnoreCase(name, "expect")) {
    expects_continue_ = true;
    return EqualsIgnoreCase(value, "100-continue");
  }
  if (EqualsIgnoreCase(name, "connection") && ListHas(value, "close")) keep_alive_ = false;
  return true;
}

void RequestParser::OnHeadEnd() {
  if (host_count_ != 1 || (chunked_ && content_length_.has_value())) return Fail(Reason::kRequestMalformed);
  if (chunked_) {
    body_kind_ = BodyKind::kChunked;
    state_ = State::kBody;
    return;
  }
  remaining_ = content_length_.value_or(0);
  if (remaining_ > limits_.max_body_bytes) return Fail(Reason::kBodyTooLarge);
  if (remaining_ == 0) {
    state_ = State::kComplete;
    return;
  }
  body_kind_ = BodyKind::kLength;
  state_ = State::kBody;
}

size_t RequestParser::ParseLengthBody(std::string_view bytes) {
  if (request_.body.empty()) request_.body.reserve(static_cast<size_t>(std::min(remaining_, kMaxReserve)));
  const auto taken = static_cast<size_t>(std::min<uint64_t>(bytes.size(), remaining_));
  request_.body += bytes.substr(0, taken);
  remaining_ -= taken;
  if (remaining_ == 0) state_ = State::kComplete;
  return taken;
}

size_t RequestParser::ParseChunkedBody(std::string_view bytes) {
  size_t consumed = 0;
  while (consumed < bytes.size() && state_ == State::kBody) {
    if (chunk_state_ == ChunkState::kData) {
      const auto taken = static_cast<size_t>(std::min<uint64_t>(bytes.size() - consumed, remaining_));
      request_.body += bytes.substr(consumed, taken);
      consumed += taken;
      remaining_ -= taken;
      if (remaining_ == 0) chunk_state_ = ChunkState::kDataCr;
    } else if (!OnChunkByte(bytes[consumed++])) {
      Fail(Reason::kRequestMalformed);
    }
  }
  return consumed;
}

// A byte of the framing. False: not what the grammar has here.
bool RequestParser::OnChunkByte(char byte) {
  switch (chunk_state_) {
    case ChunkState::kSizeFirst:
    case ChunkState::kSize: {
      if (byte == '\r' && chunk_state_ == ChunkState::kSize) {
        chunk_state_ = ChunkState::kSizeLf;
        return true;
      }
      const int digit = HexValue(byte);
      if (digit < 0 || ++chunk_digits_ > kMaxChunkDigits) return false;
      remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
      chunk_state_ = ChunkState::kSize;
      return true;
    }
    case ChunkState::kSizeLf:
      if (byte != '\n') return false;
      if (remaining_ > limits_.max_body_bytes - request_.body.size()) {
        Fail(Reason::kBodyTooLarge);
        return true;
      }
      chunk_state_ = remaining_ == 0 ? ChunkState::kEndCr : ChunkState::kData;
      return true;
    case ChunkState::kDataCr:
      chunk_state_ = ChunkState::kDataLf;
      return byte == '\r';
    case ChunkState::kDataLf:
      chunk_state_ = ChunkState::kSizeFirst;
      chunk_digits_ = 0;
      return byte == '\n';
    case ChunkState::kEndCr:
      chunk_state_ = ChunkState::kEndLf;
      return byte == '\r';
    case ChunkState::kEndLf:
      state_ = State::kComplete;
      return byte == '\n';
    case ChunkState::kData: break;  // handled by the caller, which takes many bytes at a time
  }
  return false;
}

void RequestParser::Fail(Reason reason) {
  state_ = State::kFailed;
  failure_ = reason;
}

Request RequestParser::Take() { return std::move(request_); }

void RequestParser::Reset() {
  state_ = State::kHead;
  request_ = Request();
  head_bytes_ = 0;
  line_.clear();
  seen_request_line_ = false;
  host_count_ = 0;
  keep_alive_ = true;
  expects_continue_ = false;
  body_kind_ = BodyKind::kNone;
  content_length_.reset();
  chunked_ = false;
  remaining_ = 0;
  chunk_state_ = ChunkState::kSizeFirst;
  chunk_digits_ = 0;
}

}  // namespace zoomwatch::http
