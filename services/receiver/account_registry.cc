#include "services/receiver/account_registry.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <set>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "services/receiver/metrics.h"

namespace zoomwatch::receiver {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr int kMaxSecrets = 2;
constexpr std::string_view kAuthorization = "authorization";

// A secret file and what was last read from it.
class WatchedSecret {
 public:
  explicit WatchedSecret(std::string path) : path_(std::move(path)) {}

  // True: the value changed. Errors as ReadSecretFile(); the value stays.
  absl::StatusOr<bool> Read() {
    ZOOMWATCH_ASSIGN_OR_RETURN(Secret secret, ReadSecretFile(path_));
    if (value_ != nullptr && ConstantTimeEqual(value_->Reveal(), secret.Reveal())) return false;
    key_ = std::make_shared<HmacSha256Key>(secret);
    value_ = std::make_shared<Secret>(std::move(secret));
    return true;
  }

  const std::string& path() const { return path_; }
  const std::shared_ptr<const Secret>& value() const { return value_; }
  const std::shared_ptr<const HmacSha256Key>& key() const { return key_; }

 private:
  std::string path_;
  std::shared_ptr<const Secret> value_;
  std::shared_ptr<const HmacSha256Key> key_;
};

// How the value of a checked header follows from the content of its file.
enum class HeaderForm { kPlain, kBasic };

struct WatchedHeader {
  std::string header;
  HeaderForm form;
  WatchedSecret file;
};

absl::Status Invalid(const std::string& account, const std::string& what) {
  return Error(Reason::kConfigInvalidValue, "zoom_accounts \"" + account + "\": " + what);
}

bool IsAccountName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

struct AccountRegistry::AccountFiles {
  std::string name;
  std::string path;
  std::vector<WatchedSecret> secrets;
  std::vector<WatchedHeader> headers;

  // Every file of the account.
  std::vector<WatchedSecret*> All() {
    std::vector<WatchedSecret*> all;
    for (WatchedSecret& secret : secrets) all.push_back(&secret);
    for (WatchedHeader& header : headers) all.push_back(&header.file);
    return all;
  }

  static absl::StatusOr<AccountFiles> FromConfig(const config::v1::ZoomAccount& config, const std::string& default_path) {
    AccountFiles files{.name = config.name(), .path = config.path().empty() ? default_path : config.path()};
    if (!IsAccountName(config.name())) return Invalid(config.name(), "name: not 1 to 64 of [a-z0-9-]");
    if (!files.path.starts_with('/') || files.path.find('?') != std::string::npos) {
      return Invalid(config.name(), "path: not a path that starts with \"/\"");
    }
    if (config.secret_token_files().empty()) {
      return Error(Reason::kConfigMissingKey, "zoom_accounts \"" + config.name() + "\": secret_token_files");
    }
    if (config.secret_token_files_size() > kMaxSecrets) return Invalid(config.name(), "secret_token_files: more than 2");
    for (const std::string& file : config.secret_token_files()) files.secrets.emplace_back(file);

    if (!config.basic_credentials_file().empty() && !config.legacy_verification_token_file().empty()) {
      return Invalid(config.name(), "basic_credentials_file and legacy_verification_token_file check the same header");
    }
    if (!config.basic_credentials_file().empty()) {
      files.headers.push_back(
          {std::string(kAuthorization), HeaderForm::kBasic, WatchedSecret(config.basic_credentials_file())});
    }
    if (!config.legacy_verification_token_file().empty()) {
      files.headers.push_back(
          {std::string(kAuthorization), HeaderForm::kPlain, WatchedSecret(config.legacy_verification_token_file())});
    }
    if (config.has_custom_header()) {
      files.headers.push_back(
          {config.custom_header().name(), HeaderForm::kPlain, WatchedSecret(config.custom_header().value_file())});
    }
    return files;
  }

