#include "common/yaml/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "common/json/text.h"

namespace zoomwatch::yaml {
namespace {

Place PlaceOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Builds the tree from the parser's events. What makes the rest meaningless ends the parse through Refused, which Parse catches.
class TreeBuilder final : public YAML::EventHandler {
 public:
  struct Refused {
    Fault fault;
  };

  explicit TreeBuilder(std::vector<Fault>& faults) : faults_(faults) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Refuse(mark, "a file must be one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Add(mark, Make(mark, Node::Kind::kNull, anchor, "")); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark, "aliases are not supported"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    Node node = Make(mark, Node::Kind::kScalar, anchor, tag);
    node.text = value;
    node.quoted = tag == "!";
    Add(mark, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, Make(mark, Node::Kind::kList, anchor, tag));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, Make(mark, Node::Kind::kMapping, anchor, tag));
  }
  void OnMapEnd() override { Close(); }

  Node TakeRoot() { return std::move(root_); }

 private:
  // A container that is being filled; `key` waits for its value in a mapping.
  struct Frame {
    Node node;
    std::optional<Node> key;
    std::unordered_map<std::string, int> lines;  // of a mapping's keys
  };

  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string message) { throw Refused{{Fault::Kind::kNotSupported, PlaceOf(mark), std::move(message)}}; }

  Node Make(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) Refuse(mark, "anchors are not supported");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags are not supported");
    return {.kind = kind, .place = PlaceOf(mark)};
  }

  void Open(const YAML::Mark& mark, Node node) {
    if (static_cast<int>(frames_.size()) >= kMaxDepth) Refuse(mark, fmt::format("nesting is deeper than {}", kMaxDepth));
    frames_.push_back({.node = std::move(node)});
    opened_.push_back(mark);
  }

  void Close() {
    Node node = std::move(frames_.back().node);
    const YAML::Mark mark = opened_.back();
    frames_.pop_back();
    opened_.pop_back();
    Add(mark, std::move(node));
  }

  void Add(const YAML::Mark& mark, Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Node::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key.has_value()) {
      if (node.kind != Node::Kind::kScalar) Refuse(mark, "a key must be a plain name");
      if (node.text == "<<") Refuse(mark, "merge keys are not supported");
      frame.key = std::move(node);
    } else {
      AddEntry(frame, std::move(node));
    }
  }

  void AddEntry(Frame& frame, Node value) {
    Node key = *std::move(frame.key);
    frame.key.reset();
    if (const auto [earlier, fresh] = frame.lines.emplace(key.text, key.place.line); !fresh) {
      faults_.push_back(
          {Fault::Kind::kDuplicateKey, key.place, fmt::format("{}: stands twice, first at line {}", key.text, earlier->second)});
      return;
    }
    frame.node.entries.push_back({std::move(key), std::move(value)});
  }

  std::vector<Fault>& faults_;
  std::vector<Frame> frames_;
  std::vector<YAML::Mark> opened_;
  Node root_{.place = {1, 1}};
  int documents_ = 0;
};

// The parser replaces what is no UTF-8, or reads other encodings, and no place would be right.
bool IsUtf8(std::string_view text, std::vector<Fault>& faults) {
  const std::optional<std::size_t> at = json::FindInvalidUtf8(text);
  if (!at) return true;
  const std::string_view before = text.substr(0, *at);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 when there is none
  faults.push_back({Fault::Kind::kNotSupported,
                    {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(*at - line_start) + 1},
                    fmt::format("byte 0x{:02x} is no UTF-8; save the file as UTF-8", static_cast<unsigned char>(text[*at]))});
  return false;
}

// The parser takes some control characters for line ends or for the end of the text, and would drop what follows.
bool HasOnlyText(std::string_view text, std::vector<Fault>& faults) {
  Place place{1, 1};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      faults.push_back({Fault::Kind::kNotSupported, place, fmt::format("control character 0x{:02x}", byte)});
      return false;
    }
    place = c == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
  }
  return true;
}

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string_view KindName(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull: return "nothing";
    case Node::Kind::kScalar: return "a value";
    case Node::Kind::kList: return "a list";
    case Node::Kind::kMapping: return "a mapping";
  }
  __builtin_unreachable();
}

std::optional<Node> Parse(std::string_view text, std::size_t max_bytes, std::vector<Fault>& faults) {
  if (text.size() > max_bytes) {
    faults.push_back({Fault::Kind::kTooLarge, {}, fmt::format("{} bytes exceed {}", text.size(), max_bytes)});
    return std::nullopt;
  }
  if (!IsUtf8(text, faults) || !HasOnlyText(text, faults)) return std::nullopt;
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(faults);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const TreeBuilder::Refused& refused) {
    faults.push_back(refused.fault);
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    faults.push_back({Fault::Kind::kNotYaml, PlaceOf(error.mark), error.msg});
    return std::nullopt;
  }
  return builder.TakeRoot();
}

}  // namespace zoomwatch::yaml
