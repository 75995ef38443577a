// Collects the names that a query mentions: every identifier and string constant, so that a table with virtual columns knows which of
// them to offer. Pure; thread-safe.
#pragma once

#include "common/kql/ast.h"
#include "common/kql/catalog.h"

namespace zoomwatch::kql {

void CollectNames(const Query& query, MentionedNames& names);

}  // namespace zoomwatch::kql
