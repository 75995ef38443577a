#include "common/http/server.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "common/http/tls_context.h"
#include "common/http/transport.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/sync/periodic_task.h"

namespace zoomwatch::http {
namespace {

using boost::asio::ip::tcp;

// How long to wait when the system has no descriptors left; accepting at once again would spin.
constexpr auto kAcceptBackOff = std::chrono::milliseconds(100);

absl::StatusOr<tcp::endpoint> ParseAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  const auto malformed = [&] { return Error(Reason::kAddressUnusable, "listen address \"" + address + "\": not host:port"); };
  if (colon == std::string::npos) return malformed();
  std::string host = address.substr(0, colon);
  const std::string port_text = address.substr(colon + 1);
  if (port_text.empty() || port_text.size() > 5 || port_text.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(port_text) > 65535) {
    return malformed();
  }
  const auto port = static_cast<uint16_t>(std::stoi(port_text));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  ErrorCode error;
  const auto ip = boost::asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(ip, port);
  boost::asio::io_context io;
  tcp::resolver resolver(io);
  const auto results = resolver.resolve(host, port_text, tcp::resolver::passive, error);
  if (error || results.empty()) return Error(Reason::kAddressUnusable, "listen address \"" + address + "\": " + error.message());
  return results.begin()->endpoint();
}

}  // namespace

class Server::State {
 public:
  State(ServerOptions options, Handler& handler, const Clock& clock, Metrics& metrics)
      : options_(std::move(options)), context_{options_, handler, clock, PortMetrics(metrics, options_.name)} {}
  ~State() { Shutdown(absl::ZeroDuration()); }

  absl::Status Start();
  uint16_t port() const { return port_; }
  absl::Status ReloadCertificate();
  absl::Time certificate_not_after() const { return tls_ == nullptr ? absl::InfiniteFuture() : tls_->Get().not_after; }
  void Shutdown(absl::Duration deadline);

 private:
  absl::Status Listen();
  void Accept();
  void OnAccepted(const ErrorCode& error, TcpSocket socket, std::shared_ptr<Worker> worker);
  // Serves the connection, or closes it when there are too many.
  void Take(TcpSocket socket, const std::shared_ptr<Worker>& worker);
  // On the worker's thread, when there are too many: in the place of one of its kept connections, when it has one.
  void TakeForKept(TcpSocket socket, Worker& worker);
  void Serve(TcpSocket socket, Worker& worker);
  // Takes the connections that are complete and wait in the kernel, which would be reset, and closes the listening socket.
  void StopAccepting();
  // Waits until no connection is open, for at most that long.
  void WaitForNoneOpen(absl::Duration longest);
  std::shared_ptr<Connection> MakeConnection(TcpSocket socket, Worker& worker);
  bool TakePlace();
  // Runs on the worker's thread and waits for it.
  static void RunOn(Worker& worker, std::function<void()> action);

  const ServerOptions options_;
  ServerContext context_;
  std::unique_ptr<TlsContextSource> tls_;
  uint16_t port_ = 0;
  std::vector<std::shared_ptr<Worker>> workers_;
  // On the first worker's thread only.
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<boost::asio::steady_timer> accept_back_off_;
  size_t next_worker_ = 0;

  std::vector<std::thread> threads_;
  std::unique_ptr<PeriodicTask> certificate_watch_;
  bool shut_down_ = false;
};

absl::Status Server::State::Start() {
  if (options_.tls.has_value()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(tls_, TlsContextSource::Open(*options_.tls, context_.clock.Now()));
    context_.metrics.certificate_end.Set(static_cast<double>(absl::ToUnixSeconds(certificate_not_after())));
  }
  for (int i = 0; i < options_.threads; ++i) workers_.push_back(std::make_shared<Worker>(context_));
  ZOOMWATCH_RETURN_IF_ERROR(Listen());
  boost::asio::post(workers_[0]->io, [this] { Accept(); });
  for (const auto& worker : workers_) threads_.emplace_back([worker] { worker->Run(); });
  if (tls_ != nullptr) {
    // On a thread of its own, because a mounted secret may hang like any other file.
    certificate_watch_ = std::make_unique<PeriodicTask>(
        options_.tls->reload_interval, [this] { [[maybe_unused]] const absl::Status logged = ReloadCertificate(); });
  }
  return absl::OkStatus();
}

