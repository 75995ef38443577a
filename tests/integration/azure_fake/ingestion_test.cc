// The Logs Ingestion API: address, encoding, sizes, quota. Each limit below, at and above.
#include "tests/integration/azure_fake/azure_fake_fixture.h"

namespace zoomwatch::fakes {
namespace {

constexpr char kRow[] = R"([{"TimeGenerated":"2026-11-18T11:06:40Z","Text":"a"}])";

class AzureIngestionTest : public AzureFakeTest {
 protected:
  RawResponse UploadTo(const std::string& target, const Fields& more = {{"Content-Type", "application/json"}}) {
    if (token_.empty()) token_ = Token();
    Fields fields = {{"Authorization", "Bearer " + token_}};
    fields.insert(fields.end(), more.begin(), more.end());
    return Exchange("POST", target, fields, kRow);
  }
};

TEST_F(AzureIngestionTest, AnswersACommittedCallWith204AndNoBody) {
  const RawResponse response = Upload(kRow);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.Header("Content-Length"), "");
  EXPECT_EQ(Rows(), (std::vector<std::string>{R"({"TimeGenerated":"2026-11-18T11:06:40Z","Text":"a"})"}));
  EXPECT_EQ(Counts().calls, 1u);
  EXPECT_EQ(Counts().rows, 1u);
  EXPECT_EQ(fake().state().Answers("ingestion", "204"), 1u);
}

TEST_F(AzureIngestionTest, TakesSeveralCallsOverOneConnection) {
  const std::string token = Token();
  RawClient client(fake().port());
  const std::string request =
      RequestText("POST", Target(), {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json; charset=utf-8"}}, kRow);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Exchange(request).status, 204);
  EXPECT_EQ(Rows().size(), 3u);
  EXPECT_EQ(fake().connections(), 2u);  // the other one asked for the token
}

TEST_F(AzureIngestionTest, RefusesAWrongAddressByItsPart) {
  const struct {
    std::string target;
    int status;
    std::string_view code;
  } cases[] = {
      {"/dataCollectionRules/dcr-other/streams/Custom-Things_CL?api-version=2023-01-01", 404, "NotFound"},
      {"/dataCollectionRules//streams/Custom-Things_CL?api-version=2023-01-01", 404, "NotFound"},
      {"/dataCollectionRules/dcr-rule/streams/Custom-Unknown_CL?api-version=2023-01-01", 400, "InvalidStream"},
      {"/dataCollectionRules/dcr-rule/streams/?api-version=2023-01-01", 400, "InvalidStream"},
      {"/dataCollectionRules/dcr-rule/streams/Custom-Things_CL?api-version=2021-11-01-preview", 400, "UnsupportedApiVersion"},
      {"/dataCollectionRules/dcr-rule/streams/Custom-Things_CL", 400, "UnsupportedApiVersion"},
      {"/dataCollectionRules", 404, "NotFound"},
      {"/", 404, "NotFound"},
  };
  for (const auto& [target, status, code] : cases) {
    const RawResponse response = UploadTo(target);
    EXPECT_EQ(response.status, status) << target;
    EXPECT_EQ(Code(response), code) << target;
  }
  EXPECT_EQ(Exchange("GET", Target()).status, 405);
  EXPECT_TRUE(Rows().empty());
}

TEST_F(AzureIngestionTest, ChecksTheTokenBeforeItSaysWhichRulesExist) {
  EXPECT_EQ(Exchange("POST", "/dataCollectionRules/dcr-other/streams/x?api-version=2023-01-01", {}, kRow).status, 401);
}

TEST_F(AzureIngestionTest, TakesJsonOnlyAndGzipOrIdentityOnly) {
  EXPECT_EQ(UploadTo(Target(), {}).status, 415);
  EXPECT_EQ(UploadTo(Target(), {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(UploadTo(Target(), {{"Content-Type", "Application/JSON"}}).status, 204);
  EXPECT_EQ(UploadTo(Target(), {{"Content-Type", "application/json"}, {"Content-Encoding", "identity"}}).status, 204);
  EXPECT_EQ(UploadTo(Target(), {{"Content-Type", "application/json"}, {"Content-Encoding", "deflate"}}).status, 415);
  const RawResponse not_gzip = UploadTo(Target(), {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}});
  EXPECT_EQ(not_gzip.status, 400);
  EXPECT_EQ(Code(not_gzip), "InvalidEncoding");
  EXPECT_EQ(UploadGzip(kRow).status, 204);
}

TEST_F(AzureIngestionTest, RefusesGzipThatIsCutOffOrHasBytesBehindIt) {
  const std::string gzip = Gzip(kRow);
  const Fields encoding = {{"Content-Encoding", "gzip"}};
  EXPECT_EQ(Upload(gzip.substr(0, gzip.size() - 1), kStream, encoding).status, 400);
  EXPECT_EQ(Upload(gzip + "x", kStream, encoding).status, 400);
  EXPECT_EQ(Upload("", kStream, encoding).status, 400);
  EXPECT_EQ(Upload(Gzip(std::string_view(kRow).substr(0, 5)) + Gzip(std::string_view(kRow).substr(5)), kStream, encoding).status, 204);
}

TEST_F(AzureIngestionTest, LimitsTheBodyAsSent) {
  EXPECT_EQ(Upload(BodyOfSize(1'048'575)).status, 204);
  EXPECT_EQ(Upload(BodyOfSize(1'048'576)).status, 204);
  const RawResponse response = Upload(BodyOfSize(1'048'577));
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(Code(response), "ContentLengthLimitExceeded");
  EXPECT_EQ(response.Header("x-ms-error-code"), "ContentLengthLimitExceeded");
  EXPECT_EQ(Text(response.body, "message"), "Maximum allowed content length: 1048576 bytes (1 MB). Provided content length: 1048577 bytes.");
  EXPECT_EQ(fake().state().largest_body_bytes, 1'048'577u);
}

TEST_F(AzureIngestionTest, LimitsTheBodyAfterDecompression) {
  EXPECT_EQ(UploadGzip(BodyOfSize(1'048'575)).status, 204);
  EXPECT_EQ(UploadGzip(BodyOfSize(1'048'576)).status, 204);
  const RawResponse response = UploadGzip(BodyOfSize(1'048'577));
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(Code(response), "ContentLengthLimitExceeded");
  EXPECT_EQ(fake().state().refusals["ContentLengthLimitExceeded"], 1u);
  EXPECT_LT(fake().state().largest_body_bytes, 10'000u);
  EXPECT_EQ(fake().state().largest_content_bytes, 1'048'577u);
}

TEST_F(AzureIngestionTest, RefusesABombWithoutMakingItsBytes) {
  EXPECT_EQ(UploadGzip(BodyOfSize(100'000'000)).status, 413);
  EXPECT_EQ(fake().state().largest_content_bytes, 1'048'577u);
}

TEST_F(AzureIngestionTest, LimitsCallsPerMinute) {
  options_.limits.max_calls_per_minute = 3;
  EXPECT_EQ(Upload(kRow).status, 204);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(Upload("{").status, 400);  // counts too
  const RawResponse response = Upload(kRow);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.Header("Retry-After"), "50");
  clock_.Advance(absl::Seconds(50) - absl::Milliseconds(1));
  EXPECT_EQ(Upload(kRow).Header("Retry-After"), "1");
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(Rows().size(), 3u);
}

TEST_F(AzureIngestionTest, LimitsBytesPerMinuteAfterDecompression) {
  options_.limits.max_bytes_per_minute = 3000;
  EXPECT_EQ(UploadGzip(BodyOfSize(2000)).status, 204);
  EXPECT_EQ(UploadGzip(BodyOfSize(1001)).status, 429);
  EXPECT_EQ(UploadGzip(BodyOfSize(1000)).status, 204);
  const RawResponse response = Upload(BodyOfSize(100));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.Header("Retry-After"), "60");
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(Upload(BodyOfSize(3000)).status, 204);
}

TEST_F(AzureIngestionTest, SharesTheQuotaBetweenStreams) {
  options_.limits.max_calls_per_minute = 1;
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(Upload(kRow, kAuxiliaryStream).status, 429);
}

TEST_F(AzureIngestionTest, KeepsNoMoreRowsThanItWasTold) {
  options_.keep_rows = 2;
  EXPECT_EQ(Upload(R"([{"Text":"a"},{"Text":"b"},{"Text":"c"}])").status, 204);
  EXPECT_EQ(Rows().size(), 2u);
  EXPECT_EQ(Counts().rows, 3u);
}

}  // namespace
}  // namespace zoomwatch::fakes
