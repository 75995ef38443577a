#include "common/config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <memory>
#include <optional>
#include <sstream>

#include "common/status/reasons.h"

namespace zoomwatch::config {
namespace {

// Builds the tree from the parser's events. The first fault is kept and ends the parse through an exception that ParseYaml catches.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file_name) : file_name_(file_name) {}

  struct Refused {
    absl::Status status;
  };

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Refuse(mark, "a configuration is one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Add(Make(mark, YamlNode::Kind::kNull, anchor, "")); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark, "aliases are not supported"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    YamlNode node = Make(mark, YamlNode::Kind::kScalar, anchor, tag);
    node.text = value;
    Add(std::move(node));
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

  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string_view what, Reason reason = Reason::kConfigMalformed) {
    throw Refused{Error(reason, fmt::format("{}:{}:{}: {}", file_name_, mark.line + 1, mark.column + 1, what))};
  }

  YamlNode Make(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) Refuse(mark, "anchors are not supported");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags are not supported");
    return {.kind = kind, .line = mark.line + 1, .column = mark.column + 1};
  }

  void Open(const YAML::Mark& mark, YamlNode node) {
    if (static_cast<int>(frames_.size()) >= kMaxConfigDepth) Refuse(mark, fmt::format("nesting is deeper than {}", kMaxConfigDepth));
    frames_.push_back({.node = std::move(node)});
  }

  void Close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    Add(std::move(node));
  }

  void Add(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.key.has_value()) {
      frame.node.entries.push_back({*std::move(frame.key), std::move(node)});
      frame.key.reset();
    } else {
      CheckKey(frame.node, node);
      frame.key = std::move(node);
    }
  }

  void CheckKey(const YamlNode& mapping, const YamlNode& key) {
    YAML::Mark mark;
    mark.line = key.line - 1;
    mark.column = key.column - 1;
    if (key.kind != YamlNode::Kind::kScalar) Refuse(mark, "a key must be a plain name");
    if (key.text == "<<") Refuse(mark, "merge keys are not supported");
    for (const auto& [earlier, value] : mapping.entries) {
      if (earlier.text == key.text) {
        Refuse(mark, fmt::format("{}: stands twice, first at line {}", key.text, earlier.line), Reason::kConfigDuplicateKey);
      }
    }
  }

  const std::string& file_name_;
  std::vector<Frame> frames_;
  YamlNode root_;
  int documents_ = 0;
};

}  // namespace

std::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kScalar: return "a value";
    case YamlNode::Kind::kList: return "a list";
    case YamlNode::Kind::kMapping: return "a mapping";
  }
  __builtin_unreachable();
}

std::string Place(const std::string& file_name, const YamlNode& node) {
  return fmt::format("{}:{}:{}", file_name, node.line, node.column);
}

absl::StatusOr<YamlNode> ParseYaml(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxConfigBytes) {
    return Error(Reason::kConfigMalformed, fmt::format("{}: {} bytes exceed {}", file_name, text.size(), kMaxConfigBytes));
  }
  // The parser takes some control characters for line ends or for the end of the text, and would drop what follows.
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 || byte == '\t' || byte == '\n' || byte == '\r') continue;
    return Error(Reason::kConfigMalformed, fmt::format("{}: control character 0x{:02x} at byte {}", file_name, byte, i));
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(file_name);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const TreeBuilder::Refused& refused) {
    return refused.status;
  } catch (const YAML::Exception& error) {
    return Error(Reason::kConfigMalformed,
                 fmt::format("{}:{}:{}: {}", file_name, error.mark.line + 1, error.mark.column + 1, error.msg));
  }
  return builder.TakeRoot();
}

}  // namespace zoomwatch::config
