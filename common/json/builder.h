// Second pass of the parser: token positions -> nodes. Used by parser.cc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/json/document.h"
#include "common/status/reasons.h"

namespace zoomwatch::json {

struct BuildError {
  Reason reason = Reason::kBodyNotJson;
  size_t offset = 0;
  std::string_view what;
};

// One use per parse. `tokens` are the positions of brackets, colons, commas, opening quotes and starts of other scalars.
// REQUIRES: the text is UTF-8; every string of it is closed and free of control characters.
class Builder {
 public:
  Builder(std::string_view text, const uint32_t* tokens, size_t token_count, int max_depth, bool keep_duplicates_inside_arrays,
          Document& document);

  // False: error() says why.
  bool Run();
  const BuildError& error() const { return error_; }

 private:
  // One function per production of the grammar. Each consumes its tokens; false means that error_ is set.
  bool Value(std::string_view key, uint32_t key_tag, int depth);
  bool Object(NodeIndex self, int depth);
  bool Array(NodeIndex self, int depth);
  bool String(NodeIndex self, uint32_t begin);
  bool Scalar(NodeIndex self, uint32_t begin);
  bool MemberKey(std::string_view& key);

  // Position of the closing quote of the string that starts at `begin`, found from the token after it.
  uint32_t StringEnd(uint32_t begin) const;
  // Checks the escapes of the string between `begin` and `end` (its quotes).
  bool CheckString(uint32_t begin, uint32_t end, bool& escaped, bool& lone_surrogate);
  bool KeysAreUnique(NodeIndex object, size_t count);
  bool DuplicateKey(NodeIndex member);
  bool Fail(Reason reason, size_t offset, std::string_view what);

  NodeIndex Push(std::string_view key, uint32_t key_tag, uint32_t begin, Type type);
  bool AtEnd() const { return token_ == token_count_; }
  uint32_t Position() const { return AtEnd() ? static_cast<uint32_t>(text_.size()) : tokens_[token_]; }
  char Peek() const { return AtEnd() ? '\0' : text_[tokens_[token_]]; }
  std::string_view DecodeKey(std::string_view raw);

  const std::string_view text_;
  const uint32_t* const tokens_;
  const size_t token_count_;
  const int max_depth_;
  const bool keep_duplicates_inside_arrays_;
  const bool has_backslash_;
  Document& document_;
  size_t token_ = 0;
  int open_arrays_ = 0;
  BuildError error_;
  std::vector<NodeIndex> sorted_members_;
};

}  // namespace zoomwatch::json
