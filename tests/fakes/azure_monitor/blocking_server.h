// A small HTTP/1.1 server of blocking sockets, plain or TLS, one thread per connection. Unlike common/http's it can break off a
// connection at any point, which is what it is for. Requests are parsed by common/http/request_parser.
//
// Threading: Listen(), Run() and the destructor from one thread; the handler is called on the connections' threads, several at once.
// Ownership: the handler outlives the server. The destructor cuts all connections and waits for their threads, so handlers that wait
// for something must be let go first.
// Limits: max_connections at once, further ones are closed at accept; max_body_bytes and 64 KiB of head, above which the parser's
// error is answered and the connection closed; idle_timeout without a byte closes.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/http/message.h"
#include "common/sync/mutex.h"

namespace zoomwatch::fakes {

// How a call ends.
struct Reply {
  enum class Send {
    kAll,
    kHalfOfHead,  // then the connection is reset
    kNothing,     // the connection is reset at once
  };
  http::Response response;
  Send send = Send::kAll;
};

class BlockingHandler {
 public:
  virtual ~BlockingHandler() = default;
  // The head is read, the body is not. A reply ends the connection without reading it.
  virtual std::optional<Reply> OnHead(const http::Request& head) = 0;
  virtual Reply OnRequest(const http::Request& request) = 0;
};

struct BlockingServerOptions {
  uint16_t port = 0;             // on 127.0.0.1; 0: any free one
  std::string certificate_file;  // PEM; both or neither
  std::string private_key_file;
  int max_connections = 256;
  size_t max_body_bytes = 16 << 20;
  absl::Duration idle_timeout = absl::Seconds(60);
};

class BlockingServer {
 public:
  // Takes the port; connections wait until Run(). Errors: CERTIFICATE_INVALID; UNAVAILABLE, the port cannot be listened on.
  static absl::StatusOr<std::unique_ptr<BlockingServer>> Listen(const BlockingServerOptions& options, BlockingHandler& handler);
  // Starts to accept. REQUIRES: called once.
  void Run();
  ~BlockingServer();
  BlockingServer(const BlockingServer&) = delete;
  BlockingServer& operator=(const BlockingServer&) = delete;

  uint16_t port() const { return port_; }
  bool tls() const { return tls_ != nullptr; }
  uint64_t connections() const;       // accepted so far
  uint64_t open_connections() const;  // of these, whose calls may still be under way

 private:
  class Connection;
  BlockingServer(const BlockingServerOptions& options, BlockingHandler& handler);
  absl::Status Bind();
  void AcceptAll();
  void Admit(int socket);

  const BlockingServerOptions options_;
  BlockingHandler& handler_;
  std::shared_ptr<SSL_CTX> tls_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};  // a pipe: a byte in it ends AcceptAll()
  uint16_t port_ = 0;
  mutable Mutex mutex_;
  uint64_t connections_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> ended_ = 0;
  std::list<std::unique_ptr<Connection>> open_;  // of the accepting thread
  std::thread accepting_;
};

}  // namespace zoomwatch::fakes
