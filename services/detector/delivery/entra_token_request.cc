#include "services/detector/delivery/entra_token_request.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <charconv>
#include <optional>
#include <vector>

#include "common/json/document.h"
#include "common/json/parser.h"
#include "common/status/reasons.h"
#include "services/detector/delivery/azure_answer.h"

namespace zoomwatch::detector {
namespace {

std::optional<int64_t> SecondsAt(const json::Document& document, json::NodeIndex node) {
  if (node == json::kNoNode) return std::nullopt;
  const json::Type type = document.at(node).type;
  if (type != json::Type::kNumber && type != json::Type::kString) return std::nullopt;
  const std::string_view text = type == json::Type::kString ? document.RawString(node) : document.Raw(node);
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return seconds;
}

TokenAnswer ReadToken(std::string_view body) {
  json::Parser parser({.max_depth = 16});
  json::Document document;
  const absl::Status unreadable =
      Error(Reason::kDeliveryUnexpectedAnswer, "token endpoint: status 200, but no token that can be read");
  if (!parser.Parse(body, document).ok()) return {.status = unreadable};
  const json::NodeIndex token = document.Find(json::Document::root(), "access_token");
  const auto lifetime = SecondsAt(document, document.Find(json::Document::root(), "expires_in"));
  if (token == json::kNoNode || document.at(token).type != json::Type::kString || !lifetime)
    return {.status = unreadable};
  std::string text;
  text.reserve(document.RawString(token).size());
  document.AppendString(token, text);
  if (text.empty() || text.find_first_of(" \r\n") != std::string::npos) return {.status = unreadable};
  return {.status = absl::OkStatus(), .token = Secret(std::move(text)), .lifetime = absl::Seconds(*lifetime)};
}

bool PassesByItself(int status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace

std::string EntraApplication::TokenUrl() const {
  return fmt::format("{}/{}/oauth2/v2.0/token", authority, PercentEncode(tenant_id));
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  encoded.reserve(3 * text.size());  // never grown: a secret leaves no copy behind
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

TokenAnswer RequestEntraToken(HttpClient& http, const EntraApplication& application, const Clock& clock,
                              std::initializer_list<std::pair<std::string_view, std::string_view>> proof,
                              const std::stop_token& stop) {
  std::string form = fmt::format("client_id={}&scope={}&grant_type=client_credentials",
                                 PercentEncode(application.client_id), PercentEncode(application.scope));
  size_t proof_bytes = 0;
  for (const auto& [name, value] : proof) proof_bytes += name.size() + 3 * value.size() + 2;
  form.reserve(form.size() + proof_bytes);
  for (const auto& [name, value] : proof) {
    const Secret encoded(PercentEncode(value));
    form.append("&").append(name).append("=").append(encoded.Reveal());
  }
  const Secret body(std::move(form));
  auto response =
      http.Send({.method = "POST",
                 .url = application.TokenUrl(),
                 .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
                 .body = body.Reveal(),
                 .timeout = application.timeout},
                stop);
  if (!response.ok()) return {.status = Annotate(response.status(), "token endpoint")};
  const std::string_view secret = proof.size() > 0 ? (proof.end() - 1)->second : std::string_view();
  const Secret encoded_secret(PercentEncode(secret));
  return ReadTokenAnswer(*std::move(response), clock, {secret, encoded_secret.Reveal()});
}

TokenAnswer ReadTokenAnswer(HttpResponse response, const Clock& clock,
                            std::initializer_list<std::string_view> secrets) {
  if (response.status == 200) {
    const Secret body(std::move(response.body));
    return ReadToken(body.Reveal());
  }
  const std::string text = "token endpoint: " + ErrorTextOf(response, secrets);
  if (PassesByItself(response.status)) {
    const Reason reason = response.status == 429 ? Reason::kDeliveryThrottled : Reason::kDeliveryUnreachable;
    return {.status = Error(reason, text), .retry_after = RetryAfterOf(response, clock.Now())};
  }
  return {.status = Error(response.status >= 400 ? Reason::kTokenRefused : Reason::kDeliveryUnexpectedAnswer, text)};
}

}  // namespace zoomwatch::detector
