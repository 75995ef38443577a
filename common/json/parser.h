// Reads one JSON text into a Document: whole-document validation in one pass, with bounds.
// Not thread-safe; keep one parser and one document per thread and reuse both, then steady state allocates nothing.
//
// Accepts exactly RFC 8259 in UTF-8, of any root type, with two differences that both matter for a signed body:
//   - an object that has a key twice is refused (see DuplicateKeys), for two readers could take different values;
//   - numbers may be of any size and precision: they are kept as text.
// A \u escape of half a character is grammatical and accepted (senders that cut texts produce it); Node::lone_surrogate says so.
//
// Limits: options.max_depth containers inside each other, options.max_bytes of text.
// Errors (all INVALID_ARGUMENT; the message starts with "byte <offset>: "): BODY_NOT_JSON, BODY_NOT_UTF8, JSON_TOO_DEEP,
// JSON_DUPLICATE_KEY, BODY_TOO_LARGE. No message holds parts of the text.
// Source of the token positions: simdjson's first stage, which also checks UTF-8 and the ends of strings. Its second stage is not
// used: the DOM refuses big integers, and on-demand leaves what is not read unchecked.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "common/json/document.h"

namespace zoomwatch::json {

// What to do with an object that has a key twice.
enum class DuplicateKeys {
  kRefuse,
  // Kept in objects inside arrays, refused elsewhere: for senders that are known to repeat keys in list entries, and readers that
  // take nothing decisive from there.
  kKeepInsideArrays,
};

struct ParserOptions {
  int max_depth = 64;                           // an empty object or array at the root has depth 1
  size_t max_bytes = size_t{64} * 1024 * 1024;  // offsets are 32 bits; far above any webhook
  DuplicateKeys duplicate_keys = DuplicateKeys::kRefuse;
};

class Parser {
 public:
  explicit Parser(ParserOptions options = {});
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // OK: `document` describes `text` until the next parse into it. Otherwise `document` is empty and error_offset() is set.
  absl::Status Parse(std::string_view text, Document& document);

  // Where the last failed parse found its error, in bytes from the start of the text.
  size_t error_offset() const { return error_offset_; }

 private:
  class Scanner;  // simdjson's first stage

  const ParserOptions options_;
  const std::unique_ptr<Scanner> scanner_;
  size_t error_offset_ = 0;
};

}  // namespace zoomwatch::json
