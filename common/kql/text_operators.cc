#include "common/kql/text_operators.h"

#include <re2/re2.h>

#include <cstring>
#include <optional>
#include <utility>

#include "common/kql/ascii_case.h"
#include "common/kql/convert.h"
#include "common/kql/functions/utf8.h"
#include "common/kql/scalar_node.h"

namespace zoomwatch::kql {
namespace {

// Letters and digits of any script, as far as terms go: beyond ASCII everything but the blocks of signs and
// punctuation.
bool InTerm(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  const bool signs = c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x206F) || (c >= 0x20A0 && c <= 0x20CF) ||
                     (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3020) ||
                     (c >= 0xFF00 && c <= 0xFF0F) || c == 0xFFFD || (c >= 0x1F000 && c <= 0x1FAFF);
  return !signs;
}

bool TermCharacterAt(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  return InTerm(NextCodePoint(text, at));
}

bool TermCharacterBefore(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  std::size_t start = at - 1;
  while (start > 0 && at - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return InTerm(NextCodePoint(text, start));
}

bool IgnoresCase(TextOp op) {
  switch (op) {
    case TextOp::kEquals:
    case TextOp::kContains:
    case TextOp::kStartsWith:
    case TextOp::kEndsWith:
    case TextOp::kHas:
    case TextOp::kHasPrefix:
    case TextOp::kHasSuffix:
    case TextOp::kHasAny:
    case TextOp::kHasAll: return true;
    case TextOp::kNone:
    case TextOp::kContainsCs:
    case TextOp::kStartsWithCs:
    case TextOp::kEndsWithCs:
    case TextOp::kHasCs:
    case TextOp::kHasPrefixCs:
    case TextOp::kHasSuffixCs:
    case TextOp::kMatchesRegex: return false;
  }
  return false;
}

bool SearchesTerms(TextOp op) {
  return op == TextOp::kHas || op == TextOp::kHasCs || op == TextOp::kHasAny || op == TextOp::kHasAll;
}

// REQUIRES: `folded` is not longer than the rest of `text`.
bool EqualsFolded(const char* text, std::string_view folded) {
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if (FoldAsciiCase(text[i]) != folded[i]) return false;
  }
  return true;
}

}  // namespace

TextNeedle::TextNeedle(TextOp op, std::string_view text)
    : ignore_case_(IgnoresCase(op)), text_(ignore_case_ ? FoldAsciiCase(text) : std::string(text)) {
  if (op == TextOp::kEquals) place_ = Place::kWhole;
  if (op == TextOp::kStartsWith || op == TextOp::kStartsWithCs) place_ = Place::kStart;
  if (op == TextOp::kEndsWith || op == TextOp::kEndsWithCs) place_ = Place::kEnd;
  const bool prefix = op == TextOp::kHasPrefix || op == TextOp::kHasPrefixCs;
  const bool suffix = op == TextOp::kHasSuffix || op == TextOp::kHasSuffixCs;
  starts_term_ = (SearchesTerms(op) || prefix) && TermCharacterAt(text_, 0);
  ends_term_ = (SearchesTerms(op) || suffix) && TermCharacterBefore(text_, text_.size());
}

bool TextNeedle::MatchesAt(std::string_view haystack, std::size_t at) const {
  const char* start = haystack.data() + at;
  const bool equal =
      ignore_case_ ? EqualsFolded(start, text_) : text_.empty() || std::memcmp(start, text_.data(), text_.size()) == 0;
  return equal && !(starts_term_ && TermCharacterBefore(haystack, at)) &&
         !(ends_term_ && TermCharacterAt(haystack, at + text_.size()));
}

bool TextNeedle::Found(std::string_view haystack) const {
  if (text_.empty()) return true;
  const char first = text_.front();
  const std::size_t last = haystack.size() - text_.size();
  for (std::size_t at = 0; at <= last; ++at) {
    if ((ignore_case_ ? FoldAsciiCase(haystack[at]) : haystack[at]) == first && MatchesAt(haystack, at)) return true;
  }
  return false;
}

bool TextNeedle::Matches(std::string_view haystack) const {
  if (haystack.size() < text_.size()) return false;
  switch (place_) {
    case Place::kWhole: return haystack.size() == text_.size() && MatchesAt(haystack, 0);
    case Place::kStart: return MatchesAt(haystack, 0);
    case Place::kEnd: return MatchesAt(haystack, haystack.size() - text_.size());
    case Place::kAnywhere: return Found(haystack);
  }
  return false;
}

namespace scalar {
namespace {

// The text of a value without a copy when it is one already.
class TextOf {
 public:
  explicit TextOf(const Value& value) : text_(value.is_string() ? std::string() : ToText(value)) {
    view_ = value.is_string() ? value.AsString() : std::string_view(text_);
  }
  TextOf(const TextOf&) = delete;
  TextOf& operator=(const TextOf&) = delete;
  std::string_view view() const { return view_; }

