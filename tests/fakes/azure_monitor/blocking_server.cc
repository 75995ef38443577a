#include "tests/fakes/azure_monitor/blocking_server.h"

#include <fmt/format.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "common/http/request_parser.h"
#include "common/http/tls_context.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"

namespace zoomwatch::fakes {
namespace {

constexpr size_t kMaxHeadBytes = 64 << 10;
constexpr size_t kReadBytes = 64 << 10;

absl::Status Unavailable(std::string_view what) {
  return absl::UnavailableError(fmt::format("{}: {}", what, std::strerror(errno)));
}

std::string_view Phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 413: return "Content Too Large";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Answer";
  }
}

std::string HeadOf(const http::Response& response, bool keep_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, Phrase(response.status));
  if (!response.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", response.content_type);
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (response.status != 204) head += fmt::format("Content-Length: {}\r\n", response.body.size());
  if (!keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

int StatusOf(Reason reason) {
  if (reason == Reason::kBodyTooLarge) return 413;
  return reason == Reason::kHeadersTooLarge ? 431 : 400;
}

}  // namespace

// One accepted socket with its thread. The socket is closed by the destructor only, so that Cut() never meets another's.
class BlockingServer::Connection {
 public:
  Connection(BlockingServer& server, int socket)
      : server_(server), socket_(socket), parser_({kMaxHeadBytes, 200, server.options_.max_body_bytes}), thread_([this] { Run(); }) {}
  ~Connection() {
    thread_.join();
    SSL_free(tls_);
    close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool done() const { return done_.load(); }
  // Wakes the thread from whatever it waits for on the socket.
  void Cut() { shutdown(socket_, SHUT_RDWR); }

 private:
  void Run() {
    // Writing to a reset connection: OpenSSL cannot be told MSG_NOSIGNAL, and the process's disposition is not ours to change.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    if (Open()) {
      while (ServeOne()) parser_.Reset();
      // Both ends close in order, so that a peer sees the end and no error.
      if (tls_ != nullptr && !reset_) SSL_shutdown(tls_);
    }
    if (reset_) {
      Reset();
    } else {
      shutdown(socket_, SHUT_RDWR);
    }
    ++server_.ended_;
    done_.store(true);
  }

  // Linux resets a connection that is connected to "nothing", and the descriptor stays ours, which close() would not allow.
  void Reset() {
    sockaddr nothing{};
    nothing.sa_family = AF_UNSPEC;
    if (connect(socket_, &nothing, sizeof(nothing)) != 0) shutdown(socket_, SHUT_RDWR);
  }

  bool Open() {
    const timeval patience = absl::ToTimeval(server_.options_.idle_timeout);
    const int on = 1;
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (server_.tls_ == nullptr) return true;
    tls_ = SSL_new(server_.tls_.get());
    return tls_ != nullptr && SSL_set_fd(tls_, socket_) == 1 && SSL_accept(tls_) == 1;
  }

  // False: the connection has ended or is to end.
  bool ServeOne() {
    bool head_seen = false;
    while (parser_.state() != http::RequestParser::State::kComplete) {
      if (parser_.state() == http::RequestParser::State::kFailed) return Refuse();
      if (parser_.state() == http::RequestParser::State::kBody && !head_seen) {
        head_seen = true;
        if (std::optional<Reply> reply = server_.handler_.OnHead(parser_.request())) return Answer(*reply, false) && false;
        if (parser_.expects_continue() && !Write("HTTP/1.1 100 Continue\r\n\r\n")) return false;
      }
      if (unread_.empty() && !Read()) return false;
      unread_.remove_prefix(parser_.Parse(unread_));
    }
    const bool keep_alive = parser_.keep_alive();
    const http::Request request = parser_.Take();
    if (!head_seen) {
      if (std::optional<Reply> reply = server_.handler_.OnHead(request)) return Answer(*reply, false) && false;
    }
    return Answer(server_.handler_.OnRequest(request), keep_alive);
  }

  bool Refuse() {
    const http::Response response{.status = StatusOf(parser_.failure()), .content_type = "text/plain", .body = "refused by the parser\n"};
    Write(HeadOf(response, false) + response.body);
    return false;
  }

  bool Answer(const Reply& reply, bool keep_alive) {
    keep_alive = keep_alive && !reply.response.close && reply.send == Reply::Send::kAll;
    const std::string head = HeadOf(reply.response, keep_alive);
    switch (reply.send) {
      case Reply::Send::kAll: return Write(head + (reply.response.status == 204 ? "" : reply.response.body)) && keep_alive;
      case Reply::Send::kHalfOfHead: Write(std::string_view(head).substr(0, head.size() / 2)); break;
      case Reply::Send::kNothing: break;
    }
    reset_ = true;
    return false;
  }

  bool Read() {
    ssize_t got = 0;
    do {
      got = tls_ != nullptr ? SSL_read(tls_, buffer_.data(), static_cast<int>(buffer_.size()))
                            : recv(socket_, buffer_.data(), buffer_.size(), 0);
    } while (got < 0 && tls_ == nullptr && errno == EINTR);
    if (got <= 0) return false;
    unread_ = std::string_view(buffer_.data(), static_cast<size_t>(got));
    return true;
  }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                           : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && tls_ == nullptr && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  BlockingServer& server_;
  const int socket_;
  SSL* tls_ = nullptr;
  http::RequestParser parser_;
  std::string buffer_ = std::string(kReadBytes, '\0');
  std::string_view unread_;  // of buffer_
  bool reset_ = false;
  std::atomic<bool> done_ = false;
  std::thread thread_;  // last: it uses the others
};

BlockingServer::BlockingServer(const BlockingServerOptions& options, BlockingHandler& handler) : options_(options), handler_(handler) {}

absl::StatusOr<std::unique_ptr<BlockingServer>> BlockingServer::Listen(const BlockingServerOptions& options, BlockingHandler& handler) {
  std::unique_ptr<BlockingServer> server(new BlockingServer(options, handler));
  if (!options.certificate_file.empty()) {
    const http::TlsOptions files{.certificate_file = options.certificate_file, .private_key_file = options.private_key_file, .client_ca_file = ""};
    ZOOMWATCH_ASSIGN_OR_RETURN(const auto source, http::TlsContextSource::Open(files, SystemClock::Get().Now()));
    server->tls_ = source->Get().handle;
  }
  ZOOMWATCH_RETURN_IF_ERROR(server->Bind());
  return server;
}

void BlockingServer::Run() { accepting_ = std::thread([this] { AcceptAll(); }); }

absl::Status BlockingServer::Bind() {
  if (pipe2(wake_, O_CLOEXEC) != 0) return Unavailable("pipe");
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0) return Unavailable("socket");
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0) return Unavailable(fmt::format("port {}", options_.port));
  if (listen(listener_, SOMAXCONN) != 0) return Unavailable("listen");
  if (getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return Unavailable("getsockname");
  port_ = ntohs(address.sin_port);
  return absl::OkStatus();
}

