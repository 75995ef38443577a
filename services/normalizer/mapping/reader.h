// Reads values of a webhook body as the text and numbers of typed fields. Thread-compatible.
// A value that was marked as a secret reads as "[redacted]" whatever its type; so no typed field can hold one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/json/document.h"
#include "services/normalizer/mapping/path.h"

namespace zoomwatch {

inline constexpr std::string_view kRedacted = "[redacted]";

// Longest text of one typed field. Longer ones are cut at a character: the payload has them whole, an item stays within a batch's
// bytes whatever Zoom sends, and a column of Azure Monitor holds no more than 64 KB.
inline constexpr size_t kMaxFieldBytes = 32 * 1024;
// Most entries, and most bytes of all entries together, of a repeated typed field.
inline constexpr int kMaxListEntries = 1000;
inline constexpr size_t kMaxListBytes = 64 * 1024;

class Reader {
 public:
  // `document` outlives the reader. REQUIRES: its root is an object.
  explicit Reader(const json::Document& document)
      : document_(document),
        payload_(document.Find(json::Document::root(), "payload")),
        object_(document.Find(payload_, "object")) {}

  const json::Document& document() const { return document_; }
  json::NodeIndex payload() const { return payload_; }  // kNoNode when absent
  json::NodeIndex object() const { return object_; }    // payload.object; kNoNode when absent

  json::NodeIndex Find(json::NodeIndex parent, const json::Key& key) const { return document_.Find(parent, key); }
  json::NodeIndex Find(const Path& path) const { return path.In(document_); }

  // Replaces `out` by the value as text: strings decoded, numbers exactly as written, booleans as true or false.
  // False, `out` untouched: no value, null, an object or an array.
  bool Text(json::NodeIndex value, std::string& out) const;

  // A number without fraction, or a string that holds one, of 64 bits. nullopt: anything else.
  std::optional<int64_t> Integer(json::NodeIndex value) const;

  // nullopt: not a JSON boolean.
  std::optional<bool> Flag(json::NodeIndex value) const;

  // True when Text() would succeed.
  bool IsScalar(json::NodeIndex value) const;

  // True when Text() would give something other than "".
  bool HasText(json::NodeIndex value) const;

 private:
  const json::Document& document_;
  const json::NodeIndex payload_;
  const json::NodeIndex object_;
};

// Appends entries to a repeated string field within kMaxListEntries and kMaxListBytes. False: full, nothing was added.
template <typename Strings>
class BoundedList {
 public:
  explicit BoundedList(Strings& strings) : strings_(strings) {}

  bool Add(std::string_view entry) {
    if (strings_.size() >= kMaxListEntries || bytes_ + entry.size() > kMaxListBytes) return false;
    bytes_ += entry.size();
    strings_.Add()->assign(entry);
    return true;
  }

 private:
  Strings& strings_;
  size_t bytes_ = 0;
};

}  // namespace zoomwatch
