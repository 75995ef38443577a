// Calls of HTTP servers, as an interface, so that tests script the answers.
//
// Threading: Send() may be called from several threads at once; each call has a connection of its own, which is kept
// for later ones. Security: HTTPS means TLS 1.2 or later with the server's certificate and name verified; there is no
// way to switch that off.
//   Redirects are not followed, for the next server would get the credentials of the first. No error text holds headers
//   or bodies.
// Proxies: those of the environment (HTTPS_PROXY, NO_PROXY, ...), unless the request is `direct`.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace zoomwatch {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                                           // "http://..." or "https://..."
  std::vector<std::pair<std::string, std::string>> headers;  // REQUIRES: no line ends in them
  std::string_view body;                                     // must live until Send() returns
  absl::Duration timeout = absl::Seconds(30);                // from the call to the last byte of the answer
  bool direct = false;                                       // never through a proxy
  // Sent once and never again by the client: over a new connection, which costs a handshake. For calls whose repetition does harm.
  bool once = false;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // of the final answer, in order
  std::string body;
  bool body_cut = false;  // the body was longer than the client's limit; the rest was not read

  // The first value under that name, compared without case.
  std::optional<std::string_view> Header(std::string_view name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Makes one call and returns the answer, whatever its status. Blocks; a requested stop ends it at once.
  // HTTP_CALL_FAILED: no whole answer came (name, connection, TLS, a cut connection, time-out). The server may have
  // acted on the request all the same. HTTP_SERVER_UNTRUSTED: its certificate does not chain to our authorities, or is
  // for another name; nothing was sent. SHUTTING_DOWN: stopped. A kept connection that turns out to be dead is replaced
  // and the request sent again, also when the server had it already, unless it is to be sent once.
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token& stop) = 0;
};

struct HttpClientOptions {
  std::string ca_file;  // PEM, read for each new connection; empty: the system's authorities
  absl::Duration connect_timeout = absl::Seconds(10);  // name, connection and TLS together
  size_t max_response_bytes = 256 << 10;               // of a body; what is beyond is not read
  size_t max_header_bytes = 64 << 10;                  // of all header lines; beyond it the call fails
};

// The client that really calls, on libcurl.
std::unique_ptr<HttpClient> MakeHttpClient(HttpClientOptions options = {});

}  // namespace zoomwatch