BlockingServer::~BlockingServer() {
  if (accepting_.joinable()) {
    const char byte = 0;
    while (write(wake_[1], &byte, 1) < 0 && errno == EINTR) {
    }
    accepting_.join();
  }
  for (const int descriptor : {listener_, wake_[0], wake_[1]}) {
    if (descriptor >= 0) close(descriptor);
  }
}

void BlockingServer::AcceptAll() {
  while (true) {
    pollfd waits[] = {{.fd = listener_, .events = POLLIN, .revents = 0}, {.fd = wake_[0], .events = POLLIN, .revents = 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) break;
    if (waits[1].revents != 0) break;
    if (waits[0].revents == 0) continue;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) Admit(socket);
  }
  for (const std::unique_ptr<Connection>& connection : open_) connection->Cut();
  open_.clear();
}

void BlockingServer::Admit(int socket) {
  {
    MutexLock lock(mutex_);
    ++connections_;
  }
  open_.remove_if([](const std::unique_ptr<Connection>& connection) { return connection->done(); });
  if (open_.size() >= static_cast<size_t>(options_.max_connections)) {
    close(socket);
    return;
  }
  open_.push_back(std::make_unique<Connection>(*this, socket));
}

uint64_t BlockingServer::connections() const {
  MutexLock lock(mutex_);
  return connections_;
}

uint64_t BlockingServer::open_connections() const { return connections() - ended_; }

}  // namespace zoomwatch::fakes
