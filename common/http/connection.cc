#include "common/http/connection.h"

#include <fmt/format.h>

#include <utility>

#include "common/http/error_response.h"
#include "common/http/exchange.h"

namespace zoomwatch::http {
namespace {

// How long a closing connection still takes what the peer sends. Closing at once would make the kernel reset the connection and
// the peer lose the answer (RFC 9112 section 9.6).
constexpr absl::Duration kLingerTimeout = absl::Seconds(1);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

void AppendHead(std::string& out, const Response& response, bool keep, std::string_view date) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, ReasonPhrase(response.status), date);
  if (response.status != 204) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  if (!response.content_type.empty()) {
    fmt::format_to(std::back_inserter(out), "Content-Type: {}\r\nX-Content-Type-Options: nosniff\r\n", response.content_type);
  }
  for (const auto& [name, value] : response.headers) fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
  out += keep ? "Cache-Control: no-store\r\n\r\n" : "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
}

}  // namespace

Connection::Connection(ServerContext& context, Worker& worker, std::string peer_address)
    : context_(context),
      worker_(worker),
      peer_address_(std::move(peer_address)),
      parser_({.max_header_bytes = context.options.max_header_bytes,
               .max_header_count = context.options.max_header_count,
               .max_body_bytes = context.options.max_body_bytes}) {}

void Connection::Start() {
  slot_ = worker_.Register(shared_from_this(), context_.clock.Monotonic() + context_.options.request_timeout);
  if (worker_.closed()) return Close();
  if (needs_handshake()) return StartHandshake();
  phase_ = Phase::kIdle;
  ReadMore();
  if (context_.closing_idle) CloseIfIdle();
}

void Connection::OnHandshake(bool ok) {
  if (phase_ != Phase::kHandshake) return;
  (ok ? context_.metrics.handshake_done : context_.metrics.handshake_failed).Increment();
  if (!ok) return Close();
  phase_ = Phase::kIdle;
  ReadMore();
  if (context_.closing_idle) CloseIfIdle();
}

void Connection::SetDeadline(absl::Duration deadline) { worker_.SetDeadline(slot_, deadline); }

void Connection::ReadMore() {
  input_begin_ = input_end_ = 0;
  StartRead();
}

void Connection::OnRead(bool ok, size_t size) {
  if (phase_ != Phase::kIdle && phase_ != Phase::kReading) return;  // a refusal has overtaken this read
  if (!ok) {
    if (std::exchange(cancelled_, false) && HasInput()) return ReadMore();
    return Close();
  }
  input_end_ = size;
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kReading;
    first_byte_ = context_.clock.Monotonic();
    // The first request keeps the deadline that began with the connection, so that a slow handshake gains no time.
    if (exchange_ > 0) SetDeadline(first_byte_ + context_.options.request_timeout);
  }
  Process();
}

void Connection::Process() {
  while (true) {
    if (input_begin_ == input_end_) return ReadMore();
    input_begin_ += parser_.Parse(std::string_view(input_.data() + input_begin_, input_end_ - input_begin_));
    switch (parser_.state()) {
      case RequestParser::State::kHead: break;
      case RequestParser::State::kFailed: return Refuse(parser_.failure());
      case RequestParser::State::kBody:
        if (!head_admitted_ && !AdmitHead()) return;
        break;
      case RequestParser::State::kComplete:
        if (!head_admitted_ && !AdmitHead()) return;
        return Dispatch();
    }
  }
}

bool Connection::AdmitHead() {
  head_admitted_ = true;
  is_head_request_ = parser_.request().method == "HEAD";
  const bool whole = parser_.state() == RequestParser::State::kComplete;
  if (const auto refusal = context_.handler.OnHead(parser_.request())) {
    ++exchange_;
    Write(*refusal, whole && parser_.keep_alive() && !refusal->close);
    return false;
  }
  if (whole || !parser_.expects_continue()) return true;
  phase_ = Phase::kContinue;
  output_ = kContinue;
  StartWrite();
  return false;
}