 private:
  std::string text_;
  std::string_view view_;
};

class NeedleNode final : public Node {
 public:
  NeedleNode(ScalarPtr scalar, NodePtrs children)
      : scalar_(std::move(scalar)), text_(std::move(children[0])), needle_(std::move(children[1])) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result texts = text_->Evaluate(block, rows);
    const Result needles = needle_->Evaluate(block, rows);
    const bool expected = !scalar_->negated;
    Cells cells(rows.block_rows());
    if (const Value* same = needles.same()) {
      const TextNeedle needle(scalar_->text_op, TextOf(*same).view());
      rows.ForEach(
          [&](std::size_t row) { cells[row] = Value::Bool(needle.Matches(TextOf(texts[row]).view()) == expected); });
    } else {
      rows.ForEach([&](std::size_t row) {
        const TextNeedle needle(scalar_->text_op, TextOf(needles[row]).view());
        cells[row] = Value::Bool(needle.Matches(TextOf(texts[row]).view()) == expected);
      });
    }
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtr text_, needle_;
};

void AddNeedles(TextOp op, const Value& value, std::vector<TextNeedle>& needles) {
  if (value.is_array()) {
    for (const Value& element : value.AsArray()) AddNeedles(op, element, needles);
  } else if (!value.is_null()) {
    needles.emplace_back(op, TextOf(value).view());
  }
}

// has_any, has_all: the right side is a list of values and arrays.
class NeedlesNode final : public Node {
 public:
  NeedlesNode(ScalarPtr scalar, NodePtrs children) : scalar_(std::move(scalar)), children_(std::move(children)) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result texts = children_[0]->Evaluate(block, rows);
    std::vector<Result> values;
    bool fixed = true;
    for (std::size_t i = 1; i < children_.size(); ++i) {
      values.push_back(children_[i]->Evaluate(block, rows));
      fixed = fixed && values.back().same() != nullptr;
    }
    std::vector<TextNeedle> needles;
    const auto fill = [&](std::size_t row) {
      needles.clear();
      for (const Result& value : values) AddNeedles(scalar_->text_op, value[row], needles);
    };
    if (fixed) fill(0);
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) {
      if (!fixed) fill(row);
      cells[row] = Value::Bool(Holds(needles, TextOf(texts[row]).view()) != scalar_->negated);
    });
    return Result::Of(std::move(cells));
  }

 private:
  bool Holds(const std::vector<TextNeedle>& needles, std::string_view text) const {
    const auto matches = [text](const TextNeedle& needle) { return needle.Matches(text); };
    return scalar_->text_op == TextOp::kHasAny ? std::any_of(needles.begin(), needles.end(), matches)
                                               : std::all_of(needles.begin(), needles.end(), matches);
  }

  const ScalarPtr scalar_;
  const NodePtrs children_;
};

class RegexNode final : public Node {
 public:
  RegexNode(ScalarPtr scalar, NodePtrs children, const Environment& environment)
      : scalar_(std::move(scalar)),
        text_(std::move(children[0])),
        pattern_(std::move(children[1])),
        environment_(environment) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result texts = text_->Evaluate(block, rows);
    const Result patterns = pattern_->Evaluate(block, rows);
    const re2::RE2* regex = nullptr;
    Cells cells(rows.block_rows());
    bool first = true;
    rows.ForEach([&](std::size_t row) {
      // The pointer lives until the next Get(): one for all rows when the pattern is the same.
      if (first || patterns.same() == nullptr) regex = environment_.context.regexes.Get(TextOf(patterns[row]).view());
      first = false;
      cells[row] = Value::Bool(Matches(regex, TextOf(texts[row]).view()) != scalar_->negated);
    });
    return Result::Of(std::move(cells));
  }

 private:
  bool Matches(const re2::RE2* regex, std::string_view text) const {
    if (regex == nullptr) {
      environment_.Warn(Warning::kBadRegex);
      return false;
    }
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex);
  }

  const ScalarPtr scalar_;
  const NodePtr text_, pattern_;
  const Environment environment_;
};

}  // namespace

NodePtr MakeTextOperator(const ScalarPtr& scalar, NodePtrs children, const Environment& environment) {
  switch (scalar->text_op) {
    case TextOp::kHasAny:
    case TextOp::kHasAll: return std::make_unique<NeedlesNode>(scalar, std::move(children));
    case TextOp::kMatchesRegex: return std::make_unique<RegexNode>(scalar, std::move(children), environment);
    case TextOp::kEquals:
    case TextOp::kContains:
    case TextOp::kContainsCs:
    case TextOp::kStartsWith:
    case TextOp::kStartsWithCs:
    case TextOp::kEndsWith:
    case TextOp::kEndsWithCs:
    case TextOp::kHas:
    case TextOp::kHasCs:
    case TextOp::kHasPrefix:
    case TextOp::kHasPrefixCs:
    case TextOp::kHasSuffix:
    case TextOp::kHasSuffixCs: return std::make_unique<NeedleNode>(scalar, std::move(children));
    case TextOp::kNone: return nullptr;
  }
  return nullptr;
}

}  // namespace scalar
}  // namespace zoomwatch::kql
