// The two forms of a connection: TCP, and TLS over TCP. Internal to common/http.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "common/http/connection.h"

namespace zoomwatch::http {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using TlsStream = boost::asio::ssl::stream<TcpSocket>;
using ErrorCode = boost::system::error_code;

inline TcpSocket& SocketOf(TcpSocket& stream) { return stream; }
inline TcpSocket& SocketOf(TlsStream& stream) { return stream.next_layer(); }

// Everything that both forms do alike. Stream: TcpSocket or TlsStream.
template <typename Stream>
class StreamConnection : public Connection {
 public:
  template <typename... Args>
  StreamConnection(ServerContext& context, Worker& worker, std::string peer_address, Args&&... stream_args)
      : Connection(context, worker, std::move(peer_address)), stream_(std::forward<Args>(stream_args)...) {}

 protected:
  void StartRead() override {
    stream_.async_read_some(boost::asio::buffer(input_), [this, self = shared_from_this()](const ErrorCode& error, size_t size) {
      OnRead(!error, size);
    });
  }
  void StartWrite() override {
    boost::asio::async_write(stream_, boost::asio::buffer(output_),
                             [this, self = shared_from_this()](const ErrorCode& error, size_t) { OnWritten(!error); });
  }
  // On the socket below TLS too: what arrives now is of no interest.
  void StartDiscard() override {
    socket().async_read_some(boost::asio::buffer(discarded_), [this, self = shared_from_this()](const ErrorCode& error, size_t) {
      OnDiscarded(!error);
    });
  }
  void CancelRead() override {
    ErrorCode ignored;
    socket().cancel(ignored);
  }
  bool HasInput() override {
    ErrorCode error;
    return socket().available(error) > 0 && !error;
  }
  void CloseSocket() override {
    ErrorCode ignored;
    socket().close(ignored);
  }
  void ShutdownSend() {
    ErrorCode ignored;
    socket().shutdown(TcpSocket::shutdown_send, ignored);
    OnGoodbye();
  }
  TcpSocket& socket() { return SocketOf(stream_); }

  Stream stream_;

 private:
  std::array<char, 4096> discarded_;
};

class PlainConnection final : public StreamConnection<TcpSocket> {
 public:
  using StreamConnection::StreamConnection;

 private:
  bool needs_handshake() const override { return false; }
  void StartHandshake() override {}
  void StartGoodbye() override { ShutdownSend(); }
};

class TlsConnection final : public StreamConnection<TlsStream> {
 public:
  using StreamConnection::StreamConnection;

 private:
  bool needs_handshake() const override { return true; }
  void StartHandshake() override {
    stream_.async_handshake(TlsStream::server,
                            [this, self = shared_from_this()](const ErrorCode& error) { OnHandshake(!error); });
  }
  // Sends close_notify and waits for the peer's; a peer that is still sending makes it fail, which is no harm.
  void StartGoodbye() override {
    stream_.async_shutdown([this, self = shared_from_this()](const ErrorCode&) { ShutdownSend(); });
  }
};

}  // namespace zoomwatch::http
