#include "common/kql/functions/xml.h"

#include <algorithm>
#include <charconv>

#include "common/kql/functions/utf8.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool IsNameChar(char c) {
  return (static_cast<unsigned char>(c) & 0x80) != 0 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == ':' || c == '-' || c == '.';
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// A text that is a JSON number becomes that number, any other stays a string.
Value TextValue(std::string_view text) {
  const bool numeric = !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  auto number = numeric ? ParseJson(text) : std::nullopt;
  return number && number->is_number() ? *number : Value::String(text);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Value> Document() {
    if (!SkipMisc()) return std::nullopt;
    std::string name;
    auto value = Element(name, 0);
    if (!value || !SkipMisc() || at_ != text_.size()) return std::nullopt;
    return Value::OfBag(Bag({{name, std::move(*value)}}));
  }

 private:
  bool Take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  bool SkipPast(std::string_view token) {
    const std::size_t end = text_.find(token, at_);
    if (end == std::string_view::npos) return false;
    at_ = end + token.size();
    return true;
  }

  // What stands outside the root element.
  bool SkipMisc() {
    for (;;) {
      SkipBlanks();
      if (Take("<?")) {
        if (!SkipPast("?>")) return false;
      } else if (Take("<!--")) {
        if (!SkipPast("-->")) return false;
      } else if (Take("<!DOCTYPE")) {
        const std::size_t end = text_.find_first_of("[>", at_);
        if (end == std::string_view::npos || text_[end] == '[') return false;
        at_ = end + 1;
      } else {
        return true;
      }
    }
  }

  bool Name(std::string& name) {
    const std::size_t start = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    name = text_.substr(start, at_ - start);
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && name[0] != '-' && name[0] != '.';
  }

  static bool AppendReference(std::string_view entity, std::string& out) {
    static constexpr std::pair<std::string_view, char> kEntities[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [name, character] : kEntities) {
      if (entity == name) {
        out.push_back(character);
        return true;
      }
    }
    if (!entity.starts_with('#')) return false;
    const bool hex = entity.starts_with("#x");
    const std::string_view digits = entity.substr(hex ? 2 : 1);
    std::uint32_t code_point = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), code_point, hex ? 16 : 10);
    if (end.ec != std::errc() || end.ptr != digits.data() + digits.size() || code_point == 0 || code_point > 0x10FFFF ||
        (code_point >= 0xD800 && code_point < 0xE000)) {
      return false;
    }
    AppendCodePoint(code_point, out);
    return true;
  }

  static bool AppendText(std::string_view raw, std::string& out) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '&') {
        out.push_back(raw[i]);
        continue;
      }
      const std::size_t end = raw.find(';', i);
      if (end == std::string_view::npos || !AppendReference(raw.substr(i + 1, end - i - 1), out)) return false;
      i = end;
    }
    return true;
  }

  bool Attributes(std::vector<Bag::Entry>& entries) {
    for (;;) {
      const std::size_t before = at_;
      SkipBlanks();
      if (at_ >= text_.size()) return false;
      if (text_[at_] == '>' || text_[at_] == '/') return true;
      std::string name;
      if (before == at_ || !Name(name)) return false;
      SkipBlanks();
      if (!Take("=")) return false;
      SkipBlanks();
      const char quote = at_ < text_.size() ? text_[at_] : '\0';
      const std::size_t end = quote == '"' || quote == '\'' ? text_.find(quote, at_ + 1) : std::string_view::npos;
      if (end == std::string_view::npos) return false;
      std::string value;
      const std::string_view raw = text_.substr(at_ + 1, end - at_ - 1);
      if (raw.find('<') != std::string_view::npos || !AppendText(raw, value)) return false;
      at_ = end + 1;
      name.insert(0, "@");
      if (std::any_of(entries.begin(), entries.end(), [&name](const auto& e) { return e.first == name; })) return false;
      entries.emplace_back(std::move(name), TextValue(value));
    }
  }

  // Repeated elements of one name: collected, and put together when their parent ends.
  struct Children {
    std::vector<std::pair<std::string, Value::Array>> by_name;
    std::string text;

    void Add(std::string name, Value value) {
      const auto found = std::find_if(by_name.begin(), by_name.end(), [&name](const auto& entry) { return entry.first == name; });
      if (found == by_name.end()) {
        by_name.emplace_back(std::move(name), Value::Array{std::move(value)});
      } else {
        found->second.push_back(std::move(value));
      }
    }
  };

  bool Content(Children& children, int depth) {
    for (;;) {
      const std::size_t end = text_.find('<', at_);
      if (end == std::string_view::npos || !AppendText(text_.substr(at_, end - at_), children.text)) return false;
      at_ = end;
      if (text_.substr(at_).starts_with("</")) return true;
      if (Take("<!--")) {
        if (!SkipPast("-->")) return false;
      } else if (Take("<?")) {
        if (!SkipPast("?>")) return false;
      } else if (Take("<![CDATA[")) {
        const std::size_t start = at_;
        if (!SkipPast("]]>")) return false;
        children.text += text_.substr(start, at_ - start - 3);
      } else {
        std::string name;
        auto value = Element(name, depth + 1);
        if (!value) return false;
        children.Add(std::move(name), std::move(*value));
      }
    }
  }

  static Value Assemble(std::vector<Bag::Entry> entries, Children& children) {
    const std::string_view text = Trimmed(children.text);
    if (entries.empty() && children.by_name.empty()) return text.empty() ? Value() : TextValue(text);
    if (!text.empty()) entries.emplace_back("#text", TextValue(text));
    for (auto& [name, values] : children.by_name) {
      entries.emplace_back(std::move(name), values.size() == 1 ? std::move(values[0]) : Value::OfArray(std::move(values)));
    }
    return Value::OfBag(Bag(std::move(entries)));
  }

  std::optional<Value> Element(std::string& name, int depth) {
    std::vector<Bag::Entry> entries;
    if (depth >= kMaxXmlDepth || !Take("<") || !Name(name) || !Attributes(entries)) return std::nullopt;
    Children children;
    if (Take("/>")) return Assemble(std::move(entries), children);
    std::string closing;
    if (!Take(">") || !Content(children, depth) || !Take("</") || !Name(closing) || closing != name) return std::nullopt;
    SkipBlanks();
    if (!Take(">")) return std::nullopt;
    return Assemble(std::move(entries), children);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Value> ParseXml(std::string_view text) {
  if (text.size() > kMaxXmlBytes) return std::nullopt;
  return Reader(text).Document();
}

}  // namespace zoomwatch::kql
