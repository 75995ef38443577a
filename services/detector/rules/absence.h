// Whether a rule finds rows because others are missing: "never seen in 14 days" is true of everything while there are no 14 days.
//
// Such a rule asks with leftanti, rightanti or an outer join, with `!in` of a table, with `in` of a table other than as a condition of
// its own, or with toscalar(), which compares with what was before. Where the other side is written in the query (datatable, a list) nothing
// can be missing of it.
// Pure; thread-safe.
#pragma once

#include "common/kql/plan.h"

namespace zoomwatch::detector {

bool DependsOnAbsence(const kql::Relation& root);

}  // namespace zoomwatch::detector
