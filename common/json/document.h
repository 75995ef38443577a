// A parsed JSON text as a flat list of values that point into it: no value is copied, no number is converted.
// Not thread-safe while being parsed into; const access is. The text must outlive the document and stay unchanged.
// Layout: values in the order of the text, so that the children of a container follow it and Node::next skips a whole subtree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::json {

enum class Type : uint8_t { kObject, kArray, kString, kNumber, kTrue, kFalse, kNull };

// Four bytes of a key, equal for equal keys: comparing them first makes looking up a key cheap.
constexpr uint32_t TagOf(std::string_view key) {
  if (key.empty()) return 0;
  const auto byte = [](char c) { return static_cast<uint32_t>(static_cast<unsigned char>(c)); };
  return (static_cast<uint32_t>(key.size()) & 0xffu) | byte(key.front()) << 8 | byte(key[key.size() / 2]) << 16 |
         byte(key.back()) << 24;
}

// The name of an object member with its tag, for look-ups by constant names.
struct Key {
  constexpr Key() = default;
  constexpr Key(std::string_view key_name) : name(key_name), tag(TagOf(key_name)) {}  // NOLINT: names convert freely
  constexpr Key(const char* key_name) : Key(std::string_view(key_name)) {}            // NOLINT

  std::string_view name;
  uint32_t tag = 0;
};

using NodeIndex = uint32_t;
inline constexpr NodeIndex kNoNode = 0xffffffffu;

struct Node {
  std::string_view key;       // decoded name of a member; empty for elements of arrays and for the root
  uint32_t key_tag = 0;       // TagOf(key)
  uint32_t begin = 0;         // of the value in the text, inclusive; strings with their quotes
  uint32_t end = 0;           // exclusive
  NodeIndex next = 0;         // the value after this one and everything inside it
  Type type = Type::kNull;
  bool escaped = false;         // a string that holds a backslash
  bool lone_surrogate = false;  // a string that holds a \u escape of half a character
  bool marked = false;          // for the reader's use: see Document::Mark
};

class Document {
 public:
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  // Empty until a parse succeeded.
  std::string_view text() const { return text_; }
  NodeIndex size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // True: some string or key holds a \u escape of half a character.
  bool has_lone_surrogates() const { return has_lone_surrogates_; }

  // REQUIRES: index < size().
  const Node& at(NodeIndex index) const { return nodes_[index]; }
  static constexpr NodeIndex root() { return 0; }

  // Children of a container are first_child(), then at(child).next, up to end_of(container) exclusive.
  static NodeIndex first_child(NodeIndex container) { return container + 1; }
  NodeIndex end_of(NodeIndex container) const { return nodes_[container].next; }

  // The member with that key, or kNoNode; kNoNode also when `object` is kNoNode or not an object. Cost: linear in the members.
  NodeIndex Find(NodeIndex object, const Key& key) const;

  // The bytes of the value as they stand in the text.
  std::string_view Raw(NodeIndex index) const {
    return text_.substr(nodes_[index].begin, nodes_[index].end - nodes_[index].begin);
  }
  // The bytes between the quotes. REQUIRES: a string.
  std::string_view RawString(NodeIndex index) const {
    return text_.substr(nodes_[index].begin + 1, nodes_[index].end - nodes_[index].begin - 2);
  }
  // Appends the decoded string. REQUIRES: a string. Half characters become U+FFFD.
  void AppendString(NodeIndex index, std::string& out) const;

  // Sets Node::marked of a value; a parse clears all marks.
  void Mark(NodeIndex index) { nodes_[index].marked = true; }

 private:
  friend class Parser;
  friend class Builder;

  std::string_view text_;
  std::vector<Node> nodes_;  // more than size_ may be allocated
  NodeIndex size_ = 0;
  bool has_lone_surrogates_ = false;
  std::string decoded_keys_;  // keys that were written with escapes; never reallocated while a document points into it
};

}  // namespace zoomwatch::json
