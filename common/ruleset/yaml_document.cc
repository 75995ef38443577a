#include "common/ruleset/yaml_document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace zoomwatch::ruleset {
namespace {

Place PlaceOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Builds the tree from the parser's events. What makes the rest meaningless ends the parse through Refused, which ParseYaml catches.
class TreeBuilder final : public YAML::EventHandler {
 public:
  struct Refused {
    Place place;
    std::string message;
  };

  explicit TreeBuilder(LoadResult& result) : result_(result) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Refuse(mark, "a rule file is one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Add(mark, Make(mark, YamlNode::Kind::kNull, anchor, "")); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark, "aliases are not supported"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    YamlNode node = Make(mark, YamlNode::Kind::kScalar, anchor, tag);
    node.text = value;
    node.quoted = tag == "!";
    Add(mark, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, Make(mark, YamlNode::Kind::kList, anchor, tag));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, Make(mark, YamlNode::Kind::kMapping, anchor, tag));
  }
  void OnMapEnd() override { Close(); }

  YamlNode TakeRoot() { return std::move(root_); }

 private:
  // A container that is being filled; `key` waits for its value in a mapping.
  struct Frame {
    YamlNode node;
    std::optional<YamlNode> key;
  };

  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string message) { throw Refused{PlaceOf(mark), std::move(message)}; }

  YamlNode Make(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) Refuse(mark, "anchors are not supported");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags are not supported");
    return {.kind = kind, .place = PlaceOf(mark)};
  }

  void Open(const YAML::Mark& mark, YamlNode node) {
    if (static_cast<int>(frames_.size()) >= kMaxYamlDepth) Refuse(mark, fmt::format("nesting is deeper than {}", kMaxYamlDepth));
    frames_.push_back({.node = std::move(node)});
    opened_.push_back(mark);
  }

  void Close() {
    YamlNode node = std::move(frames_.back().node);
    const YAML::Mark mark = opened_.back();
    frames_.pop_back();
    opened_.pop_back();
    Add(mark, std::move(node));
  }

  void Add(const YAML::Mark& mark, YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key.has_value()) {
      if (node.kind != YamlNode::Kind::kScalar) Refuse(mark, "a key must be a plain name");
      if (node.text == "<<") Refuse(mark, "merge keys are not supported");
      frame.key = std::move(node);
    } else {
      AddEntry(frame, std::move(node));
    }
  }

  void AddEntry(Frame& frame, YamlNode value) {
    YamlNode key = *std::move(frame.key);
    frame.key.reset();
    for (const auto& [earlier, unused] : frame.node.entries) {
      if (earlier.text != key.text) continue;
      result_.Add(LoadCode::kDuplicateKey, key.place, fmt::format("{}: stands twice, first at line {}", key.text, earlier.place.line));
      return;
    }
    frame.node.entries.push_back({std::move(key), std::move(value)});
  }

  LoadResult& result_;
  std::vector<Frame> frames_;
  std::vector<YAML::Mark> opened_;
  YamlNode root_;
  int documents_ = 0;
};

// The parser takes some control characters for line ends or for the end of the text, and would drop what follows.
bool HasOnlyText(std::string_view text, LoadResult& result) {
  Place place{1, 1};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      result.Add(LoadCode::kYamlMalformed, place, fmt::format("control character 0x{:02x}", byte));
      return false;
    }
    place = c == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
  }
  return true;
}

// Line `number` (from 1) of the text without its line end.
std::string_view LineOf(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view found = text.substr(0, text.find('\n'));
  if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
  return found;
}

// Where a "|" block's text starts: below its header, behind its indentation, which is that of its first line that has text.
Place BlockStart(std::string_view source, const YamlNode& node) {
  const Place below{node.place.line + 1, 1};
  const std::size_t first = node.text.find_first_not_of('\n');
  if (first == std::string::npos) return below;
  const std::string_view line = LineOf(source, below.line + static_cast<int>(first));
  // With an indentation indicator the text itself may begin with spaces.
  const std::size_t own_spaces = node.text.find_first_not_of(' ', first);
  const std::size_t spaces = line.find_first_not_of(' ');
  if (spaces == std::string_view::npos || own_spaces == std::string::npos || spaces < own_spaces - first) return below;
  return {below.line, static_cast<int>(spaces - (own_spaces - first)) + 1};
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kScalar: return "a value";
    case YamlNode::Kind::kList: return "a list";
    case YamlNode::Kind::kMapping: return "a mapping";
  }
  __builtin_unreachable();
}

std::optional<YamlNode> ParseYaml(std::string_view text, LoadResult& result) {
  if (text.size() > kMaxRuleFileBytes) {
    result.Add(LoadCode::kFileTooLarge, {}, fmt::format("{} bytes exceed {}", text.size(), kMaxRuleFileBytes));
    return std::nullopt;
  }
  if (!HasOnlyText(text, result)) return std::nullopt;
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(result);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const TreeBuilder::Refused& refused) {
    result.Add(LoadCode::kYamlMalformed, refused.place, refused.message);
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    // The parser's words name what it misses; in rules the reason is nearly always one of two.
    result.Add(LoadCode::kYamlMalformed, PlaceOf(error.mark), error.msg + " (check indentation; a text with quotes is best a '|' block)");
    return std::nullopt;
  }
  return builder.TakeRoot();
}

QueryText LocateText(std::string_view source, const YamlNode& node) {
  QueryText located{.text = node.text, .start = node.place};
  const std::string_view line = LineOf(source, node.place.line);
  const auto column = static_cast<std::size_t>(node.place.column - 1);
  const char opening = column < line.size() ? line[column] : ' ';
  if (node.quoted && opening == '|') {
    located.literal = true;
    located.start = BlockStart(source, node);
  } else if (node.quoted && (opening == '"' || opening == '\'')) {
    located.one_line = true;
    located.start.column += 1;
  } else if (!node.quoted) {
    located.one_line = true;
  }
  return located;
}

}  // namespace zoomwatch::ruleset
