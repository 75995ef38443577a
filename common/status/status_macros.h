// Early return on error, for functions that return absl::Status or absl::StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define ZOOMWATCH_CONCAT_INNER(a, b) a##b
#define ZOOMWATCH_CONCAT(a, b) ZOOMWATCH_CONCAT_INNER(a, b)

// Returns the status from the calling function unless it is OK.
#define ZOOMWATCH_RETURN_IF_ERROR(expression)                            \
  do {                                                                   \
    if (absl::Status zoomwatch_status_ = (expression); !zoomwatch_status_.ok()) return zoomwatch_status_; \
  } while (false)

// Declares or assigns `target` from a StatusOr, or returns its status. The expression is evaluated once.
#define ZOOMWATCH_ASSIGN_OR_RETURN(target, expression) \
  ZOOMWATCH_ASSIGN_OR_RETURN_INNER(ZOOMWATCH_CONCAT(zoomwatch_statusor_, __LINE__), target, expression)
#define ZOOMWATCH_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) return std::move(result).status();               \
  target = *std::move(result)
