#include "tests/checks/azure/json_layout.h"

#include <algorithm>

namespace zoomwatch::azure {
namespace {

namespace json = boost::json;

bool IsLeaf(const json::value& value) { return !value.is_object() && !value.is_array(); }

// "" when it does not fit.
std::string OneLine(const json::value& value, std::size_t indent) {
  std::string line;
  if (const json::array* array = value.if_array()) {
    if (!std::all_of(array->begin(), array->end(), IsLeaf)) return "";
    for (const json::value& item : *array) line += (line.empty() ? "" : ", ") + json::serialize(item);
    line = "[" + line + "]";
  } else if (const json::object* object = value.if_object()) {
    for (const auto& [key, item] : *object) {
      if (!IsLeaf(item)) return "";
      line += (line.empty() ? " " : ", ") + json::serialize(json::string(key)) + ": " + json::serialize(item);
    }
    line = line.empty() ? "{}" : "{" + line + " }";
  } else {
    return json::serialize(value);
  }
  return indent + line.size() <= kMaxLineBytes ? line : "";
}

void Append(const json::value& value, std::size_t indent, std::string& out) {
  if (const std::string line = OneLine(value, indent); !line.empty()) {
    out += line;
    return;
  }
  const std::string inner = "\n" + std::string(indent + 2, ' ');
  const std::string outer = "\n" + std::string(indent, ' ');
  bool first = true;
  if (const json::array* array = value.if_array()) {
    out += '[';
    for (const json::value& item : *array) {
      out += (first ? "" : ",") + inner;
      first = false;
      Append(item, indent + 2, out);
    }
    out += outer + "]";
    return;
  }
  out += '{';
  for (const auto& [key, item] : value.get_object()) {
    out += (first ? "" : ",") + inner + json::serialize(json::string(key)) + ": ";
    first = false;
    Append(item, indent + 2, out);
  }
  out += outer + "}";
}

}  // namespace

std::string LaidOut(const json::value& value) {
  std::string out;
  Append(value, 0, out);
  return out + "\n";
}

}  // namespace zoomwatch::azure
