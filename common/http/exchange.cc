#include "common/http/exchange.h"

#include <boost/asio/dispatch.hpp>

#include "common/http/error_response.h"

namespace zoomwatch::http {

ConnectionExchange::~ConnectionExchange() {
  if (!sent_.exchange(true)) Deliver(ErrorResponse(Reason::kShuttingDown));
}

void ConnectionExchange::Send(Response response) {
  if (!sent_.exchange(true)) Deliver(std::move(response));
}

// At once when called on the connection's own thread, otherwise by one post to it.
void ConnectionExchange::Deliver(Response response) {
  boost::asio::dispatch(worker_->io, [connection = connection_, number = number_, response = std::move(response)]() mutable {
    if (const auto alive = connection.lock()) alive->OnAnswer(number, std::move(response));
  });
}

}  // namespace zoomwatch::http
