#include "common/testing/test_ca.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "common/status/check.h"

namespace zoomwatch::testing {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

KeyPtr NewKey() { return KeyPtr(EVP_EC_gen("P-256")); }

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  ZOOMWATCH_CHECK(extension != nullptr);
  ZOOMWATCH_CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509Ptr NewCertificate(EVP_PKEY* key, const std::string& common_name, absl::Duration from, absl::Duration until) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  uint32_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(serial & 0x7fffffff) + 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), static_cast<long>(absl::ToInt64Seconds(from)));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(absl::ToInt64Seconds(until)));
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.data()), static_cast<int>(common_name.size()), -1, 0);
  return certificate;
}

template <typename Write>
void WriteFile(const std::filesystem::path& path, Write write) {
  const std::filesystem::path temporary = path.string() + ".new";
  {
    const std::unique_ptr<BIO, Free> bio(BIO_new_file(temporary.c_str(), "w"));
    ZOOMWATCH_CHECK(bio != nullptr && write(bio.get()) == 1);
  }
  std::filesystem::rename(temporary, path);
}

void WritePair(const CertificateFiles& files, X509* certificate, EVP_PKEY* key) {
  WriteFile(files.private_key_file,
            [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  WriteFile(files.certificate_file, [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

template <typename Pointer, typename Read>
Pointer ReadFile(const std::string& path, Read read) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_file(path.c_str(), "r"));
  ZOOMWATCH_CHECK(bio != nullptr);
  Pointer object(read(bio.get(), nullptr, nullptr, nullptr));
  ZOOMWATCH_CHECK(object != nullptr);
  return object;
}

}  // namespace

TestCa::TestCa(std::filesystem::path directory, const std::string& name)
    : directory_(std::move(directory)), ca_{directory_ / (name + ".pem"), directory_ / (name + ".key")} {
  const KeyPtr key = NewKey();
  const X509Ptr certificate = NewCertificate(key.get(), name, -absl::Hours(1), absl::Hours(48));
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  AddExtension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  ZOOMWATCH_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  WritePair(ca_, certificate.get(), key.get());
}

CertificateFiles TestCa::Issue(const std::string& file_stem, const Request& request) const {
  const auto ca_certificate = ReadFile<X509Ptr>(ca_.certificate_file, PEM_read_bio_X509);
  const auto ca_key = ReadFile<KeyPtr>(ca_.private_key_file, PEM_read_bio_PrivateKey);
  const KeyPtr key = NewKey();
  const X509Ptr certificate = NewCertificate(key.get(), request.common_name, request.valid_from, request.valid_until);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca_certificate.get()));
  AddExtension(certificate.get(), ca_certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  std::string names;
  for (const std::string& name : request.subject_alternative_names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) AddExtension(certificate.get(), ca_certificate.get(), NID_subject_alt_name, names);
  ZOOMWATCH_CHECK(X509_sign(certificate.get(), ca_key.get(), EVP_sha256()) > 0);
  const CertificateFiles files{directory_ / (file_stem + ".pem"), directory_ / (file_stem + ".key")};
  WritePair(files, certificate.get(), key.get());
  return files;
}

}  // namespace zoomwatch::testing
