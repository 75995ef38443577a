// One request to Microsoft Entra ID's token endpoint (OAuth 2.0 client credentials), shared by the identities that
// differ only in how they prove who they are. Source: "Microsoft identity platform and the OAuth 2.0 client credentials
// flow".
#pragma once

#include <initializer_list>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "common/http_client/http_client.h"
#include "common/time/clock.h"
#include "services/detector/delivery/credential_source.h"

namespace zoomwatch::detector {

// Common to all identities that ask Entra ID. Meaning and defaults: config.v1.
struct EntraApplication {
  std::string authority;  // "https://login.microsoftonline.com", no slash at the end
  std::string tenant_id;
  std::string client_id;
  std::string scope;
  absl::Duration timeout = absl::Seconds(30);

  std::string TokenUrl() const;
};

// Text as part of a form or a query: everything but letters, digits and "-._~" is percent-encoded.
std::string PercentEncode(std::string_view text);

// Asks for a token, proving who we are by `proof`, fields of the form; their values are secrets and in no error.
TokenAnswer RequestEntraToken(HttpClient& http, const EntraApplication& application, const Clock& clock,
                              std::initializer_list<std::pair<std::string_view, std::string_view>> proof,
                              const std::stop_token& stop);

// Reads a token answer: {"access_token":"...","expires_in":3599}, the number also as text (managed identity). `secrets`
// are kept out of errors. Statuses that pass by themselves: 408, 429, 5xx.
TokenAnswer ReadTokenAnswer(HttpResponse response, const Clock& clock, std::initializer_list<std::string_view> secrets);

}  // namespace zoomwatch::detector
