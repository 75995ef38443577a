// The server over real sockets: limits, time-outs, keep-alive, exactly-once answers, stop. Time is a FakeClock; the server looks at
// it every millisecond.
#include "common/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <thread>

#include "common/sync/mutex.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "tests/integration/http_edge/raw_client.h"

namespace zoomwatch::http {
namespace {

using ::testing::HasSubstr;
using testing::FakeClock;
using testing::RawClient;
using testing::RawResponse;

constexpr char kGet[] = "GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n";

std::string Post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: a.example\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

// /echo answers with the body, /later holds the responder, /drop forgets it, /refused is refused by its head, /block keeps the server's
// thread until Unblock().
class ScriptedHandler final : public Handler {
 public:
  std::optional<Response> OnHead(const Request& head) override {
    if (head.path() == "/refused") return Response{.status = 404, .body = "no"};
    return std::nullopt;
  }
  void Handle(Request request, Responder responder) override {
    ++handled;
    if (request.path() == "/echo") return responder.Send({.body = std::move(request.body)});
    if (request.path() == "/drop") return;
    if (request.path() == "/block") {
      blocked_.set_value();
      unblocked_.get_future().wait();
      return responder.Send({});
    }
    MutexLock lock(mutex_);
    held_.push_back(std::move(responder));
    changed_.NotifyAll();
  }
  // The oldest held responder, when there is one.
  Responder TakeHeld() {
    MutexLock lock(mutex_);
    while (held_.empty()) changed_.Wait(mutex_);
    Responder responder = std::move(held_.front());
    held_.pop_front();
    return responder;
  }
  void WaitUntilBlocked() { blocked_.get_future().wait(); }
  void Unblock() { unblocked_.set_value(); }
  std::atomic<int> handled{0};

 private:
  std::promise<void> blocked_, unblocked_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Responder> held_ ABSL_GUARDED_BY(mutex_);
};

class ServerTest : public ::testing::Test {
 protected:
  void StartServer(ServerOptions options = {}) {
    options.name = "test";
    options.tick = absl::Milliseconds(1);
    auto server = Server::Start(std::move(options), handler_, clock_, metrics_);
    ASSERT_OK(server);
    server_ = *std::move(server);
  }
  // Moves the clock in steps until `done` holds, so that no step depends on when the server armed a deadline.
  template <typename Done>
  void AdvanceUntil(absl::Duration step, Done done) {
    while (!done()) {
      clock_.Advance(step);
      std::this_thread::yield();
    }
  }
  template <typename T>
  T AdvanceUntilReady(absl::Duration step, std::future<T> future) {
    AdvanceUntil(step, [&] { return future.wait_for(std::chrono::milliseconds(2)) == std::future_status::ready; });
    return future.get();
  }

