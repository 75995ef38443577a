// The answer for a refusal: the status of the reason's row and {"reason":"..."}, nothing else that could help an attacker.
#pragma once

#include <fmt/format.h>

#include "common/http/message.h"
#include "common/status/reasons.h"

namespace zoomwatch::http {

// REQUIRES: the row of the reason has an http_status.
inline Response ErrorResponse(Reason reason) {
  const ReasonRow& row = RowOf(reason);
  return Response{.status = row.http_status,
                  .content_type = "application/json",
                  .body = fmt::format("{{\"reason\":\"{}\"}}", row.name)};
}

}  // namespace zoomwatch::http