// One listening socket whose connections go to the workers in turn: SO_REUSEPORT would let a second server take the same port
// unnoticed, and spreads few connections badly.
absl::Status Server::State::Listen() {
  ZOOMWATCH_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseAddress(options_.listen_address));
  auto acceptor = std::make_unique<tcp::acceptor>(workers_[0]->io);
  const auto fail = [&](const char* what, const ErrorCode& error) {
    return Error(Reason::kAddressUnusable, "listen address \"" + options_.listen_address + "\": " + what + ": " + error.message());
  };
  ErrorCode error;
  if (acceptor->open(endpoint.protocol(), error); error) return fail("socket", error);
  if (acceptor->set_option(tcp::acceptor::reuse_address(true), error); error) return fail("socket option", error);
  if (acceptor->bind(endpoint, error); error) return fail("bind", error);
  if (acceptor->listen(boost::asio::socket_base::max_listen_connections, error); error) return fail("listen", error);
  const tcp::endpoint bound = acceptor->local_endpoint(error);
  if (error) return fail("local address", error);
  port_ = bound.port();
  acceptor_ = std::move(acceptor);
  accept_back_off_ = std::make_unique<boost::asio::steady_timer>(workers_[0]->io);
  return absl::OkStatus();
}

void Server::State::Accept() {
  const std::shared_ptr<Worker> worker = workers_[next_worker_++ % workers_.size()];
  acceptor_->async_accept(worker->io.get_executor(), [this, worker](const ErrorCode& error, TcpSocket socket) {
    OnAccepted(error, std::move(socket), worker);
  });
}

void Server::State::OnAccepted(const ErrorCode& error, TcpSocket socket, std::shared_ptr<Worker> worker) {
  if (error && !acceptor_->is_open()) return;
  if (error) {
    context_.metrics.failed.Increment();
    Log(Severity::kWarning, "connection not accepted", {{"port", options_.name}, {"error", error.message()}});
    accept_back_off_->expires_after(kAcceptBackOff);
    accept_back_off_->async_wait([this](const ErrorCode& cancelled) {
      if (!cancelled && acceptor_->is_open()) Accept();
    });
    return;
  }
  Take(std::move(socket), worker);
  if (acceptor_->is_open()) Accept();
}

void Server::State::Take(TcpSocket socket, const std::shared_ptr<Worker>& worker) {
  if (TakePlace()) return Serve(std::move(socket), *worker);
  boost::asio::dispatch(worker->io, [this, &worker = *worker, socket = std::move(socket)]() mutable { TakeForKept(std::move(socket), worker); });
}

void Server::State::TakeForKept(TcpSocket socket, Worker& worker) {
  // Otherwise whoever keeps many connections open with a request a minute would keep everybody else out.
  if (worker.CloseLongestKept() && TakePlace()) {
    context_.metrics.displaced.Increment();
    return Serve(std::move(socket), worker);
  }
  context_.metrics.refused.Increment();
  Log(Severity::kWarning, "connection closed: too many are open",
      {{"port", options_.name}, {"max_connections", options_.max_connections}});
}

void Server::State::Serve(TcpSocket socket, Worker& worker) {
  context_.metrics.accepted.Increment();
  context_.metrics.open.Increment();
  boost::asio::dispatch(worker.io, [connection = MakeConnection(std::move(socket), worker)] { connection->Start(); });
}

void Server::State::StopAccepting() {
  ErrorCode error;
  acceptor_->non_blocking(true, error);
  for (int taken = 0; !error && taken < boost::asio::socket_base::max_listen_connections; ++taken) {
    const std::shared_ptr<Worker>& worker = workers_[next_worker_++ % workers_.size()];
    TcpSocket socket = acceptor_->accept(worker->io.get_executor(), error);
    if (!error) Take(std::move(socket), worker);
  }
  ErrorCode ignored;
  acceptor_->close(ignored);
  accept_back_off_->cancel();
}

