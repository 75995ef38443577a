// Checks of certificate files before a TLS library sees them, so that a bad file is a clear error and never a silent retry.
// Pure apart from reading the files; thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace zoomwatch {

// OK when the chain file is PEM, its first certificate is valid at `now`, and the private key belongs to it.
// Errors: CERTIFICATE_INVALID with the file's name and what is wrong.
absl::Status CheckCertificatePair(const std::string& certificate_file, const std::string& private_key_file, absl::Time now);

// OK when the file holds at least one certificate. Errors: CERTIFICATE_INVALID.
absl::Status CheckAuthorities(const std::string& ca_file);

// OK when each certificate of the file was issued by the one behind it. Errors: CERTIFICATE_INVALID.
absl::Status CheckChain(const std::string& certificate_file);

// OK when the chain ends at an authority that this machine trusts, at `now`. Errors: CERTIFICATE_INVALID with OpenSSL's reason.
absl::Status CheckPublicTrust(const std::string& certificate_file, absl::Time now);

// When the first certificate of the file expires. Errors: CERTIFICATE_INVALID.
absl::StatusOr<absl::Time> CertificateExpiry(const std::string& certificate_file);

}  // namespace zoomwatch
