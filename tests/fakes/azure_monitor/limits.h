// The limits of the Logs Ingestion API as the fake enforces them. Each is inclusive: a call at the limit passes.
// Source: Azure Monitor service limits (custom logs), "Log data ingestion time", Logs Ingestion API overview.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace zoomwatch::fakes {

struct AzureLimits {
  // Of one call as it is sent. The documents say "1 MB"; the service's own error text says this number.
  size_t max_body_bytes = 1'048'576;
  // Of one call after decompression. The documents say that the same limit holds here. The official Python client does not keep it:
  // it adds up rows without what stands between them. An exporter's authors report 50 MiB. The documents are what a client can
  // rely on.
  size_t max_content_bytes = 1'048'576;
  // Of one value in UTF-8; longer ones are cut without an error. "64 KB" in the documents.
  size_t max_field_bytes = 65'536;
  // Per minute and data collection rule: the lower ones of the documented figures. Bytes are counted after decompression.
  int max_calls_per_minute = 12'000;
  size_t max_bytes_per_minute = 500'000'000;
  // TimeGenerated beyond these is replaced by the time of receipt.
  absl::Duration max_age = absl::Hours(48);
  absl::Duration max_ahead = absl::Hours(24);
  // Of TimeGenerated within one call, for streams of Auxiliary tables only.
  absl::Duration max_span = absl::Minutes(30);
};

}  // namespace zoomwatch::fakes