void Server::State::WaitForNoneOpen(absl::Duration longest) {
  const absl::Duration end = SystemClock::Get().Monotonic() + longest;
  MutexLock lock(context_.mutex);
  while (context_.open_connections > 0) {
    const absl::Duration left = end - SystemClock::Get().Monotonic();
    if (left <= absl::ZeroDuration()) break;
    context_.none_open.WaitFor(context_.mutex, left);
  }
}

std::shared_ptr<Connection> Server::State::MakeConnection(TcpSocket socket, Worker& worker) {
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint peer = socket.remote_endpoint(ignored);
  std::string address = ignored ? std::string() : peer.address().to_string();
  if (tls_ == nullptr) {
    return std::make_shared<PlainConnection>(context_, worker, std::move(address), std::move(socket));
  }
  return std::make_shared<TlsConnection>(context_, worker, std::move(address), std::move(socket),
                                         SSL_new(tls_->Get().handle.get()));
}

bool Server::State::TakePlace() {
  MutexLock lock(context_.mutex);
  if (context_.open_connections >= options_.max_connections) return false;
  ++context_.open_connections;
  return true;
}

absl::Status Server::State::ReloadCertificate() {
  if (tls_ == nullptr) return absl::OkStatus();
  const auto outcome = tls_->Reload(context_.clock.Now());
  if (!outcome.ok()) {
    context_.metrics.reload_failed.Increment();
    Log(Severity::kWarning, "certificate not replaced: the last good one stays in force",
        {{"port", options_.name}, {"error", outcome.status()}});
    return outcome.status();
  }
  if (*outcome == TlsContextSource::Outcome::kReplaced) {
    context_.metrics.reload_done.Increment();
    context_.metrics.certificate_end.Set(static_cast<double>(absl::ToUnixSeconds(certificate_not_after())));
    Log(Severity::kInfo, "certificate replaced",
        {{"port", options_.name}, {"not_after", absl::FormatTime(certificate_not_after(), absl::UTCTimeZone())}});
  }
  return absl::OkStatus();
}

void Server::State::RunOn(Worker& worker, std::function<void()> action) {
  std::promise<void> done;
  boost::asio::post(worker.io, [&] {
    action();
    done.set_value();
  });
  done.get_future().wait();
}

void Server::State::Shutdown(absl::Duration deadline) {
  if (shut_down_) return;
  shut_down_ = true;
  certificate_watch_.reset();
  if (threads_.empty()) return;  // Start() failed

  const absl::Duration end = SystemClock::Get().Monotonic() + deadline;
  context_.draining = true;
  RunOn(*workers_[0], [this] { StopAccepting(); });
  RunOn(*workers_[0], [] {});  // behind the report of an accept that had ended before
  WaitForNoneOpen(std::min(options_.stop_grace, deadline));
  context_.closing_idle = true;
  for (const auto& worker : workers_) RunOn(*worker, [&] { worker->CloseIdle(); });
  WaitForNoneOpen(end - SystemClock::Get().Monotonic());
  for (const auto& worker : workers_) RunOn(*worker, [&] { worker->CloseAll(); });
  for (std::thread& thread : threads_) thread.join();
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler& handler, const Clock& clock,
                                                      Metrics& metrics) {
  auto state = std::make_unique<State>(std::move(options), handler, clock, metrics);
  ZOOMWATCH_RETURN_IF_ERROR(state->Start());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

uint16_t Server::port() const { return state_->port(); }
absl::Status Server::ReloadCertificate() { return state_->ReloadCertificate(); }
absl::Time Server::certificate_not_after() const { return state_->certificate_not_after(); }
void Server::Shutdown(absl::Duration deadline) { state_->Shutdown(deadline); }

}  // namespace zoomwatch::http
