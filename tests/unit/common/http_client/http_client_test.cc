// The client over real sockets on loopback: against our own HTTP server, and against one that breaks the rules of HTTP.
#include "common/http_client/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>
#include <tuple>

#include "common/http/server.h"
#include "common/status/check.h"
#include "common/sync/mutex.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"

namespace zoomwatch {
namespace {

using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers /echo with method, header X-Test and body, /large with 300 bytes, /moved with a redirect; remembers what it was asked.
class RecordingHandler final : public http::Handler {
 public:
  void Handle(http::Request request, http::Responder responder) override {
    http::Response response{.content_type = "text/plain"};
    if (request.path() == "/large") {
      response.body.assign(300, 'x');
    } else if (request.path() == "/moved") {
      response.status = 302;
      response.headers.emplace_back("Location", "/echo");
    } else if (request.path() == "/busy") {
      response.status = 503;
      response.headers.emplace_back("Retry-After", "17");
    } else if (request.path() == "/never") {
      MutexLock lock(mutex_);
      held_.push_back(responder);
      changed_.NotifyAll();
      return;
    } else {
      response.body = request.method + "|" + std::string(request.headers.Find("X-Test").value_or("-")) + "|" + request.body;
    }
    {
      MutexLock lock(mutex_);
      requests_.push_back(std::move(request));
    }
    responder.Send(std::move(response));
  }

  size_t requests() const {
    MutexLock lock(mutex_);
    return requests_.size();
  }
  http::Request Last() const {
    MutexLock lock(mutex_);
    return requests_.back();
  }
  void AwaitHeld() {
    MutexLock lock(mutex_);
    while (held_.empty()) changed_.Wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<http::Request> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<http::Responder> held_ ABSL_GUARDED_BY(mutex_);
};

class HttpClientTest : public ::testing::Test {
 protected:
  std::string Start(std::optional<http::TlsOptions> tls = std::nullopt) {
    auto server = http::Server::Start({.name = "test", .tls = std::move(tls), .max_body_bytes = 4 << 20}, handler_, SystemClock::Get(), metrics_);
    ZOOMWATCH_CHECK(server.ok());
    server_ = *std::move(server);
    return std::to_string(server_->port());
  }
  absl::StatusOr<HttpResponse> Get(HttpClient& client, const std::string& url) {
    return client.Send({.url = url, .direct = true}, {});
  }

  Metrics metrics_;
  RecordingHandler handler_;
  std::unique_ptr<http::Server> server_;
};

// Accepts connections one after the other. Each gets its answers, literally, one for each request, and is then closed, or left open
// while the next one is served.
class RawServer {
 public:
  struct Connection {
    std::vector<std::string> answers;
    bool close = true;
  };
  // A connection for each answer.
  explicit RawServer(const std::vector<std::string>& answers) : RawServer(EachAlone(answers)) {}
  explicit RawServer(std::vector<Connection> connections) : connections_(std::move(connections)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ZOOMWATCH_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(listener_, 8) == 0);
    socklen_t size = sizeof address;
    ZOOMWATCH_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { Serve(); });
  }
  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    for (const int connection : open_) close(connection);
  }
  const std::string& url() const { return url_; }
  int requests() const { return requests_; }

 private:
  static std::vector<Connection> EachAlone(const std::vector<std::string>& answers) {
    std::vector<Connection> connections;
    for (const std::string& answer : answers) connections.push_back({.answers = {answer}});
    return connections;
  }
  void Serve() {
    for (const Connection& script : connections_) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      for (const std::string& answer : script.answers) {
        if (Receive(connection)) ++requests_;
        send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      if (script.close) {
        close(connection);
      } else {
        open_.push_back(connection);
      }
    }
  }
  // The head of a request. False: the other side has closed.
  static bool Receive(int connection) {
    std::string received;
    char buffer[4096];
    while (received.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) return false;
      received.append(buffer, static_cast<size_t>(count));
    }
    return true;
  }
  const std::vector<Connection> connections_;
  std::vector<int> open_;  // of the thread
  std::atomic<int> requests_ = 0;
  int listener_ = -1;
  std::string url_;
  std::thread thread_;
};

