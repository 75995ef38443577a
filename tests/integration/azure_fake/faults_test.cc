// What goes wrong on request, and the calls of the fake's own that control it.
#include <fstream>
#include <iterator>
#include <thread>

#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "tests/integration/azure_fake/azure_fake_fixture.h"

namespace zoomwatch::fakes {
namespace {

constexpr char kRow[] = R"([{"TimeGenerated":"2026-11-18T11:06:40Z","Text":"a"}])";

class AzureFaultsTest : public AzureFakeTest {
 protected:
  RawResponse AddFaults(std::string_view json) { return Exchange("POST", "/_fake/faults", {}, json); }
  void Add(Fault fault) { ASSERT_TRUE(fake().AddFault(std::move(fault)).ok()); }
};

TEST_F(AzureFaultsTest, AnswersTheNextCallsWithAStatus) {
  Add({.skip = 1, .count = 2, .status = 429, .retry_after_seconds = 7});
  EXPECT_EQ(Upload(kRow).status, 204);
  const RawResponse response = Upload(kRow);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.Header("Retry-After"), "7");
  EXPECT_EQ(Code(response), "TooManyRequests");
  EXPECT_EQ(fake().pending_faults(), 1u);
  EXPECT_EQ(Upload(kRow).status, 429);
  EXPECT_EQ(fake().pending_faults(), 0u);
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(Rows().size(), 2u);
}

TEST_F(AzureFaultsTest, AnswersUntilClearedWhenTheCountIsZero) {
  Add({.count = 0, .status = 403});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Upload(kRow).status, 403);
  EXPECT_EQ(Code(Upload(kRow)), "OperationFailed");
  fake().ClearFaults();
  EXPECT_EQ(Upload(kRow).status, 204);
}

TEST_F(AzureFaultsTest, RunsIntoFaultsInTheirOrder) {
  Add({.status = 500});
  Add({.status = 503});
  EXPECT_EQ(Upload(kRow).status, 500);
  EXPECT_EQ(Upload(kRow).status, 503);
}

TEST_F(AzureFaultsTest, CutsBeforeTheCommit) {
  Add({.action = FaultAction::kCutBeforeCommit});
  EXPECT_EQ(Upload(kRow).status, 0);
  EXPECT_TRUE(Rows().empty());
  EXPECT_EQ(fake().state().Answers("ingestion", "cut"), 1u);
  EXPECT_EQ(Upload(kRow).status, 204);
}

TEST_F(AzureFaultsTest, CutsInsideTheBody) {
  token_ = Token();
  Add({.action = FaultAction::kCutInBody});
  RawClient client(fake().port());
  const std::string request =
      RequestText("POST", Target(), {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}}, kRow);
  client.Send(std::string_view(request).substr(0, request.size() - 3));
  EXPECT_EQ(client.Receive().status, 0);
  EXPECT_TRUE(Rows().empty());
}

TEST_F(AzureFaultsTest, CommitsThenCuts) {
  Add({.action = FaultAction::kCommitThenCut});
  EXPECT_EQ(Upload(kRow).status, 0);
  EXPECT_EQ(Rows().size(), 1u);
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(Rows().size(), 2u);  // nothing removes repetitions here
}

TEST_F(AzureFaultsTest, CommitsThenCutsInsideTheAnswer) {
  token_ = Token();
  Add({.action = FaultAction::kCommitThenCutInAnswer});
  RawClient client(fake().port());
  EXPECT_EQ(client
                .Exchange(RequestText("POST", Target(), {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}}, kRow))
                .status,
            0);
  EXPECT_EQ(Rows().size(), 1u);
}

TEST_F(AzureFaultsTest, CommitsThenAnswersLikeAGateway) {
  Add({.action = FaultAction::kCommitThenAnswer, .status = 504});
  EXPECT_EQ(Upload(kRow).status, 504);
  EXPECT_EQ(Rows().size(), 1u);
}

TEST_F(AzureFaultsTest, KeepsACommitFaultForACallThatIsCommitted) {
  Add({.action = FaultAction::kCommitThenCut});
  EXPECT_EQ(Upload("{}").status, 400);
  EXPECT_EQ(fake().pending_faults(), 1u);
  EXPECT_EQ(Upload(kRow).status, 0);
}

