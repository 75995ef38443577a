// Sentinel's incidents behind Azure Resource Manager.
#include "tests/integration/azure_fake/azure_fake_fixture.h"

namespace zoomwatch::fakes {
namespace {

constexpr char kGuid[] = "00000000-0000-8000-8000-00000000000a";
constexpr char kWorkspace[] =
    "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/security/providers/Microsoft.OperationalInsights/workspaces/sentinel";

class AzureIncidentsTest : public AzureFakeTest {
 protected:
  static std::string IncidentTarget(std::string_view name = kGuid, std::string_view version = "2023-02-01",
                                    std::string_view workspace = kWorkspace) {
    return fmt::format("{}/providers/Microsoft.SecurityInsights/incidents/{}?api-version={}", workspace, name, version);
  }
  static std::string Body(std::string_view more = "", std::string_view severity = "High", std::string_view status = "New") {
    return fmt::format(R"({{"properties":{{"title":"t","severity":"{}","status":"{}"{}}}}})", severity, status, more);
  }
  RawResponse Call(std::string_view method, std::string_view target, std::string_view body = "", const Fields& more = {}) {
    if (token_.empty()) token_ = Token("https%3A%2F%2Fmanagement.azure.com");
    Fields fields = {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return Exchange(method, target, fields, body);
  }
};

TEST_F(AzureIncidentsTest, MakesReadsAndOverwritesAnIncident) {
  EXPECT_EQ(Call("GET", IncidentTarget()).status, 404);
  const std::string body = Body(
      R"(,"description":"d","labels":[{"labelName":"a"},{"labelName":"b"}],"firstActivityTimeUtc":"2026-11-18T11:06:40.250000Z")");
  EXPECT_EQ(Call("PUT", IncidentTarget(), body).status, 201);
  const RawResponse read = Call("GET", IncidentTarget("00000000-0000-8000-8000-00000000000A"));
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(Text(read.body, "name"), kGuid);
  EXPECT_EQ(Text(read.body, "status"), "New");
  const Incident incident = fake().incidents().All().at(kGuid);
  EXPECT_EQ(incident.labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(incident.first_activity, "2026-11-18T11:06:40.250000Z");

  ASSERT_TRUE(fake().incidents().SetStatus(kGuid, "Closed"));
  EXPECT_EQ(Call("PUT", IncidentTarget(), Body()).status, 200) << "a body without an etag overwrites";
  EXPECT_EQ(fake().incidents().All().at(kGuid).status, "New");
  EXPECT_EQ(fake().incidents().All().at(kGuid).created, 1);
  EXPECT_EQ(fake().incidents().All().at(kGuid).overwritten, 1);
  EXPECT_FALSE(fake().incidents().SetStatus("x", "Closed"));
}

TEST_F(AzureIncidentsTest, AnEtagAndIfNoneMatchGuardAnIncident) {
  options_.incidents.honour_if_none_match = true;
  EXPECT_EQ(Call("PUT", IncidentTarget(), Body(), {{"If-None-Match", "*"}}).status, 201);
  EXPECT_EQ(Call("PUT", IncidentTarget(), Body(), {{"If-None-Match", "*"}}).status, 412);
  const std::string stale = R"({"etag":"9","properties":{"title":"t","severity":"High","status":"New"}})";
  EXPECT_EQ(Call("PUT", IncidentTarget(), stale).status, 409);
  EXPECT_EQ(fake().incidents().All().at(kGuid).overwritten, 0);
}

TEST_F(AzureIncidentsTest, Lists) {
  EXPECT_EQ(Call("GET", fmt::format("{}/providers/Microsoft.SecurityInsights/incidents?api-version=2023-02-01&$top=1", kWorkspace)).body,
            R"({"value":[]})");
  EXPECT_EQ(Call("PUT", IncidentTarget(), Body()).status, 201);
  EXPECT_EQ(Call("PUT", IncidentTarget("00000000-0000-8000-8000-00000000000b"), Body()).status, 201);
  const RawResponse list =
      Call("GET", fmt::format("{}/providers/Microsoft.SecurityInsights/incidents?api-version=2023-02-01&$top=1", kWorkspace));
  EXPECT_EQ(list.status, 200);
  EXPECT_NE(list.body.find(kGuid), std::string::npos);
  EXPECT_EQ(list.body.find("00000000000b"), std::string::npos);
}

TEST_F(AzureIncidentsTest, RefusesAnotherAddressVersionOrToken) {
  const std::string workspace(kWorkspace);
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string changed = workspace;
    return changed.replace(changed.find(what), what.size(), by);
  };
  EXPECT_EQ(Code(Call("GET", IncidentTarget(kGuid, "2023-02-01", with("33333333-3333", "44444444-3333")))), "SubscriptionNotFound");
  EXPECT_EQ(Code(Call("PUT", IncidentTarget(kGuid, "2023-02-01", with("security", "other")), Body())), "ResourceGroupNotFound");
  EXPECT_EQ(Code(Call("PUT", IncidentTarget(kGuid, "2023-02-01", with("sentinel", "other")), Body())), "ResourceNotFound");
  EXPECT_EQ(Call("GET", IncidentTarget(kGuid, "2022-11-01")).status, 400);
  EXPECT_EQ(Call("DELETE", IncidentTarget()).status, 405);
  EXPECT_EQ(Call("PUT", IncidentTarget("not-a-guid"), Body()).status, 400);
  EXPECT_EQ(Exchange("GET", IncidentTarget()).status, 401);
  token_ = Token();  // for ingestion
  EXPECT_EQ(Code(Call("GET", IncidentTarget())), "InvalidAuthenticationTokenAudience");
}

TEST_F(AzureIncidentsTest, RefusesAWorkspaceWithoutSentinel) {
  fake().incidents().SetOnboarded(false);
  const RawResponse response = Call("GET", IncidentTarget());
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("is not onboarded to Microsoft Sentinel"), std::string::npos);
}

TEST_F(AzureIncidentsTest, RefusesABodyThatIsNoIncident) {
  const std::string longest(5000, 'd');
  const std::pair<std::string, int> cases[] = {
      {"", 400},
      {"{", 400},
      {"{}", 400},
      {R"({"properties":{"severity":"High","status":"New"}})", 400},
      {R"({"properties":{"title":"t","status":"New"}})", 400},
      {R"({"properties":{"title":"t","severity":"High"}})", 400},
      {Body("", "Critical"), 400},
      {Body("", "high"), 400},
      {Body("", "High", "Open"), 400},
      {Body(",\"description\":\"" + longest + "\""), 201},
      {Body(",\"description\":\"" + longest + "d\""), 400},
      {Body(",\"description\":\"" + longest.substr(1) + "\xF0\x9F\x98\x80\""), 400},
      {Body(",\"description\":\"\xC3\x28\""), 400},
      {Body(",\"lastActivityTimeUtc\":\"yesterday\""), 400},
      {Body(",\"labels\":[\"a\"]"), 400},
      {Body(",\"labels\":\"a\""), 400},
      {Body(",\"tittle\":\"a\""), 400},
      {Body(",\"title2\":1"), 400},
  };
  for (const auto& [body, status] : cases) EXPECT_EQ(Call("PUT", IncidentTarget(), body).status, status) << body.substr(0, 100);
  EXPECT_EQ(Call("PUT", IncidentTarget(), Body(), {}).status, 200);
}

TEST_F(AzureIncidentsTest, FaultsHitReadsAndWritesApart) {
  ASSERT_TRUE(fake().AddFault({.target = FaultTarget::kIncidentWrite, .status = 429, .retry_after_seconds = 3}).ok());
  ASSERT_TRUE(fake().AddFault({.target = FaultTarget::kIncidentWrite, .action = FaultAction::kCommitThenCut}).ok());
  EXPECT_EQ(Call("GET", IncidentTarget()).status, 404);
  const RawResponse throttled = Call("PUT", IncidentTarget(), Body());
  EXPECT_EQ(throttled.status, 429);
  EXPECT_EQ(throttled.Header("Retry-After"), "3");
  EXPECT_EQ(Call("PUT", IncidentTarget(), Body()).status, 0);
  EXPECT_EQ(fake().incidents().All().at(kGuid).created, 1);
  ASSERT_TRUE(fake().AddFault({.target = FaultTarget::kIncidentRead, .status = 503}).ok());
  EXPECT_EQ(Call("GET", IncidentTarget()).status, 503);
  EXPECT_EQ(Call("GET", IncidentTarget()).status, 200);
  const AzureState state = fake().state();
  EXPECT_EQ(state.Answers("incident_write", "429"), 1U);
  EXPECT_EQ(state.Answers("incident_write", "cut"), 1U);
  EXPECT_EQ(state.Answers("incident_read", "404"), 1U);
}

}  // namespace
}  // namespace zoomwatch::fakes
