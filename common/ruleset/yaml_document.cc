#include "common/ruleset/yaml_document.h"

#include <vector>

namespace zoomwatch::ruleset {
namespace {

LoadCode CodeOf(yaml::Fault::Kind kind) {
  switch (kind) {
    case yaml::Fault::Kind::kTooLarge: return LoadCode::kFileTooLarge;
    case yaml::Fault::Kind::kDuplicateKey: return LoadCode::kDuplicateKey;
    case yaml::Fault::Kind::kNotYaml:
    case yaml::Fault::Kind::kNotSupported: return LoadCode::kYamlMalformed;
  }
  __builtin_unreachable();
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

// The parser's words name what it misses; in rules the reason is nearly always one of these.
std::string WithReason(std::string_view text, const yaml::Fault& fault) {
  const std::string_view line = LineOf(text, fault.place.line);
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return "a tab stands in the indentation, where YAML wants spaces";
  }
  if (fault.message == "illegal map value") return "a value with ': ' in it must stand in quotes, or in a '|' block";
  return fault.message + " (check indentation; a text with quotes is best a '|' block)";
}

// Where a "|" block's text starts: below its header, behind its indentation, which is that of its first line that has text.
Place BlockStart(std::string_view source, const yaml::Node& node) {
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

std::optional<yaml::Node> ParseYaml(std::string_view text, LoadResult& result) {
  std::vector<yaml::Fault> faults;
  std::optional<yaml::Node> root = yaml::Parse(text, kMaxRuleFileBytes, faults);
  for (yaml::Fault& fault : faults) {
    if (fault.kind == yaml::Fault::Kind::kNotYaml) fault.message = WithReason(text, fault);
    result.Add(CodeOf(fault.kind), fault.place, std::move(fault.message));
  }
  return root;
}

QueryText LocateText(std::string_view source, const yaml::Node& node) {
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