TEST_F(AzureFaultsTest, RefusesCallsWithARowThatMatches) {
  Add({.action = FaultAction::kRefuseRows, .count = 0, .status = 400, .code = "InvalidRow", .column = "Text", .matches = "^poison$"});
  EXPECT_EQ(Upload(R"([{"Text":"a"},{"Text":"poison"},{"Text":"b"}])").status, 400);
  EXPECT_EQ(Upload(R"([{"Text":"not poison"}])").status, 204);
  EXPECT_EQ(Code(Upload(R"([{"Text":"\u0070oison"}])")), "InvalidRow");
  EXPECT_EQ(Rows().size(), 1u);
}

TEST_F(AzureFaultsTest, RefusesOnlyAsManyCallsAsItWasTold) {
  Add({.action = FaultAction::kRefuseRows, .count = 1, .status = 413, .column = "Text", .matches = "a"});
  EXPECT_EQ(Upload(kRow).status, 413);
  EXPECT_EQ(Upload(kRow).status, 204);
}

TEST_F(AzureFaultsTest, FailsTokenRequestsApartFromUploads) {
  token_ = Token();
  Add({.target = FaultTarget::kToken, .status = 500});
  Add({.target = FaultTarget::kManagedIdentity, .status = 410});
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(AskToken(TokenForm()).status, 500);
  EXPECT_EQ(AskToken(TokenForm()).status, 200);
  EXPECT_EQ(Exchange("GET", "/metadata/identity/oauth2/token").status, 410);
}

TEST_F(AzureFaultsTest, HoldsACallUntilTheFaultsAreCleared) {
  token_ = Token();
  Add({.action = FaultAction::kPass, .delay = absl::InfiniteDuration()});
  RawClient client(fake().port());
  client.Send(RequestText("POST", Target(), {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}}, kRow));
  while (fake().pending_faults() > 0) std::this_thread::yield();  // until the call is held
  EXPECT_TRUE(Rows().empty());
  fake().ClearFaults();
  EXPECT_EQ(client.Receive().status, 204);
}

TEST_F(AzureFaultsTest, LetsAHeldCallGoAtTheEnd) {
  token_ = Token();
  Add({.action = FaultAction::kPass, .delay = absl::InfiniteDuration()});
  RawClient client(fake().port());
  client.Send(RequestText("POST", Target(), {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}}, kRow));
  while (fake().pending_faults() > 0) std::this_thread::yield();
  // The fixture ends the fake here, while the call is held.
}

TEST_F(AzureFaultsTest, TakesFaultsAsJson) {
  EXPECT_EQ(AddFaults(R"([{"status":429,"retry_after":3},{"action":"commit_then_cut"}])").body, R"({"pending":2})");
  EXPECT_EQ(Upload(kRow).Header("Retry-After"), "3");
  EXPECT_EQ(Upload(kRow).status, 0);
  EXPECT_EQ(AddFaults(R"({"action":"refuse_rows","column":"Text","matches":"a"})").status, 200);
  EXPECT_EQ(Exchange("DELETE", "/_fake/faults").status, 200);
  EXPECT_EQ(Upload(kRow).status, 204);
}

TEST_F(AzureFaultsTest, RefusesFaultsThatItDoesNotUnderstand) {
  for (const std::string_view json :
       {R"({"statuss":429})", R"({"action":"explode"})", R"({"target":"moon"})", R"({"status":99})", R"({"status":600})", R"({"code":"a\r\nb"})",
        R"({"action":"refuse_rows"})", R"({"action":"refuse_rows","column":"a","matches":"("})", "[1]", "{"}) {
    EXPECT_EQ(AddFaults(json).status, 400) << json;
  }
  EXPECT_EQ(fake().pending_faults(), 0u);
}

TEST_F(AzureFaultsTest, ShowsStateAndRows) {
  EXPECT_EQ(Upload(R"([{"TimeGenerated":"2026-11-18T11:06:40Z","Text":"a","Nope":1}])").status, 204);
  EXPECT_EQ(Upload("{").status, 400);
  EXPECT_EQ(Exchange("GET", "/_fake/state").body,
            R"({"answers":{"ingestion":{"204":1,"400":1},"token":{"200":1}},"refusals":{"InvalidJson":1},)"
            R"("streams":{"Custom-Things_CL":{"calls":1,"rows":1,"bytes":62,"undeclared_fields":{"Nope":1},"lost_fields":{},)"
            R"("cut_fields":{},"time_missing":0,"time_replaced":0}},"largest_body_bytes":62,"largest_content_bytes":62})");
  EXPECT_EQ(Exchange("GET", "/_fake/rows?stream=Custom-Things_CL").body, "{\"TimeGenerated\":\"2026-11-18T11:06:40Z\",\"Text\":\"a\"}\n");
  EXPECT_EQ(Exchange("POST", "/_fake/forget").status, 200);
  EXPECT_TRUE(Rows().empty());
  EXPECT_EQ(Exchange("POST", "/_fake/revoke").status, 200);
  EXPECT_EQ(Upload(kRow).status, 401);
  EXPECT_EQ(Exchange("GET", "/_fake/other").status, 404);
}

TEST_F(AzureFaultsTest, ShowsTheLastCallAsItCameButForTheToken) {
  EXPECT_EQ(UploadGzip("[]").status, 204);
  const std::string size = std::to_string(Gzip("[]").size());
  EXPECT_EQ(Exchange("GET", "/_fake/last-call").body,
            R"({"method":"POST","target":"/dataCollectionRules/dcr-rule/streams/Custom-Things_CL?api-version=2023-01-01",)"
            R"("headers":{"authorization":"Bearer","content-encoding":"gzip","content-length":")" +
                size + R"(","content-type":"application/json","host":"localhost"},"content":"[]"})");
}

