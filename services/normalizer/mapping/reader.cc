#include "services/normalizer/mapping/reader.h"

#include <charconv>

#include "common/json/text.h"

namespace zoomwatch {

using json::Node;
using json::NodeIndex;
using json::Type;

bool Reader::Text(NodeIndex value, std::string& out) const {
  if (value == json::kNoNode) return false;
  const Node& node = document_.at(value);
  if (node.marked) {
    out.assign(kRedacted);
    return true;
  }
  switch (node.type) {
    case Type::kString:
      out.clear();
      document_.AppendString(value, out);
      break;
    case Type::kNumber:
    case Type::kTrue:
    case Type::kFalse:
      out.assign(document_.Raw(value));
      break;
    case Type::kNull:
    case Type::kObject:
    case Type::kArray:
      return false;
  }
  if (out.size() > kMaxFieldBytes) out.resize(json::CutUtf8(out, kMaxFieldBytes).size());
  return true;
}

std::optional<int64_t> Reader::Integer(NodeIndex value) const {
  if (value == json::kNoNode || document_.at(value).marked) return std::nullopt;
  const Type type = document_.at(value).type;
  if (type != Type::kNumber && type != Type::kString) return std::nullopt;
  const std::string_view text = type == Type::kNumber ? document_.Raw(value) : document_.RawString(value);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> Reader::Flag(NodeIndex value) const {
  if (value == json::kNoNode) return std::nullopt;
  const Type type = document_.at(value).type;
  if (type != Type::kTrue && type != Type::kFalse) return std::nullopt;
  return type == Type::kTrue;
}

bool Reader::IsScalar(NodeIndex value) const {
  if (value == json::kNoNode) return false;
  const Node& node = document_.at(value);
  return node.marked || (node.type != Type::kNull && node.type != Type::kObject && node.type != Type::kArray);
}

bool Reader::HasText(NodeIndex value) const {
  if (!IsScalar(value)) return false;
  const Node& node = document_.at(value);
  return node.type != Type::kString || node.end - node.begin > 2;
}

}  // namespace zoomwatch
