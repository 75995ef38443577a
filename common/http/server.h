// HTTP/1.1 server for the webhook port and the admin port, plain or TLS 1.2+.
//
// Threading: `threads` io threads, each with its own event loop; a connection stays on one of them. Handler methods are called
// on these threads and must not block. A Responder may be called from any thread.
// Ownership: the handler, the clock and the metrics must outlive the server. Responders may outlive it: they then do nothing.
// What is refused is refused before the handler sees it, with {"reason":"..."} as the body and the connection closed:
//   400 REQUEST_MALFORMED   anything but a strict HTTP/1.1 request (request_parser.h has the list)
//   408 REQUEST_TIMEOUT     the request did not arrive whole in request_timeout (a TLS handshake that takes longer is just cut)
//   413 BODY_TOO_LARGE      above max_body_bytes, declared or chunked
//   431 HEADERS_TOO_LARGE   above max_header_bytes or max_header_count
// A connection above max_connections is closed at once, unless a kept one waits between two requests: then the longest idle one is
// closed in its place, so that idle peers keep nobody out. Requests on one connection are answered one after the other: of what a
// peer pipelines at most one read buffer (16 KiB) is held, the rest waits in the kernel.
// Source: RFC 9110, RFC 9112.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/http/message.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"

namespace zoomwatch::http {

// TLS 1.2 or later, ECDHE and AEAD only, no renegotiation. The files are compared with their last content every
// `reload_interval`; a pair that does not load or does not fit together never replaces a good one (CERTIFICATE_INVALID, as a
// warning and in zoomwatch_http_tls_reloads_total).
struct TlsOptions {
  std::string certificate_file;  // PEM, chain with the leaf first
  std::string private_key_file;  // PEM
  std::string client_ca_file;    // PEM; not empty: clients must show a certificate that chains to it
  absl::Duration reload_interval = absl::Seconds(2);
};

struct ServerOptions {
  std::string name;                             // value of the label "port" in metrics and of "port" in log lines
  std::string listen_address = "127.0.0.1:0";   // "host:port", "[v6]:port"; port 0 takes any free one
  std::optional<TlsOptions> tls;                // absent: plain HTTP
  int threads = 1;
  size_t max_header_bytes = 16 << 10;           // request line and header fields with their line ends
  size_t max_header_count = 100;                // fields
  size_t max_body_bytes = 1 << 20;
  int max_connections = 4096;
  absl::Duration request_timeout = absl::Seconds(5);   // from accept, or from the first byte of a later request, to the last byte
  absl::Duration idle_timeout = absl::Seconds(60);     // between requests on a kept connection
  absl::Duration answer_deadline = absl::InfiniteDuration();  // from the first byte of a request; then the server answers 503
                                                       // ANSWER_DEADLINE_EXCEEDED in the handler's place
  absl::Duration write_timeout = absl::Seconds(10);    // for a peer that does not read its answer; then the connection is cut
  absl::Duration stop_grace;                           // at Shutdown(): how long a connection may still begin a request
  absl::Duration tick = absl::Milliseconds(20);        // how often time-outs are looked at: their resolution
};

// The one way to answer a request. Copyable, so that it fits into std::function; the first Send() of any copy counts, later ones
// do nothing. When the last copy goes without Send(), the server answers 503 SHUTTING_DOWN, so that the peer retries.
class Responder {
 public:
  // Where the answer goes: a connection of the server; a test may bring its own. Thread-safe. Only the first Send() counts.
  class Exchange {
   public:
    virtual ~Exchange() = default;
    virtual void Send(Response response) = 0;
  };
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  // Thread-safe, never blocks. Does nothing when the connection or the server is gone or the answer deadline has passed.
  void Send(Response response) const { exchange_->Send(std::move(response)); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

class Handler {
 public:
  virtual ~Handler() = default;

  // Called when a head is complete and its body has not been read. An answer here refuses the request without reading the body
  // (and closes the connection when there is one). `body`, `peer_address` and `receive_time` are not set yet.
  virtual std::optional<Response> OnHead(const Request& /*head*/) { return std::nullopt; }

  // Takes a whole request. Must lead to one responder.Send(), now or later.
  virtual void Handle(Request request, Responder responder) = 0;
};

class Server {
 public:
  // Binds, listens and starts the threads. Errors: ADDRESS_UNUSABLE, CERTIFICATE_INVALID.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, Handler& handler, const Clock& clock,
                                                       Metrics& metrics);
  // Shutdown(absl::ZeroDuration()).
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The bound port.
  uint16_t port() const;

  // Reads the certificate files now if they changed. OK also when nothing changed or the server has no TLS. CERTIFICATE_INVALID:
  // the last good pair stays in force. Thread-safe.
  absl::Status ReloadCertificate();
  // When the served leaf certificate ends; InfiniteFuture without TLS. Thread-safe.
  absl::Time certificate_not_after() const;

  // Stops accepting, answers from now on with "Connection: close", and closes connections without a request after stop_grace, so that
  // a peer that sends one at this moment is not cut off; lets requests that have begun finish, all in all for at most `deadline`, then
  // cuts the rest and joins the threads. Blocks. Idempotent; not to be called from a handler.
  void Shutdown(absl::Duration deadline);

 private:
  class State;
  explicit Server(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch::http
