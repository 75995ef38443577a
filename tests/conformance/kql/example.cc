#include "tests/conformance/kql/example.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "common/kql/compare.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

std::string TextMember(const Value& object, std::string_view key) {
  const Value* member = object.AsBag().Find(key);
  return member != nullptr && member->is_string() ? std::string(member->AsString()) : "";
}
bool TrueMember(const Value& object, std::string_view key) {
  const Value* member = object.AsBag().Find(key);
  return member != nullptr && member->is_true();
}

std::vector<std::vector<Value>> RowsOf(const Value& array) {
  std::vector<std::vector<Value>> rows;
  for (const Value& row : array.AsArray()) rows.push_back(row.AsArray());
  return rows;
}

Example ReadExample(const Value& object) {
  Example example;
  example.id = TextMember(object, "id");
  example.tier = TextMember(object, "tier");
  example.query = TextMember(object, "query");
  for (const Value& column : object.AsBag().Find("columns")->AsArray()) {
    example.columns.push_back(
        {TextMember(column, "name"), TypeFromName(TextMember(column, "type")).value_or(Type::kUnknown)});
  }
  example.skip_rows = object.AsBag().Find("skip") != nullptr;
  example.ordered = TrueMember(object, "ordered");
  if (const Value* tolerance = object.AsBag().Find("real_rel_tol"))
    example.real_rel_tol = ConvertTo(Type::kReal, *tolerance).AsReal();
  if (const Value* names = object.AsBag().Find("array_order_undefined")) {
    for (const Value& name : names->AsArray()) example.array_order_undefined.emplace_back(name.AsString());
  }
  if (const Value* any_of = object.AsBag().Find("any_of")) {
    for (const Value& rows : any_of->AsArray()) example.any_of.push_back(RowsOf(rows));
  } else if (const Value* rows = object.AsBag().Find("rows"); rows != nullptr && rows->is_array()) {
    example.any_of.push_back(RowsOf(*rows));
  }
  if (object.AsBag().Find("last_line") != nullptr) example.last_line = TextMember(object, "last_line");
  if (object.AsBag().Find("all_lines") != nullptr) example.all_lines = TextMember(object, "all_lines");
  example.line_sep = TextMember(object, "line_sep");
  example.blanks_removed = TrueMember(object, "blanks_removed");
  return example;
}

bool SameReal(double expected, double actual, double tolerance) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
  return expected == actual || std::fabs(expected - actual) <= tolerance * std::fabs(expected);
}

bool SameDynamic(const Value& expected, const Value& actual, bool any_order) {
  if (!expected.is_array() || !actual.is_array() || !any_order) return SameKey(expected, actual);
  if (expected.AsArray().size() != actual.AsArray().size()) return false;
  Value::Array left = actual.AsArray();
  for (const Value& element : expected.AsArray()) {
    const auto found =
        std::find_if(left.begin(), left.end(), [&](const Value& other) { return SameDynamic(element, other, true); });
    if (found == left.end()) return false;
    left.erase(found);
  }
  return true;
}

bool SameCell(const Example& example, const Column& column, const Value& expected, const Value& actual) {
  if (column.type != Type::kString && (expected.is_null() || actual.is_null()))
    return expected.is_null() && actual.is_null();
  switch (column.type) {
    case Type::kBool: return actual.kind() == Kind::kBool && SameKey(expected, actual);
    case Type::kInt:
    case Type::kLong: return actual.kind() == Kind::kLong && SameKey(expected, actual);
    case Type::kReal:
    case Type::kDecimal: {
      if (actual.kind() != (column.type == Type::kReal ? Kind::kReal : Kind::kDecimal)) return false;
      const Value real = ConvertTo(Type::kReal, expected);
      return !real.is_null() && SameReal(real.AsReal(), ConvertTo(Type::kReal, actual).AsReal(), example.real_rel_tol);
    }
    case Type::kString: return actual.is_string() && expected.is_string() && expected.AsString() == actual.AsString();
    case Type::kDateTime: return actual.kind() == Kind::kDateTime && ToText(actual) == expected.AsString();
    case Type::kTimeSpan: return actual.kind() == Kind::kTimeSpan && ToText(actual) == expected.AsString();
    case Type::kGuid: return actual.kind() == Kind::kGuid && ToText(actual) == expected.AsString();
    case Type::kDynamic: {
      const auto& names = example.array_order_undefined;
      const bool any_order = std::find(names.begin(), names.end(), column.name) != names.end();
      return SameDynamic(expected, ParseJson(ToJson(actual)).value_or(Value()), any_order);
    }
    case Type::kUnknown: return false;
  }
  return false;
}

