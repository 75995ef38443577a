#include "common/json/parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <string>

#include "common/json/builder.h"
#include "common/json/text.h"
#include "common/status/reasons.h"

namespace zoomwatch::json {
namespace {

constexpr size_t kFirstCapacity = 16 * 1024;

// Why simdjson's first stage refused a text, with the place it does not tell.
BuildError Diagnose(std::string_view text) {
  if (const auto offset = FindInvalidUtf8(text)) return {Reason::kBodyNotUtf8, *offset, "not UTF-8"};
  size_t opening = 0;
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!in_string) {
      in_string = text[at] == '"';
      opening = at;
    } else if (text[at] == '"') {
      in_string = false;
    } else if (static_cast<unsigned char>(text[at]) < 0x20) {
      return {Reason::kBodyNotJson, at, "a control character inside a string"};
    } else if (text[at] == '\\') {
      ++at;
    }
  }
  if (in_string) return {Reason::kBodyNotJson, opening, "a string without an end"};
  return {Reason::kBodyNotJson, text.size(), "no value"};
}

}  // namespace

class Parser::Scanner {
 public:
  // False: the text is not UTF-8, has an open string, a control character in a string, or no token.
  bool Run(std::string_view text) {
    if (!stage_ || stage_->capacity() < text.size()) Grow(text.size());
    if (!stage_) return false;
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    return stage_->stage1(bytes, text.size(), simdjson::stage1_mode::regular) == simdjson::SUCCESS;
  }

  const uint32_t* tokens() const { return stage_->structural_indexes.get(); }
  size_t token_count() const { return stage_->n_structural_indexes; }

 private:
  void Grow(size_t size) {
    const size_t capacity = std::max(kFirstCapacity, size + size / 2);
    stage_.reset();
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, stage_);
    if (error != simdjson::SUCCESS) stage_.reset();
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
};

Parser::Parser(ParserOptions options) : options_(options), scanner_(std::make_unique<Scanner>()) {}
Parser::~Parser() = default;

absl::Status Parser::Parse(std::string_view text, Document& document) {
  document.size_ = 0;
  document.text_ = {};
  document.has_lone_surrogates_ = false;
  document.decoded_keys_.clear();
  BuildError error;
  if (text.size() > options_.max_bytes) {
    error = {Reason::kBodyTooLarge, options_.max_bytes, "the text is too long"};
  } else if (!scanner_->Run(text)) {
    error = Diagnose(text);
  } else {
    Builder builder(text, scanner_->tokens(), scanner_->token_count(), options_.max_depth,
                    options_.duplicate_keys == DuplicateKeys::kKeepInsideArrays, document);
    if (builder.Run()) return absl::OkStatus();
    document.size_ = 0;
    document.text_ = {};
    error = builder.error();
  }
  error_offset_ = error.offset;
  return Error(error.reason, fmt::format("byte {}: {}", error.offset, error.what));
}

}  // namespace zoomwatch::json
