// The Logs Ingestion API of one data collection rule. Thread-safe. Source: Logs Ingestion API overview; issue threads for the texts of
// errors; where neither says, the comment at the check does.
//
// A call is checked in this order; the first check that fails answers, and nothing of the call is kept:
//   405 MethodNotAllowed             anything but POST
//   400 UnsupportedApiVersion        api-version is not 2023-01-01
//   401                              token_authority.h
//   404 NotFound                     another rule than ours
//   400 InvalidStream                a stream that the rule does not declare
//   429 TooManyRequests              the minute's calls are used up; with Retry-After
//   415 UnsupportedMediaType         Content-Type is not application/json, Content-Encoding not gzip or identity
//   413 ContentLengthLimitExceeded   above max_body_bytes as sent or max_content_bytes after decompression
//   400 InvalidEncoding              not gzip although it says so
//   429 TooManyRequests              the minute's bytes are used up; with Retry-After
//   400 ...                          call_reader.h
//   204                              all rows are committed
#pragma once

#include <vector>

#include "common/http/message.h"
#include "common/time/clock.h"
#include "tests/fakes/azure_monitor/faults.h"
#include "tests/fakes/azure_monitor/limits.h"
#include "tests/fakes/azure_monitor/minute_quota.h"
#include "tests/fakes/azure_monitor/state.h"
#include "tests/fakes/azure_monitor/stream.h"
#include "tests/fakes/azure_monitor/token_authority.h"

namespace zoomwatch::fakes {

class Ingestion {
 public:
  struct Options {
    std::string rule_id;
    std::vector<Stream> streams;
    AzureLimits limits;
    bool lose_object_bodies = false;
  };
  // All references outlive the object.
  Ingestion(Options options, const TokenAuthority& tokens, Faults& faults, StateStore& store, const Clock& clock);

  // nullopt: committed.
  std::optional<Refusal> Take(const http::Request& request);

 private:
  // nullopt: `stream` is set.
  std::optional<Refusal> CheckAddress(const http::Request& request, absl::Time now, const Stream*& stream);
  // nullopt: `content` has the body, decompressed when it was not plain.
  std::optional<Refusal> ReadContent(const http::Request& request, std::string_view& content, std::string& buffer);

  const Options options_;
  const TokenAuthority& tokens_;
  Faults& faults_;
  StateStore& store_;
  const Clock& clock_;
  MinuteQuota quota_;
};

}  // namespace zoomwatch::fakes
