#include "services/receiver/webhook_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace zoomwatch::receiver {
namespace {

using testing::HasReason;

config::v1::WebhookServer PlainServer() {
  config::v1::WebhookServer config;
  config.set_listen_address("127.0.0.1:1234");
  config.set_allow_plaintext(true);
  config.set_max_body_bytes(1001);
  config.set_max_header_bytes(1002);
  config.set_max_connections(103);
  config.set_threads(4);
  config.mutable_request_timeout()->set_seconds(5);
  config.mutable_idle_timeout()->set_seconds(60);
  config.mutable_answer_deadline()->set_seconds(2);
  config.mutable_answer_deadline()->set_nanos(500'000'000);
  return config;
}

TEST(WebhookServerOptions, HonoursEveryOption) {
  const auto options = WebhookServerOptions(PlainServer());
  ASSERT_OK(options);
  EXPECT_EQ(options->name, "webhook");
  EXPECT_EQ(options->listen_address, "127.0.0.1:1234");
  EXPECT_EQ(options->max_body_bytes, 1001u);
  EXPECT_EQ(options->max_header_bytes, 1002u);
  EXPECT_EQ(options->max_connections, 103);
  EXPECT_EQ(options->threads, 4);
  EXPECT_EQ(options->request_timeout, absl::Seconds(5));
  EXPECT_EQ(options->idle_timeout, absl::Seconds(60));
  EXPECT_EQ(options->answer_deadline, absl::Milliseconds(2500));
  EXPECT_FALSE(options->tls.has_value());
}

TEST(WebhookServerOptions, WantsTlsOrAnExplicitPlaintext) {
  config::v1::WebhookServer config = PlainServer();
  config.set_allow_plaintext(false);
  EXPECT_THAT(WebhookServerOptions(config).status(), HasReason(Reason::kConfigInvalidValue));
  config.mutable_tls()->set_certificate_file("c");
  config.mutable_tls()->set_private_key_file("k");
  config.mutable_tls()->set_client_ca_file("a");
  const auto options = WebhookServerOptions(config);
  ASSERT_OK(options);
  EXPECT_EQ(options->tls->certificate_file, "c");
  EXPECT_EQ(options->tls->private_key_file, "k");
  EXPECT_EQ(options->tls->client_ca_file, "a");
  config.set_allow_plaintext(true);
  EXPECT_THAT(WebhookServerOptions(config).status(), HasReason(Reason::kConfigInvalidValue));
}

TEST(HandlerOptions, HonoursTheWindowAndTheProxies) {
  config::v1::Receiver config;
  config.mutable_replay()->mutable_max_age()->set_seconds(5400);
  config.mutable_replay()->mutable_max_ahead()->set_seconds(300);
  config.mutable_replay()->set_max_entries(7);
  config.mutable_webhook()->add_trusted_proxies("10.0.0.0/8");
  const auto options = HandlerOptions(config);
  ASSERT_OK(options);
  EXPECT_EQ(options->max_age, absl::Minutes(90));
  EXPECT_EQ(options->max_ahead, absl::Minutes(5));
  EXPECT_TRUE(options->trusted_proxies.Trusts("10.1.1.1"));
  EXPECT_EQ(CacheOptions(config.replay()).max_age, absl::Minutes(90));
  EXPECT_EQ(CacheOptions(config.replay()).max_entries, 7u);
  config.mutable_webhook()->add_trusted_proxies("proxy.example");
  EXPECT_THAT(HandlerOptions(config).status(), HasReason(Reason::kConfigInvalidValue));
}

}  // namespace
}  // namespace zoomwatch::receiver
