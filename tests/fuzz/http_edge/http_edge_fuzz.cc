// Bytes of a connection -> the server's parser -> the webhook handler's checks, without sockets.
//
// The first byte says in which pieces the rest arrives. Properties:
//   - how the bytes are cut does not change what is read, nor why they are refused;
//   - what we accept, Beast's parser accepts too, with the same method, target, fields and body: no other reader can see another
//     request in bytes that pass here (Beast accepts more than we do, which is the point of our own parser);
//   - the checks behind the parser accept nothing: no secret is known here.
#include <boost/beast/http.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

#include "common/http/request_parser.h"
#include "common/log/log.h"
#include "common/status/check.h"
#include "common/testing/temp_dir.h"
#include "services/receiver/webhook_handler.h"

namespace {

namespace beast = boost::beast;
using zoomwatch::http::ParserLimits;
using zoomwatch::http::Request;
using zoomwatch::http::RequestParser;
using State = RequestParser::State;

constexpr ParserLimits kLimits{.max_header_bytes = 2048, .max_header_count = 20, .max_body_bytes = 512};

struct Parsed {
  RequestParser parser{kLimits};
  size_t consumed = 0;
};

bool Open(const RequestParser& parser) { return parser.state() == State::kHead || parser.state() == State::kBody; }

void Parse(Parsed& result, std::string_view bytes, size_t step) {
  while (result.consumed < bytes.size() && Open(result.parser)) {
    const size_t taken = result.parser.Parse(bytes.substr(result.consumed, step));
    ZOOMWATCH_CHECK(taken > 0);
    result.consumed += taken;
  }
}

// Beast must read the same request from the same bytes.
void CompareWithBeast(std::string_view bytes, const Request& ours) {
  beast::http::request_parser<beast::http::string_body> theirs;
  theirs.eager(true);
  theirs.header_limit(1 << 20);
  beast::error_code error;
  const size_t used = theirs.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  ZOOMWATCH_CHECK(!error);
  ZOOMWATCH_CHECK(theirs.is_done());
  ZOOMWATCH_CHECK(used == bytes.size());
  const auto& message = theirs.get();
  ZOOMWATCH_CHECK(std::string_view(message.method_string()) == ours.method);
  ZOOMWATCH_CHECK(std::string_view(message.target()) == ours.target);
  ZOOMWATCH_CHECK(message.body() == ours.body);
  size_t index = 0;
  for (const auto& field : message) {
    // Beast keeps equal names together; the order within one name is the same.
    const std::string_view name(field.name_string().data(), field.name_string().size());
    ZOOMWATCH_CHECK(ours.headers.Count(name) == message.count(field.name_string()));
    ++index;
  }
  ZOOMWATCH_CHECK(index == ours.headers.size());
}

// Answers are kept instead of sent.
class KeptAnswer final : public zoomwatch::http::Responder::Exchange {
 public:
  void Send(zoomwatch::http::Response response) override { status = response.status; }
  int status = 0;
};

class NoStore final : public zoomwatch::receiver::WebhookStore {
 public:
  void Store(zoomwatch::ingest::v1::RawWebhook, std::function<void(absl::Status)>) override {
    ZOOMWATCH_CHECK(false);  // nothing that arrives here is signed
  }
};

// The handler as the receiver has it, with one account.
class Edge {
 public:
  Edge() {
    zoomwatch::SetLogSinkForTest([](std::string_view) {});
    const zoomwatch::testing::TempDir dir;  // read once
    std::ofstream(dir.file("secret")) << "the fuzzer does not know it";
    zoomwatch::config::v1::Receiver config;
    config.add_zoom_accounts()->set_name("main");
    config.mutable_zoom_accounts(0)->add_secret_token_files(dir.file("secret"));
    accounts_ = *zoomwatch::receiver::AccountRegistry::Load(config.zoom_accounts(), "/webhook", metrics_);
    zoomwatch::receiver::WebhookHandlerOptions options;
    options.trusted_proxies = *zoomwatch::receiver::TrustedProxies::Parse(std::vector<std::string>{"10.0.0.0/8", "2001:db8::/32"});
    handler_.emplace(std::move(options), *accounts_, replays_, challenges_, store_, zoomwatch::SystemClock::Get(), metrics_);
  }

  // Whatever the bytes were, they are answered, and refused.
  void Check(Request request) {
    request.peer_address = "10.0.0.1";
    const auto refusal = handler_->OnHead(request);
    ZOOMWATCH_CHECK(!refusal.has_value() || refusal->status >= 400);
    const auto answer = std::make_shared<KeptAnswer>();
    handler_->Handle(std::move(request), zoomwatch::http::Responder(answer));
    ZOOMWATCH_CHECK(answer->status >= 400);
  }

 private:
  zoomwatch::Metrics metrics_;
  zoomwatch::receiver::ReplayCache replays_{{.max_entries = 1000}, metrics_};
  zoomwatch::receiver::ChallengeWatch challenges_{{"main"}, absl::Hours(80), zoomwatch::SystemClock::Get(), metrics_};
  NoStore store_;
  std::unique_ptr<zoomwatch::receiver::AccountRegistry> accounts_;
  std::optional<zoomwatch::receiver::WebhookHandler> handler_;
};

void RunChecks(const Request& request) {
  static Edge& edge = *new Edge;
  edge.Check(request);
  // Behind the signature, which the fuzzer cannot pass.
  const auto token = zoomwatch::receiver::FindPlainToken(request.body);
  if (token.ok() && token->has_value()) {
    ZOOMWATCH_CHECK((**token).size() <= 128);
    for (const char c : **token) ZOOMWATCH_CHECK(c != ':' && c != '"' && c != '\\' && c > 0x20);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t step = 1 + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Parsed whole, cut;
  Parse(whole, bytes, bytes.size());
  Parse(cut, bytes, step);
  ZOOMWATCH_CHECK(whole.parser.state() == cut.parser.state());
  if (whole.parser.state() == State::kFailed) ZOOMWATCH_CHECK(whole.parser.failure() == cut.parser.failure());
  if (whole.parser.state() != State::kComplete) return 0;
  ZOOMWATCH_CHECK(whole.consumed == cut.consumed);
  const Request request = whole.parser.Take();
  ZOOMWATCH_CHECK(request.body == cut.parser.Take().body);
  CompareWithBeast(bytes.substr(0, whole.consumed), request);
  RunChecks(request);
  return 0;
}
