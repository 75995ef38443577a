#include "cli/kql/table_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <unordered_map>

#include "cli/kql/column_types.h"
#include "cli/kql/csv.h"
#include "common/event_table/event_cells.h"
#include "common/event_table/legacy_columns.h"
#include "common/kql/binder.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {
namespace {

using kql::Type;
using kql::Value;

// Rows as they are read: columns appear with the first row that has them.
class RawTable {
 public:
  // The cells of the column, as many as there are complete rows. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<std::size_t> ColumnOf(std::string_view name) {
    const auto [at, is_new] = positions_.try_emplace(std::string(name), names_.size());
    if (!is_new) return at->second;
    if (names_.size() == kql::kMaxColumns) return absl::ResourceExhaustedError(fmt::format("more than {} columns", kql::kMaxColumns));
    names_.emplace_back(name);
    columns_.emplace_back();
    return at->second;
  }
  void Set(std::size_t column, Value value) {
    columns_[column].resize(lines_.size());
    columns_[column].push_back(std::move(value));
  }
  // Ends the row; cells that were not set are null. `line`: where it stands in the file, for messages.
  void EndRow(std::size_t line) { lines_.push_back(line); }

  // Columns that no row set stay empty.
  void Finish() {
    for (auto& column : columns_) {
      if (!column.empty()) column.resize(lines_.size());
    }
  }
  const std::vector<std::string>& names() const { return names_; }
  std::vector<std::vector<Value>>& columns() { return columns_; }
  const std::vector<std::size_t>& lines() const { return lines_; }

 private:
  std::unordered_map<std::string, std::size_t> positions_;
  std::vector<std::string> names_;
  std::vector<std::vector<Value>> columns_;
  std::vector<std::size_t> lines_;
};

absl::Status At(std::string_view path, std::size_t line, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}:{}: {}", path, line, what));
}

absl::Status AddObject(const Value& object, std::size_t line, RawTable& raw) {
  for (const auto& [key, value] : object.AsBag().entries()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::size_t column, raw.ColumnOf(key));
    raw.Set(column, value);
  }
  raw.EndRow(line);
  return absl::OkStatus();
}

// Keys that are empty cannot be columns.
bool IsRow(const Value& value) { return value.is_bag() && value.AsBag().Find("") == nullptr; }

absl::Status AddArray(const Value::Array& objects, std::string_view path, RawTable& raw) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (!IsRow(objects[i])) return absl::InvalidArgumentError(fmt::format("{}: element {} is no JSON object with named keys", path, i));
    ZOOMWATCH_RETURN_IF_ERROR(AddObject(objects[i], i + 1, raw));
  }
  return absl::OkStatus();
}

// A number beyond 64 bits is the mistake that is hardest to see.
constexpr std::string_view kNoJson = "the line is no complete JSON, or has a whole number beyond 64 bits; an object stands on one line";

absl::Status AddJsonLines(std::string_view path, std::string_view text, RawTable& raw) {
  const std::string_view whole = text;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    std::optional<Value> row = kql::ParseJson(line);
    if (!row && raw.lines().empty()) {  // one object over several lines?
      row = kql::ParseJson(whole);
      if (row && IsRow(*row)) return AddObject(*row, number, raw);
      row.reset();
    }
    if (!row || !IsRow(*row)) return At(path, number, row ? "the line is no JSON object with named keys" : kNoJson);
    ZOOMWATCH_RETURN_IF_ERROR(AddObject(*row, number, raw));
  }
  return absl::OkStatus();
}

absl::Status AddJson(std::string_view path, std::string_view text, RawTable& raw) {
  if (text[text.find_first_not_of(" \t\r\n")] == '[') {
    if (const auto array = kql::ParseJson(text); array && array->is_array()) return AddArray(array->AsArray(), path, raw);
    return absl::InvalidArgumentError(fmt::format("{}: not a JSON array", path));
  }
  return AddJsonLines(path, text, raw);
}

