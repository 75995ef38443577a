// A closed-loop sender on one thread: each connection has one signed webhook on the way at all times. Own epoll loop, because it must
// cost less than the server that it measures.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/crypto/hmac.h"

namespace zoomwatch::bench {

struct LoadResult {
  int64_t answered = 0;       // 200
  int64_t refused = 0;        // anything else
  double seconds = 0;
  double client_cpu_seconds = 0;
  std::vector<float> latency_ms;  // of every answer, sorted
};

class LoadClient {
 public:
  // Connects `connections` times to 127.0.0.1; aborts when that fails. `tls` may be nullptr.
  LoadClient(uint16_t port, int connections, SSL_CTX* tls, const HmacSha256Key& key);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  // Sends for that long. Every request differs from all others of the process, so that none is a replay.
  LoadResult Run(absl::Duration duration);

 private:
  struct Connection;
  void SendNext(Connection& connection);
  void Flush(Connection& connection);
  // False: nothing more to read for now.
  bool ReadSome(Connection& connection);
  void OnAnswer(Connection& connection, LoadResult& result);

  const HmacSha256Key& key_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool sending_ = false;
  int64_t on_the_way_ = 0;
};

}  // namespace zoomwatch::bench
