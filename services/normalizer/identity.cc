#include "services/normalizer/identity.h"

#include <algorithm>

#include "common/crypto/hmac.h"

namespace zoomwatch {
namespace {

using json::Document;
using json::Node;
using json::NodeIndex;
using json::Type;

constexpr uint32_t kAbsent = 0xffffffffu;
constexpr size_t kIdBytes = 16;
constexpr char kHexDigits[] = "0123456789abcdef";

// One letter per type; 'r' is a secret, of any type and value.
char LetterOf(const Node& node) {
  if (node.marked) return 'r';
  switch (node.type) {
    case Type::kObject:
      return 'o';
    case Type::kArray:
      return 'a';
    case Type::kString:
      return 's';
    case Type::kNumber:
      return 'n';
    case Type::kTrue:
      return 't';
    case Type::kFalse:
      return 'f';
    case Type::kNull:
      return 'z';
  }
  return '?';
}

// The bytes of a number or a string; "" for anything else.
std::string_view ScalarBytes(const Document& document, NodeIndex value) {
  if (value == json::kNoNode || document.at(value).marked) return {};
  const Type type = document.at(value).type;
  if (type == Type::kNumber) return document.Raw(value);
  return type == Type::kString ? document.RawString(value) : std::string_view();
}

}  // namespace

void EventIdentity::Compute(const Reader& reader, IdentityRule rule, std::string_view event, std::string_view account_id,
                            std::string_view account_name, std::string& id) {
  bytes_.clear();
  AppendField("zoomwatch-event-1");
  AppendField(event);
  AppendField(account_id.empty() ? "name" : "id");
  AppendField(account_id.empty() ? account_name : account_id);
  const std::string_view event_ts = ScalarBytes(reader.document(), reader.Find(Document::root(), "event_ts"));
  AppendField(event_ts);
  if (event_ts.empty()) {
    const Sha256Digest body = Sha256(reader.document().text());
    AppendField("body");
    AppendField(std::string_view(reinterpret_cast<const char*>(body.data()), body.size()));
  } else {
    AppendRest(reader, rule);
  }
  const Sha256Digest digest = Sha256(bytes_);
  id.resize(2 * kIdBytes);
  for (size_t i = 0; i < kIdBytes; ++i) {
    id[2 * i] = kHexDigits[digest[i] >> 4];
    id[2 * i + 1] = kHexDigits[digest[i] & 0xf];
  }
}

void EventIdentity::AppendRest(const Reader& reader, IdentityRule rule) {
  const IdentityRuleRow& row = RowOf(rule);
  if (!row.fields.front().empty() && AppendFields(reader, row)) return;
  AppendField("content");
  members_.clear();
  AppendCanonical(reader.document(), Document::root());
}

bool EventIdentity::AppendFields(const Reader& reader, const IdentityRuleRow& rule) {
  const Document& document = reader.document();
  const bool identified = std::any_of(rule.required.begin(), rule.required.end(), [&](const Path& path) {
    return !path.empty() && !ScalarBytes(document, reader.Find(path)).empty();
  });
  if (!identified) return false;
  AppendField("fields");
  for (const Path& path : rule.fields) {
    if (path.empty()) break;
    const NodeIndex value = reader.Find(path);
    if (value == json::kNoNode) {
      AppendLength(kAbsent);
    } else {
      AppendField(ScalarBytes(document, value));
    }
  }
  return true;
}

void EventIdentity::AppendCanonical(const Document& document, NodeIndex value) {
  const Node& node = document.at(value);
  const char letter = LetterOf(node);
  bytes_.push_back(letter);
  if (letter == 'o') {
    AppendMembers(document, value);
  } else if (letter == 'a') {
    for (NodeIndex i = Document::first_child(value); i != node.next; i = document.at(i).next) AppendCanonical(document, i);
    bytes_.push_back('.');
  } else if (letter == 's' || letter == 'n') {
    AppendField(ScalarBytes(document, value));
  }
}

void EventIdentity::AppendMembers(const Document& document, NodeIndex object) {
  const size_t first = members_.size();
  const NodeIndex end = document.end_of(object);
  for (NodeIndex i = Document::first_child(object); i != end; i = document.at(i).next) members_.push_back(i);
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(begin, members_.end(), [&](NodeIndex a, NodeIndex b) {
    const int order = document.at(a).key.compare(document.at(b).key);
    return order != 0 ? order < 0 : a < b;  // a key may stand twice inside an array
  });
  const size_t last = members_.size();
  for (size_t i = first; i < last; ++i) {
    const NodeIndex member = members_[i];
    AppendField(document.at(member).key);
    AppendCanonical(document, member);
  }
  members_.resize(first);
  AppendLength(kAbsent);  // no key has this length
}

void EventIdentity::AppendLength(uint32_t length) {
  const char bytes[4] = {static_cast<char>(length & 0xff), static_cast<char>(length >> 8 & 0xff),
                         static_cast<char>(length >> 16 & 0xff), static_cast<char>(length >> 24 & 0xff)};
  bytes_.append(bytes, sizeof bytes);
}

void EventIdentity::AppendField(std::string_view field) {
  AppendLength(static_cast<uint32_t>(field.size()));
  bytes_.append(field);
}

}  // namespace zoomwatch
