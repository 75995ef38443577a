#include "tests/integration/http_edge/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "common/http/message.h"

namespace zoomwatch::testing {
namespace {

constexpr int kPatienceSeconds = 20;  // a test that needs it has failed

}  // namespace

std::string RawResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (http::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

RawClient::RawClient(uint16_t port, std::optional<Tls> tls) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  const int on = 1;
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (!connected_ || !tls.has_value()) return;
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's socket writes cannot be told MSG_NOSIGNAL
  ssl_ = SSL_new(tls->context);
  SSL_set_fd(ssl_, fd_);
  connected_ = SSL_connect(ssl_) == 1;
}

RawClient::~RawClient() {
  SSL_free(ssl_);
  if (fd_ >= 0) close(fd_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = 0;
    if (ssl_ != nullptr) {
      sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    } else {
      sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
    }
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::ReadMore() {
  if (end_seen_) return false;
  char buffer[4096];
  ssize_t got = 0;
  if (ssl_ != nullptr) {
    got = SSL_read(ssl_, buffer, sizeof(buffer));
  } else {
    do got = recv(fd_, buffer, sizeof(buffer), 0);
    while (got < 0 && errno == EINTR);
  }
  if (got <= 0) {
    end_seen_ = got == 0 || ssl_ != nullptr || (errno != EAGAIN && errno != EWOULDBLOCK);
    return false;
  }
  received_.append(buffer, static_cast<size_t>(got));
  return true;
}

RawResponse RawClient::Receive(bool head) {
  RawResponse response;
  size_t head_end = 0;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return response;
  }
  const std::string head_text = received_.substr(0, head_end + 2);
  received_.erase(0, head_end + 4);
  const int status = std::atoi(head_text.c_str() + std::string_view("HTTP/1.1 ").size());
  size_t at = head_text.find("\r\n") + 2;
  size_t length = 0;
  while (at < head_text.size()) {
    const size_t end = head_text.find("\r\n", at);
    const size_t colon = head_text.find(": ", at);
    response.headers.emplace_back(head_text.substr(at, colon - at), head_text.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  if (const std::string text = response.Header("Content-Length"); !text.empty() && !head) length = std::stoul(text);
  while (received_.size() < length) {
    if (!ReadMore()) return response;
  }
  response.status = status;
  response.body = received_.substr(0, length);
  received_.erase(0, length);
  return response;
}

void RawClient::FinishSending() { shutdown(fd_, SHUT_WR); }

bool RawClient::PeerClosed() { return received_.empty() && !ReadMore() && end_seen_; }

}  // namespace zoomwatch::testing
