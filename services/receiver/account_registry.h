// The configured Zoom accounts with their live secrets. Thread-safe.
//
// Secrets come from files and are read again by Reload(). At the start every file must hold a secret; later, a file that cannot be
// read or is empty leaves the last good secret in force, with a warning and zoomwatch_receiver_secret_reloads_total.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/hmac.h"
#include "common/crypto/secret_file.h"
#include "common/http/message.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch::receiver {

// A header that must have one secret value, beside the signature.
struct HeaderCheck {
  std::string header;
  std::shared_ptr<const Secret> value;
};

// One account. Immutable.
struct Account {
  std::string name;
  uint32_t index = 0;  // in the configuration
  std::string path;
  std::vector<std::shared_ptr<const HmacSha256Key>> keys;  // one per secret_token_files, same order
  std::vector<HeaderCheck> header_checks;
};

// Errors: CREDENTIALS_MISMATCH (a header is missing, comes twice or has another value). Every check is done, in constant time.
absl::Status CheckHeaders(const Account& account, const http::Headers& headers);

// The accounts that share a path, with all their keys in one row so that every request costs the same. Immutable.
struct PathAccounts {
  struct Owner {
    const Account* account;
    prometheus::Counter* uses;  // zoomwatch_receiver_secret_uses_total of this secret
  };
  std::vector<std::shared_ptr<const Account>> accounts;
  std::vector<const HmacSha256Key*> keys;
  std::vector<Owner> owners;  // of the key at the same place
};

class AccountRegistry {
 public:
  // `default_path` is for accounts without a path of their own. Reads all files. Errors: CONFIG_MISSING_KEY (no account, no secret
  // file), CONFIG_INVALID_VALUE (name, path, more than two secrets, a secret twice on one path), SECRET_UNREADABLE, SECRET_EMPTY.
  static absl::StatusOr<std::unique_ptr<AccountRegistry>> Load(
      const google::protobuf::RepeatedPtrField<config::v1::ZoomAccount>& accounts, const std::string& default_path,
      Metrics& metrics);
  ~AccountRegistry();

  // nullptr: no account has this path.
  std::shared_ptr<const PathAccounts> Find(std::string_view path) const;

  std::vector<std::string> names() const;

  // Reads the files again. What is good takes effect; the first problem is returned as well as logged. Blocks on the disk.
  absl::Status Reload();

 private:
  struct AccountFiles;
  using PathMap = std::map<std::string, std::shared_ptr<const PathAccounts>, std::less<>>;

  explicit AccountRegistry(Metrics& metrics);
  absl::StatusOr<PathMap> Build() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_mutex_);

  Metrics& metrics_;
  Mutex reload_mutex_;  // one reload at a time; never held by requests
  std::vector<AccountFiles> files_ ABSL_GUARDED_BY(reload_mutex_);
  std::vector<std::string> names_;  // constant after Load()
  mutable Mutex mutex_;
  std::shared_ptr<const PathMap> paths_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::receiver
