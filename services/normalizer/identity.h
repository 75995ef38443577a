// Event ids: equal for two deliveries of one event, different for two events. Not thread-safe: keep one per thread, it reuses memory.
//
// The id is the first 16 bytes, in hexadecimal, of a SHA-256 over fields that are each preceded by their length (4 bytes, little
// endian), so that no two lists of fields have the same bytes:
//   "zoomwatch-event-1" | event name | "id" and account id, or "name" and configured account name | event_ts as written | rest
// where rest is, by the mapping table's identity rule,
//   "fields" and the fields of the rule, an absent one written as length 0xffffffff; or
//   "content" and the whole body in canonical form: members sorted by key, no blanks, secrets left out.
// Without a usable event_ts the rest is "body" and the SHA-256 of the raw bytes.
//
// A false duplicate loses an event, a missed duplicate is only noise: therefore everything that is not a secret counts, except for
// joins and leaves of participants, whose fields identify them by themselves. Secrets do not count, because Zoom delivers one
// recording with several download tokens and URLs.
// Source: docs/event-model.md, "identity".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/document.h"
#include "services/normalizer/mapping/mapping_table.h"
#include "services/normalizer/mapping/reader.h"

namespace zoomwatch {

class EventIdentity {
 public:
  // Replaces `id` by the id of the event. REQUIRES: secrets are marked in the reader's document.
  void Compute(const Reader& reader, IdentityRule rule, std::string_view event, std::string_view account_id,
               std::string_view account_name, std::string& id);

 private:
  void AppendLength(uint32_t length);
  void AppendField(std::string_view field);
  void AppendRest(const Reader& reader, IdentityRule rule);
  // False: nothing that the rule needs is there; nothing was appended.
  bool AppendFields(const Reader& reader, const IdentityRuleRow& rule);
  void AppendCanonical(const json::Document& document, json::NodeIndex value);
  void AppendMembers(const json::Document& document, json::NodeIndex object);

  std::string bytes_;                         // what is hashed
  std::vector<json::NodeIndex> members_;      // stack of members of the objects that are being written, sorted
};

}  // namespace zoomwatch
