#include "services/detector/delivery/managed_identity_credential.h"

#include <fmt/format.h>

#include "common/status/reasons.h"
#include "services/detector/delivery/azure_answer.h"
#include "services/detector/delivery/entra_token_request.h"

namespace zoomwatch::detector {

TokenAnswer ManagedIdentityCredential::RequestToken(const std::stop_token& stop) {
  std::string url = fmt::format("{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}",
                                options_.endpoint, PercentEncode(options_.resource));
  if (!options_.client_id.empty()) url += "&client_id=" + PercentEncode(options_.client_id);
  auto response = http_.Send(
      {.url = std::move(url), .headers = {{"Metadata", "true"}}, .timeout = options_.timeout, .direct = true}, stop);
  if (!response.ok()) return {.status = Annotate(response.status(), "managed identity endpoint")};
  // The service answers these two while it is being updated.
  if (response->status == 404 || response->status == 410) {
    return {.status = Error(Reason::kDeliveryUnreachable, "managed identity endpoint: " + ErrorTextOf(*response, {})),
            .retry_after = RetryAfterOf(*response, clock_.Now())};
  }
  return ReadTokenAnswer(*std::move(response), clock_, {});
}

}  // namespace zoomwatch::detector
