// The body of one call as rows of the table, the way the service makes them: what does not fit is changed or left out without an
// error, and only counted here. Pure; thread-safe when each thread has its own CallReader.
//
//   no such column                      left out (undeclared)
//   a value of another type             converted when a number, boolean or time is written as text, or a number or boolean goes into
//                                       a text column; otherwise left out (lost)
//   null                                left out
//   a value above max_field_bytes       cut between characters; a dynamic one becomes text (cut)
//   TimeGenerated absent or no time     the time of receipt (time_missing)
//   ... outside max_age and max_ahead   the time of receipt (time_replaced)
// Refused as a whole, nothing of the call is kept:
//   400 InvalidJson                             not UTF-8, not JSON, a key twice in one object
//   400 BodyNotArray, RowNotObject              anything but an array of objects
//   400 RecordsTimeRangeIsMoreThan30Minutes     an auxiliary stream whose TimeGenerated spans more than max_span, as sent
//   400 InvalidColumnValue                      an auxiliary stream with an object or array outside a dynamic column
// Source: Logs Ingestion API overview, service limits, "Log data ingestion time"; what is lost without an error, by issue threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/json/document.h"
#include "common/json/parser.h"
#include "tests/fakes/azure_monitor/answer.h"
#include "tests/fakes/azure_monitor/limits.h"
#include "tests/fakes/azure_monitor/stream.h"

namespace zoomwatch::fakes {

// What the service changed on the way, by field name where there is one. Field names are cut to 64 bytes.
struct RowChanges {
  std::map<std::string, uint64_t> undeclared;
  std::map<std::string, uint64_t> lost;
  std::map<std::string, uint64_t> cut;
  uint64_t time_missing = 0;
  uint64_t time_replaced = 0;

  void Add(const RowChanges& other);
};

struct CallRows {
  std::vector<std::string> rows;  // JSON objects: TimeGenerated first, then the columns as they were sent
  RowChanges changes;
};

// Looks at a row before it is taken; a refusal refuses the whole call.
class RowInspector {
 public:
  virtual ~RowInspector() = default;
  // The value of a field: decoded when it is a text, otherwise as it stands in the body.
  virtual std::optional<Refusal> Inspect(std::string_view column, std::string_view value) = 0;
};

class CallReader {
 public:
  explicit CallReader(const AzureLimits& limits) : limits_(limits) {}

  // Appends to `out`. `inspector` may be null.
  std::optional<Refusal> Read(std::string_view body, const Stream& stream, absl::Time now, RowInspector* inspector, CallRows& out);

 private:
  struct Span {
    absl::Time first = absl::InfiniteFuture();
    absl::Time last = absl::InfinitePast();
  };
  std::optional<Refusal> ReadRow(json::NodeIndex row, const Stream& stream, absl::Time now, RowInspector* inspector, Span& span,
                                 CallRows& out);
  // Writes the TimeGenerated that the table gets.
  void AppendTime(json::NodeIndex value, absl::Time now, Span& span, RowChanges& changes, std::string& row);
  // Appends `,"name":value`, or counts why not.
  void AppendField(const Column& column, json::NodeIndex value, RowChanges& changes, std::string& row);
  // The value as the column's type has it; nullopt: it does not fit.
  std::optional<std::string> Convert(const Column& column, json::NodeIndex value, RowChanges& changes) const;
  std::string TextOf(json::NodeIndex value) const;

  const AzureLimits limits_;
  json::Parser parser_{{.max_depth = 512}};  // no limit is documented; of the normalizer the most is 255
  json::Document document_;
};

// A time as the service reads it: ISO 8601 with or without zone (UTC), or a date alone.
std::optional<absl::Time> ReadTime(std::string_view text);

}  // namespace zoomwatch::fakes
