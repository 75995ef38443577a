// The YAML that configuration and rules are written in, as a tree with places: one document of mappings, lists and scalars.
// Refused, because none of it is needed and each of it has surprised somebody: anchors and aliases (and so "billion laughs"), tags,
// merge keys, several documents, keys that are not scalars, control characters, other encodings than UTF-8. Pure; thread-safe. Limits: the caller's for the bytes,
// kMaxDepth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::yaml {

inline constexpr int kMaxDepth = 32;

// A place in a file, from 1; columns count bytes. Line 0: the file as a whole.
struct Place {
  int line = 0;
  int column = 0;
};

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kList, kMapping };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;            // kScalar
  bool quoted = false;         // kScalar: quoted or a block, so never a number or a boolean
  std::vector<Node> items;     // kList
  std::vector<Entry> entries;  // kMapping: in order, keys unique

  // The value under `key`, or nullptr. REQUIRES: kMapping.
  const Node* Find(std::string_view key) const;
};

struct Entry {
  Node key;  // a scalar
  Node value;
};

// "a list", "a mapping", ... for messages.
std::string_view KindName(Node::Kind kind);

struct Fault {
  enum class Kind { kTooLarge, kNotYaml, kNotSupported, kDuplicateKey };
  Kind kind = Kind::kNotYaml;
  Place place;
  std::string message;  // lower case, no full stop
};

// Nothing when the text is not such a document; the last fault then says why. Of keys that stand twice the first one counts, and each
// is a fault. An empty text is kNull.
std::optional<Node> Parse(std::string_view text, std::size_t max_bytes, std::vector<Fault>& faults);

}  // namespace zoomwatch::yaml
