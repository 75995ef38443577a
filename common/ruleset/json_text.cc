#include <fmt/format.h>

#include <cctype>
#include <string>

#include "common/ruleset/case_file.h"

namespace zoomwatch::ruleset {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The grammar of a number in JSON.
bool IsJsonNumber(std::string_view text) {
  const auto take_digits = [&] {
    std::size_t count = 0;
    while (count < text.size() && IsDigit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  const bool leading_zero = !text.empty() && text.front() == '0';
  const std::size_t whole = take_digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  return text.empty();
}

void AppendString(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void Append(const yaml::Node& node, std::string& out) {
  bool first = true;
  switch (node.kind) {
    case yaml::Node::Kind::kNull: out += "null"; return;
    case yaml::Node::Kind::kScalar:
      if (!node.quoted && (node.text == "true" || node.text == "false" || node.text == "null" || IsJsonNumber(node.text))) {
        out += node.text;
      } else {
        AppendString(node.text, out);
      }
      return;
    case yaml::Node::Kind::kList:
      out += '[';
      for (const yaml::Node& item : node.items) {
        if (!first) out += ',';
        first = false;
        Append(item, out);
      }
      out += ']';
      return;
    case yaml::Node::Kind::kMapping:
      out += '{';
      for (const auto& [key, value] : node.entries) {
        if (!first) out += ',';
        first = false;
        AppendString(key.text, out);
        out += ':';
        Append(value, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

std::string JsonText(const yaml::Node& node) {
  std::string text;
  Append(node, text);
  return text;
}

}  // namespace zoomwatch::ruleset
