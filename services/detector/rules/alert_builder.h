// A finding of a rule as an alert: entities, details and texts from the columns of its rows. Pure; thread-safe.
//
// The id of an alert is a digest of rule, identity of the finding and its time, so a rerun over the same events makes the same ids.
#pragma once

#include <cstdint>
#include <string>

#include "common/kql/schema.h"
#include "common/ruleset/rule.h"
#include "services/detector/rules/live_rule.h"
#include "zoomwatch/alert/v1/alert.pb.h"

namespace zoomwatch::detector {

// Most bytes of an alert's rows, of its entities and of its ids, each: those beyond are left out, rows are counted. Single texts are
// cut far below, so that every alert fits into a message (api). One alert goes out as one row of ZoomAlerts_CL.
inline constexpr std::size_t kMaxAlertBytes = 256 * 1024;

// `revision`: 1 for the first alert of this identity. The sequence is given by the store.
alert::v1::Alert BuildAlert(const ruleset::Rule& rule, const kql::Schema& schema, const Finding& finding, int revision);

// One row as a JSON object by column name; columns without a value are left out.
std::string RowToJson(const kql::Schema& schema, const std::vector<kql::Value>& row);

}  // namespace zoomwatch::detector
