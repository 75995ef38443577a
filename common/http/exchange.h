// The way back from a Responder to its connection. Internal to common/http.
#pragma once

#include <atomic>
#include <memory>

#include "common/http/connection.h"

namespace zoomwatch::http {

// Thread-safe.
class ConnectionExchange final : public Responder::Exchange {
 public:
  ConnectionExchange(std::shared_ptr<Worker> worker, std::weak_ptr<Connection> connection, uint64_t number)
      : worker_(std::move(worker)), connection_(std::move(connection)), number_(number) {}
  // Answers in the handler's place when it never did.
  ~ConnectionExchange() override;

  void Send(Response response) override;

 private:
  void Deliver(Response response);

  const std::shared_ptr<Worker> worker_;
  const std::weak_ptr<Connection> connection_;
  const uint64_t number_;
  std::atomic<bool> sent_{false};
};

}  // namespace zoomwatch::http
