// A vocabulary for tests of the fake Azure: it speaks raw HTTP to it, so that no client of ours stands between.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/testing/fake_clock.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/integration/http_edge/raw_client.h"

namespace zoomwatch::fakes {

using testing::RawClient;
using testing::RawResponse;

inline const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);  // 2026-11-18T11:06:40Z

// A JSON array of one row whose array text has exactly that many bytes.
inline std::string BodyOfSize(size_t bytes) {
  const std::string head = R"([{"TimeGenerated":"2026-11-18T11:06:40Z","Unknown":")", tail = "\"}]";
  return head + std::string(bytes - head.size() - tail.size(), 'x') + tail;
}

inline std::string Gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string input(text), out(deflateBound(&stream, input.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class AzureFakeTest : public ::testing::Test {
 protected:
  static constexpr std::string_view kStream = "Custom-Things_CL";
  static constexpr std::string_view kAuxiliaryStream = "Custom-Lake_CL";

  AzureFakeTest() {
    options_.clock = &clock_;
    options_.rule_id = "dcr-rule";
    options_.token.tenant = "tenant-1";
    options_.token.client_id = "client-1";
    options_.token.client_secret = "secret+1";
    options_.token.lifetime = absl::Seconds(600);
    const std::vector<Column> columns = {{"TimeGenerated", ColumnType::kDateTime}, {"Text", ColumnType::kString},
                                         {"Int", ColumnType::kInt},                {"Long", ColumnType::kLong},
                                         {"Real", ColumnType::kReal},              {"Flag", ColumnType::kBoolean},
                                         {"Any", ColumnType::kDynamic},            {"When", ColumnType::kDateTime}};
    options_.streams = {{.name = std::string(kStream), .columns = columns},
                        {.name = std::string(kAuxiliaryStream), .columns = columns, .auxiliary = true}};
  }

  FakeAzureMonitor& fake() {
    if (fake_ == nullptr) {
      auto started = FakeAzureMonitor::Start(options_);
      EXPECT_TRUE(started.ok()) << started.status();
      fake_ = *std::move(started);
    }
    return *fake_;
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;
  static std::string RequestText(std::string_view method, std::string_view target, const Fields& fields, std::string_view body) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, target);
    for (const auto& [name, value] : fields) text += fmt::format("{}: {}\r\n", name, value);
    return text + fmt::format("Content-Length: {}\r\n\r\n", body.size()) + std::string(body);
  }
  // Over a connection of its own.
  RawResponse Exchange(std::string_view method, std::string_view target, const Fields& fields = {}, std::string_view body = "") {
    RawClient client(fake().port());
    return client.Exchange(RequestText(method, target, fields, body));
  }

  RawResponse AskToken(std::string_view form, std::string_view tenant = "tenant-1") {
    return Exchange("POST", fmt::format("/{}/oauth2/v2.0/token", tenant), {{"Content-Type", "application/x-www-form-urlencoded"}}, form);
  }
  static std::string TokenForm(std::string_view resource = "https%3A%2F%2Fmonitor.azure.com") {
    return fmt::format("client_id=client-1&scope={}%2F.default&client_secret=secret%2B1&grant_type=client_credentials", resource);
  }
  // The string member of that name in a flat JSON object; "" when absent.
  static std::string Text(const std::string& json, std::string_view name) {
    const std::string key = fmt::format("\"{}\":\"", name);
    const size_t begin = json.find(key);
    if (begin == std::string::npos) return "";
    return json.substr(begin + key.size(), json.find('"', begin + key.size()) - begin - key.size());
  }
  std::string Token(std::string_view resource = "https%3A%2F%2Fmonitor.azure.com") {
    const std::string token = Text(AskToken(TokenForm(resource)).body, "access_token");
    EXPECT_NE(token, "");
    return token;
  }

  static std::string Target(std::string_view stream = kStream) {
    return fmt::format("/dataCollectionRules/dcr-rule/streams/{}?api-version=2023-01-01", stream);
  }
  RawResponse Upload(std::string_view body, std::string_view stream = kStream, const Fields& more = {}) {
    if (token_.empty()) token_ = Token();
    Fields fields = {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return Exchange("POST", Target(stream), fields, body);
  }
  RawResponse UploadGzip(std::string_view body) { return Upload(Gzip(body), kStream, {{"Content-Encoding", "gzip"}}); }

  static std::string Code(const RawResponse& response) { return Text(response.body, "code"); }
  const std::vector<std::string> Rows(std::string_view stream = kStream) { return fake().Rows(stream); }
  StreamState Counts(std::string_view stream = kStream) { return fake().state().streams[std::string(stream)]; }

  testing::FakeClock clock_{kNow};
  AzureMonitorOptions options_;
  std::string token_;

 private:
  std::unique_ptr<FakeAzureMonitor> fake_;
};

}  // namespace zoomwatch::fakes
