// Hostile requests, one row each, with the answer that is documented for them. Every row is sent over plain TCP and over TLS. After
// every row nothing more is in the store than the row says, and a good request on a new connection is served.
#include <gmock/gmock.h>

#include <future>
#include <optional>
#include <thread>

#include "tests/integration/webhook_edge/edge_fixture.h"

namespace zoomwatch::receiver::testing {
namespace {

using namespace std::string_literals;
using ::testing::TestParamInfo;

// The connection ends without an answer.
constexpr int kNoAnswer = 0;

struct Attack {
  const char* name;
  int status;
  const char* reason;  // "" for an answer without body
  std::function<std::string()> bytes;
  bool stall = false;          // then sends nothing more, until the server's clock has passed every time-out
  bool finish_sending = false;  // then closes its direction
};

std::string Challenge(const std::string& token) {
  return "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":" + token + "},\"event_ts\":1}";
}

std::string Good() { return SignedRequest(kBody).Bytes(); }
std::string With(const std::string& name, const std::string& line) { return SignedRequest(kBody).Set(name, line).Bytes(); }
std::string Plus(const std::string& line) { return SignedRequest(kBody).Add(line).Bytes(); }
std::string Line(const std::string& request_line) {
  WebhookRequest request = SignedRequest(kBody);
  request.request_line = request_line;
  return request.Bytes();
}
std::string Target(const std::string& target) { return Line("POST " + target + " HTTP/1.1"); }
std::string Signature(const std::string& value) { return With("x-zm-signature", "x-zm-signature: " + value); }
std::string Timestamp(const std::string& value) { return With("x-zm-request-timestamp", "x-zm-request-timestamp: " + value); }
std::string OtherBody(const std::string& body) {
  WebhookRequest request = SignedRequest(kBody);
  request.body = body;
  return request.Set("content-length", "Content-Length: " + std::to_string(body.size())).Bytes();
}
std::string Chunked(const std::string& raw_chunks) {
  WebhookRequest request = SignedRequest(kBody);
  request.body = raw_chunks;
  return request.Set("content-length", "Transfer-Encoding: chunked").Bytes();
}
std::string GoodSignature() { return Sign(HmacSha256Key{Secret(kSecret)}, std::to_string(kNow), kBody); }
std::string Upper(std::string text) {
  for (size_t i = 3; i < text.size(); ++i) text[i] = static_cast<char>(std::toupper(text[i]));
  return text;
}

const std::vector<Attack>& Attacks() {
  static const std::vector<Attack> kAttacks = {
      // Forged.
      {"NoSignature", 401, "SIGNATURE_MISSING", [] { return With("x-zm-signature", ""); }},
      {"NoTimestamp", 401, "SIGNATURE_MISSING", [] { return With("x-zm-request-timestamp", ""); }},
      {"NoHeadersAtAll", 401, "SIGNATURE_MISSING", [] { return "POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"s; }},
      {"OtherSecret", 401, "SIGNATURE_MISMATCH", [] { return SignedRequest(kBody, kNow, "guess").Bytes(); }},
      {"SecretWithItsLineEnd", 401, "SIGNATURE_MISMATCH", [] { return SignedRequest(kBody, kNow, kSecret + "\n"s).Bytes(); }},
      {"BodyChanged", 401, "SIGNATURE_MISMATCH", [] { return OtherBody("{\"event\":\"meeting.ended\"}"); }},
      {"BodyWithSpaceAppended", 401, "SIGNATURE_MISMATCH", [] { return OtherBody(kBody + " "s); }},
      {"BodyOfTwoTimes", 401, "SIGNATURE_MISMATCH", [] { return OtherBody(kBody + ""s + kBody); }},
      {"TimestampChanged", 401, "SIGNATURE_MISMATCH", [] { return Timestamp(std::to_string(kNow + 1)); }},
      {"TimestampWithLeadingZero", 401, "SIGNATURE_MISMATCH", [] { return Timestamp("0" + std::to_string(kNow)); }},
      {"SignatureOfZeros", 401, "SIGNATURE_MISMATCH", [] { return Signature("v0=" + std::string(64, '0')); }},
      {"SignatureEmpty", 401, "SIGNATURE_MALFORMED", [] { return Signature(""); }},
      {"SignatureUpperCase", 401, "SIGNATURE_MALFORMED", [] { return Signature(Upper(GoodSignature())); }},
      {"SignatureOtherVersion", 401, "SIGNATURE_MALFORMED", [] { return Signature("v1=" + GoodSignature().substr(3)); }},
      {"SignatureWithoutPrefix", 401, "SIGNATURE_MALFORMED", [] { return Signature(GoodSignature().substr(3)); }},
      {"SignatureCutShort", 401, "SIGNATURE_MALFORMED", [] { return Signature(GoodSignature().substr(0, 66)); }},
      {"SignatureTooLong", 401, "SIGNATURE_MALFORMED", [] { return Signature(GoodSignature() + "0"); }},
      {"SignatureWithInnerSpace", 401, "SIGNATURE_MALFORMED", [] { return Signature("v0= " + GoodSignature().substr(3)); }},
      {"SignatureAsList", 401, "SIGNATURE_MALFORMED", [] { return Signature(GoodSignature() + ", " + GoodSignature()); }},
      {"SignatureOfAnotherScheme", 401, "SIGNATURE_MALFORMED", [] { return Signature("sha256=" + GoodSignature().substr(3)); }},
      {"SignatureTwice", 400, "HEADER_DUPLICATED", [] { return Plus("X-Zm-Signature: " + GoodSignature()); }},
      {"SignatureTwiceBadFirst", 400, "HEADER_DUPLICATED",
       [] { return SignedRequest(kBody).Set("x-zm-signature", "x-zm-signature: v0=0").Add("x-zm-signature: " + GoodSignature()).Bytes(); }},
      {"TimestampTwice", 400, "HEADER_DUPLICATED", [] { return Plus("x-zm-request-timestamp: " + std::to_string(kNow)); }},
      // Stale, or from the future.
      {"OneSecondTooOld", 401, "TIMESTAMP_TOO_OLD", [] { return SignedRequest(kBody, kNow - 5401).Bytes(); }},
      {"YearsOld", 401, "TIMESTAMP_TOO_OLD", [] { return SignedRequest(kBody, 1).Bytes(); }},
      {"FarAhead", 401, "TIMESTAMP_AHEAD", [] { return SignedRequest(kBody, kNow + 86400).Bytes(); }},
      {"TimestampInMilliseconds", 401, "TIMESTAMP_MALFORMED", [] { return SignedRequest(kBody, kNow * 1000).Bytes(); }},
      {"TimestampNegative", 401, "TIMESTAMP_MALFORMED", [] { return SignedRequest(kBody, -kNow).Bytes(); }},
      {"TimestampZero", 401, "TIMESTAMP_MALFORMED", [] { return SignedRequest(kBody, 0).Bytes(); }},
      {"TimestampEmpty", 401, "TIMESTAMP_MALFORMED", [] { return Timestamp(""); }},
      {"TimestampWithFraction", 401, "TIMESTAMP_MALFORMED", [] { return Timestamp(std::to_string(kNow) + ".0"); }},
      // Signing oracle.
      {"ChallengeUnsigned", 401, "SIGNATURE_MISSING",
       [] { return SignedRequest(Challenge("\"abc\"")).Set("x-zm-signature", "").Set("x-zm-request-timestamp", "").Bytes(); }},
      {"ChallengeForged", 401, "SIGNATURE_MISMATCH", [] { return SignedRequest(Challenge("\"abc\""), kNow, "guess").Bytes(); }},
      {"ChallengeStale", 401, "TIMESTAMP_TOO_OLD", [] { return SignedRequest(Challenge("\"abc\""), kNow - 5401).Bytes(); }},
      {"OracleUnsigned", 401, "SIGNATURE_MISSING",
       [] {
         return SignedRequest(Challenge("\"v0:" + std::to_string(kNow) + ":{}\"")).Set("x-zm-signature", "").Bytes();
       }},
      {"OracleSigned", 400, "CHALLENGE_TOKEN_REFUSED",
       [] {
         return SignedRequest(Challenge("\"v0:" + std::to_string(kNow) + ":{\\\"event\\\":\\\"meeting.ended\\\"}\"")).Bytes();
       }},
      {"OracleByEscapes", 400, "CHALLENGE_TOKEN_REFUSED", [] { return SignedRequest(Challenge("\"v0\\u003a1\\u003a{}\"")).Bytes(); }},
      {"ChallengeWithLongToken", 400, "CHALLENGE_TOKEN_REFUSED",
       [] { return SignedRequest(Challenge("\"" + std::string(129, 'a') + "\"")).Bytes(); }},
      {"ChallengeWithEmptyToken", 400, "CHALLENGE_TOKEN_REFUSED", [] { return SignedRequest(Challenge("\"\"")).Bytes(); }},
      {"ChallengeWithNumber", 400, "CHALLENGE_TOKEN_REFUSED", [] { return SignedRequest(Challenge("12345")).Bytes(); }},
      // Too large.
      {"BodyDeclaredTooLarge", 413, "BODY_TOO_LARGE", [] { return With("content-length", "Content-Length: 65537"); }},
      {"BodyDeclaredHuge", 413, "BODY_TOO_LARGE", [] { return With("content-length", "Content-Length: 999999999999999999"); }},
      {"BodyDeclaredBeyondInteger", 400, "REQUEST_MALFORMED",
       [] { return With("content-length", "Content-Length: 18446744073709551701"); }},
      {"BodyChunkedTooLarge", 413, "BODY_TOO_LARGE", [] { return Chunked("10000\r\n" + std::string(65536, 'x') + "\r\n1\r\n"); }},
      {"ChunkDeclaredHuge", 413, "BODY_TOO_LARGE", [] { return Chunked("FFFFFFFF\r\n"); }},
      {"ManyHeaders", 431, "HEADERS_TOO_LARGE",
       [] {
         WebhookRequest request = SignedRequest(kBody);
         for (int i = 0; i < 100; ++i) request.Add("X-" + std::to_string(i) + ": a");
         return request.Bytes();
       }},
      {"LargeHeader", 431, "HEADERS_TOO_LARGE", [] { return Plus("X-Large: " + std::string(20000, 'a')); }},
      {"HeaderWithoutEnd", 431, "HEADERS_TOO_LARGE", [] { return "POST /webhook HTTP/1.1\r\nX: " + std::string(20000, 'a'); }},
      {"HugeRequestLine", 431, "HEADERS_TOO_LARGE", [] { return Target("/" + std::string(20000, 'a')); }},
      {"RequestLineWithoutEnd", 431, "HEADERS_TOO_LARGE", [] { return std::string(20000, 'A'); }},
      // Two readings of where the request ends.
      {"LengthAndChunked", 400, "REQUEST_MALFORMED", [] { return Plus("Transfer-Encoding: chunked"); }},
      {"LengthTwice", 400, "REQUEST_MALFORMED", [] { return Plus("Content-Length: " + std::to_string(sizeof(kBody) - 1)); }},
      {"LengthsDiffer", 400, "REQUEST_MALFORMED", [] { return Plus("Content-Length: 0"); }},
      {"LengthAsList", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Content-Length: 5, 5"); }},
      {"LengthWithSign", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Content-Length: +5"); }},
      {"LengthHexadecimal", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Content-Length: 0x5"); }},
      {"CodingsAsList", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Transfer-Encoding: gzip, chunked"); }},
      {"CodingMisspelt", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Transfer-Encoding: xchunked"); }},
      {"CodingWithVerticalTab", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Transfer-Encoding: \x0b" "chunked"); }},
      {"CodingTwice", 400, "REQUEST_MALFORMED",
       [] { return SignedRequest(kBody).Set("content-length", "Transfer-Encoding: chunked").Add("Transfer-Encoding: chunked").Bytes(); }},
      {"SpaceBeforeColon", 400, "REQUEST_MALFORMED", [] { return With("content-length", "Content-Length : 5"); }},
      {"BareLineFeed", 400, "REQUEST_MALFORMED", [] { return Plus("X: a\nContent-Length: 0"); }},
      {"BareCarriageReturn", 400, "REQUEST_MALFORMED", [] { return Plus("X: a\rContent-Length: 0"); }},
      {"FoldedLine", 400, "REQUEST_MALFORMED", [] { return Plus("X: a\r\n Content-Length: 0"); }},
      {"NulInHeader", 400, "REQUEST_MALFORMED", [] { return Plus("X: a\0b"s); }},
      {"HeaderWithoutColon", 400, "REQUEST_MALFORMED", [] { return Plus("nonsense"); }},
      {"ChunkExtension", 400, "REQUEST_MALFORMED", [] { return Chunked("5;" + std::string(10000, 'a') + "\r\nhello\r\n0\r\n\r\n"); }},
      {"ChunkSizeNegative", 400, "REQUEST_MALFORMED", [] { return Chunked("-5\r\nhello\r\n0\r\n\r\n"); }},
      {"ChunkSizeOverflow", 400, "REQUEST_MALFORMED", [] { return Chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"); }},
      {"ChunkWithoutLineEnd", 400, "REQUEST_MALFORMED", [] { return Chunked("5\r\nhello0\r\n\r\n"); }},
      {"ChunkLineFeedOnly", 400, "REQUEST_MALFORMED", [] { return Chunked("5\nhello\n0\n\n"); }},
      {"ChunkTrailer", 400, "REQUEST_MALFORMED", [] { return Chunked("5\r\nhello\r\n0\r\nX-Zm-Signature: a\r\n\r\n"); }},
      {"NoHost", 400, "REQUEST_MALFORMED", [] { return With("host", ""); }},
      {"TwoHosts", 400, "REQUEST_MALFORMED", [] { return Plus("Host: other.example"); }},
      {"OtherExpectation", 400, "REQUEST_MALFORMED", [] { return Plus("Expect: 999-surprise"); }},
      // Not HTTP/1.1.
      {"Http10", 400, "REQUEST_MALFORMED", [] { return Line("POST /webhook HTTP/1.0"); }},
      {"Http09", 400, "REQUEST_MALFORMED", [] { return "GET /webhook\r\n"s; }},
      {"Http2Preface", 400, "REQUEST_MALFORMED", [] { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s; }},
      {"TlsWithinTheConnection", 400, "REQUEST_MALFORMED", [] { return "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s; }},
      {"Garbage", 400, "REQUEST_MALFORMED", [] { return "\xff\x00\x80\r\n\r\n"s; }},
      {"EmptyLinesOnly", 400, "REQUEST_MALFORMED", [] { return "\r\n\r\n\r\n"s; }},
      {"TargetWithRawUtf8", 400, "REQUEST_MALFORMED", [] { return Target("/webhook\xc3\xa9"); }},
      {"TargetAbsolute", 400, "REQUEST_MALFORMED", [] { return Target("http://receiver.example/webhook"); }},
      {"TargetAsterisk", 400, "REQUEST_MALFORMED", [] { return Line("OPTIONS * HTTP/1.1"); }},
      {"TargetOfConnect", 400, "REQUEST_MALFORMED", [] { return Line("CONNECT receiver.example:443 HTTP/1.1"); }},
      // Another method or path.
      {"MethodGet", 405, "METHOD_NOT_ALLOWED", [] { return Line("GET /webhook HTTP/1.1"); }},
      {"MethodPut", 405, "METHOD_NOT_ALLOWED", [] { return Line("PUT /webhook HTTP/1.1"); }},
      {"MethodTrace", 405, "METHOD_NOT_ALLOWED", [] { return Line("TRACE /webhook HTTP/1.1"); }},
      {"MethodLowerCase", 405, "METHOD_NOT_ALLOWED", [] { return Line("post /webhook HTTP/1.1"); }},
      {"PathUnknown", 404, "PATH_UNKNOWN", [] { return Target("/"); }},
      {"PathWithSlash", 404, "PATH_UNKNOWN", [] { return Target("/webhook/"); }},
      {"PathDoubleSlash", 404, "PATH_UNKNOWN", [] { return Target("//webhook"); }},
      {"PathUpperCase", 404, "PATH_UNKNOWN", [] { return Target("/WEBHOOK"); }},
      {"PathPercentEncoded", 404, "PATH_UNKNOWN", [] { return Target("/%77ebhook"); }},
      {"PathWithEncodedNul", 404, "PATH_UNKNOWN", [] { return Target("/webhook%00"); }},
      {"PathWithDots", 404, "PATH_UNKNOWN", [] { return Target("/a/../webhook"); }},
      {"PathWithParameter", 404, "PATH_UNKNOWN", [] { return Target("/webhook;a=b"); }},
      {"PathOfAdminPort", 404, "PATH_UNKNOWN", [] { return Line("GET /metrics HTTP/1.1"); }},
      {"BodyMissing", 400, "BODY_EMPTY", [] { return SignedRequest("").Bytes(); }},
      {"BodyMissingNoLength", 400, "BODY_EMPTY", [] { return SignedRequest("").Set("content-length", "").Bytes(); }},
      // Slow and cut off.
      {"SlowRequestLine", 408, "REQUEST_TIMEOUT", [] { return "POS"s; }, true},
      {"SlowHeaders", 408, "REQUEST_TIMEOUT", [] { return Good().substr(0, 80); }, true},
      {"SlowBody", 408, "REQUEST_TIMEOUT", [] { return Good().substr(0, Good().size() - 1); }, true},
      {"SlowChunk", 408, "REQUEST_TIMEOUT", [] { return Chunked("5\r\nhel"); }, true},
      {"SlowEndOfChunks", 408, "REQUEST_TIMEOUT", [] { return Chunked("5\r\nhello\r\n0\r\n"); }, true},
      {"SilentConnection", kNoAnswer, "", [] { return ""s; }, true},
      {"TruncatedHeaders", kNoAnswer, "", [] { return Good().substr(0, 80); }, false, true},
      {"TruncatedBody", kNoAnswer, "", [] { return Good().substr(0, Good().size() - 1); }, false, true},
      {"TruncatedChunk", kNoAnswer, "", [] { return Chunked("5\r\nhel"); }, false, true},
  };
  return kAttacks;
}

enum class Transport { kPlain, kTls };

class AttackTest : public EdgeTest, public ::testing::WithParamInterface<std::tuple<Transport, size_t>> {
 protected:
  AttackTest() {
    if (std::get<0>(GetParam()) == Transport::kTls) {
      const auto files = ca_.Issue("server", {.common_name = "receiver"});
      server_options_.tls = http::TlsOptions{.certificate_file = files.certificate_file, .private_key_file = files.private_key_file};
      client_context_.reset(SSL_CTX_new(TLS_client_method()));
      SSL_CTX_load_verify_locations(client_context_.get(), ca_.ca_file().c_str(), nullptr);
      SSL_CTX_set_verify(client_context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    StartEdge();
  }
  std::unique_ptr<RawClient> Connect() {
    if (client_context_ == nullptr) return std::make_unique<RawClient>(server_->port());
    return std::make_unique<RawClient>(server_->port(), RawClient::Tls{client_context_.get()});
  }
  // The answer; while it is awaited, the clock runs when the attack stalls.
  RawResponse Carry(RawClient& client, const Attack& attack) {
    client.Send(attack.bytes());
    if (attack.finish_sending) client.FinishSending();
    auto answer = std::async(std::launch::async, [&] { return client.Receive(); });
    while (attack.stall && answer.wait_for(std::chrono::milliseconds(3)) != std::future_status::ready) {
      clock_.Advance(absl::Seconds(1));
    }
    return answer.get();
  }

  ::zoomwatch::testing::TestCa ca_{dir_.path(), "ca"};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context_{nullptr, SSL_CTX_free};
};

TEST_P(AttackTest, GetsTheDocumentedAnswerAndTheServiceStaysUp) {
  const Attack& attack = Attacks()[std::get<1>(GetParam())];
  {
    const auto client = Connect();
    ASSERT_TRUE(client->connected());
    const RawResponse response = Carry(*client, attack);
    EXPECT_EQ(response.status, attack.status);
    EXPECT_EQ(response.body, attack.status == kNoAnswer ? "" : "{\"reason\":\"" + std::string(attack.reason) + "\"}");
  }
  EXPECT_TRUE(store_.stored().empty());
  const RawResponse good = Connect()->Exchange(Good());
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(store_.stored().size(), 1u);
}

std::string AttackName(const TestParamInfo<std::tuple<Transport, size_t>>& info) {
  return std::string(Attacks()[std::get<1>(info.param)].name) + (std::get<0>(info.param) == Transport::kTls ? "OverTls" : "");
}

INSTANTIATE_TEST_SUITE_P(Everything, AttackTest,
                         ::testing::Combine(::testing::Values(Transport::kPlain, Transport::kTls),
                                            ::testing::Range<size_t>(0, Attacks().size())),
                         AttackName);

}  // namespace
}  // namespace zoomwatch::receiver::testing