TEST_F(HttpClientTest, SendsMethodHeadersAndBodyAndReturnsTheAnswer) {
  const std::string url = "http://127.0.0.1:" + Start();
  const auto client = MakeHttpClient();
  const std::string body(1'500'000, 'b');
  const auto response = client->Send({.method = "POST", .url = url + "/echo?a=1", .headers = {{"X-Test", "one two"}}, .body = body, .direct = true}, {});
  ASSERT_OK(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(handler_.Last().target, "/echo?a=1");
  EXPECT_EQ(handler_.Last().body, body);
  EXPECT_EQ(handler_.Last().headers.Find("Expect"), std::nullopt);
  EXPECT_EQ(response->body.substr(0, 13), "POST|one two|");
  EXPECT_EQ(response->Header("content-TYPE"), "text/plain");
  EXPECT_EQ(response->Header("absent"), std::nullopt);
}

TEST_F(HttpClientTest, KnowsOtherMethods) {
  const std::string url = "http://127.0.0.1:" + Start();
  const auto client = MakeHttpClient();
  EXPECT_EQ(Get(*client, url + "/echo")->body, "GET|-|");
  EXPECT_EQ(client->Send({.method = "PUT", .url = url + "/echo", .body = "{}", .direct = true}, {})->body, "PUT|-|{}");
  EXPECT_EQ(client->Send({.method = "POST", .url = url + "/echo", .direct = true}, {})->body, "POST|-|");
}

TEST_F(HttpClientTest, StatusesAreAnswersAndRedirectsAreNotFollowed) {
  const std::string url = "http://127.0.0.1:" + Start();
  const auto client = MakeHttpClient();
  const auto busy = Get(*client, url + "/busy");
  ASSERT_OK(busy);
  EXPECT_EQ(busy->status, 503);
  EXPECT_EQ(busy->Header("retry-after"), "17");
  EXPECT_EQ(Get(*client, url + "/moved")->status, 302);
  EXPECT_EQ(handler_.requests(), 2u);
}

TEST_F(HttpClientTest, CutsABodyAtItsLimit) {
  const std::string url = "http://127.0.0.1:" + Start();
  for (const auto& [limit, size, cut] : std::vector<std::tuple<size_t, size_t, bool>>{{299, 299, true}, {300, 300, false}, {301, 300, false}}) {
    const auto response = Get(*MakeHttpClient({.max_response_bytes = limit}), url + "/large");
    ASSERT_OK(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body.size(), size);
    EXPECT_EQ(response->body_cut, cut);
  }
}

TEST_F(HttpClientTest, AStopEndsACallAtOnce) {
  const std::string url = "http://127.0.0.1:" + Start();
  const auto client = MakeHttpClient();
  std::stop_source stop;
  auto call = std::async(std::launch::async, [&] {
    return client->Send({.url = url + "/never", .timeout = absl::Minutes(5), .direct = true}, stop.get_token()).status();
  });
  handler_.AwaitHeld();
  stop.request_stop();
  EXPECT_THAT(call.get(), HasReason(Reason::kShuttingDown));
  EXPECT_THAT(client->Send({.url = url + "/echo", .direct = true}, stop.get_token()), HasReason(Reason::kShuttingDown));
  EXPECT_EQ(Get(*client, url + "/echo")->status, 200) << "the client works on";
}

TEST_F(HttpClientTest, ATimeOutEndsACall) {
  const std::string url = "http://127.0.0.1:" + Start();
  const auto client = MakeHttpClient();
  EXPECT_THAT(client->Send({.url = url + "/never", .timeout = absl::Milliseconds(50), .direct = true}, {}),
              HasReasonAndMessage(Reason::kHttpCallFailed, HasSubstr("timed out")));
}

TEST_F(HttpClientTest, ServesSeveralThreads) {
  const std::string url = "http://127.0.0.1:" + Start();
  const auto client = MakeHttpClient();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string body = std::to_string(i);
      for (int n = 0; n < 50; ++n) {
        const auto response = client->Send({.method = "POST", .url = url + "/echo", .body = body, .direct = true}, {});
        if (response.ok() && response->body == "POST|-|" + body) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

TEST_F(HttpClientTest, FailsWhenNobodyListens) {
  const auto client = MakeHttpClient();
  const std::string port = Start();
  server_.reset();
  EXPECT_THAT(Get(*client, "http://127.0.0.1:" + port + "/secret-path?secret=query"),
              HasReasonAndMessage(Reason::kHttpCallFailed, Not(HasSubstr("secret"))));
}

TEST_F(HttpClientTest, RefusesOtherProtocols) {
  const auto client = MakeHttpClient();
  for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/x", "127.0.0.1"}) {
    SCOPED_TRACE(url);
    EXPECT_THAT(Get(*client, url), HasReason(Reason::kHttpCallFailed));
  }
}

TEST_F(HttpClientTest, ACutConnectionIsAFailure) {
  RawServer server({"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "no HTTP at all\r\n\r\n"});
  const auto client = MakeHttpClient();
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    EXPECT_THAT(Get(*client, server.url()), HasReason(Reason::kHttpCallFailed));
  }
}

constexpr char kEmptyAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

TEST_F(HttpClientTest, ARequestOverAKeptConnectionThatEndsIsSentAgain) {
  RawServer server(std::vector<RawServer::Connection>{{.answers = {kEmptyAnswer, ""}}, {.answers = {kEmptyAnswer}}});
  const auto client = MakeHttpClient();
  ASSERT_OK(Get(*client, server.url()));
  ASSERT_OK(client->Send({.method = "PUT", .url = server.url(), .body = "b", .direct = true}, {}));
  EXPECT_EQ(server.requests(), 3);
}

TEST_F(HttpClientTest, ARequestThatIsToBeSentOnceIsSentOnce) {
  RawServer server(std::vector<RawServer::Connection>{{.answers = {kEmptyAnswer}, .close = false}, {.answers = {""}}, {.answers = {kEmptyAnswer}}});
  const auto client = MakeHttpClient();
  ASSERT_OK(Get(*client, server.url()));
  EXPECT_THAT(client->Send({.method = "PUT", .url = server.url(), .body = "b", .direct = true, .once = true}, {}).status(),
              HasReason(Reason::kHttpCallFailed));
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(HttpClientTest, TooManyHeadersAreAFailure) {
  const std::string headers = "X-Long: " + std::string(3000, 'h') + "\r\n";
  RawServer server({"HTTP/1.1 200 OK\r\n" + headers + "\r\n", "HTTP/1.1 200 OK\r\n" + headers + headers + "\r\n"});
  const auto client = MakeHttpClient({.max_header_bytes = 4096});
  EXPECT_OK(Get(*client, server.url()));
  EXPECT_THAT(Get(*client, server.url()), HasReason(Reason::kHttpCallFailed));
}

TEST_F(HttpClientTest, HeadersAreThoseOfTheFinalAnswer) {
  RawServer server({"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 204 No Content\r\nX-Final:  padded \r\n\r\n"});
  const auto response = Get(*MakeHttpClient(), server.url());
  ASSERT_OK(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(response->Header("X-Interim"), std::nullopt);
  EXPECT_EQ(response->Header("X-Final"), "padded");
}

class HttpClientTlsTest : public HttpClientTest {
 protected:
  std::string StartTls(const testing::TestCa::Request& request) {
    const testing::CertificateFiles files = ca_.Issue("server", request);
    return Start(http::TlsOptions{.certificate_file = files.certificate_file, .private_key_file = files.private_key_file});
  }
  testing::TempDir dir_;
  testing::TestCa ca_{dir_.path(), "ca"};
  testing::TestCa other_ca_{dir_.path(), "other"};
};

TEST_F(HttpClientTlsTest, TrustsTheAuthoritiesOfTheFileAndKeepsTheConnection) {
  const std::string port = StartTls({.common_name = "server"});
  const auto client = MakeHttpClient({.ca_file = ca_.ca_file()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(*client, "https://localhost:" + port + "/echo")->body, "GET|-|");
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_connections_total{port=\"test\",result=\"accepted\"} 1\n"));
}

TEST_F(HttpClientTlsTest, TrustsNobodyElse) {
  const std::string port = StartTls({.common_name = "server"});
  for (const std::string& ca_file : {other_ca_.ca_file(), std::string(), dir_.file("missing.pem")}) {
    SCOPED_TRACE(ca_file);
    EXPECT_THAT(Get(*MakeHttpClient({.ca_file = ca_file}), "https://localhost:" + port + "/echo"), HasReason(Reason::kHttpServerUntrusted));
  }
  EXPECT_EQ(handler_.requests(), 0u);
}

TEST_F(HttpClientTlsTest, TheNameMustBeThatOfTheCertificate) {
  const std::string port = StartTls({.common_name = "localhost", .subject_alternative_names = {"DNS:other.example"}});
  EXPECT_THAT(Get(*MakeHttpClient({.ca_file = ca_.ca_file()}), "https://localhost:" + port + "/echo"),
              HasReason(Reason::kHttpServerUntrusted));
}

}  // namespace
}  // namespace zoomwatch
