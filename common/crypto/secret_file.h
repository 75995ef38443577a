// Secrets come from files only: never from the configuration file, the environment or the command line.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/crypto/secret.h"

namespace zoomwatch {

// More than any token, key or certificate chain; a larger file is taken for a mistake.
inline constexpr size_t kMaxSecretFileBytes = 1 << 20;

// The whole content of a file, as it is. Blocks on the disk.
// Errors: SECRET_UNREADABLE (missing, a folder, no permission, larger than kMaxSecretFileBytes). The path is in the message, the
// content never.
absl::StatusOr<Secret> ReadFileAsSecret(const std::string& path);

// The content without surrounding white space (space, tab, CR, LF), which editors and `echo` leave behind.
// Errors: SECRET_UNREADABLE, SECRET_EMPTY (nothing is left).
absl::StatusOr<Secret> ReadSecretFile(const std::string& path);

}  // namespace zoomwatch
