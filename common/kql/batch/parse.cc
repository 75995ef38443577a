// parse and parse-where: one regular expression is made of the pattern, and its groups become columns.
//
// simple and relaxed: texts are literal, a column takes as little as the pattern allows; a whole number takes its
// digits, so that `*` may follow it. regex: texts are expressions, a column takes as much as it can unless flags say
// otherwise (U). A value that is not of its column's type makes the row a mismatch, or in relaxed mode the value null.
// A row that does not match gets nulls and "". Source of truth: the Kusto page "parse operator".
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::kql::batch {
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

class ParseOperator final : public Operator {
 public:
  ParseOperator(Execution& execution, const Relation& relation)
      : execution_(execution),
        relation_(relation),
        wanted_(execution.demand(relation).columns),
        input_(execution.Build(*relation.inputs[0])),
        text_(execution.Evaluator(relation.parsed)),
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

  absl::StatusOr<Block> Next() override {
    while (true) {
      absl::StatusOr<Block> input = input_->Next();
      if (!input.ok() || input->rows == 0) return input;
      Block parsed = Parse(*input);
      if (parsed.rows > 0) return parsed;
    }
  }

 private:
  struct ColumnGroup {
    const ParseStep* step;
    int group;
  };

  Block Parse(const Block& input) {
    const CellsPtr texts = text_.Evaluate(input);
    std::vector<Cells> parsed(columns_.size());
    RowNumbers kept;
    for (std::size_t row = 0; row < input.rows; ++row) {
      if (!ParseRow((*texts)[row], parsed) && relation_.parse_where) continue;
      kept.push_back(static_cast<std::uint32_t>(row));
    }
    const Block picked = PickRows(input, kept, std::vector<bool>(input.columns.size(), true));
    Block block{.rows = kept.size(), .columns = std::vector<CellsPtr>(relation_.schema.size())};
    for (std::size_t c = 0; c < relation_.schema.size(); ++c) {
      if (wanted_[c] && relation_.carried[c]) block.columns[c] = picked.columns[*relation_.carried[c]];
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      block.columns[columns_[i].step->output] = std::make_shared<const Cells>(std::move(parsed[i]));
    }
    return block;
  }

  // Adds a cell to every parsed column, unless the row does not match and is to be dropped.
  bool ParseRow(const Value& value, std::vector<Cells>& parsed) {
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

  bool Match(std::string_view text, std::vector<Value>& cells) {
    if (!usable_) {
      ++execution_.context().warnings[static_cast<std::size_t>(Warning::kBadRegex)];
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
  Value Read(Type type, std::string_view text) const {
    if (type == Type::kString)
      return Value::String(relation_.parse_mode == ParseMode::kRegex ? TrimBlanks(text) : text);
    const Value value = Value::String(text);
    return type == Type::kDynamic ? ParseJson(text).value_or(value) : ConvertTo(type, value);
  }

  Execution& execution_;
  const Relation& relation_;
  const std::vector<bool>& wanted_;
  const OperatorPtr input_;
  ScalarEvaluator text_;
  const re2::RE2 regex_;
  bool usable_ = false;
  std::vector<ColumnGroup> columns_;
  std::vector<re2::StringPiece> groups_;
};

}  // namespace

OperatorPtr MakeParse(Execution& execution, const Relation& relation) {
  return std::make_unique<ParseOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
