// A blocking client that sends exactly the bytes it is given, over TCP or TLS. For tests: every operation gives up after kPatience.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zoomwatch::testing {

struct RawResponse {
  int status = 0;  // 0: the connection ended without an answer
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string Header(std::string_view name) const;  // "" when absent
};

class RawClient {
 public:
  struct Tls {
    SSL_CTX* context = nullptr;
  };
  // Connects to 127.0.0.1; with `tls` also shakes hands. connected() tells whether it worked.
  explicit RawClient(uint16_t port, std::optional<Tls> tls = std::nullopt);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  SSL* ssl() const { return ssl_; }
  int fd() const { return fd_; }

  // False when the peer has gone; what was sent before may still be answered.
  bool Send(std::string_view bytes);
  // The next answer, or status 0 when the connection ended or patience ran out. Answers to HEAD have no body.
  RawResponse Receive(bool head = false);
  // Ends our direction.
  void FinishSending();
  // True when the peer closed (or reset) the connection within patience and sent nothing more.
  bool PeerClosed();

  RawResponse Exchange(std::string_view bytes) {
    Send(bytes);
    return Receive();
  }

 private:
  // Appends to received_. False: end of the stream, error or time-out.
  bool ReadMore();

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  bool end_seen_ = false;
  std::string received_;
};

}  // namespace zoomwatch::testing
