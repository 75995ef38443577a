#include "cli/kql/query_lines.h"

#include <fmt/format.h>

#include "cli/kql/column_types.h"
#include "cli/kql/query_run.h"
#include "cli/kql/table_file.h"
#include "cli/result_printer.h"
#include "common/kql/convert.h"
#include "common/kql/diagnostic.h"
#include "common/kql/json.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {
namespace {

using kql::Bag;
using kql::Value;

std::string_view TextMember(const Value& object, std::string_view key) {
  const Value* member = object.AsBag().Find(key);
  return member != nullptr && member->is_string() ? member->AsString() : std::string_view();
}

absl::StatusOr<kql::Column> ReadColumn(const Value& value) {
  std::string_view name, type;
  if (value.is_bag()) {
    name = TextMember(value, "name");
    type = TextMember(value, "type");
  } else if (value.is_array() && value.AsArray().size() == 2 && value.AsArray()[0].is_string() && value.AsArray()[1].is_string()) {
    name = value.AsArray()[0].AsString();
    type = value.AsArray()[1].AsString();
  }
  const std::optional<kql::Type> known = kql::TypeFromName(type);
  if (name.empty() || !known) return absl::InvalidArgumentError("a column is {\"name\": NAME, \"type\": TYPE}");
  return kql::Column{std::string(name), *known};
}

absl::StatusOr<MemoryTable> DeclaredTable(const Value& columns, const Value::Array& rows) {
  MemoryTable table;
  if (!columns.is_array()) return absl::InvalidArgumentError("columns is no list");
  for (const Value& column : columns.AsArray()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(kql::Column read, ReadColumn(column));
    if (kql::FindColumn(table.schema, read.name)) return absl::InvalidArgumentError("two columns are called " + read.name);
    table.schema.push_back(std::move(read));
  }
  table.rows = rows.size();
  table.columns.resize(table.schema.size());
  for (const Value& row : rows) {
    const bool fits = row.is_bag() || (row.is_array() && row.AsArray().size() == table.schema.size());
    if (!fits) return absl::InvalidArgumentError("a row is an object, or a list with a cell for each column");
    for (std::size_t i = 0; i < table.schema.size(); ++i) {
      const Value* cell = row.is_bag() ? row.AsBag().Find(table.schema[i].name) : &row.AsArray()[i];
      table.columns[i].push_back(cell == nullptr ? Value() : *cell);
    }
  }
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    if (const auto bad = ConvertColumn(table.schema[i].type, false, table.columns[i])) {
      return absl::InvalidArgumentError(fmt::format("row {}: {} is of type {}, and this is not: {}", *bad + 1, table.schema[i].name,
                                                    kql::TypeName(table.schema[i].type), kql::ToText(table.columns[i][*bad])));
    }
  }
  return table;
}

absl::StatusOr<MemoryTable> ReadTable(std::string_view name, const Value& value) {
  if (value.is_array()) return TableOfObjects(name, value.AsArray());
  if (!value.is_bag()) return absl::InvalidArgumentError("a table has columns and rows");
  static const Value kNoRows = Value::OfArray({});
  const Value* columns = value.AsBag().Find("columns");
  const Value* rows = value.AsBag().Find("rows");
  if (rows == nullptr) rows = &kNoRows;
  if (!rows->is_array()) return absl::InvalidArgumentError("rows is no list");
  return columns == nullptr ? TableOfObjects(name, rows->AsArray()) : DeclaredTable(*columns, rows->AsArray());
}

absl::Status AddTable(std::string_view name, const Value& value, MemoryTables& tables) {
  absl::StatusOr<MemoryTable> table = name.empty() ? absl::InvalidArgumentError("it has no name") : ReadTable(name, value);
  if (!table.ok()) return absl::InvalidArgumentError(fmt::format("table {}: {}", name, std::string(table.status().message())));
  tables.Add(std::string(name), *std::move(table));
  return absl::OkStatus();
}

