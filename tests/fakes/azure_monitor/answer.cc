#include "tests/fakes/azure_monitor/answer.h"

#include <fmt/format.h>

#include <iterator>

namespace zoomwatch::fakes {

http::Response ToResponse(const Refusal& refusal) {
  http::Response response{.status = refusal.status, .content_type = "application/json; charset=utf-8"};
  response.body =
      fmt::format(R"({{"error":{{"code":{},"message":{}}}}})", JsonString(refusal.code), JsonString(refusal.message));
  response.headers.emplace_back("x-ms-error-code", refusal.code);
  if (refusal.retry_after_seconds.has_value()) {
    response.headers.emplace_back("Retry-After", std::to_string(*refusal.retry_after_seconds));
  }
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

}  // namespace zoomwatch::fakes
