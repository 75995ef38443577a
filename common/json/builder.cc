#include "common/json/builder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/json/text.h"

namespace zoomwatch::json {
namespace {

// Documents that need more keep their memory only until a smaller one comes: about 2.6 MB per parser stay.
constexpr size_t kKeptNodes = 64 * 1024;
// Objects up to this many members are checked for duplicate keys by comparing tags, larger ones by sorting.
constexpr size_t kSmallObject = 32;

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

Builder::Builder(std::string_view text, const uint32_t* tokens, size_t token_count, int max_depth,
                 bool keep_duplicates_inside_arrays, Document& document)
    : text_(text),
      tokens_(tokens),
      token_count_(token_count),
      max_depth_(max_depth),
      keep_duplicates_inside_arrays_(keep_duplicates_inside_arrays),
      has_backslash_(text.find('\\') != std::string_view::npos),
      document_(document) {}

bool Builder::Run() {
  auto& nodes = document_.nodes_;
  if (nodes.capacity() > kKeptNodes && token_count_ <= kKeptNodes) std::vector<Node>().swap(nodes);
  if (nodes.size() < token_count_) nodes.resize(token_count_);  // every value has a token of its own
  document_.text_ = text_;
  if (!Value({}, 0, 0)) return false;
  if (!AtEnd()) return Fail(Reason::kBodyNotJson, Position(), "text after the end of the value");
  return true;
}

NodeIndex Builder::Push(std::string_view key, uint32_t key_tag, uint32_t begin, Type type) {
  const NodeIndex self = document_.size_++;
  Node& node = document_.nodes_[self];
  node.key = key;
  node.key_tag = key_tag;
  node.begin = begin;
  node.type = type;
  node.escaped = false;
  node.lone_surrogate = false;
  node.marked = false;
  return self;
}

bool Builder::Value(std::string_view key, uint32_t key_tag, int depth) {
  if (AtEnd()) return Fail(Reason::kBodyNotJson, text_.size(), "the text ends where a value is expected");
  const uint32_t begin = tokens_[token_++];
  bool ok = false;
  NodeIndex self = 0;
  switch (text_[begin]) {
    case '{':
      self = Push(key, key_tag, begin, Type::kObject);
      ok = Object(self, depth + 1);
      break;
    case '[':
      self = Push(key, key_tag, begin, Type::kArray);
      ok = Array(self, depth + 1);
      break;
    case '"':
      self = Push(key, key_tag, begin, Type::kString);
      ok = String(self, begin);
      break;
    default:
      self = Push(key, key_tag, begin, Type::kNull);
      ok = Scalar(self, begin);
      break;
  }
  document_.nodes_[self].next = document_.size_;
  return ok;
}

bool Builder::Object(NodeIndex self, int depth) {
  if (depth > max_depth_) return Fail(Reason::kJsonTooDeep, document_.nodes_[self].begin, "nested too deep");
  size_t members = 0;
  while (true) {
    if (members == 0 && Peek() == '}') break;
    std::string_view key;
    if (!MemberKey(key) || !Value(key, TagOf(key), depth)) return false;
    ++members;
    if (Peek() == '}') break;
    if (Peek() != ',') return Fail(Reason::kBodyNotJson, Position(), "no comma or closing brace after a member");
    ++token_;
  }
  document_.nodes_[self].next = document_.size_;
  document_.nodes_[self].end = tokens_[token_++] + 1;
  if (members < 2 || (open_arrays_ > 0 && keep_duplicates_inside_arrays_)) return true;
  return KeysAreUnique(self, members);
}

bool Builder::Array(NodeIndex self, int depth) {
  if (depth > max_depth_) return Fail(Reason::kJsonTooDeep, document_.nodes_[self].begin, "nested too deep");
  ++open_arrays_;
  for (bool first = true; !(first && Peek() == ']'); first = false) {
    if (!Value({}, 0, depth)) return false;
    if (Peek() == ']') break;
    if (Peek() != ',') return Fail(Reason::kBodyNotJson, Position(), "no comma or closing bracket after an element");
    ++token_;
  }
  --open_arrays_;
  document_.nodes_[self].end = tokens_[token_++] + 1;
  return true;
}

bool Builder::MemberKey(std::string_view& key) {
  if (Peek() != '"') return Fail(Reason::kBodyNotJson, Position(), "no key where one is expected");
  const uint32_t begin = tokens_[token_++];
  const uint32_t end = StringEnd(begin);
  bool escaped = false;
  bool lone_surrogate = false;
  if (!CheckString(begin, end, escaped, lone_surrogate)) return false;
  if (Peek() != ':') return Fail(Reason::kBodyNotJson, Position(), "no colon after a key");
  ++token_;
  document_.has_lone_surrogates_ = document_.has_lone_surrogates_ || lone_surrogate;
  key = text_.substr(begin + 1, end - begin - 1);
  if (escaped) key = DecodeKey(key);
  return true;
}

bool Builder::String(NodeIndex self, uint32_t begin) {
  const uint32_t end = StringEnd(begin);
  Node& node = document_.nodes_[self];
  node.end = end + 1;
  if (!CheckString(begin, end, node.escaped, node.lone_surrogate)) return false;
  document_.has_lone_surrogates_ = document_.has_lone_surrogates_ || node.lone_surrogate;
  return true;
}

bool Builder::Scalar(NodeIndex self, uint32_t begin) {
  uint32_t end = Position();
  while (end > begin + 1 && IsBlank(text_[end - 1])) --end;
  Node& node = document_.nodes_[self];
  node.end = end;
  const std::string_view token = text_.substr(begin, end - begin);
  if (token == "null") {
    node.type = Type::kNull;
  } else if (token == "true") {
    node.type = Type::kTrue;
  } else if (token == "false") {
    node.type = Type::kFalse;
  } else if (IsNumber(token)) {
    node.type = Type::kNumber;
  } else {
    return Fail(Reason::kBodyNotJson, begin, "not a value");
  }
  return true;
}

uint32_t Builder::StringEnd(uint32_t begin) const {
  // Whatever follows the closing quote, other than blanks, is a token; so the quote is the last non-blank byte before it.
  uint32_t end = Position() - 1;
  while (end > begin && IsBlank(text_[end])) --end;
  return end;
}

bool Builder::CheckString(uint32_t begin, uint32_t end, bool& escaped, bool& lone_surrogate) {
  if (end == begin || text_[end] != '"') return Fail(Reason::kBodyNotJson, begin, "a string without an end");
  if (!has_backslash_) return true;
  const std::string_view raw = text_.substr(begin + 1, end - begin - 1);
  if (raw.find('\\') == std::string_view::npos) return true;
  const EscapeCheck check = CheckEscapes(raw);
  if (check.error_offset) return Fail(Reason::kBodyNotJson, begin + 1 + *check.error_offset, "not an escape");
  escaped = true;
  lone_surrogate = check.lone_surrogate;
  return true;
}

std::string_view Builder::DecodeKey(std::string_view raw) {
  std::string& keys = document_.decoded_keys_;
  if (keys.empty()) keys.reserve(text_.size());  // decoding never lengthens a key: no reallocation under earlier views
  const size_t begin = keys.size();
  AppendUnescaped(raw, keys);
  return std::string_view(keys).substr(begin);
}

bool Builder::KeysAreUnique(NodeIndex object, size_t count) {
  const auto& nodes = document_.nodes_;
  const NodeIndex end = nodes[object].next;
  if (count <= kSmallObject) {
    std::array<uint32_t, kSmallObject> tags;
    std::array<NodeIndex, kSmallObject> members;
    size_t seen = 0;
    for (NodeIndex member = object + 1; member != end; member = nodes[member].next) {
      const uint32_t tag = nodes[member].key_tag;
      for (size_t i = 0; i < seen; ++i) {
        if (tags[i] == tag && nodes[members[i]].key == nodes[member].key) return DuplicateKey(member);
      }
      tags[seen] = tag;
      members[seen++] = member;
    }
    return true;
  }
  sorted_members_.clear();
  for (NodeIndex member = object + 1; member != end; member = nodes[member].next) sorted_members_.push_back(member);
  std::sort(sorted_members_.begin(), sorted_members_.end(), [&nodes](NodeIndex a, NodeIndex b) {
    const int order = nodes[a].key.compare(nodes[b].key);
    return order != 0 ? order < 0 : a < b;
  });
  for (size_t i = 1; i < sorted_members_.size(); ++i) {
    if (nodes[sorted_members_[i - 1]].key == nodes[sorted_members_[i]].key) return DuplicateKey(sorted_members_[i]);
  }
  return true;
}

bool Builder::DuplicateKey(NodeIndex member) {
  const Node& node = document_.nodes_[member];
  const char* const key = node.key.data();
  const bool in_text = key >= text_.data() && key < text_.data() + text_.size();
  const size_t offset = in_text ? static_cast<size_t>(key - text_.data()) - 1 : node.begin;
  return Fail(Reason::kJsonDuplicateKey, offset, "a key that the object has already");
}

bool Builder::Fail(Reason reason, size_t offset, std::string_view what) {
  error_ = {reason, offset, what};
  return false;
}

}  // namespace zoomwatch::json
