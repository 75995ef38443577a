// TLS of the webhook port over real sockets, with certificates made for the test.
#include <gmock/gmock.h>

#include <filesystem>
#include <future>

#include "tests/integration/webhook_edge/edge_fixture.h"

namespace zoomwatch::receiver::testing {
namespace {

using ::testing::HasSubstr;
using ::zoomwatch::testing::CertificateFiles;
using ::zoomwatch::testing::HasReason;
using ::zoomwatch::testing::TestCa;

class TlsEdgeTest : public EdgeTest {
 protected:
  using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

  TlsEdgeTest() { Install(ca_.Issue("first", {.common_name = "first"})); }

  void Install(const CertificateFiles& files) {
    std::filesystem::copy_file(files.certificate_file, dir_.file("tls.crt"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(files.private_key_file, dir_.file("tls.key"), std::filesystem::copy_options::overwrite_existing);
  }
  void StartTlsEdge(const std::string& client_ca_file = "") {
    server_options_.tls = http::TlsOptions{.certificate_file = dir_.file("tls.crt"),
                                           .private_key_file = dir_.file("tls.key"),
                                           .client_ca_file = client_ca_file,
                                           .reload_interval = absl::Hours(1)};
    StartEdge();
  }
  Context ClientContext() const {
    Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_load_verify_locations(context.get(), ca_.ca_file().c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    return context;
  }
  // Common name of the server's certificate; "" when the handshake fails.
  std::string ServedName() {
    const Context context = ClientContext();
    RawClient client(server_->port(), RawClient::Tls{context.get()});
    if (!client.connected()) return "";
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(client.ssl()), X509_free);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof(name));
    return name;
  }

  TestCa ca_{dir_.path(), "ca"};
};

TEST_F(TlsEdgeTest, ServesOverTls13AndTls12) {
  StartTlsEdge();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    const Context context = ClientContext();
    SSL_CTX_set_max_proto_version(context.get(), version);
    RawClient client(server_->port(), RawClient::Tls{context.get()});
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(SSL_version(client.ssl()), version);
    EXPECT_EQ(client.Exchange(SignedRequest(kBody, kNow - version).Bytes()).status, 200);
    EXPECT_EQ(client.Exchange(SignedRequest(kBody, kNow - version - 10).Bytes()).status, 200);
  }
}

TEST_F(TlsEdgeTest, RefusesOlderVersionsAndWeakCiphers) {
  StartTlsEdge();
  const Context old = ClientContext();
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  EXPECT_FALSE(RawClient(server_->port(), RawClient::Tls{old.get()}).connected());
  const Context weak = ClientContext();
  SSL_CTX_set_max_proto_version(weak.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(weak.get(), "ECDHE-ECDSA-AES128-SHA256");  // CBC
  EXPECT_FALSE(RawClient(server_->port(), RawClient::Tls{weak.get()}).connected());
}

TEST_F(TlsEdgeTest, RefusesRenegotiation) {
  StartTlsEdge();
  const Context context = ClientContext();
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  RawClient client(server_->port(), RawClient::Tls{context.get()});
  ASSERT_TRUE(client.connected());
  ASSERT_EQ(client.Exchange(SignedRequest(kBody).Bytes()).status, 200);
  SSL_renegotiate(client.ssl());
  EXPECT_NE(SSL_do_handshake(client.ssl()) == 1 && client.Exchange(SignedRequest(kBody, kNow - 1).Bytes()).status == 200 &&
                SSL_num_renegotiations(client.ssl()) > 0,
            true);
}

TEST_F(TlsEdgeTest, CutsASlowHandshake) {
  StartTlsEdge();
  for (const std::string& begin : {std::string(), std::string("\x16\x03\x01\x02", 4)}) {
    RawClient client(server_->port());
    client.Send(begin);
    auto closed = std::async(std::launch::async, [&] { return client.PeerClosed(); });
    while (closed.wait_for(std::chrono::milliseconds(3)) != std::future_status::ready) clock_.Advance(absl::Seconds(1));
    EXPECT_TRUE(closed.get());
  }
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_tls_handshakes_total{port=\"webhook\",result=\"timeout\"} 2"));
}

TEST_F(TlsEdgeTest, ClosesAPlainRequestToTheTlsPort) {
  StartTlsEdge();
  EXPECT_EQ(Exchange(SignedRequest(kBody)).status, 0);
  EXPECT_TRUE(store_.stored().empty());
  EXPECT_EQ(ServedName(), "first");
}

TEST_F(TlsEdgeTest, ServesAReplacedCertificateAndKeepsOpenConnections) {
  StartTlsEdge();
  const Context context = ClientContext();
  RawClient open(server_->port(), RawClient::Tls{context.get()});
  EXPECT_EQ(open.Exchange(SignedRequest(kBody).Bytes()).status, 200);
  Install(ca_.Issue("second", {.common_name = "second", .valid_until = absl::Hours(48)}));
  const absl::Time before = server_->certificate_not_after();
  EXPECT_OK(server_->ReloadCertificate());
  EXPECT_EQ(ServedName(), "second");
  EXPECT_GT(server_->certificate_not_after(), before);
  EXPECT_EQ(open.Exchange(SignedRequest(kBody, kNow - 1).Bytes()).status, 200);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_tls_reloads_total{port=\"webhook\",result=\"done\"} 1"));
}

TEST_F(TlsEdgeTest, KeepsTheGoodCertificateWhenTheFilesTurnBad) {
  StartTlsEdge();
  const auto second = ca_.Issue("second", {.common_name = "second"});
  Install({.certificate_file = second.certificate_file, .private_key_file = ca_.Issue("third", {.common_name = "third"}).private_key_file});
  EXPECT_THAT(server_->ReloadCertificate(), HasReason(Reason::kCertificateInvalid));
  EXPECT_EQ(ServedName(), "first");
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_http_tls_reloads_total{port=\"webhook\",result=\"failed\"} 1"));
}

