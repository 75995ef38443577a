#include "tests/fakes/azure_monitor/ingestion.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/fakes/azure_monitor/call_reader.h"
#include "tests/fakes/azure_monitor/gunzip.h"

namespace zoomwatch::fakes {
namespace {

constexpr std::string_view kApiVersion = "2023-01-01";

Refusal Refuse(int status, std::string_view code, std::string message) {
  return {.status = status, .code = std::string(code), .message = std::move(message), .retry_after_seconds = {}};
}

Refusal Throttle(int seconds, std::string_view what) {
  Refusal refusal = Refuse(429, "TooManyRequests", fmt::format("The {} of this minute are used up. Retry after {} seconds.", what, seconds));
  refusal.retry_after_seconds = seconds;
  return refusal;
}

// The part of "/dataCollectionRules/{0}/streams/{1}" with that number.
std::string_view PathPart(std::string_view path, int number) {
  path.remove_prefix(1);
  for (int i = 0; i < 2 * number + 1; ++i) path.remove_prefix(std::min(path.find('/'), path.size() - 1) + 1);
  return path.substr(0, path.find('/'));
}

Refusal TooLarge(size_t max_bytes, size_t bytes) {
  return Refuse(413, "ContentLengthLimitExceeded",
                fmt::format("Maximum allowed content length: {} bytes (1 MB). Provided content length: {} bytes.", max_bytes, bytes));
}

bool IsObject(std::string_view content) {
  const size_t first = content.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && content[first] == '{';
}

}  // namespace

Ingestion::Ingestion(Options options, const TokenAuthority& tokens, Faults& faults, StateStore& store, const Clock& clock)
    : options_(std::move(options)),
      tokens_(tokens),
      faults_(faults),
      store_(store),
      clock_(clock),
      quota_(options_.limits.max_calls_per_minute, options_.limits.max_bytes_per_minute) {}

std::optional<Refusal> Ingestion::Take(const http::Request& request) {
  const absl::Time now = clock_.Now();
  const Stream* stream = nullptr;
  if (std::optional<Refusal> refusal = CheckAddress(request, now, stream)) return refusal;
  if (const auto seconds = quota_.TakeCall(clock_.Monotonic())) return Throttle(*seconds, "calls");
  std::string buffer;
  std::string_view content;
  if (std::optional<Refusal> refusal = ReadContent(request, content, buffer)) return refusal;
  if (const auto seconds = quota_.TakeBytes(clock_.Monotonic(), content.size())) return Throttle(*seconds, "bytes");
  CallRows rows;
  if (!options_.lose_object_bodies || !IsObject(content)) {
    CallReader reader(options_.limits);
    const std::unique_ptr<RowInspector> inspector = faults_.MakeRowInspector();
    if (std::optional<Refusal> refusal = reader.Read(content, *stream, now, inspector.get(), rows)) return refusal;
  }
  store_.Commit(*stream, std::move(rows), content.size());
  return std::nullopt;
}

std::optional<Refusal> Ingestion::CheckAddress(const http::Request& request, absl::Time now, const Stream*& stream) {
  if (request.method != "POST") return Refuse(405, "MethodNotAllowed", "The endpoint only accepts POST requests.");
  if (FormValue(QueryOf(request), "api-version").value_or("") != kApiVersion) {
    return Refuse(400, "UnsupportedApiVersion", fmt::format("The supported api-version is '{}'.", kApiVersion));
  }
  if (std::optional<Refusal> refusal = tokens_.Check(request.headers.Find("Authorization"), now)) return refusal;
  if (PathPart(request.path(), 0) != options_.rule_id) {
    return Refuse(404, "NotFound", fmt::format("Data collection rule with immutable Id '{}' not found.", PathPart(request.path(), 0)));
  }
  const std::string_view name = PathPart(request.path(), 1);
  const auto found = std::find_if(options_.streams.begin(), options_.streams.end(), [&](const Stream& entry) { return entry.name == name; });
  if (found == options_.streams.end()) {
    return Refuse(400, "InvalidStream",
                  fmt::format("The stream {} was not configured in the data collection rule with immutable Id {}.", name, options_.rule_id));
  }
  stream = &*found;
  return std::nullopt;
}

std::optional<Refusal> Ingestion::ReadContent(const http::Request& request, std::string_view& content, std::string& buffer) {
  // The documents name no status for these; 415 is HTTP's own.
  const std::string_view type = request.headers.Find("Content-Type").value_or("");
  if (!http::EqualsIgnoreCase(type.substr(0, type.find(';')), "application/json")) {
    return Refuse(415, "UnsupportedMediaType", "The Content-Type must be application/json.");
  }
  const std::string_view encoding = request.headers.Find("Content-Encoding").value_or("identity");
  const bool gzip = http::EqualsIgnoreCase(encoding, "gzip");
  if (!gzip && !http::EqualsIgnoreCase(encoding, "identity")) {
    return Refuse(415, "UnsupportedMediaType", "The Content-Encoding must be gzip or identity.");
  }
  const AzureLimits& limits = options_.limits;
  content = request.body;
  GunzipResult result = GunzipResult::kOk;
  if (gzip && request.body.size() <= limits.max_body_bytes) {
    result = Gunzip(request.body, limits.max_content_bytes, buffer);
    content = buffer;
  }
  store_.NoteCall(request, content);
  if (result == GunzipResult::kBroken) return Refuse(400, "InvalidEncoding", "The request body is not gzip.");
  if (request.body.size() > limits.max_body_bytes) return TooLarge(limits.max_body_bytes, request.body.size());
  if (content.size() > limits.max_content_bytes) return TooLarge(limits.max_content_bytes, content.size());
  return std::nullopt;
}

}  // namespace zoomwatch::fakes
