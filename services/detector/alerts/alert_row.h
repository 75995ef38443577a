// An alert as a row of ZoomAlerts_CL: one JSON object on one line. Pure; thread-safe. Columns: docs/alerts.md; a test compares them.
//
// Texts beyond the limit of a field are cut with a visible mark, and rows of the query that do not fit are left out: RowCount says
// how many there were, Rows how many came.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/event_table/event_row.h"
#include "zoomwatch/alert/v1/alert.pb.h"

namespace zoomwatch::detector {

struct AlertColumn {
  std::string_view name;
  std::string_view type;   // datetime, string, long, dynamic
  std::string_view holds;  // for the documentation
};
std::span<const AlertColumn> AlertColumns();

// "High"; the words of Sentinel.
std::string_view SeverityText(alert::v1::Severity severity);
// "event", "expiry", "schedule"
std::string_view CauseText(alert::v1::Cause cause);

// Appends the row without a line end; at most limits.max_row_bytes.
void AppendAlertRow(const alert::v1::Alert& alert, const event_table::RowLimits& limits, std::string& out);

}  // namespace zoomwatch::detector
