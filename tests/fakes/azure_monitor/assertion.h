// Client assertions: the JWT that a client shows instead of a secret. Pure; thread-safe.
// Source: "Microsoft identity platform application authentication certificate credentials", "Workload identity federation".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tests/fakes/azure_monitor/client_certificate.h"

namespace zoomwatch::fakes {

struct AssertionProblem {
  int number = 0;  // AADSTS
  std::string text;
};

// Two kinds are taken by their shape: one of the client's own certificate (issuer and subject are the client, the audience is the
// tenant's token endpoint, the header names RS256 or PS256 and a thumbprint), and one of a federated issuer (audience
// api://AzureADTokenExchange). Both need an expiry after `now` and a "not before", if any, at most 5 minutes after it (AADSTS700024).
// With a `certificate`, one of the client's own must name it (AADSTS700027) and be signed with its key (AADSTS700027); without, and for
// those of federated issuers, the signature is not checked.
std::optional<AssertionProblem> CheckAssertion(std::string_view assertion, std::string_view client_id, std::string_view tenant,
                                               const ClientCertificate* certificate, absl::Time now);

}  // namespace zoomwatch::fakes