absl::Status AddCsv(std::string_view path, std::string_view text, char separator, RawTable& raw) {
  CsvReader reader(text, separator);
  std::vector<std::string> fields;
  const auto next = [&]() -> absl::StatusOr<bool> {
    const absl::StatusOr<bool> more = reader.Next(fields);
    return more.ok() ? more : At(path, reader.line(), std::string(more.status().message()));
  };
  ZOOMWATCH_ASSIGN_OR_RETURN(bool more, next());
  if (!more) return absl::OkStatus();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].empty()) return At(path, reader.line(), fmt::format("column {} has no name", i + 1));
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::size_t column, raw.ColumnOf(fields[i]));
    if (column != i) return At(path, reader.line(), fmt::format("two columns are called {}", fields[i]));
  }
  while (true) {
    ZOOMWATCH_ASSIGN_OR_RETURN(more, next());
    if (!more) return absl::OkStatus();
    if (fields.size() != raw.names().size()) {
      return At(path, reader.line(), fmt::format("{} {}, but the header has {}", fields.size(), fields.size() == 1 ? "field" : "fields", raw.names().size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) raw.Set(i, fields[i].empty() ? Value() : Value::String(fields[i]));
    raw.EndRow(reader.line());
  }
}

// What is no text would be read as CSV, with a column of a strange name.
absl::Status CheckText(std::string_view path, std::string_view text) {
  const auto refused = [path](std::string_view what) { return absl::InvalidArgumentError(fmt::format("{}: {}", path, what)); };
  if (text.starts_with("\x1f\x8b")) return refused("it is compressed; give the output of zcat, with - for the file");
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return refused("it is UTF-16; make it UTF-8, for example with iconv");
  if (text.find('\0') != std::string_view::npos) return refused("it is no text: it has a byte of zero");
  return absl::OkStatus();
}

bool HoldsEvents(std::string_view table) { return table == "ZoomLogs" || table == "ZoomLogs_CL"; }

// The positions of the names, those of declared columns before the others.
std::vector<std::size_t> DeclaredFirst(const std::vector<std::string>& names, const kql::Schema& declared) {
  std::vector<std::size_t> order;
  for (const kql::Column& column : declared) {
    order.push_back(static_cast<std::size_t>(std::find(names.begin(), names.end(), column.name) - names.begin()));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!kql::FindColumn(declared, names[i])) order.push_back(i);
  }
  return order;
}

std::shared_ptr<const event_table::LegacyNames> LegacyNamesOf(const MemoryTable& table) {
  auto names = std::make_shared<event_table::LegacyNames>();
  for (const Value& payload : table.columns[*kql::FindColumn(table.schema, "Payload")]) {
    event_table::VisitLegacyNames(kql::ToJson(payload), [&names](std::string_view name) {
      if (names->size() < event_table::kMaxLegacyNames) names->emplace(name);
    });
  }
  return names;
}

absl::StatusOr<MemoryTable> Typed(std::string_view table, std::string_view path, bool csv, RawTable& raw) {
  const kql::Schema declared = HoldsEvents(table) ? event_table::EventSchema() : kql::Schema();
  for (const kql::Column& column : declared) {
    ZOOMWATCH_RETURN_IF_ERROR(raw.ColumnOf(column.name).status());
  }
  raw.Finish();
  MemoryTable result;
  result.rows = raw.lines().size();
  for (const std::size_t i : DeclaredFirst(raw.names(), declared)) {
    std::vector<Value>& cells = raw.columns()[i];
    const auto known = kql::FindColumn(declared, raw.names()[i]);
    const Type type = known ? declared[*known].type : csv ? InferCsvType(cells) : InferJsonType(cells);
    if (const auto bad = ConvertColumn(type, csv, cells)) {
      return At(path, raw.lines()[*bad],
                fmt::format("{} is of type {}, and this is not: {}", raw.names()[i], kql::TypeName(type),
                            kql::ToText(cells[*bad]).substr(0, 100)));
    }
    result.schema.push_back({raw.names()[i], type});
    result.columns.push_back(std::move(cells));
  }
  if (HoldsEvents(table)) result.legacy = LegacyNamesOf(result);
  return result;
}

absl::StatusOr<std::string> ReadToEnd(std::istream& stream, std::string_view name) {
  std::string text;
  std::array<char, 1 << 16> buffer;
  do {
    stream.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream);
  if (stream.bad()) return absl::UnknownError(fmt::format("{}: cannot be read", name));
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  if (path == "-") return ReadToEnd(std::cin, "standard input");
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("{}: {}", path, std::strerror(errno)));
  return ReadToEnd(file, path);
}

absl::StatusOr<MemoryTable> ParseTable(std::string_view table, std::string_view path, std::string_view text) {
  ZOOMWATCH_RETURN_IF_ERROR(CheckText(path, text));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool tabs = path.ends_with(".tsv");
  const bool csv = tabs || path.ends_with(".csv") || (first != std::string_view::npos && text[first] != '{' && text[first] != '[');
  RawTable raw;
  if (first != std::string_view::npos) {
    ZOOMWATCH_RETURN_IF_ERROR(csv ? AddCsv(path, text, tabs ? '\t' : ',', raw) : AddJson(path, text, raw));
  }
  return Typed(table, path, csv, raw);
}

absl::StatusOr<MemoryTable> ReadTableFile(std::string_view table, const std::string& path, std::uint64_t max_bytes) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  ZOOMWATCH_ASSIGN_OR_RETURN(MemoryTable read, ParseTable(table, path, text));
  if (const std::uint64_t bytes = read.MemoryBytes(); bytes > max_bytes) {
    return absl::ResourceExhaustedError(fmt::format("{}: its rows take {} bytes, the limit is {} (--max-memory)", path, bytes, max_bytes));
  }
  return read;
}

absl::StatusOr<MemoryTable> TableOfObjects(std::string_view table, const Value::Array& objects) {
  RawTable raw;
  ZOOMWATCH_RETURN_IF_ERROR(AddArray(objects, table, raw));
  return Typed(table, table, false, raw);
}

}  // namespace zoomwatch::cli
