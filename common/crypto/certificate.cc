#include "common/crypto/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

absl::Status Invalid(const std::string& file, std::string_view what) {
  ERR_clear_error();
  return Error(Reason::kCertificateInvalid, fmt::format("{}: {}", file, what));
}

absl::StatusOr<X509Ptr> ReadFirstCertificate(const std::string& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  if (bio == nullptr) return Invalid(file, "cannot be read");
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Invalid(file, "holds no PEM certificate");
  return certificate;
}

absl::StatusOr<absl::Time> ToTime(const std::string& file, const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Invalid(file, "has a malformed validity time");
  return absl::FromTM(parts, absl::UTCTimeZone());
}

// An encrypted key must not make OpenSSL prompt on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

}  // namespace

absl::Status CheckCertificatePair(const std::string& certificate_file, const std::string& private_key_file, absl::Time now) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const X509Ptr certificate, ReadFirstCertificate(certificate_file));
  ZOOMWATCH_ASSIGN_OR_RETURN(const absl::Time not_before, ToTime(certificate_file, X509_get0_notBefore(certificate.get())));
  ZOOMWATCH_ASSIGN_OR_RETURN(const absl::Time not_after, ToTime(certificate_file, X509_get0_notAfter(certificate.get())));
  if (now < not_before) return Invalid(certificate_file, fmt::format("is not valid before {}", absl::FormatTime(not_before)));
  if (now > not_after) return Invalid(certificate_file, fmt::format("expired at {}", absl::FormatTime(not_after)));
  const BioPtr bio(BIO_new_file(private_key_file.c_str(), "r"));
  if (bio == nullptr) return Invalid(private_key_file, "cannot be read");
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Invalid(private_key_file, "holds no unencrypted PEM private key");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Invalid(private_key_file, fmt::format("is not the key of {}", certificate_file));
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorities(const std::string& ca_file) { return ReadFirstCertificate(ca_file).status(); }

absl::StatusOr<absl::Time> CertificateExpiry(const std::string& certificate_file) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const X509Ptr certificate, ReadFirstCertificate(certificate_file));
  return ToTime(certificate_file, X509_get0_notAfter(certificate.get()));
}

}  // namespace zoomwatch