TEST_F(AzureFaultsTest, AppendsCommittedRowsToAFile) {
  const testing::TempDir folder;
  options_.rows_file = folder.file("rows.jsonl");
  EXPECT_EQ(Upload(kRow).status, 204);
  EXPECT_EQ(Upload("[]").status, 204);
  std::ifstream file(options_.rows_file);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, "{\"TimeGenerated\":\"2026-11-18T11:06:40Z\",\"Text\":\"a\",\"Type\":\"Things_CL\"}\n");
}

TEST_F(AzureFaultsTest, SpeaksTls) {
  const testing::TempDir folder;
  const testing::TestCa ca(folder.path(), "ca");
  const testing::CertificateFiles files = ca.Issue("fake", {.common_name = "fake"});
  options_.certificate_file = files.certificate_file;
  options_.private_key_file = files.private_key_file;
  EXPECT_EQ(fake().url(), fmt::format("https://localhost:{}", fake().port()));
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  ASSERT_EQ(SSL_CTX_load_verify_locations(context.get(), ca.ca_file().c_str(), nullptr), 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  RawClient client(fake().port(), RawClient::Tls{context.get()});
  ASSERT_TRUE(client.connected());
  const std::string form = TokenForm();
  EXPECT_EQ(client.Exchange(RequestText("POST", "/tenant-1/oauth2/v2.0/token", {}, form)).status, 200);
  Add({.target = FaultTarget::kToken, .action = FaultAction::kCommitThenCut});
  EXPECT_EQ(client.Exchange(RequestText("POST", "/tenant-1/oauth2/v2.0/token", {}, form)).status, 0);
}

TEST(ReadStreams, ReadsATemplateAndRefusesIllegalOnes) {
  const auto streams = ReadStreams(
      R"({"properties":{"streamDeclarations":{"Custom-A_CL":{"plan":"Auxiliary","columns":[{"name":"TimeGenerated","type":"datetime"}]}}}})");
  ASSERT_TRUE(streams.ok()) << streams.status();
  EXPECT_EQ((*streams)[0].name, "Custom-A_CL");
  EXPECT_EQ((*streams)[0].table(), "A_CL");
  EXPECT_TRUE((*streams)[0].auxiliary);
  const std::string name(45, 'a');
  const auto with_column = [](const std::string& column, std::string_view type) {
    return ReadStreams(
        fmt::format(R"({{"streamDeclarations":{{"Custom-A_CL":{{"columns":[{{"name":"{}","type":"{}"}}]}}}}}})", column, type));
  };
  EXPECT_TRUE(with_column(name, "string").ok());
  EXPECT_FALSE(with_column(name + "a", "string").ok());
  EXPECT_FALSE(with_column("_a", "string").ok());
  EXPECT_FALSE(with_column("a-b", "string").ok());
  EXPECT_FALSE(with_column("Title", "string").ok()) << "reserved";
  EXPECT_FALSE(with_column("a", "guid").ok());
  EXPECT_FALSE(ReadStreams(R"({"streamDeclarations":{"A_CL":{"columns":[]}}})").ok());
  EXPECT_FALSE(ReadStreams("{}").ok());
  const std::string rule = R"({"properties":{"streamDeclarations":{"Custom-A_CL":{"columns":[]}}},"type":)";
  EXPECT_TRUE(ReadStreams("{\"resources\":[{\"type\":\"x\"}," + rule + "\"Microsoft.Insights/dataCollectionRules\"}]}").ok());
  EXPECT_FALSE(ReadStreams("{\"resources\":[" + rule + "\"x\"}]}").ok());
}

}  // namespace
}  // namespace zoomwatch::fakes
