#include "common/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <string>

#include "common/crypto/secret_file.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::http {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

// ECDHE for forward secrecy and AEAD only. TLS 1.3's suites are all of that kind and stay at OpenSSL's default.
constexpr char kTls12Ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr unsigned char kSessionIdContext[] = "zoomwatch";

// `what` and OpenSSL's last error; empties OpenSSL's error queue.
absl::Status Invalid(std::string_view what) {
  std::string message(what);
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    const char* const text = ERR_reason_error_string(code);
    if (text != nullptr) message += std::string(" (") + text + ")";
  }
  ERR_clear_error();
  return Error(Reason::kCertificateInvalid, message);
}

Bio ReadOnlyBio(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// A key with a passphrase is refused instead of asking for it on the terminal.
int RefusePassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<absl::Time> NotAfter(const X509& certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end) != 1) return Invalid("certificate: its end cannot be read");
  return absl::FromTM(end, absl::UTCTimeZone());
}

absl::Status UseCertificateChain(SSL_CTX* context, std::string_view pem, absl::Time now, absl::Time* not_after) {
  const Bio bio = ReadOnlyBio(pem);
  const Certificate leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, RefusePassphrase, nullptr));
  if (leaf == nullptr) return Invalid("certificate: no PEM certificate in it");
  ZOOMWATCH_ASSIGN_OR_RETURN(*not_after, NotAfter(*leaf));
  if (*not_after <= now) return Invalid("certificate: expired on " + absl::FormatTime(*not_after, absl::UTCTimeZone()));
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return Invalid("certificate: refused");
  while (true) {
    const Certificate next(PEM_read_bio_X509(bio.get(), nullptr, RefusePassphrase, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return Invalid("certificate: chain refused");
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return Invalid("certificate: chain is not PEM");
  ERR_clear_error();
  return absl::OkStatus();
}

absl::Status UseKey(SSL_CTX* context, std::string_view pem) {
  const Bio bio = ReadOnlyBio(pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase, nullptr));
  if (key == nullptr) return Invalid("private key: no PEM key without passphrase in it");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Invalid("private key: does not belong to the certificate");
  }
  return absl::OkStatus();
}

absl::Status RequireClientCertificates(SSL_CTX* context, std::string_view ca_pem) {
  const Bio bio = ReadOnlyBio(ca_pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (true) {
    const Certificate ca(PEM_read_bio_X509(bio.get(), nullptr, RefusePassphrase, nullptr));
    if (ca == nullptr) break;
    if (X509_STORE_add_cert(store, ca.get()) != 1 || SSL_CTX_add_client_CA(context, ca.get()) != 1) {
      return Invalid("client_ca_file: refused");
    }
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return Invalid("client_ca_file: no PEM certificate in it");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsContext> MakeTlsContext(std::string_view certificate_pem, std::string_view key_pem,
                                          std::string_view client_ca_pem, absl::Time now) {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return Invalid("TLS: no context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections give their 32 KiB of record buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_id_context(context.get(), kSessionIdContext, sizeof(kSessionIdContext) - 1);
  if (SSL_CTX_set_cipher_list(context.get(), kTls12Ciphers) != 1) return Invalid("TLS: cipher list refused");

  TlsContext result{.handle = context};
  ZOOMWATCH_RETURN_IF_ERROR(UseCertificateChain(context.get(), certificate_pem, now, &result.not_after));
  ZOOMWATCH_RETURN_IF_ERROR(UseKey(context.get(), key_pem));
  if (!client_ca_pem.empty()) ZOOMWATCH_RETURN_IF_ERROR(RequireClientCertificates(context.get(), client_ca_pem));
  return result;
}

absl::StatusOr<std::unique_ptr<TlsContextSource>> TlsContextSource::Open(const TlsOptions& options, absl::Time now) {
  std::unique_ptr<TlsContextSource> source(new TlsContextSource(options));
  ZOOMWATCH_RETURN_IF_ERROR(source->Reload(now).status());
  return source;
}

TlsContext TlsContextSource::Get() const {
  MutexLock lock(mutex_);
  return context_;
}

absl::StatusOr<TlsContextSource::Outcome> TlsContextSource::Reload(absl::Time now) {
  const auto read = [](const std::string& path) -> absl::StatusOr<Secret> {
    auto content = ReadFileAsSecret(path);
    if (!content.ok()) return Error(Reason::kCertificateInvalid, std::string(content.status().message()));
    return content;
  };
  ZOOMWATCH_ASSIGN_OR_RETURN(const Secret certificate, read(options_.certificate_file));
  ZOOMWATCH_ASSIGN_OR_RETURN(const Secret key, read(options_.private_key_file));
  Secret client_ca;
  if (!options_.client_ca_file.empty()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(client_ca, read(options_.client_ca_file));
    if (client_ca.empty()) return Error(Reason::kCertificateInvalid, options_.client_ca_file + ": the file is empty");
  }

  std::string digests;
  for (const Secret* content : {&certificate, &key, const_cast<const Secret*>(&client_ca)}) {
    digests += HexEncode(Sha256(content->Reveal()));
  }
  const Sha256Digest all_content = Sha256(digests);
  {
    MutexLock lock(mutex_);
    if (context_.handle != nullptr && all_content == loaded_content_) return Outcome::kUnchanged;
  }
  auto context = MakeTlsContext(certificate.Reveal(), key.Reveal(), client_ca.Reveal(), now);
  if (!context.ok()) return Annotate(context.status(), options_.certificate_file);
  MutexLock lock(mutex_);
  context_ = *std::move(context);
  loaded_content_ = all_content;
  return Outcome::kReplaced;
}

}  // namespace zoomwatch::http