void Connection::Dispatch() {
  phase_ = Phase::kHandling;
  ++exchange_;
  SetDeadline(first_byte_ + context_.options.answer_deadline);
  Request request = parser_.Take();
  request.peer_address = peer_address_;
  request.receive_time = context_.clock.Now();
  context_.handler.Handle(std::move(request), Responder(std::make_shared<ConnectionExchange>(
                                                  worker_.shared_from_this(), weak_from_this(), exchange_)));
}

void Connection::OnAnswer(uint64_t exchange, Response response) {
  if (phase_ != Phase::kHandling || exchange != exchange_) return;
  Write(response, parser_.keep_alive() && !response.close);
}

void Connection::Refuse(Reason reason) {
  context_.metrics.CountRefusal(reason);
  ++exchange_;
  Write(ErrorResponse(reason), false);
}

void Connection::Write(const Response& response, bool keep) {
  phase_ = Phase::kWriting;
  keep_after_write_ = keep && !context_.draining;
  context_.metrics.CountResponse(response.status);
  output_.clear();
  AppendHead(output_, response, keep_after_write_, worker_.date());
  if (!is_head_request_ && response.status != 204) output_ += response.body;
  SetDeadline(context_.clock.Monotonic() + context_.options.write_timeout);
  StartWrite();
}

void Connection::OnWritten(bool ok) {
  if (phase_ != Phase::kContinue && phase_ != Phase::kWriting) return;
  if (!ok) return Close();
  if (phase_ == Phase::kContinue) {
    phase_ = Phase::kReading;
    return Process();
  }
  if (!keep_after_write_ || context_.closing_idle) return Linger();
  parser_.Reset();
  head_admitted_ = false;
  is_head_request_ = false;
  const absl::Duration now = context_.clock.Monotonic();
  if (input_begin_ == input_end_) {
    phase_ = Phase::kIdle;
    SetDeadline(now + context_.options.idle_timeout);
    return ReadMore();
  }
  phase_ = Phase::kReading;  // the peer pipelines
  first_byte_ = now;
  SetDeadline(now + context_.options.request_timeout);
  Process();
}

void Connection::OnDeadline() {
  switch (phase_) {
    case Phase::kHandshake: context_.metrics.handshake_timeout.Increment(); return Close();
    case Phase::kReading: CancelRead(); return Refuse(Reason::kRequestTimeout);
    case Phase::kHandling:
      ++exchange_;  // what the handler sends later is too late
      context_.metrics.CountRefusal(Reason::kAnswerDeadlineExceeded);
      return Write(ErrorResponse(Reason::kAnswerDeadlineExceeded), parser_.keep_alive());
    case Phase::kIdle:
    case Phase::kContinue:
    case Phase::kWriting:
    case Phase::kLingering: return Close();
    case Phase::kClosed: return;
  }
}

void Connection::Linger() {
  phase_ = Phase::kLingering;
  SetDeadline(context_.clock.Monotonic() + kLingerTimeout);
  StartGoodbye();
}

void Connection::OnGoodbye() {
  if (phase_ == Phase::kLingering) StartDiscard();
}

void Connection::OnDiscarded(bool ok) {
  if (phase_ != Phase::kLingering) return;
  if (!ok) return Close();
  StartDiscard();
}

void Connection::CloseIfIdle() {
  if (phase_ != Phase::kIdle && (phase_ != Phase::kHandshake || HasInput())) return;
  // Not Close(): a read, or the handshake, may have ended already and wait for its turn to be reported.
  cancelled_ = true;
  CancelRead();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();  // the worker's reference may be the last one
  phase_ = Phase::kClosed;
  worker_.Unregister(slot_);
  CloseSocket();
  context_.metrics.open.Decrement();
  MutexLock lock(context_.mutex);
  if (--context_.open_connections == 0) context_.none_open.NotifyAll();
}

}  // namespace zoomwatch::http
