#include "tests/bench/intake/load_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "common/status/check.h"
#include "common/time/clock.h"
#include "services/receiver/signature_verifier.h"

namespace zoomwatch::bench {
namespace {

// An event of 864 bytes, like the one that the figures in docs/performance.md are for; the serial number makes each one new.
std::string MakeBody() {
  static std::atomic<int64_t> serial{1};
  std::string body = fmt::format(
      R"({{"event":"meeting.participant_joined","event_ts":{:013},"payload":{{"account_id":"acc-0001","object":{{"id":"90000000001","note":")",
      serial++);
  body += std::string(860 - body.size(), 'x');
  return body + "\"}}}";
}

double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

struct LoadClient::Connection {
  int fd = -1;
  SSL* ssl = nullptr;
  std::string output;
  std::string input;
  absl::Duration sent_at;
};

LoadClient::LoadClient(uint16_t port, int connections, SSL_CTX* tls, const HmacSha256Key& key)
    : key_(key), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (int i = 0; i < connections; ++i) {
    auto connection = std::make_unique<Connection>();
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ZOOMWATCH_CHECK(connect(connection->fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    if (tls != nullptr) {
      connection->ssl = SSL_new(tls);
      SSL_set_fd(connection->ssl, connection->fd);
      ZOOMWATCH_CHECK(SSL_connect(connection->ssl) == 1);
    }
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection.get()}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
    connections_.push_back(std::move(connection));
  }
}

LoadClient::~LoadClient() {
  for (const auto& connection : connections_) {
    SSL_free(connection->ssl);
    close(connection->fd);
  }
  close(epoll_);
}

LoadResult LoadClient::Run(absl::Duration duration) {
  LoadResult result;
  const Clock& clock = SystemClock::Get();
  const absl::Duration begin = clock.Monotonic();
  const double cpu_begin = ThreadCpuSeconds();
  sending_ = true;
  for (const auto& connection : connections_) SendNext(*connection);
  epoll_event events[256];
  while (on_the_way_ > 0) {
    const int count = epoll_wait(epoll_, events, 256, 5000);
    ZOOMWATCH_CHECK(count > 0);
    if (sending_ && clock.Monotonic() - begin > duration) {
      sending_ = false;
      result.seconds = absl::ToDoubleSeconds(clock.Monotonic() - begin);
      result.client_cpu_seconds = ThreadCpuSeconds() - cpu_begin;
    }
    for (int i = 0; i < count; ++i) OnAnswer(*static_cast<Connection*>(events[i].data.ptr), result);
  }
  std::sort(result.latency_ms.begin(), result.latency_ms.end());
  return result;
}

void LoadClient::SendNext(Connection& connection) {
  const std::string body = MakeBody();
  const std::string timestamp = std::to_string(absl::ToUnixSeconds(SystemClock::Get().Now()));
  connection.output = fmt::format(
      "POST /webhook HTTP/1.1\r\nHost: receiver.example\r\nUser-Agent: Zoom Marketplace/1.0a\r\n"
      "Content-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\nAuthorization: token\r\n"
      "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-00\r\nx-zm-request-id: 6009d653_d487_445d_8406_42b654974899\r\n"
      "x-zm-request-timestamp: {}\r\nx-zm-signature: {}\r\nAccept-Encoding: gzip\r\n\r\n{}",
      body.size(), timestamp, receiver::Sign(key_, timestamp, body), body);
  connection.sent_at = SystemClock::Get().Monotonic();
  ++on_the_way_;
  Flush(connection);
}

// A request is far smaller than a socket buffer, and there is never more than one: it goes out whole.
void LoadClient::Flush(Connection& connection) {
  const std::string& output = connection.output;
  const auto sent = connection.ssl != nullptr ? static_cast<ssize_t>(SSL_write(connection.ssl, output.data(), static_cast<int>(output.size())))
                                              : send(connection.fd, output.data(), output.size(), MSG_NOSIGNAL);
  ZOOMWATCH_CHECK(sent == static_cast<ssize_t>(output.size()));
}

bool LoadClient::ReadSome(Connection& connection) {
  char buffer[4096];
  const auto got = connection.ssl != nullptr ? static_cast<ssize_t>(SSL_read(connection.ssl, buffer, sizeof(buffer)))
                                             : recv(connection.fd, buffer, sizeof(buffer), 0);
  if (got > 0) connection.input.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

void LoadClient::OnAnswer(Connection& connection, LoadResult& result) {
  if (!ReadSome(connection)) return;
  const size_t head_end = connection.input.find("\r\n\r\n");
  if (head_end == std::string::npos) return;
  const size_t length_at = connection.input.find("Content-Length: ");
  const size_t length = length_at < head_end ? std::stoul(connection.input.substr(length_at + 16, 12)) : 0;
  if (connection.input.size() < head_end + 4 + length) return;
  const bool good = connection.input.compare(9, 3, "200") == 0;
  connection.input.clear();
  --on_the_way_;
  if (!sending_) return;
  ++(good ? result.answered : result.refused);
  result.latency_ms.push_back(static_cast<float>(absl::ToDoubleMilliseconds(SystemClock::Get().Monotonic() - connection.sent_at)));
  SendNext(connection);
}

}  // namespace zoomwatch::bench