using Rows = std::vector<std::vector<Value>>;

bool SameRow(const Example& example, const std::vector<Value>& expected, const std::vector<Value>& actual) {
  for (std::size_t c = 0; c < example.columns.size(); ++c) {
    if (!SameCell(example, example.columns[c], expected[c], actual[c])) return false;
  }
  return true;
}

bool SameRows(const Example& example, const Rows& expected, Rows actual) {
  if (expected.size() != actual.size()) return false;
  for (std::size_t row = 0; row < expected.size(); ++row) {
    const auto same = [&](const std::vector<Value>& other) { return SameRow(example, expected[row], other); };
    const auto found = example.ordered ? (same(actual.front()) ? actual.begin() : actual.end())
                                       : std::find_if(actual.begin(), actual.end(), same);
    if (found == actual.end()) return false;
    actual.erase(found);
  }
  return true;
}

// The text forms of the joined lines: True and False, times without fraction, reals as .NET writes them.
std::string LineCell(const Value& value, Type type, std::string_view null_text) {
  if (value.is_null()) return std::string(null_text);
  switch (value.kind()) {
    case Kind::kBool: return type == Type::kDynamic ? ToJson(value) : value.AsBool() ? "True" : "False";
    case Kind::kDateTime: {
      std::string text = DateTimeToText(value.AsTicks());
      text[10] = ' ';
      return text.substr(0, 19) + "Z";
    }
    case Kind::kReal: {
      std::string text = RealToText(value.AsReal());
      if (text.ends_with(".0")) text.resize(text.size() - 2);
      return text;
    }
    case Kind::kNull:
    case Kind::kLong:
    case Kind::kTimeSpan:
    case Kind::kString:
    case Kind::kDecimal:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: return ToText(value);
  }
  return "";
}

std::string Line(const Example& example, const std::vector<Value>& row, std::string_view null_text) {
  std::string line;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (c > 0) line += ',';
    line += LineCell(row[c], example.columns[c].type, null_text);
  }
  return line;
}

std::string Normal(const Example& example, std::string text) {
  if (example.blanks_removed) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  }
  return text;
}

std::string CompareLines(const Example& example, const Rows& actual) {
  std::string seen;
  for (const std::string_view null_text : {"<null>", ""}) {
    std::string text;
    if (example.last_line) {
      text = actual.empty() ? "" : Line(example, actual.back(), null_text);
    } else {
      for (const auto& row : actual)
        text += (&row == &actual.front() ? "" : example.line_sep) + Line(example, row, null_text);
    }
    text = Normal(example, text);
    if (text == Normal(example, example.last_line ? *example.last_line : *example.all_lines)) return "";
    seen = text;
  }
  return "expected " + (example.last_line ? "last line " + *example.last_line : "lines " + *example.all_lines) +
         "\n  got " + seen;
}

std::string Print(const Rows& rows) {
  Value::Array array;
  for (const auto& row : rows) array.push_back(Value::OfArray(row));
  return ToJson(Value::OfArray(std::move(array)));
}

}  // namespace

std::vector<Example> ReadExamples(const std::string& path) {
  std::vector<Example> examples;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto object = ParseJson(line);
    if (object && object->is_bag()) examples.push_back(ReadExample(*object));
  }
  return examples;
}

std::string CompareColumns(const Example& example, const Schema& schema) {
  const auto print = [](const Schema& columns) {
    std::vector<std::string> texts;
    for (const Column& column : columns) texts.push_back(column.name + ":" + std::string(TypeName(column.type)));
    std::sort(texts.begin(), texts.end());
    std::string text;
    for (const std::string& one : texts) text += " " + one;
    return text;
  };
  const std::string expected = print(example.columns);
  const std::string actual = print(schema);
  return expected == actual ? "" : "expected columns" + expected + "\n  got columns" + actual;
}

std::string CompareRows(const Example& example, const ResultTable& result) {
  Rows actual;
  for (const auto& row : result.rows) {
    std::vector<Value>& cells = actual.emplace_back();
    for (const Column& column : example.columns) cells.push_back(row[*FindColumn(result.schema, column.name)]);
  }
  if (example.last_line || example.all_lines) return CompareLines(example, actual);
  const auto same = [&](const Rows& expected) { return SameRows(example, expected, actual); };
  if (std::any_of(example.any_of.begin(), example.any_of.end(), same)) return "";
  return "expected " + Print(example.any_of.front()) + "\n  got " + Print(actual);
}

}  // namespace zoomwatch::kql
