// Operators that choose, rename and order columns.
#include <algorithm>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

std::string Lower(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Digits count as numbers: a2 comes before a10.
bool NaturalLess(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, k = 0;
  while (i < a.size() && k < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[k])) {
      if (a[i] != b[k]) return a[i] < b[k];
      ++i, ++k;
      continue;
    }
    const auto number = [&is_digit](std::string_view text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const std::size_t start = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(start, at - start);
    };
    const std::string_view x = number(a, i), y = number(b, k);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  return a.size() - i < b.size() - k;
}

// Letters of both cases are equal.
void Order(ReorderDirection direction, const Schema& schema, std::vector<std::size_t>& columns) {
  const bool natural = direction == ReorderDirection::kGrannyAscending || direction == ReorderDirection::kGrannyDescending;
  const bool descending = direction == ReorderDirection::kDescending || direction == ReorderDirection::kGrannyDescending;
  std::stable_sort(columns.begin(), columns.end(), [&](std::size_t x, std::size_t y) {
    const std::string a = Lower(schema[descending ? y : x].name);
    const std::string b = Lower(schema[descending ? x : y].name);
    return natural ? NaturalLess(a, b) : a < b;
  });
}

}  // namespace

// Where a star stands, any text may; the place after the last star is the only one worth coming back to.
bool MatchesPattern(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<bool> Binder::MatchColumns(const std::vector<WildName>& patterns, const Schema& schema) {
  std::vector<bool> matched(schema.size(), false);
  for (const WildName& pattern : patterns) {
    bool any = false;
    for (std::size_t i = 0; i < schema.size(); ++i) {
      const bool here = pattern.wild ? MatchesPattern(pattern.name.text, schema[i].name) : pattern.name.text == schema[i].name;
      if (here) any = matched[i] = true;
    }
    if (!any) ErrorUnknownColumn(pattern.name, schema);
  }
  return matched;
}

RelationPtr Binder::BindProjectAway(const Step& step) {
  const std::vector<bool> matched = MatchColumns(step.op.columns, step.input->schema);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < matched.size(); ++i) {
    if (!matched[i]) kept.push_back(i);
  }
  return ProjectColumns(step.input, kept, step.op.span);
}

RelationPtr Binder::BindProjectKeep(const Step& step) {
  const std::vector<bool> matched = MatchColumns(step.op.columns, step.input->schema);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < matched.size(); ++i) {
    if (matched[i]) kept.push_back(i);
  }
  return ProjectColumns(step.input, kept, step.op.span);
}

RelationPtr Binder::BindProjectRename(const Step& step) {
  const Schema& input = step.input->schema;
  Schema schema = input;
  std::vector<bool> renamed(input.size(), false);
  for (const RenamePair& pair : step.op.renames) {
    const auto from = FindColumn(input, pair.from.text);
    if (!from) {
      ErrorUnknownColumn(pair.from, input);
    } else if (FindColumn(input, pair.to.text) || FindColumn(schema, pair.to.text)) {
      ErrorDuplicate(pair.to.span, pair.to.text);
    } else if (!renamed[*from]) {
      schema[*from].name = pair.to.text;
      renamed[*from] = true;
    }
  }
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = step.op.span;
  project.inputs = {step.input};
  project.schema = std::move(schema);
  project.outputs = AllColumns(input, step.op.span);
  return Make(std::move(project));
}

RelationPtr Binder::BindProjectReorder(const Step& step) {
  const Schema& schema = step.input->schema;
  std::vector<bool> placed(schema.size(), false);
  std::vector<std::size_t> columns;
  for (const ReorderItem& item : step.op.reorder) {
    const std::vector<bool> matched = MatchColumns({item.pattern}, schema);
    std::vector<std::size_t> group;
    for (std::size_t i = 0; i < schema.size(); ++i) {
      if (matched[i] && !placed[i]) group.push_back(i);
    }
    for (const std::size_t i : group) placed[i] = true;
    if (item.direction != ReorderDirection::kNone) Order(item.direction, schema, group);
    columns.insert(columns.end(), group.begin(), group.end());
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (!placed[i]) columns.push_back(i);
  }
  return ProjectColumns(step.input, columns, step.op.span);
}

}  // namespace zoomwatch::kql
