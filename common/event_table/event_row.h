// An event as a row of the table: one JSON object on one line, its keys the columns of columns.h.
// Pure; thread-safe when each thread has its own RowEncoder. Source: Logs Ingestion API (limits of fields and calls).
//
// Decisions (docs/table-schema.md says the same to users):
//   columns and keys without a value are left out, which readers see as null
//   a text or family object above max_field_bytes is cut with a visible mark, its size and its hash; the body still has it whole
//   a body above max_field_bytes goes into PayloadPart01 ... PayloadPart15 instead of Payload, and what does not fit into
//     max_row_bytes is counted in PayloadCutBytes
//   numbers, surrogates and bytes that readers would not agree on: payload_text.h, json_writer.h
#pragma once

#include <cstddef>
#include <string>

#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::event_table {

struct RowLimits {
  // Largest encoded value. Azure truncates without a word above 64 KB; 64,000 is below both readings of that.
  size_t max_field_bytes = 64'000;
  // Largest row. One row must fit into one call with its brackets. At least kMinRowBytes.
  size_t max_row_bytes = 999'998;
};

// With fewer no row could be promised to fit: all texts at their smallest.
inline constexpr size_t kMinRowBytes = 9'998;

class RowEncoder {
 public:
  // REQUIRES: max_row_bytes >= kMinRowBytes, max_field_bytes >= 1000.
  explicit RowEncoder(RowLimits limits = {}) : limits_(limits) {}

  // Appends the row, without a line end. At most max_row_bytes, whatever the event holds. Allocates only to grow `out`.
  void Append(const event::v1::Event& event, std::string& out);

 private:
  void AppendPayload(std::string_view payload, size_t row_begin, std::string& out) const;

  const RowLimits limits_;
  std::string scratch_;
};

}  // namespace zoomwatch::event_table
