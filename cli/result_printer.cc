#include "cli/result_printer.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/chart/display_text.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::cli {
namespace {

using kql::Schema;
using kql::Value;
using Rows = std::span<const std::vector<Value>>;

bool IsRightAligned(kql::Type type) { return kql::IsNumeric(type) || type == kql::Type::kTimeSpan; }

// A table as texts, a column at a time.
struct TextColumn {
  std::vector<std::string> cells;  // name, type, values
  std::size_t width = 0;
  bool right = false;

  void Add(std::string text) {
    width = std::max(width, chart::DisplayWidth(text));
    cells.push_back(std::move(text));
  }
};

TextColumn ToColumn(const kql::Column& column, std::size_t index, Rows rows, std::size_t max_width) {
  TextColumn out;
  out.right = IsRightAligned(column.type);
  out.cells.reserve(rows.size() + 2);
  out.Add(chart::PrintableText(column.name));
  out.Add(std::string(kql::TypeName(column.type)));
  for (const std::vector<Value>& row : rows) {
    const std::string text = chart::PrintableText(kql::ToText(row[index]));
    out.Add(max_width == 0 ? text : chart::CutToWidth(text, max_width));
  }
  return out;
}

void AppendTableLine(const std::vector<TextColumn>& columns, std::size_t line, std::string& out) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& cell = columns[i].cells[line];
    if (i > 0) out += "  ";
    out += columns[i].right ? chart::PadLeft(cell, columns[i].width) : chart::PadRight(cell, columns[i].width);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out += '\n';
}

std::string Table(const Schema& schema, Rows rows, std::size_t max_width) {
  std::vector<TextColumn> columns;
  for (std::size_t i = 0; i < schema.size(); ++i) columns.push_back(ToColumn(schema[i], i, rows, max_width));
  std::string out;
  AppendTableLine(columns, 0, out);
  AppendTableLine(columns, 1, out);
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i > 0 ? "  " : "") + std::string(columns[i].width, '-');
  out += '\n';
  for (std::size_t line = 2; line < rows.size() + 2; ++line) AppendTableLine(columns, line, out);
  return out + fmt::format("({} {})\n", rows.size(), rows.size() == 1 ? "row" : "rows");
}

void AppendCsvField(std::string_view text, std::string& out) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string Csv(const Schema& schema, Rows rows, bool terminal) {
  const auto shown = [terminal](std::string text) { return terminal ? chart::PrintableText(text) : text; };
  std::string out;
  for (const kql::Column& column : schema) {
    if (&column != &schema.front()) out += ',';
    AppendCsvField(shown(column.name), out);
  }
  out += '\n';
  for (const std::vector<Value>& row : rows) {
    for (const Value& cell : row) {
      if (&cell != &row.front()) out += ',';
      AppendCsvField(shown(kql::ToText(cell)), out);
    }
    out += '\n';
  }
  return out;
}

std::string JsonLines(const Schema& schema, Rows rows) {
  std::string out;
  for (const std::vector<Value>& row : rows) {
    char separator = '{';
    for (std::size_t i = 0; i < schema.size(); ++i) {
      out += separator;
      kql::AppendJsonString(schema[i].name, out);
      out += ':';
      kql::AppendJson(row[i], out);
      separator = ',';
    }
    out += separator == '{' ? "{}\n" : "}\n";
  }
  return out;
}

}  // namespace

std::optional<ResultFormat> ResultFormatOf(std::string_view name) {
  if (name == "table") return ResultFormat::kTable;
  if (name == "csv") return ResultFormat::kCsv;
  if (name == "json") return ResultFormat::kJson;
  if (name == "jsonl") return ResultFormat::kJsonLines;
  return std::nullopt;
}

void AppendResultMembers(const Schema& schema, Rows rows, std::string& out) {
  std::string text = R"("columns":[)";
  for (const kql::Column& column : schema) {
    text += &column == &schema.front() ? R"({"name":)" : R"(,{"name":)";
    kql::AppendJsonString(column.name, text);
    text += fmt::format(R"(,"type":"{}"}})", kql::TypeName(column.type));
  }
  text += R"(],"rows":[)";
  for (const std::vector<Value>& row : rows) {
    text += &row == &rows.front() ? "[" : ",[";
    for (const Value& cell : row) {
      if (&cell != &row.front()) text += ',';
      kql::AppendJson(cell, text);
    }
    text += ']';
  }
  out += chart::PrintableJson(text + ']');
}

std::string PrintResult(const Schema& schema, Rows rows, const PrintOptions& options) {
  switch (options.format) {
    case ResultFormat::kTable: return Table(schema, rows, options.max_width);
    case ResultFormat::kCsv: return Csv(schema, rows, options.terminal);
    case ResultFormat::kJsonLines: return chart::PrintableJson(JsonLines(schema, rows));
    case ResultFormat::kJson: {
      std::string out = "{";
      AppendResultMembers(schema, rows, out);
      return out + "}\n";
    }
  }
  return "";
}

}  // namespace zoomwatch::cli
