#include "tests/fakes/azure_monitor/token_authority.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>

#include "common/status/check.h"
#include "tests/fakes/azure_monitor/assertion.h"
#include "tests/fakes/azure_monitor/jwt.h"

namespace zoomwatch::fakes {
namespace {

constexpr std::string_view kDefaultScope = "/.default";
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kJson = "application/json; charset=utf-8";
// Where Entra's errors carry random ids, the fake has fixed ones.
constexpr std::string_view kTraceId = "00000000-0000-4000-8000-000000000001";

std::string_view WithoutSlashes(std::string_view resource) {
  while (resource.ends_with('/')) resource.remove_suffix(1);
  return resource;
}

Secret RandomKey() {
  std::string bytes(32, '\0');
  ZOOMWATCH_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == 1);
  return Secret(std::move(bytes));
}

http::Response EntraError(int status, std::string_view error, int number, std::string_view text, absl::Time now) {
  const std::string timestamp = absl::FormatTime("%Y-%m-%d %H:%M:%SZ", now, absl::UTCTimeZone());
  const std::string description = fmt::format("AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}", number, text, kTraceId,
                                              kTraceId, timestamp);
  http::Response response{.status = status, .content_type = std::string(kJson)};
  response.body = fmt::format(
      R"({{"error":"{}","error_description":{},"error_codes":[{}],"timestamp":"{}","trace_id":"{}","correlation_id":"{}"}})", error,
      JsonString(description), number, timestamp, kTraceId, kTraceId);
  return response;
}

http::Response IdentityError(std::string_view error, std::string_view text) {
  return {.status = 400,
          .content_type = std::string(kJson),
          .body = fmt::format(R"({{"error":"{}","error_description":{}}})", error, JsonString(text))};
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = high >= 0 ? HexValue(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Refusal Unauthorized(std::string code, std::string message) { return {.status = 401, .code = std::move(code), .message = std::move(message), .retry_after_seconds = {}}; }

}  // namespace

std::optional<std::string> FormValue(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view field = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(field.size() + 1, form.size()));
    const size_t equals = field.find('=');
    if (Decode(field.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : Decode(field.substr(equals + 1));
  }
  return std::nullopt;
}

std::string_view QueryOf(const http::Request& request) {
  const size_t mark = request.target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(request.target).substr(mark + 1);
}

TokenAuthority::TokenAuthority(TokenOptions options, std::shared_ptr<const ClientCertificate> certificate)
    : options_(std::move(options)), certificate_(std::move(certificate)), key_(RandomKey()), client_secret_(options_.client_secret) {}

bool TokenAuthority::Known(std::string_view resource) const {
  return std::any_of(options_.resources.begin(), options_.resources.end(),
                     [&](const std::string& known) { return WithoutSlashes(known) == WithoutSlashes(resource); });
}

std::string TokenAuthority::MakeToken(std::string_view resource, absl::Time now) const {
  int generation = 0;
  {
    MutexLock lock(mutex_);
    generation = generation_;
  }
  const std::string claims = fmt::format(
      R"({{"aud":{},"iss":"https://sts.fake.example/{}/","iat":{},"nbf":{},"exp":{},"appid":{},"generation":{}}})", JsonString(resource),
      options_.tenant, absl::ToUnixSeconds(now), absl::ToUnixSeconds(now), absl::ToUnixSeconds(now + options_.lifetime),
      JsonString(options_.client_id), generation);
  const std::string signed_part = Base64UrlEncode(R"({"typ":"JWT","alg":"HS256"})") + "." + Base64UrlEncode(claims);
  const Sha256Digest mac = key_.Sign({signed_part});
  return signed_part + "." + Base64UrlEncode(std::string_view(reinterpret_cast<const char*>(mac.data()), mac.size()));
}

std::optional<http::Response> TokenAuthority::CheckCaller(const Form& form, absl::Time now) {
  const auto value = [&](std::string_view name) -> const std::string* {
    const auto found = std::find_if(form.begin(), form.end(), [&](const auto& field) { return field.first == name; });
    return found == form.end() ? nullptr : &found->second;
  };
  if (const std::string* const secret = value("client_secret"); secret != nullptr) {
    MutexLock lock(mutex_);
    if (ConstantTimeEqual(*secret, client_secret_.Reveal())) return std::nullopt;
    return EntraError(401, "invalid_client", 7000215, "Invalid client secret provided.", now);
  }
  const std::string* const assertion = value("client_assertion");
  if (assertion == nullptr) {
    return EntraError(401, "invalid_client", 7000218,
                      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", now);
  }
  {
    MutexLock lock(mutex_);
    last_client_assertion_ = *assertion;
  }
  if (const std::string* const type = value("client_assertion_type"); type == nullptr || *type != kAssertionType) {
    return EntraError(400, "invalid_request", 900144, "The request body must contain: 'client_assertion_type'.", now);
  }
  if (const auto problem = CheckAssertion(*assertion, options_.client_id, options_.tenant, certificate_.get(), now)) {
    return EntraError(401, "invalid_client", problem->number, problem->text, now);
  }
  return std::nullopt;
}

http::Response TokenAuthority::AnswerTokenRequest(const http::Request& request, absl::Time now) {
  if (request.method != "POST") return EntraError(400, "invalid_request", 900561, "The endpoint only accepts POST requests.", now);
  const std::string_view path = request.path();
  if (path.substr(1, path.find('/', 1) - 1) != options_.tenant) {
    return EntraError(400, "invalid_request", 90002, "Tenant not found.", now);
  }
  Form form;
  for (const char* const name :
       {"grant_type", "client_id", "scope", "client_secret", "client_assertion", "client_assertion_type"}) {
    if (std::optional<std::string> value = FormValue(request.body, name)) form.emplace_back(name, *std::move(value));
  }
  const auto text = [&](std::string_view name) {
    const auto found = std::find_if(form.begin(), form.end(), [&](const auto& field) { return field.first == name; });
    return found == form.end() ? std::string() : found->second;
  };
  for (const std::string_view name : {"grant_type", "client_id", "scope"}) {
    if (text(name).empty()) {
      return EntraError(400, "invalid_request", 900144, fmt::format("The request body must contain: '{}'.", name), now);
    }
  }
  if (text("grant_type") != "client_credentials") {
    return EntraError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.", now);
  }
  if (text("client_id") != options_.client_id) {
    return EntraError(400, "unauthorized_client", 700016, "Application was not found in the directory.", now);
  }
  if (std::optional<http::Response> refused = CheckCaller(form, now)) return *std::move(refused);
  const std::string scope = text("scope");
  if (!scope.ends_with(kDefaultScope)) {
    return EntraError(400, "invalid_scope", 1002012, "The scope is not valid: client credential flows need /.default.", now);
  }
  const std::string_view resource = std::string_view(scope).substr(0, scope.size() - kDefaultScope.size());
  if (!Known(resource)) return EntraError(400, "invalid_resource", 500011, "The resource principal was not found.", now);
  http::Response response{.content_type = std::string(kJson)};
  const int64_t seconds = absl::ToInt64Seconds(options_.lifetime);
  response.body = fmt::format(R"({{"token_type":"Bearer","expires_in":{},"ext_expires_in":{},"access_token":"{}"}})", seconds, seconds,
                              MakeToken(resource, now));
  return response;
}

http::Response TokenAuthority::AnswerManagedIdentityRequest(const http::Request& request, absl::Time now) {
  if (request.method != "GET") return IdentityError("invalid_request", "Only GET is supported");
  if (request.headers.Find("Metadata").value_or("") != "true") {
    return IdentityError("invalid_request", "Required metadata header not specified");
  }
  const std::string_view query = QueryOf(request);
  if (!FormValue(query, "api-version")) return IdentityError("invalid_request", "Required query variable 'api-version' is missing");
  const std::optional<std::string> resource = FormValue(query, "resource");
  if (!resource) return IdentityError("invalid_request", "Required query variable 'resource' is missing");
  if (!Known(*resource)) return IdentityError("invalid_resource", "AADSTS500011: The resource principal was not found.");
  if (const auto client = FormValue(query, "client_id"); client && *client != options_.client_id) {
    return IdentityError("invalid_request", "Identity not found");
  }
  const absl::Time expiry = now + options_.lifetime;
  http::Response response{.content_type = std::string(kJson)};
  // Numbers are strings here, unlike at the token endpoint.
  response.body = fmt::format(
      R"({{"access_token":"{}","client_id":"{}","expires_in":"{}","expires_on":"{}","ext_expires_in":"{}","not_before":"{}",)"
      R"("resource":{},"token_type":"Bearer"}})",
      MakeToken(*resource, now), options_.client_id, absl::ToInt64Seconds(options_.lifetime), absl::ToUnixSeconds(expiry),
      absl::ToInt64Seconds(options_.lifetime), absl::ToUnixSeconds(now), JsonString(*resource));
  return response;
}

std::optional<Refusal> TokenAuthority::CheckFor(std::string_view resource, std::optional<std::string_view> authorization,
                                                absl::Time now) const {
  if (!authorization || !authorization->starts_with(kBearer)) {
    return Unauthorized("InvalidAuthenticationToken", "The authentication token is missing.");
  }
  const std::optional<Jwt> token = ReadJwt(authorization->substr(kBearer.size()));
  if (!token) return Unauthorized("InvalidAuthenticationToken", "The authentication token is malformed.");
  const Sha256Digest mac = key_.Sign({token->signed_part});
  if (!ConstantTimeEqual(token->signature, std::string_view(reinterpret_cast<const char*>(mac.data()), mac.size()))) {
    return Unauthorized("InvalidAuthenticationToken", "The signature of the authentication token is invalid.");
  }
  {
    MutexLock lock(mutex_);
    if (IntegerIn(token->claims, "generation") != generation_) {
      return Unauthorized("InvalidAuthenticationToken", "The authentication token was revoked.");
    }
  }
  if (now >= TimeIn(token->claims, "exp").value_or(absl::InfinitePast())) {
    return Unauthorized("ExpiredAuthenticationToken", "The authentication token has expired.");
  }
  if (WithoutSlashes(TextIn(token->claims, "aud")) != WithoutSlashes(resource)) {
    return Unauthorized("InvalidAuthenticationTokenAudience", "The authentication token is for another audience.");
  }
  return std::nullopt;
}

void TokenAuthority::RevokeTokens() {
  MutexLock lock(mutex_);
  ++generation_;
}

void TokenAuthority::SetClientSecret(std::string secret) {
  MutexLock lock(mutex_);
  client_secret_ = Secret(std::move(secret));
}

std::string TokenAuthority::last_client_assertion() const {
  MutexLock lock(mutex_);
  return last_client_assertion_;
}

}  // namespace zoomwatch::fakes
