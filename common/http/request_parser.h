// Reads one HTTP/1.1 request from bytes as they arrive. Pure; not thread-safe; one per connection.
//
// Accepts a strict subset of RFC 9112, so that no proxy in front can see other request boundaries than we do (request
// smuggling). Grammar (CRLF is exactly CR LF; a bare LF or CR is refused everywhere):
//   request     = method SP target SP "HTTP/1.1" CRLF *( field CRLF ) CRLF [ body ]
//   method      = 1*20 tchar
//   target      = "/" *( %x21-7E except "#" )             origin form only: no proxy, no CONNECT, no "*"
//   field       = 1*tchar ":" OWS value OWS               no white space before ":", no folded lines
//   value       = *( HTAB / %x20-7E / %x80-FF )           no NUL, no other control character
//   body        = Content-Length bytes | chunked
//   chunked     = *( 1*8HEXDIG CRLF data CRLF ) "0" CRLF CRLF      no extensions, no trailer
// Further refused: no Host or two, characters in Host that no authority has; two Content-Length fields even if equal, a list or a
// sign in it; Content-Length with Transfer-Encoding; any Transfer-Encoding but one "chunked"; any Expect but "100-continue".
// Limits: max_header_bytes over request line and fields with their line ends, max_header_count fields, max_body_bytes after
// decoding; a declared length or a chunk that would pass it is refused before its bytes are read. All limits are inclusive.
// Errors: REQUEST_MALFORMED | HEADERS_TOO_LARGE | BODY_TOO_LARGE; the parser then takes nothing more until Reset().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"
#include "common/status/reasons.h"

namespace zoomwatch::http {

struct ParserLimits {
  size_t max_header_bytes = 16 << 10;
  size_t max_header_count = 100;
  size_t max_body_bytes = 1 << 20;
};

class RequestParser {
 public:
  enum class State {
    kHead,      // the head is not complete
    kBody,      // the head is complete, the body is not
    kComplete,  // Take() it
    kFailed     // see failure()
  };

  explicit RequestParser(const ParserLimits& limits) : limits_(limits) {}

  // Consumes bytes from the front and returns how many. Stops early when the state changes, so that a caller sees kBody once
  // before any byte of the body is taken, and never takes a byte of the next request.
  size_t Parse(std::string_view bytes);

  State state() const { return state_; }
  // True once a byte of the request was taken.
  bool started() const { return head_bytes_ > 0; }
  // REQUIRES: state() == kFailed.
  Reason failure() const { return failure_; }

  // REQUIRES for the next three: the head is complete.
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  const Request& request() const { return request_; }

  // Moves the request out. REQUIRES: state() == kComplete.
  Request Take();
  // Ready for the next request.
  void Reset();

 private:
  enum class BodyKind { kNone, kLength, kChunked };
  enum class ChunkState { kSizeFirst, kSize, kSizeLf, kData, kDataCr, kDataLf, kEndCr, kEndLf };

  size_t ParseHead(std::string_view bytes);
  void OnLine(std::string_view line);
  bool ParseRequestLine(std::string_view line);
  bool ParseField(std::string_view line);
  bool OnFramingField(std::string_view name, std::string_view value);
  void OnHeadEnd();
  size_t ParseLengthBody(std::string_view bytes);
  size_t ParseChunkedBody(std::string_view bytes);
  bool OnChunkByte(char byte);
  void Fail(Reason reason);

  const ParserLimits limits_;
  State state_ = State::kHead;
  Reason failure_ = Reason::kRequestMalformed;
  Request request_;

  size_t head_bytes_ = 0;
  std::string line_;               // the begin of a line whose end has not arrived
  bool seen_request_line_ = false;
  int host_count_ = 0;
  bool keep_alive_ = true;
  bool expects_continue_ = false;

  BodyKind body_kind_ = BodyKind::kNone;
  std::optional<uint64_t> content_length_;
  bool chunked_ = false;
  uint64_t remaining_ = 0;         // of the body or of the chunk
  ChunkState chunk_state_ = ChunkState::kSizeFirst;
  int chunk_digits_ = 0;
};

}  // namespace zoomwatch::http
