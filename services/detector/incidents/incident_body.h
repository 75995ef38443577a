// An alert as an incident of Sentinel. Pure; thread-safe. Source: azure-rest-api-specs, Microsoft.SecurityInsights 2023-02-01.
//
// An incident that is made this way holds neither alerts nor entities of Sentinel, so entities, details and identities stand in its
// description. Limits: title 256, description 5,000, both in UTF-16 units, the way in which Azure counts characters; what is longer is
// cut and ends with "... [cut]". The lines about the alert itself are never displaced by a long description of the rule. Whatever bytes
// the alert has, the body is UTF-8; control characters become spaces, but for line ends and tabs of the description.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "zoomwatch/alert/v1/alert.pb.h"

namespace zoomwatch::detector {

inline constexpr std::size_t kMaxIncidentTitle = 256;
inline constexpr std::size_t kMaxIncidentDescription = 5000;

// The GUID of the alert's incident, in lower case: the first 16 bytes of the id's SHA-256 as a UUID of version 8 (RFC 9562 section 5.8).
// The same alert always has the same incident, in every run and every detector over the same events.
std::string IncidentNameOf(std::string_view alert_id);

// The body of the call that creates it. Both activity times are the alert's; the status is New.
std::string IncidentBodyOf(const alert::v1::Alert& alert);

// At most `max_units` UTF-16 units of the text, made UTF-8; with the mark when it was longer. `multi_line`: line ends and tabs stay.
// REQUIRES: max_units is not below the mark's.
std::string FitUtf16(std::string_view text, std::size_t max_units, bool multi_line);
// UTF-16 units of a text that is UTF-8.
std::size_t Utf16Units(std::string_view text);

}  // namespace zoomwatch::detector
