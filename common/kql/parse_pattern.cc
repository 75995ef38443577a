#include "common/kql/parse_pattern.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

std::string_view NumberPattern(Type type) {
  if (IsInteger(type)) return "[-+]?\\d+";
  return type == Type::kReal || type == Type::kDecimal ? "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?" : "";
}

// The group of a column. `last`: nothing follows, so a text takes the rest.
std::string ColumnPattern(const Relation& relation, std::size_t at) {
  const Type type = relation.steps[at].type;
  const bool last = at + 1 == relation.steps.size();
  const bool before_star = !last && relation.steps[at + 1].kind == ParsePart::Kind::kStar;
  const std::string number(NumberPattern(type));
  if (relation.parse_mode == ParseMode::kRegex) return number.empty() ? ".*" : number;
  if (relation.parse_mode == ParseMode::kRelaxed && !number.empty()) {
    if (before_star) return "(?:" + number + ")?";
  } else if (!number.empty()) {
    return "\\s*" + number + "\\s*?";
  }
  return last ? ".*" : ".*?";
}

std::string GroupName(std::size_t step) { return "column" + std::to_string(step); }

std::string PatternOf(const Relation& relation) {
  const bool regex = relation.parse_mode == ParseMode::kRegex;
  std::string pattern = regex ? (relation.parse_flags.empty() ? "" : "(?" + relation.parse_flags + ")") : "(?s)";
  pattern += "\\A";
  for (std::size_t i = 0; i < relation.steps.size(); ++i) {
    const ParseStep& step = relation.steps[i];
    switch (step.kind) {
      case ParsePart::Kind::kStar: pattern += ".*?"; break;
      case ParsePart::Kind::kText:
        pattern += regex ? "(?:" + step.text + ")"
                         : re2::RE2::QuoteMeta(re2::StringPiece(step.text.data(), step.text.size()));
        break;
      case ParsePart::Kind::kColumn: pattern += "(?P<" + GroupName(i) + ">" + ColumnPattern(relation, i) + ")"; break;
    }
  }
  const bool column_last = !relation.steps.empty() && relation.steps.back().kind == ParsePart::Kind::kColumn;
  if (column_last && !regex) pattern += "\\z";
  return pattern;
}

re2::RE2::Options ParseOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  return options;
}

std::string_view TrimBlanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

CellsPtr Pick(const CellsPtr& cells, const std::vector<std::uint32_t>& rows) {
  if (cells == nullptr || rows.size() == cells->size()) return cells;
  Cells picked;
  picked.reserve(rows.size());
  for (const std::uint32_t row : rows) picked.push_back((*cells)[row]);
  return std::make_shared<const Cells>(std::move(picked));
}

}  // namespace

RowParser::RowParser(const Relation& relation, std::vector<bool> wanted, ExecutionContext& context, SubqueryResults* subqueries)
    : relation_(relation),
      wanted_(std::move(wanted)),
      context_(context),
      text_(relation.parsed, context, subqueries),
      regex_(PatternOf(relation), ParseOptions()) {
  // A text of a regex may swallow what follows it (\Q): then a column has no group, and no row matches.
  usable_ = regex_.ok();
  const std::map<std::string, int> none;
  const auto& groups = usable_ ? regex_.NamedCapturingGroups() : none;
  for (std::size_t i = 0; i < relation.steps.size(); ++i) {
    if (relation.steps[i].kind != ParsePart::Kind::kColumn) continue;
    const auto group = groups.find(GroupName(i));
    usable_ = usable_ && group != groups.end();
    columns_.push_back({&relation.steps[i], usable_ ? group->second : 0});
  }
  if (usable_) groups_.resize(static_cast<std::size_t>(regex_.NumberOfCapturingGroups()) + 1);
}

Block RowParser::Parse(const Block& input, std::vector<std::uint32_t>& kept) {
  kept.clear();
  const CellsPtr texts = text_.Evaluate(input);
  std::vector<Cells> parsed(columns_.size());
  for (std::size_t row = 0; row < input.rows; ++row) {
    if (!ParseRow((*texts)[row], parsed) && relation_.parse_where) continue;
    kept.push_back(static_cast<std::uint32_t>(row));
  }
  Block block{.rows = kept.size(), .columns = std::vector<CellsPtr>(relation_.schema.size())};
  for (std::size_t c = 0; c < relation_.schema.size(); ++c) {
    if (wanted_[c] && relation_.carried[c]) block.columns[c] = Pick(input.columns[*relation_.carried[c]], kept);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    block.columns[columns_[i].step->output] = std::make_shared<const Cells>(std::move(parsed[i]));
  }
  return block;
}

// Adds a cell to every parsed column, unless the row does not match and is to be dropped.
bool RowParser::ParseRow(const Value& value, std::vector<Cells>& parsed) {
  const Value text = ConvertTo(Type::kString, value);
  std::vector<Value> cells(columns_.size());
  const bool matches = Match(text.AsString(), cells);
  if (!matches && relation_.parse_where) return false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!matches) cells[i] = columns_[i].step->type == Type::kString ? Value::String("") : Value();
    parsed[i].push_back(std::move(cells[i]));
  }
  return matches;
}

bool RowParser::Match(std::string_view text, std::vector<Value>& cells) {
  if (!usable_) {
    ++context_.warnings[static_cast<std::size_t>(Warning::kBadRegex)];
    return false;
  }
  const re2::StringPiece piece(text.data(), text.size());
  if (!regex_.Match(piece, 0, text.size(), re2::RE2::UNANCHORED, groups_.data(), static_cast<int>(groups_.size())))
    return false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const re2::StringPiece& group = groups_[static_cast<std::size_t>(columns_[i].group)];
    cells[i] = Read(columns_[i].step->type, {group.data(), group.size()});
    if (cells[i].is_null() && relation_.parse_mode != ParseMode::kRelaxed) return false;
  }
  return true;
}

// Blanks around what an expression leaves to a column are not part of the value, as the page's example shows.
Value RowParser::Read(Type type, std::string_view text) const {
  if (type == Type::kString)
    return Value::String(relation_.parse_mode == ParseMode::kRegex ? TrimBlanks(text) : text);
  const Value value = Value::String(text);
  return type == Type::kDynamic ? ParseJson(text).value_or(value) : ConvertTo(type, value);
}

}  // namespace zoomwatch::kql
