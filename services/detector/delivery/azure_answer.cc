#include "services/detector/delivery/azure_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/json/document.h"
#include "common/json/parser.h"
#include "common/json/text.h"

namespace zoomwatch::detector {
namespace {

std::string TextAt(const json::Document& document, json::NodeIndex node) {
  std::string text;
  if (node != json::kNoNode && document.at(node).type == json::Type::kString) document.AppendString(node, text);
  return text;
}

// "code: message", or "" when the body has neither of the forms.
std::string StructuredError(std::string_view body) {
  json::Parser parser({.max_depth = 16, .max_bytes = size_t{1} << 20});
  json::Document document;
  if (!parser.Parse(body, document).ok()) return "";
  const json::NodeIndex error = document.Find(json::Document::root(), "error");
  std::string code = TextAt(document, error);
  std::string message = TextAt(document, document.Find(json::Document::root(), "error_description"));
  if (code.empty()) {
    code = TextAt(document, document.Find(error, "code"));
    message = TextAt(document, document.Find(error, "message"));
  }
  if (code.empty() || message.empty()) return code + message;
  return code + ": " + message;
}

void ReplaceAll(std::string& text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// Control characters become spaces, runs of spaces one, bytes that are no UTF-8 U+FFFD.
std::string OnOneLine(std::string_view text) {
  std::string line(text);
  json::ReplaceInvalidUtf8(line);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
  line.erase(std::unique(line.begin(), line.end(), both_spaces), line.end());
  return line;
}

}  // namespace

absl::Duration RetryAfterOf(const HttpResponse& response, absl::Time now) {
  const auto value = response.Header("Retry-After");
  if (!value.has_value()) return absl::ZeroDuration();
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (error == std::errc() && end == value->data() + value->size()) return absl::Seconds(std::max<int64_t>(seconds, 0));
  absl::Time date;
  const absl::string_view text(value->data(), value->size());
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", text, &date, nullptr)) return absl::ZeroDuration();
  return std::max(date - now, absl::ZeroDuration());
}

FailedAnswer FailureOf(const HttpResponse& response) {
  switch (response.status) {
    case 401:
    case 403:
      return {true, Reason::kDeliveryForbidden, "forbidden"};
    case 408:
      return {false, Reason::kDeliveryUnreachable, "unreachable"};
    case 429:
      return {false, Reason::kDeliveryThrottled, "throttled"};
    default:
      break;
  }
  if (response.status == 503 && response.Header("Retry-After")) return {false, Reason::kDeliveryThrottled, "throttled"};
  if (response.status >= 500) return {false, Reason::kDeliveryUnreachable, "unreachable"};
  return {true, Reason::kDeliveryUnexpectedAnswer, "unexpected"};
}

bool NeedsAPerson(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason.has_value() && (RowOf(*reason).retry == Retry::kFixSettings || *reason == Reason::kDeliveryUnexpectedAnswer);
}

std::string ErrorTextOf(const HttpResponse& response, std::initializer_list<std::string_view> secrets) {
  std::string text = StructuredError(response.body);
  if (text.empty()) text = response.body;
  for (const std::string_view secret : secrets) ReplaceAll(text, secret, "[redacted]");
  text = OnOneLine(text.substr(0, 4 * kMaxPeerMessageBytes));
  if (text.size() > kMaxPeerMessageBytes) text = std::string(json::CutUtf8(text, kMaxPeerMessageBytes)) + "...";
  return text.empty() ? fmt::format("status {}", response.status) : fmt::format("status {}: {}", response.status, text);
}

}  // namespace zoomwatch::detector
