// Tables of files: JSON lines (one object a line), a JSON array of objects, or CSV with a header line. Reads a whole file at once.
// Threading: thread-safe.
//
// Columns stand in the order in which the file first names them, with the types of column_types.h. A table that is called ZoomLogs or
// ZoomLogs_CL holds rows as the pipeline writes them: it has the columns of docs/table-schema.md with their declared types, whether
// the file has them or not, and then what else is in the file; columns of the retired connector (legacy_columns.h) exist as in the
// detector.
// Limits: kMaxColumns of the binder, and max_bytes in memory. Errors: NOT_FOUND or UNKNOWN (unreadable), INVALID_ARGUMENT (with file
// and line), RESOURCE_EXHAUSTED.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/kql/memory_tables.h"
#include "common/kql/value.h"

namespace zoomwatch::cli {

// "-" is standard input. Errors: NOT_FOUND, UNKNOWN.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// CSV where the name ends in .csv (.tsv: separated by tabs) or the text does not begin with { or [.
absl::StatusOr<MemoryTable> ReadTableFile(std::string_view table, const std::string& path, std::uint64_t max_bytes);

// The same of text that is read already. `path` is for the form and for messages.
absl::StatusOr<MemoryTable> ParseTable(std::string_view table, std::string_view path, std::string_view text);

// Rows that are JSON objects, as in a JSON-lines file.
absl::StatusOr<MemoryTable> TableOfObjects(std::string_view table, const kql::Value::Array& objects);

}  // namespace zoomwatch::cli