absl::Status AddTables(const Value& object, MemoryTables& tables) {
  const Value* given = object.AsBag().Find("tables");
  if (given == nullptr || given->is_null()) return absl::OkStatus();
  if (given->is_bag()) {
    for (const auto& [name, table] : given->AsBag().entries()) ZOOMWATCH_RETURN_IF_ERROR(AddTable(name, table, tables));
    return absl::OkStatus();
  }
  if (!given->is_array()) return absl::InvalidArgumentError("tables is no object");
  for (const Value& table : given->AsArray()) {
    ZOOMWATCH_RETURN_IF_ERROR(AddTable(table.is_bag() ? TextMember(table, "name") : "", table, tables));
  }
  return absl::OkStatus();
}

void AppendDiagnostic(const kql::Diagnostic& diagnostic, std::string& out) {
  out += R"({"code":)";
  kql::AppendJsonString(diagnostic.code, out);
  out += fmt::format(R"(,"line":{},"column":{},"message":)", diagnostic.line, diagnostic.column);
  kql::AppendJsonString(diagnostic.message, out);
  out += '}';
}

// ,"errors":[...]; nothing when there is none of that severity.
void AppendDiagnostics(std::string_view member, kql::Severity severity, const std::vector<kql::Diagnostic>& diagnostics, std::string& out) {
  std::string list;
  for (const kql::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != severity) continue;
    if (!list.empty()) list += ',';
    AppendDiagnostic(diagnostic, list);
  }
  if (!list.empty()) out += fmt::format(R"(,"{}":[{}])", member, list);
}

// {"id":...: the beginning of every result, as the line names itself.
std::string Beginning(const Value* id) { return id == nullptr ? R"({"id":null)" : R"({"id":)" + kql::ToJson(*id); }

LineResult Failed(const Value* id, std::string_view message) {
  std::string json = Beginning(id);
  const kql::Diagnostic diagnostic{.code = std::string(kql::code::kSyntax), .span = {}, .message = std::string(message)};
  AppendDiagnostics("errors", kql::Severity::kError, {diagnostic}, json);
  return {.ok = false, .json = json + "}"};
}

std::string ResultLine(const Value* id, const QueryOutcome& outcome) {
  std::string json = Beginning(id);
  if (outcome.ok) {
    json += ',';
    AppendResultMembers(outcome.schema, outcome.rows, json);
  } else if (!outcome.status.ok()) {
    json += R"(,"errors":[{"code":")" + absl::StatusCodeToString(outcome.status.code()) + R"(","message":)";
    kql::AppendJsonString(std::string(outcome.status.message()), json);
    json += "}]";
  }
  AppendDiagnostics("errors", kql::Severity::kError, outcome.diagnostics, json);
  AppendDiagnostics("warnings", kql::Severity::kWarning, outcome.diagnostics, json);
  if (!outcome.notes.empty()) {
    Value::Array notes;
    for (const std::string& note : outcome.notes) notes.push_back(Value::String(note));
    json += R"(,"notes":)" + kql::ToJson(Value::OfArray(std::move(notes)));
  }
  return json + "}";
}

}  // namespace

LineResult RunQueryLine(std::string_view line, const MemoryTables& tables, kql::ExecutionOptions options) {
  const std::optional<Value> object = kql::ParseJson(line);
  if (!object || !object->is_bag()) return Failed(nullptr, "the line is no JSON object");
  const Value* id = object->AsBag().Find("id");
  const Value* query = object->AsBag().Find("query");
  if (query == nullptr || !query->is_string()) return Failed(id, "the line has no query");
  if (const Value* now = object->AsBag().Find("now"); now != nullptr && !now->is_null()) {
    const std::optional<kql::Ticks> ticks = now->is_string() ? kql::ParseDateTime(now->AsString()) : std::nullopt;
    if (!ticks) return Failed(id, "now is no time");
    options.now = *ticks;
  }
  MemoryTables own = tables;
  if (const absl::Status status = AddTables(*object, own); !status.ok()) return Failed(id, std::string(status.message()));
  const QueryOutcome outcome = RunQuery(query->AsString(), own, options);
  return {.ok = outcome.ok, .json = ResultLine(id, outcome)};
}

}  // namespace zoomwatch::cli