  std::shared_ptr<const Account> ToAccount(uint32_t index) const {
    auto account = std::make_shared<Account>();
    account->name = name;
    account->index = index;
    account->path = path;
    for (const WatchedSecret& secret : secrets) account->keys.push_back(secret.key());
    for (const WatchedHeader& header : headers) {
      std::shared_ptr<const Secret> value = header.file.value();
      if (header.form == HeaderForm::kBasic) value = std::make_shared<Secret>("Basic " + Base64Encode(value->Reveal()));
      account->header_checks.push_back({header.header, std::move(value)});
    }
    return account;
  }
};

absl::Status CheckHeaders(const Account& account, const http::Headers& headers) {
  bool all_match = true;
  for (const HeaderCheck& check : account.header_checks) {
    const auto value = headers.Find(check.header);
    // The digests are compared, so that not even the length of the expected value can be measured.
    const Sha256Digest got = Sha256(value.value_or(""));
    const Sha256Digest expected = Sha256(check.value->Reveal());
    const bool equal = CRYPTO_memcmp(got.data(), expected.data(), got.size()) == 0;
    all_match = all_match && equal && headers.Count(check.header) == 1;
  }
  if (all_match) return absl::OkStatus();
  return Error(Reason::kCredentialsMismatch, "account \"" + account.name + "\": the additional header check failed");
}

AccountRegistry::AccountRegistry(Metrics& metrics) : metrics_(metrics) {}
AccountRegistry::~AccountRegistry() = default;

absl::StatusOr<std::unique_ptr<AccountRegistry>> AccountRegistry::Load(
    const google::protobuf::RepeatedPtrField<config::v1::ZoomAccount>& accounts, const std::string& default_path,
    Metrics& metrics) {
  if (accounts.empty()) return Error(Reason::kConfigMissingKey, "zoom_accounts: at least one is needed");
  std::unique_ptr<AccountRegistry> registry(new AccountRegistry(metrics));
  std::set<std::string> names;
  MutexLock reload_lock(registry->reload_mutex_);
  for (const config::v1::ZoomAccount& config : accounts) {
    ZOOMWATCH_ASSIGN_OR_RETURN(AccountFiles files, AccountFiles::FromConfig(config, default_path));
    if (!names.insert(files.name).second) return Invalid(files.name, "the name occurs twice");
    for (WatchedSecret* const file : files.All()) {
      if (const auto changed = file->Read(); !changed.ok()) {
        return Annotate(changed.status(), "zoom_accounts \"" + files.name + "\"");
      }
    }
    registry->names_.push_back(files.name);
    registry->files_.push_back(std::move(files));
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(PathMap paths, registry->Build());
  MutexLock lock(registry->mutex_);
  registry->paths_ = std::make_shared<const PathMap>(std::move(paths));
  return registry;
}

// Errors: CONFIG_INVALID_VALUE when a secret could belong to two accounts on one path.
absl::StatusOr<AccountRegistry::PathMap> AccountRegistry::Build() const {
  std::map<std::string, std::shared_ptr<PathAccounts>, std::less<>> paths;
  std::set<std::pair<std::string, Sha256Digest>> seen;
  for (size_t i = 0; i < files_.size(); ++i) {
    const AccountFiles& files = files_[i];
    auto& on_path = paths[files.path];
    if (on_path == nullptr) on_path = std::make_shared<PathAccounts>();
    const auto account = files.ToAccount(static_cast<uint32_t>(i));
    on_path->accounts.push_back(account);
    for (size_t secret = 0; secret < files.secrets.size(); ++secret) {
      if (!seen.emplace(files.path, Sha256(files.secrets[secret].value()->Reveal())).second) {
        return Invalid(files.name, "secret_token_files: the same secret occurs twice on path " + files.path);
      }
      on_path->keys.push_back(account->keys[secret].get());
      on_path->owners.push_back(
          {account.get(), &metrics_.Counter(kSecretUses, {files.name, secret == 0 ? "1" : "2"})});
    }
  }
  return PathMap(paths.begin(), paths.end());
}

std::shared_ptr<const PathAccounts> AccountRegistry::Find(std::string_view path) const {
  std::shared_ptr<const PathMap> paths;
  {
    MutexLock lock(mutex_);
    paths = paths_;
  }
  const auto found = paths->find(path);
  return found == paths->end() ? nullptr : found->second;
}

std::vector<std::string> AccountRegistry::names() const { return names_; }

absl::Status AccountRegistry::Reload() {
  MutexLock reload_lock(reload_mutex_);
  absl::Status first_problem;
  bool any_changed = false;
  const std::vector<AccountFiles> last_good = files_;
  for (AccountFiles& files : files_) {
    for (WatchedSecret* const file : files.All()) {
      const auto changed = file->Read();
      if (changed.ok() && !*changed) continue;
      metrics_.Counter(kSecretReloads, {files.name, changed.ok() ? "done" : "failed"}).Increment();
      if (changed.ok()) {
        any_changed = true;
        Log(Severity::kInfo, "secret replaced", {{"account", files.name}, {"file", file->path()}});
      } else {
        Log(Severity::kWarning, "secret not replaced: the last good one stays in force",
            {{"account", files.name}, {"error", changed.status()}});
        if (first_problem.ok()) first_problem = changed.status();
      }
    }
  }
  if (!any_changed) return first_problem;
  auto paths = Build();
  if (!paths.ok()) {
    files_ = last_good;
    Log(Severity::kWarning, "secrets not replaced: the last good ones stay in force", {{"error", paths.status()}});
    return paths.status();
  }
  MutexLock lock(mutex_);
  paths_ = std::make_shared<const PathMap>(*std::move(paths));
  return first_problem;
}

}  // namespace zoomwatch::receiver
