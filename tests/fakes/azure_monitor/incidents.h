// Incidents of one Sentinel workspace behind Azure Resource Manager: list, get, create or overwrite. Thread-safe.
// Source: azure-rest-api-specs, Microsoft.SecurityInsights stable 2023-02-01; texts of errors from issue threads.
//
//   GET .../incidents?api-version=2023-02-01&$top=N   200 {"value":[...]}
//   GET .../incidents/{GUID}?api-version=2023-02-01   200, or 404 NotFound
//   PUT .../incidents/{GUID}?api-version=2023-02-01   201 when it is new; 200 when it was there: then it is overwritten, whatever an
//                                                     analyst had made of it, as the service does with a body that has no etag
// A call is checked in this order; the first check that fails answers:
//   405                                  another method
//   400 InvalidApiVersionParameter       another api-version
//   401                                  no valid token for the management endpoint (token_authority.h)
//   404 SubscriptionNotFound, ResourceGroupNotFound, ResourceNotFound (the workspace)
//   400 BadRequest                       the workspace is not onboarded to Sentinel
//   400 InvalidIncidentId                the name is no GUID
//   412 PreconditionFailed               PUT with "If-None-Match: *" of one that is there, only with honour_if_none_match
//   415, 400 InvalidRequestContent       not JSON; title, severity or status missing, another severity or status, a description of
//                                        more than 5,000 UTF-16 units, a time or label that is none, a field that is not known here
//   409 Conflict                         an etag that is not the incident's
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "tests/fakes/azure_monitor/answer.h"
#include "tests/fakes/azure_monitor/token_authority.h"

namespace zoomwatch::fakes {

struct IncidentOptions {
  std::string subscription_id = "33333333-3333-4333-8333-333333333333";
  std::string resource_group = "security";
  std::string workspace = "sentinel";
  // The resource that tokens must be for.
  std::string resource = "https://management.azure.com";
  bool onboarded = true;
  bool honour_if_none_match = false;
};

struct Incident {
  std::string title, severity, status, description, first_activity, last_activity;
  std::vector<std::string> labels;
  int created = 0;      // times that a PUT made it
  int overwritten = 0;  // times that a PUT found it there
  int version = 0;      // in the etag
};

class Incidents {
 public:
  // All references outlive the object.
  Incidents(IncidentOptions options, const TokenAuthority& tokens, const Clock& clock);

  // Whether the path is one of ours.
  static bool Owns(std::string_view path);

  // `refusal` is set when the call was not taken.
  http::Response Answer(const http::Request& request, std::optional<Refusal>& refusal);

  std::map<std::string, Incident> All() const;  // by GUID in lower case
  // What an analyst does. False: no such incident.
  bool SetStatus(const std::string& id, const std::string& status);
  void SetOnboarded(bool onboarded);

 private:
  struct Address {
    std::string id;  // in lower case; "": all incidents
  };
  std::optional<Refusal> CheckAddress(const http::Request& request, Address& address) const;
  http::Response Put(const http::Request& request, const std::string& id, std::optional<Refusal>& refusal);
  std::string ToJson(const std::string& id, const Incident& incident) const;

  const IncidentOptions options_;
  const TokenAuthority& tokens_;
  const Clock& clock_;
  mutable Mutex mutex_;
  bool onboarded_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Incident> incidents_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::fakes