  FakeClock clock_{absl::FromUnixSeconds(1790000000)};
  Metrics metrics_;
  ScriptedHandler handler_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersRequestsOnOneConnectionInOrder) {
  StartServer();
  RawClient client(server_->port());
  client.Send(Post("/echo", "one") + Post("/echo", "two") + kGet);
  EXPECT_EQ(client.Receive().body, "one");
  EXPECT_EQ(client.Receive().body, "two");
  EXPECT_EQ(client.Receive().body, "");
}

TEST_F(ServerTest, SendsNoBannerAndDatesItsAnswers) {
  StartServer();
  const RawResponse response = RawClient(server_->port()).Exchange(kGet);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Server"), "");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  EXPECT_EQ(response.Header("Date"), "Mon, 21 Sep 2026 14:13:20 GMT");
}

TEST_F(ServerTest, ClosesWhenTheRequestAsksForIt) {
  StartServer();
  RawClient client(server_->port());
  const RawResponse response = client.Exchange("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Connection"), "close");
  EXPECT_TRUE(client.PeerClosed());
}

TEST_F(ServerTest, AnswersFromAnotherThread) {
  StartServer();
  RawClient client(server_->port());
  client.Send(Post("/later", "x"));
  std::thread([responder = handler_.TakeHeld()] { responder.Send({.status = 204}); }).join();
  EXPECT_EQ(client.Receive().status, 204);
  EXPECT_EQ(client.Exchange(kGet).status, 200);
}

TEST_F(ServerTest, TakesOnlyTheFirstAnswer) {
  StartServer();
  RawClient client(server_->port());
  client.Send(Post("/later", "x"));
  const Responder responder = handler_.TakeHeld();
  const Responder copy = responder;
  responder.Send({.status = 200, .body = "first"});
  copy.Send({.status = 500, .body = "second"});
  EXPECT_EQ(client.Receive().body, "first");
  EXPECT_EQ(client.Exchange(Post("/echo", "next")).body, "next");
}

TEST_F(ServerTest, Answers503WhenTheHandlerForgetsTheResponder) {
  StartServer();
  const RawResponse response = RawClient(server_->port()).Exchange(Post("/drop", "x"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "{\"reason\":\"SHUTTING_DOWN\"}");
}

TEST_F(ServerTest, Answers503AtTheAnswerDeadlineAndIgnoresTheLateAnswer) {
  StartServer({.answer_deadline = absl::Milliseconds(2500)});
  RawClient client(server_->port());
  client.Send(Post("/later", "x"));
  const Responder late = handler_.TakeHeld();
  clock_.Advance(absl::Milliseconds(2500));
  const RawResponse response = client.Receive();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "{\"reason\":\"ANSWER_DEADLINE_EXCEEDED\"}");
  late.Send({.status = 200, .body = "late"});
  EXPECT_EQ(client.Exchange(Post("/echo", "next")).body, "next");
}

TEST_F(ServerTest, RefusesByTheHeadWithoutReadingTheBody) {
  StartServer();
  RawClient client(server_->port());
  client.Send("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  const RawResponse response = client.Receive();
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.Header("Connection"), "close");
  EXPECT_EQ(handler_.handled, 0);
}

TEST_F(ServerTest, KeepsTheConnectionAfterRefusingARequestWithoutBody) {
  StartServer();
  RawClient client(server_->port());
  EXPECT_EQ(client.Exchange("GET /refused HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
  EXPECT_EQ(client.Exchange(kGet).status, 200);
}

TEST_F(ServerTest, InvitesABodyThatWaitsForContinue) {
  StartServer();
  RawClient client(server_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 100);
  EXPECT_EQ(client.Exchange("body").body, "body");
}

TEST_F(ServerTest, RefusesABodyThatWaitsForContinueWhenItIsTooLarge) {
  StartServer({.max_body_bytes = 10});
  RawClient client(server_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(ServerTest, CutsARequestThatDoesNotArriveInTime) {
  for (const char* begin : {"P", "POST /echo HTTP/1.1\r\nHost: a\r\n", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
                            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na"}) {
    StartServer();
    RawClient client(server_->port());
    client.Send(begin);
    auto answer = std::async(std::launch::async, [&] { return client.Receive(); });
    const RawResponse response = AdvanceUntilReady(absl::Milliseconds(500), std::move(answer));
    EXPECT_EQ(response.status, 408) << begin;
    EXPECT_EQ(response.body, "{\"reason\":\"REQUEST_TIMEOUT\"}");
    EXPECT_TRUE(client.PeerClosed());
  }
}

TEST_F(ServerTest, CutsASlowRequestHoweverOftenItSendsAByte) {
  StartServer();
  RawClient client(server_->port());
  const std::string request = Post("/echo", std::string(500, 'x'));
  auto answer = std::async(std::launch::async, [&] { return client.Receive(); });
  size_t sent = 0;
  AdvanceUntil(absl::Milliseconds(100), [&] {
    if (sent < request.size()) client.Send(request.substr(sent++, 1));
    return answer.wait_for(std::chrono::milliseconds(2)) == std::future_status::ready;
  });
  EXPECT_EQ(answer.get().status, 408);
  EXPECT_LT(sent, request.size());
}

TEST_F(ServerTest, ClosesAConnectionThatSaysNothing) {
  StartServer();
  RawClient client(server_->port());
  auto closed = std::async(std::launch::async, [&] { return client.PeerClosed(); });
  EXPECT_TRUE(AdvanceUntilReady(absl::Seconds(1), std::move(closed)));
}

TEST_F(ServerTest, ClosesAnIdleConnectionAfterItsLastAnswer) {
  StartServer();
  RawClient client(server_->port());
  EXPECT_EQ(client.Exchange(kGet).status, 200);
  auto closed = std::async(std::launch::async, [&] { return client.PeerClosed(); });
  EXPECT_TRUE(AdvanceUntilReady(absl::Seconds(10), std::move(closed)));
}

TEST_F(ServerTest, ClosesConnectionsAboveTheLimitAndServesTheOthers) {
  StartServer({.max_connections = 2});
  RawClient first(server_->port());
  RawClient second(server_->port());
  first.Send(Post("/later", "x"));
  second.Send(Post("/later", "x"));
  const Responder first_answer = handler_.TakeHeld();
  const Responder second_answer = handler_.TakeHeld();
  RawClient third(server_->port());
  EXPECT_TRUE(third.PeerClosed());
  first_answer.Send({});
  second_answer.Send({});
  EXPECT_EQ(first.Receive().status, 200);
  EXPECT_EQ(second.Receive().status, 200);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_connections_total{port=\"test\",result=\"refused\"} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_connections{port=\"test\"} 2"));
}

// Peers that ask now and then would otherwise keep everybody out, such as the probes of the admin port.
TEST_F(ServerTest, AConnectionAboveTheLimitTakesThePlaceOfTheLongestIdleOne) {
  StartServer({.max_connections = 3});
  RawClient busy(server_->port());
  RawClient first(server_->port());
  RawClient second(server_->port());
  busy.Send(Post("/later", "x"));
  const Responder answer = handler_.TakeHeld();
  EXPECT_EQ(first.Exchange(kGet).status, 200);
  EXPECT_EQ(second.Exchange(kGet).status, 200);
  // Twice: an answer may be read a moment before the server knows that it is written.
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(first.Exchange(kGet).status, 200);
  }
  RawClient third(server_->port());
  EXPECT_EQ(third.Exchange(kGet).status, 200);
  EXPECT_TRUE(second.PeerClosed());
  EXPECT_EQ(first.Exchange(kGet).status, 200);
  answer.Send({});
  EXPECT_EQ(busy.Receive().status, 200);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_connections_total{port=\"test\",result=\"displaced\"} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_connections{port=\"test\"} 3"));
}

TEST_F(ServerTest, AConnectionThatHasSentNothingYetIsNotDisplaced) {
  StartServer({.max_connections = 1});
  RawClient first(server_->port());
  RawClient second(server_->port());
  EXPECT_TRUE(second.PeerClosed());
  EXPECT_EQ(first.Exchange(kGet).status, 200);
}

// A proxy that reads no body after HEAD would take it for the begin of the next answer.
TEST_F(ServerTest, ARefusedHeadRequestIsAnsweredWithoutABody) {
  StartServer();
  RawClient client(server_->port());
  client.Send("HEAD /refused HTTP/1.1\r\nHost: a\r\n\r\n" + Post("/echo", "next"));
  const RawResponse refusal = client.Receive(true);
  EXPECT_EQ(refusal.status, 404);
  EXPECT_EQ(refusal.Header("Content-Length"), "2");
  const RawResponse next = client.Receive();
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.body, "next");
}

TEST_F(ServerTest, ThePeerGetsTheRefusalThoughItKeepsSending) {
  StartServer({.max_body_bytes = 1000});
  RawClient client(server_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
  client.Send(std::string(300000, 'x'));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(ServerTest, FinishesRequestsInFlightWhenItStops) {
  StartServer();
  RawClient idle(server_->port());
  EXPECT_EQ(idle.Exchange(kGet).status, 200);
  RawClient busy(server_->port());
  busy.Send(Post("/later", "x"));
  const Responder responder = handler_.TakeHeld();
  std::thread stopping([&] { server_->Shutdown(absl::Seconds(10)); });
  EXPECT_TRUE(idle.PeerClosed());
  responder.Send({.status = 200, .body = "done"});
  const RawResponse response = busy.Receive();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.Header("Connection"), "close");
  busy.FinishSending();
  stopping.join();
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(ServerTest, AnswersWhatAKeptConnectionSendsWhileItStops) {
  StartServer({.stop_grace = absl::Seconds(60)});
  RawClient client(server_->port());
  std::thread stopping([&] { server_->Shutdown(absl::Seconds(60)); });
  RawResponse response;
  do {
    response = client.Exchange(kGet);
  } while (response.status == 200 && response.Header("Connection") != "close");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(client.PeerClosed());
  client.FinishSending();
  stopping.join();  // long before the grace is over
}

// Nobody has read it when the server begins to stop: a reset would leave the peer without an answer.
TEST_F(ServerTest, AnswersRequestsThatHaveArrivedWhenItStops) {
  StartServer();
  RawClient idle(server_->port());
  EXPECT_EQ(idle.Exchange(kGet).status, 200);
  RawClient blocking(server_->port());
  blocking.Send(Post("/block", ""));
  handler_.WaitUntilBlocked();
  idle.Send(kGet);
  RawClient fresh(server_->port());  // complete for the kernel, not accepted yet
  fresh.Send(kGet);
  std::thread stopping([&] { server_->Shutdown(absl::Seconds(60)); });
  handler_.Unblock();
  for (RawClient* client : {&idle, &fresh, &blocking}) {
    const RawResponse response = client->Receive();
    EXPECT_EQ(response.status, 200);
    client->FinishSending();
  }
  stopping.join();
}

TEST_F(ServerTest, CutsRequestsThatAreNotDoneAtTheStopDeadline) {
  StartServer();
  RawClient busy(server_->port());
  busy.Send(Post("/later", "x"));
  const Responder responder = handler_.TakeHeld();
  server_->Shutdown(absl::Milliseconds(1));
  EXPECT_EQ(busy.Receive().status, 0);
  server_.reset();
  responder.Send({.status = 200});  // outlives the server and does nothing
}

TEST_F(ServerTest, ServesManyConnectionsWithAnswersFromOtherThreads) {
  StartServer({.threads = 2});
  constexpr int kClients = 16;
  constexpr int kRequests = 50;
  std::atomic<int> good{0};
  std::thread answering([&] {
    for (int i = 0; i < kClients * kRequests; ++i) handler_.TakeHeld().Send({.status = 200, .body = "y"});
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      RawClient client(server_->port());
      for (int j = 0; j < kRequests; ++j) good += client.Exchange(Post("/later", "x")).status == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  answering.join();
  EXPECT_EQ(good, kClients * kRequests);
}

}  // namespace
}  // namespace zoomwatch::http
