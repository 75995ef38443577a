// The life of one connection: a state machine without knowledge of sockets. Internal to common/http; transport.h derives the
// plain and the TLS form.
// Threading: everything runs on the worker's thread. Ownership: the worker and each pending operation hold a reference.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "common/http/request_parser.h"
#include "common/http/worker.h"

namespace zoomwatch::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerContext& context, Worker& worker, std::string peer_address);
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  // The answer to the exchange with that number; late ones are ignored.
  void OnAnswer(uint64_t exchange, Response response);
  void OnDeadline();
  // A request that has arrived, though nobody has read it yet, counts.
  void CloseIfIdle();
  void Close();
  // Whether it has answered a request and nothing of another one has come.
  bool IsKept() { return phase_ == Phase::kIdle && exchange_ > 0 && !HasInput(); }

  void set_slot(size_t slot) { slot_ = slot; }

 protected:
  // One operation each, whose end is reported by the method in the comment, later, on the worker's thread.
  virtual bool needs_handshake() const = 0;
  virtual void StartHandshake() = 0;  // OnHandshake
  virtual void StartRead() = 0;       // OnRead; into input_
  virtual void StartWrite() = 0;      // OnWritten; the whole of output_
  virtual void StartGoodbye() = 0;    // OnGoodbye: everything is sent and the peer told that nothing follows
  virtual void StartDiscard() = 0;    // OnDiscarded; reads and forgets
  virtual void CancelRead() = 0;
  // Whether the peer has sent what was not read yet.
  virtual bool HasInput() = 0;
  virtual void CloseSocket() = 0;

  void OnHandshake(bool ok);
  void OnRead(bool ok, size_t size);
  void OnWritten(bool ok);
  void OnGoodbye();
  void OnDiscarded(bool ok);

  // Bodies of several kB fit, so that most requests take one read.
  std::array<char, 16 << 10> input_;
  std::string output_;

 private:
  enum class Phase {
    kHandshake,
    kIdle,      // reading, no byte of a request yet
    kReading,   // reading, within a request
    kContinue,  // writing "100 Continue"
    kHandling,  // the handler has the request
    kWriting,   // writing the answer
    kLingering, // the answer is sent, the peer may still be sending
    kClosed
  };

  void SetDeadline(absl::Duration deadline);
  void ReadMore();
  // Works on what is in input_ until it needs the network or the handler.
  void Process();
  // False: an answer or "100 Continue" is on its way, Process() goes on when it is written.
  bool AdmitHead();
  void Dispatch();
  void Refuse(Reason reason);
  void Write(const Response& response, bool keep);
  void Linger();

  ServerContext& context_;
  Worker& worker_;
  const std::string peer_address_;
  size_t slot_ = 0;
  Phase phase_ = Phase::kHandshake;
  RequestParser parser_;
  size_t input_begin_ = 0, input_end_ = 0;
  bool cancelled_ = false;  // the read that is under way, by CloseIfIdle()
  bool head_admitted_ = false;
  bool keep_after_write_ = false;
  bool is_head_request_ = false;  // answered without the body
  absl::Duration first_byte_;  // of the request, on Clock::Monotonic()
  uint64_t exchange_ = 0;      // number of the current one
};

}  // namespace zoomwatch::http