TEST_F(TlsEdgeTest, NoticesAReplacedCertificateByItself) {
  server_options_.tls = http::TlsOptions{.certificate_file = dir_.file("tls.crt"),
                                         .private_key_file = dir_.file("tls.key"),
                                         .reload_interval = absl::Milliseconds(5)};
  StartEdge();
  EXPECT_EQ(ServedName(), "first");
  Install(ca_.Issue("second", {.common_name = "second"}));
  while (ServedName() != "second") {
  }
}

TEST_F(TlsEdgeTest, DoesNotStartWithABadPair) {
  Write("tls.key", "garbage");
  server_options_.tls = http::TlsOptions{.certificate_file = dir_.file("tls.crt"), .private_key_file = dir_.file("tls.key")};
  auto accounts = AccountRegistry::Load(config_.zoom_accounts(), "/webhook", metrics_);
  ASSERT_OK(accounts);
  WebhookHandler handler({}, **accounts, replays_, challenges_, store_, clock_, metrics_);
  EXPECT_THAT(http::Server::Start(server_options_, handler, clock_, metrics_).status(), HasReason(Reason::kCertificateInvalid));
}

TEST_F(TlsEdgeTest, WantsAClientCertificateWhenTold) {
  const TestCa client_ca(dir_.path(), "client-ca");
  StartTlsEdge(client_ca.ca_file());
  const auto exchange_with = [&](const CertificateFiles* files) {
    const Context context = ClientContext();
    if (files != nullptr) {
      SSL_CTX_use_certificate_file(context.get(), files->certificate_file.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context.get(), files->private_key_file.c_str(), SSL_FILETYPE_PEM);
    }
    // In TLS 1.3 the client's side of the handshake is over before the server refuses: the request goes unanswered.
    RawClient client(server_->port(), RawClient::Tls{context.get()});
    return client.connected() ? client.Exchange(SignedRequest(kBody).Bytes()).status : 0;
  };
  const CertificateFiles good = client_ca.Issue("client", {.common_name = "gateway"});
  const CertificateFiles foreign = ca_.Issue("foreign", {.common_name = "gateway"});
  EXPECT_EQ(exchange_with(nullptr), 0);
  EXPECT_EQ(exchange_with(&foreign), 0);
  EXPECT_EQ(exchange_with(&good), 200);
}

}  // namespace
}  // namespace zoomwatch::receiver::testing
