#include "common/crypto/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
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

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(const std::string& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  if (bio == nullptr) return Invalid(file, "cannot be read");
  std::vector<X509Ptr> chain;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) chain.emplace_back(certificate);
  ERR_clear_error();  // the end of the file is reported as an error
  if (chain.empty()) return Invalid(file, "holds no PEM certificate");
  return chain;
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

absl::Status CheckChain(const std::string& certificate_file) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<X509Ptr> chain, ReadCertificates(certificate_file));
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    const bool issued = X509_check_issued(chain[i + 1].get(), chain[i].get()) == X509_V_OK &&
                        X509_verify(chain[i].get(), X509_get0_pubkey(chain[i + 1].get())) == 1;
    if (!issued) return Invalid(certificate_file, fmt::format("certificate {} was not issued by the one behind it", i + 1));
  }
  return absl::OkStatus();
}

absl::Status CheckPublicTrust(const std::string& certificate_file, absl::Time now) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<X509Ptr> chain, ReadCertificates(certificate_file));
  const std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Free> context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), Free> between(sk_X509_new_null());
  if (store == nullptr || context == nullptr || between == nullptr || X509_STORE_set_default_paths(store.get()) != 1) {
    return Invalid(certificate_file, "the authorities of this machine cannot be read");
  }
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  if (X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), between.get()) != 1) {
    return Invalid(certificate_file, "cannot be checked");
  }
  X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(now));
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  return Invalid(certificate_file, X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

absl::StatusOr<absl::Time> CertificateExpiry(const std::string& certificate_file) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const X509Ptr certificate, ReadFirstCertificate(certificate_file));
  return ToTime(certificate_file, X509_get0_notAfter(certificate.get()));
}

}  // namespace zoomwatch
