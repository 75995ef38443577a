#include "services/receiver/account_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/log/log.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/receiver/signature_verifier.h"

namespace zoomwatch::receiver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::HasReason;
using testing::HasReasonAndMessage;

class AccountRegistryTest : public ::testing::Test {
 protected:
  AccountRegistryTest() {
    SetLogSinkForTest([this](std::string_view line) { lines_ += line; });
  }
  ~AccountRegistryTest() override { SetLogSinkForTest(nullptr); }

  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(dir_.file(name)) << content;
    return dir_.file(name);
  }
  config::v1::ZoomAccount& AddAccount(const std::string& name, const std::vector<std::string>& secret_files) {
    config::v1::ZoomAccount& account = *config_.add_zoom_accounts();
    account.set_name(name);
    for (const std::string& file : secret_files) account.add_secret_token_files(file);
    return account;
  }
  absl::StatusOr<std::unique_ptr<AccountRegistry>> Load() {
    return AccountRegistry::Load(config_.zoom_accounts(), "/webhook", metrics_);
  }
  // "account/secret" of who signed with that secret on that path; "" when nobody.
  static std::string Owner(const AccountRegistry& registry, const std::string& path, const std::string& secret) {
    const auto accounts = registry.Find(path);
    if (accounts == nullptr) return "no such path";
    const std::string signature = Sign(HmacSha256Key{Secret(secret)}, "1700000000", "body");
    const auto key = FindSigningKey(accounts->keys, *ParseSignature(signature, "1700000000"), "body");
    return key.has_value() ? accounts->owners[*key].account->name : "";
  }

  testing::TempDir dir_;
  std::string lines_;
  Metrics metrics_;
  config::v1::Receiver config_;
};

TEST_F(AccountRegistryTest, FindsTheOwnerAmongAccountsOfOnePath) {
  AddAccount("main", {Write("a", "secret-a\n"), Write("b", "secret-b")});
  AddAccount("other", {Write("c", "secret-c")});
  AddAccount("apart", {Write("d", "secret-d")}).set_path("/apart");
  const auto registry = Load();
  ASSERT_OK(registry);
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-a"), "main");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-b"), "main");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-c"), "other");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-d"), "");
  EXPECT_EQ(Owner(**registry, "/apart", "secret-d"), "apart");
  EXPECT_EQ(Owner(**registry, "/apart", "secret-a"), "");
  EXPECT_EQ(Owner(**registry, "/webhook/", "secret-a"), "no such path");
  EXPECT_THAT((*registry)->names(), ElementsAre("main", "other", "apart"));
}

TEST_F(AccountRegistryTest, RefusesToStartWithoutASecret) {
  EXPECT_THAT(Load().status(), HasReason(Reason::kConfigMissingKey));
  AddAccount("main", {});
  EXPECT_THAT(Load().status(), HasReason(Reason::kConfigMissingKey));
  config_.mutable_zoom_accounts(0)->add_secret_token_files(dir_.file("missing"));
  EXPECT_THAT(Load().status(), HasReasonAndMessage(Reason::kSecretUnreadable, HasSubstr("zoom_accounts \"main\"")));
  Write("missing", " \n");
  EXPECT_THAT(Load().status(), HasReason(Reason::kSecretEmpty));
}

TEST_F(AccountRegistryTest, RefusesASecondSecretThatIsEmpty) {
  AddAccount("main", {Write("a", "secret-a"), Write("b", "")});
  EXPECT_THAT(Load().status(), HasReason(Reason::kSecretEmpty));
}

TEST_F(AccountRegistryTest, RefusesSettingsThatCannotBeHonoured) {
  const std::string file = Write("a", "secret-a");
  const auto status_of = [&](auto change) {
    config_.Clear();
    change(AddAccount("main", {file}));
    return Load().status();
  };
  EXPECT_OK(status_of([](auto&) {}));
  EXPECT_OK(status_of([](auto& account) { account.set_name(std::string(64, 'a')); }));
  EXPECT_THAT(status_of([](auto& account) { account.set_name(std::string(65, 'a')); }), HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(status_of([](auto& account) { account.set_name(""); }), HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(status_of([](auto& account) { account.set_name("Main"); }), HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(status_of([](auto& account) { account.set_path("webhook"); }), HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(status_of([](auto& account) { account.set_path("/a?b"); }), HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(status_of([&](auto& account) { account.add_secret_token_files(file); }), HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(status_of([&](auto& account) {
                account.set_basic_credentials_file(file);
                account.set_legacy_verification_token_file(file);
              }),
              HasReason(Reason::kConfigInvalidValue));
}

TEST_F(AccountRegistryTest, RefusesNamesAndSecretsThatOccurTwice) {
  AddAccount("main", {Write("a", "secret-a")});
  AddAccount("main", {Write("b", "secret-b")});
  EXPECT_THAT(Load().status(), HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("twice")));
  config_.mutable_zoom_accounts(1)->set_name("other");
  EXPECT_OK(Load());
  Write("b", "secret-a\n");
  EXPECT_THAT(Load().status(), HasReasonAndMessage(Reason::kConfigInvalidValue, Not(HasSubstr("secret-a"))));
  config_.mutable_zoom_accounts(1)->set_path("/apart");
  EXPECT_OK(Load());
}

TEST_F(AccountRegistryTest, TakesAReplacedSecretAtReload) {
  AddAccount("main", {Write("a", "secret-a"), Write("b", "secret-b")});
  const auto registry = Load();
  ASSERT_OK(registry);
  Write("b", "secret-new");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-new"), "");
  EXPECT_OK((*registry)->Reload());
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-new"), "main");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-b"), "");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-a"), "main");
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_secret_reloads_total{account=\"main\",result=\"done\"} 1"));
}

TEST_F(AccountRegistryTest, KeepsTheLastGoodSecretWhenAFileTurnsBad) {
  AddAccount("main", {Write("a", "secret-a"), Write("b", "secret-b")});
  const auto registry = Load();
  ASSERT_OK(registry);
  Write("a", "");
  Write("b", "secret-new");
  EXPECT_THAT((*registry)->Reload(), HasReason(Reason::kSecretEmpty));
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-a"), "main");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-new"), "main");
  std::filesystem::remove(dir_.file("a"));
  EXPECT_THAT((*registry)->Reload(), HasReason(Reason::kSecretUnreadable));
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-a"), "main");
  EXPECT_THAT(lines_, HasSubstr("the last good one stays in force"));
  EXPECT_THAT(lines_, Not(HasSubstr("secret-")));
}

