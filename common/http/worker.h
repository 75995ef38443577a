// One io thread with its event loop and its connections. Internal to common/http: the only headers with Asio in them are this
// one, connection.h and transport.h.
//
// Time-outs: one coarse timer per worker walks an array of deadlines instead of arming a timer per connection and phase, which
// would cost a system call or a heap operation for every request.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/http/port_metrics.h"
#include "common/http/server.h"
#include "common/sync/mutex.h"

namespace zoomwatch::http {

class Connection;

// What all connections of a server share. Outlives them.
struct ServerContext {
  const ServerOptions& options;
  Handler& handler;
  const Clock& clock;
  PortMetrics metrics;
  std::atomic<bool> draining{false};      // each answer is the last one of its connection
  std::atomic<bool> closing_idle{false};  // no request begins any more

  // Places taken, of max_connections.
  Mutex mutex;
  CondVar none_open;
  int open_connections ABSL_GUARDED_BY(mutex) = 0;
};

// All but `io` is used on the worker's thread only. Shared: a Responder may outlive the server and still post to `io`.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  explicit Worker(ServerContext& context);

  // Serves until CloseAll() was called and every pending operation is done.
  void Run();

  // Called by connections.
  size_t Register(std::shared_ptr<Connection> connection, absl::Duration deadline);
  void Unregister(size_t slot);
  void SetDeadline(size_t slot, absl::Duration deadline) { slots_[slot].deadline = deadline; }
  // The value of the Date field, at most one tick old.
  const std::string& date() const { return date_; }

  // Closes the kept connection that has been idle for the longest time. False: there is none.
  bool CloseLongestKept();
  // Closes connections without a request. Connections that begin later are closed by themselves.
  void CloseIdle();
  // Closes everything and lets Run() return.
  void CloseAll();
  bool closed() const { return closed_; }

  // Concurrency hint 1: one thread runs it, others only post.
  boost::asio::io_context io{1};

 private:
  struct Slot {
    absl::Duration deadline;  // on Clock::Monotonic()
    std::shared_ptr<Connection> connection;
  };

  void ArmTick();
  void OnTick();

  ServerContext& context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  bool closed_ = false;
  std::vector<Slot> slots_;
  std::string date_;
  int64_t date_second_ = -1;
};

}  // namespace zoomwatch::http
