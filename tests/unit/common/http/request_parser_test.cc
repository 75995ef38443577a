#include "common/http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zoomwatch::http {
namespace {

using State = RequestParser::State;
using namespace std::string_literals;

struct Outcome {
  State state;
  size_t consumed;
};

// Gives the bytes in pieces of `step`, as a network may.
Outcome Feed(RequestParser& parser, std::string_view bytes, size_t step) {
  size_t consumed = 0;
  while (consumed < bytes.size() && (parser.state() == State::kHead || parser.state() == State::kBody)) {
    std::string_view piece = bytes.substr(consumed, step);
    while (!piece.empty() && (parser.state() == State::kHead || parser.state() == State::kBody)) {
      const size_t taken = parser.Parse(piece);
      piece.remove_prefix(taken);
      consumed += taken;
    }
  }
  return {parser.state(), consumed};
}

// What the parser makes of the bytes, which must not depend on how they are cut.
Request Accept(std::string_view bytes, ParserLimits limits = {}) {
  for (size_t step = 1; step < bytes.size(); ++step) {
    RequestParser parser(limits);
    EXPECT_EQ(Feed(parser, bytes, step).state, State::kComplete) << "pieces of " << step;
  }
  RequestParser parser(limits);
  EXPECT_EQ(Feed(parser, bytes, bytes.size()).state, State::kComplete) << bytes;
  return parser.Take();
}

void ExpectRefused(std::string_view bytes, Reason reason, ParserLimits limits = {}) {
  for (size_t step = 1; step <= bytes.size(); ++step) {
    RequestParser parser(limits);
    ASSERT_EQ(Feed(parser, bytes, step).state, State::kFailed) << "pieces of " << step << ": " << bytes;
    ASSERT_EQ(parser.failure(), reason) << NameOf(parser.failure()) << " for " << bytes;
  }
}

void ExpectMalformed(std::string_view bytes) { ExpectRefused(bytes, Reason::kRequestMalformed); }

TEST(RequestParser, ReadsARequestWithoutBody) {
  const Request request = Accept("GET /livez?x=1 HTTP/1.1\r\nHost: a.example\r\nX-Two:  b c\t\r\n\r\n");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/livez?x=1");
  EXPECT_EQ(request.headers.Find("x-two"), "b c");
  EXPECT_EQ(request.body, "");
}

TEST(RequestParser, ReadsABodyByItsLength) {
  EXPECT_EQ(Accept("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na\0\r\nb"s).body, "a\0\r\nb"s);
}

TEST(RequestParser, ReadsAChunkedBody) {
  EXPECT_EQ(Accept("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n").body,
            "abc0123456789");
}

TEST(RequestParser, StopsAtTheEndOfTheRequest) {
  RequestParser parser({});
  const std::string first = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
  EXPECT_EQ(Feed(parser, first + "GET / HTTP/1.1\r\n", 1000).consumed, first.size());
  EXPECT_EQ(parser.Take().body, "hi");
  parser.Reset();
  EXPECT_EQ(Feed(parser, "GET /next HTTP/1.1\r\nHost: b\r\n\r\n", 1000).state, State::kComplete);
  EXPECT_EQ(parser.Take().target, "/next");
}

TEST(RequestParser, ShowsTheHeadBeforeItTakesTheBody) {
  RequestParser parser({});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
  EXPECT_EQ(parser.Parse(head + "hi"), head.size());
  EXPECT_EQ(parser.state(), State::kBody);
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, KeepsTheConnectionUnlessToldToClose) {
  const auto keep_alive = [](std::string_view field) {
    RequestParser parser({});
    Feed(parser, "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n", 1000);
    EXPECT_EQ(parser.state(), State::kComplete) << field;
    return parser.keep_alive();
  };
  EXPECT_TRUE(keep_alive("Connection: keep-alive"));
  EXPECT_TRUE(keep_alive("Connection: closed"));
  EXPECT_FALSE(keep_alive("Connection: close"));
  EXPECT_FALSE(keep_alive("Connection: upgrade , CLOSE"));
}

TEST(RequestParser, RefusesOtherRequestLines) {
  for (const char* line : {
           "GET / HTTP/1.0", "GET / HTTP/1.2", "GET / HTTP/2.0", "GET / http/1.1", "GET /", "GET", "GET  / HTTP/1.1",
           "GET / HTTP/1.1 ", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET\t/ HTTP/1.1", "GET / a HTTP/1.1", "G(T / HTTP/1.1",
           "GET http://a.example/webhook HTTP/1.1", "GET * HTTP/1.1", "CONNECT a.example:443 HTTP/1.1", "GET a HTTP/1.1",
           "GET /# HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\xc3\xa9 HTTP/1.1", "ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1",
           "PRI * HTTP/2.0", "", "\x16\x03\x01", "SSH-2.0-x"}) {
    ExpectMalformed(std::string(line) + "\r\nHost: a\r\n\r\n");
  }
}

TEST(RequestParser, RefusesOtherLineEnds) {
  ExpectMalformed("GET / HTTP/1.1\nHost: a\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\n\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n");
  ExpectMalformed("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestParser, RefusesMalformedFields) {
  for (const std::string& field :
       {"X : a"s, ": a"s, "X"s, "X y: a"s, "X\t: a"s, "X: a\0b"s, "X: \x01"s, "X: \x7f"s, "X\xe9: a"s, "(x): a"s}) {
    ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n");
  }
}

TEST(RequestParser, RefusesFoldedLines) {
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb: c\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
}

TEST(RequestParser, AcceptsTextBeyondAsciiInValues) {
  EXPECT_EQ(Accept("GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xff\r\n\r\n").headers.Find("x"), "\xc3\xa9\xff");
}

TEST(RequestParser, WantsExactlyOneHost) {
  ExpectMalformed("GET / HTTP/1.1\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
  ExpectMalformed("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n");
  Accept("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
}

TEST(RequestParser, RefusesAmbiguousLengths) {
  for (const char* fields :
       {"Content-Length: 1\r\nContent-Length: 1", "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1, 1",
        "Content-Length: +1", "Content-Length: -1", "Content-Length: 0x1", "Content-Length: 1 1", "Content-Length:",
        "Content-Length: 1e0", "Content-Length: 1.0", "Content-Length: 9999999999999999999",
        "Content-Length: 18446744073709551617", "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: \x0b"
                                                                         "chunked",
        "Transfer-Encoding:", "Transfer-Encoding : chunked", "Transfer-Encoding\r\n: chunked"}) {
    ExpectMalformed("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\nx");
  }
}

TEST(RequestParser, RefusesOtherExpectations) {
  ExpectMalformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 200-ok\r\n\r\n");
}

TEST(RequestParser, RefusesMalformedChunks) {
  for (const char* body : {"\r\n", "g\r\n", "-1\r\n", "+1\r\na", " 1\r\na", "0x1\r\na", "1 \r\na", "1\na", "1;a=b\r\na", "1\r\nab",
                           "1\r\na\n", "1\r\na\r1", "000000001\r\na", "0\r\nX: a\r\n\r\n", "0\r\n\n", "0\r\na", "fffffffff\r\n",
                           ";\r\n", "1;" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na"}) {
    ExpectMalformed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body));
  }
}

TEST(RequestParser, LimitsTheHeadInBytes) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  Accept(bytes, {.max_header_bytes = bytes.size() + 1});
  Accept(bytes, {.max_header_bytes = bytes.size()});
  ExpectRefused(bytes, Reason::kHeadersTooLarge, {.max_header_bytes = bytes.size() - 1});
  // Without a line end, too: nothing is buffered beyond the limit.
  ExpectRefused("GET /" + std::string(100, 'a'), Reason::kHeadersTooLarge, {.max_header_bytes = 50});
}

TEST(RequestParser, LimitsTheHeadInFields) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n";
  Accept(bytes, {.max_header_count = 4});
  Accept(bytes, {.max_header_count = 3});
  ExpectRefused(bytes, Reason::kHeadersTooLarge, {.max_header_count = 2});
}

TEST(RequestParser, LimitsADeclaredBody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  Accept(head + "9\r\n\r\n123456789", {.max_body_bytes = 10});
  Accept(head + "10\r\n\r\n1234567890", {.max_body_bytes = 10});
  ExpectRefused(head + "11\r\n\r\n", Reason::kBodyTooLarge, {.max_body_bytes = 10});
}

TEST(RequestParser, LimitsAChunkedBodyBeforeItsBytesArrive) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  Accept(head + "4\r\n1234\r\n5\r\n12345\r\n0\r\n\r\n", {.max_body_bytes = 10});
  Accept(head + "5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n", {.max_body_bytes = 10});
  ExpectRefused(head + "5\r\n12345\r\n6\r\n", Reason::kBodyTooLarge, {.max_body_bytes = 10});
  ExpectRefused(head + "ffffffff\r\n", Reason::kBodyTooLarge, {.max_body_bytes = 10});
}

TEST(RequestParser, TakesNothingAfterAFailure) {
  RequestParser parser({});
  Feed(parser, "\x16", 1);
  EXPECT_EQ(parser.Parse("GET / HTTP/1.1\r\n"), 0u);
  EXPECT_EQ(parser.state(), State::kFailed);
}

}  // namespace
}  // namespace zoomwatch::http