TEST_F(AccountRegistryTest, KeepsTheLastGoodSecretsWhenOneWouldOccurTwice) {
  AddAccount("main", {Write("a", "secret-a")});
  AddAccount("other", {Write("b", "secret-b")});
  const auto registry = Load();
  ASSERT_OK(registry);
  Write("b", "secret-a");
  EXPECT_THAT((*registry)->Reload(), HasReason(Reason::kConfigInvalidValue));
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-a"), "main");
  EXPECT_EQ(Owner(**registry, "/webhook", "secret-b"), "other");
}

TEST_F(AccountRegistryTest, ARequestKeepsTheSecretsThatItBeganWith) {
  AddAccount("main", {Write("a", "secret-a")});
  const auto registry = Load();
  ASSERT_OK(registry);
  const auto before = (*registry)->Find("/webhook");
  Write("a", "secret-new");
  EXPECT_OK((*registry)->Reload());
  EXPECT_EQ(before->owners[0].account->name, "main");
  EXPECT_NE(before->keys[0], (*registry)->Find("/webhook")->keys[0]);
}

class CheckHeadersTest : public AccountRegistryTest {
 protected:
  absl::Status Check(std::vector<std::pair<std::string, std::string>> fields) {
    const auto registry = Load();
    EXPECT_OK(registry);
    http::Headers headers;
    for (const auto& [name, value] : fields) headers.Add(name, value);
    return CheckHeaders(*(*registry)->Find("/webhook")->accounts[0], headers);
  }
  config::v1::ZoomAccount& account_ = AddAccount("main", {Write("a", "secret-a")});
};

TEST_F(CheckHeadersTest, ChecksNothingByDefault) { EXPECT_OK(Check({})); }

TEST_F(CheckHeadersTest, ChecksBasicCredentials) {
  account_.set_basic_credentials_file(Write("basic", "user:pass\n"));
  EXPECT_OK(Check({{"Authorization", "Basic dXNlcjpwYXNz"}}));
  EXPECT_THAT(Check({}), HasReason(Reason::kCredentialsMismatch));
  EXPECT_THAT(Check({{"Authorization", "Basic dXNlcjpwYXNy"}}), HasReason(Reason::kCredentialsMismatch));
  EXPECT_THAT(Check({{"Authorization", "user:pass"}}), HasReason(Reason::kCredentialsMismatch));
  EXPECT_THAT(Check({{"Authorization", "Basic dXNlcjpwYXNz"}, {"authorization", "Basic dXNlcjpwYXNz"}}),
              HasReason(Reason::kCredentialsMismatch));
}

TEST_F(CheckHeadersTest, ChecksTheLegacyToken) {
  account_.set_legacy_verification_token_file(Write("token", "legacy-token"));
  EXPECT_OK(Check({{"authorization", "legacy-token"}}));
  EXPECT_THAT(Check({{"authorization", "legacy-toke"}}), HasReason(Reason::kCredentialsMismatch));
  EXPECT_THAT(Check({{"authorization", ""}}), HasReason(Reason::kCredentialsMismatch));
}

TEST_F(CheckHeadersTest, ChecksACustomHeaderBesideAnother) {
  account_.set_basic_credentials_file(Write("basic", "user:pass"));
  account_.mutable_custom_header()->set_name("x-own-key");
  account_.mutable_custom_header()->set_value_file(Write("custom", "value"));
  EXPECT_OK(Check({{"Authorization", "Basic dXNlcjpwYXNz"}, {"X-Own-Key", "value"}}));
  EXPECT_THAT(Check({{"Authorization", "Basic dXNlcjpwYXNz"}}), HasReason(Reason::kCredentialsMismatch));
  EXPECT_THAT(Check({{"X-Own-Key", "value"}}), HasReason(Reason::kCredentialsMismatch));
}

}  // namespace
}  // namespace zoomwatch::receiver
