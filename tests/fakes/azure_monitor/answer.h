// Answers of the fake Azure as values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace zoomwatch::fakes {

// Why a call was not taken. `code` and `message` are the service's; tests count refusals by code.
struct Refusal {
  int status = 400;
  std::string code;
  std::string message;
  std::optional<int> retry_after_seconds;
};

// {"error":{"code":...,"message":...}} and the code in x-ms-error-code, as the ingestion endpoint writes it.
// REQUIRES: the code has no line end.
http::Response ToResponse(const Refusal& refusal);

// Appends the text as a JSON string with its quotes. REQUIRES: `text` is UTF-8.
void AppendJsonString(std::string_view text, std::string& out);
std::string JsonString(std::string_view text);

}  // namespace zoomwatch::fakes
