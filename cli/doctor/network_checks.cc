#include "cli/doctor/network_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>

#include "absl/time/time.h"
#include "cli/zoom/traffic.h"
#include "common/crypto/secret_file.h"
#include "common/grpc/channel.h"
#include "common/grpc/health.h"
#include "common/metrics/metrics.h"
#include "common/retry/sleeper.h"
#include "common/status/reasons.h"
#include "services/detector/delivery/azure_delivery.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::cli {
namespace {

constexpr absl::Duration kNoticeableSkew = absl::Seconds(5);
constexpr double kNoticeableSpoolAge = 300;  // seconds

// "0.0.0.0:8443" -> "localhost:8443": where somebody on the same machine reaches a listener.
std::string LocalAddress(const std::string& listen_address) {
  for (const std::string_view any : {"0.0.0.0:", "[::]:", "127.0.0.1:", ":"}) {
    if (listen_address.starts_with(any)) return "localhost:" + listen_address.substr(any.size());
  }
  return listen_address;
}

std::string CallRemedy(const absl::Status& status, std::string_view what) {
  if (ReasonOf(status) == Reason::kHttpServerUntrusted) {
    return "give --ca-file with its authority, and --url with a name that is in its certificate";
  }
  return fmt::format("start {}, or give the address where it listens", what);
}

absl::StatusOr<HttpResponse> Get(HttpClient& http, const std::string& url, const NetworkChecksOptions& options) {
  return http.Send({.method = "GET", .url = url, .headers = {}, .body = {}, .timeout = options.timeout, .direct = true},
                   {});
}

// The sum of a metric's series; nullopt: there is none.
std::optional<double> SumOf(std::string_view metrics, std::string_view name) {
  std::optional<double> sum;
  while (!metrics.empty()) {
    const std::string line(metrics.substr(0, metrics.find('\n')));
    metrics.remove_prefix(std::min(metrics.size(), line.size() + 1));
    const bool is_series =
        line.starts_with(name) && line.size() > name.size() && (line[name.size()] == ' ' || line[name.size()] == '{');
    if (is_series) sum = sum.value_or(0) + std::atof(line.c_str() + line.rfind(' '));
  }
  return sum;
}

void CheckMetrics(std::string_view metrics, Checks& checks) {
  if (const std::optional<double> overdue = SumOf(metrics, "zoomwatch_receiver_challenge_overdue");
      overdue.has_value()) {
    if (*overdue == 0) {
      Pass(checks, "challenge", "Zoom's periodic challenge is not overdue");
    } else {
      Warn(checks, "challenge", fmt::format("Zoom's periodic challenge is overdue for {} accounts", *overdue),
           "in the Zoom Marketplace, open the app's event subscription and press Validate: after six failures Zoom "
           "disables it");
    }
  }
  if (const std::optional<double> age = SumOf(metrics, "zoomwatch_receiver_spool_oldest_age_seconds");
      age.has_value()) {
    if (*age <= kNoticeableSpoolAge) {
      Pass(checks, "spool", fmt::format("the oldest webhook waits for {:.0f} s", *age));
    } else {
      Warn(checks, "spool", fmt::format("the oldest webhook waits for {:.0f} s", *age),
           "the normalizer or the detector takes nothing: run doctor for them, and look at the receiver's log for "
           "\"batch failed\"");
    }
  }
  if (const std::optional<double> blocked = SumOf(metrics, "zoomwatch_detector_delivery_blocked");
      blocked.has_value()) {
    const std::string waiting =
        fmt::format("{:.0f} events wait", SumOf(metrics, "zoomwatch_detector_log_pending_events").value_or(0));
    if (*blocked == 0) {
      Pass(checks, "delivery", waiting);
    } else {
      Fail(checks, "delivery", "stands still until somebody acts; " + waiting,
           "the check of the sink says why; otherwise look at the detector's log");
    }
  }
}

// The receiver as Zoom sees it.
class ReceiverProbe {
 public:
  ReceiverProbe(const config::v1::Receiver& config, HttpClient& http, const Clock& clock,
                const NetworkChecksOptions& options)
      : config_(config), http_(http), clock_(clock), options_(options), base_(options.url) {
    if (base_.empty())
      base_ = (config.webhook().has_tls() ? "https://" : "http://") + LocalAddress(config.webhook().listen_address());
    if (base_.ends_with('/')) base_.pop_back();
  }

  // False: further questions are pointless.
  bool CheckReached(Checks& checks) {
    const std::string url = UrlOf(config_.webhook().path());
    const auto response = Get(http_, url, options_);
    if (!response.ok()) {
      Fail(checks, "receiver", Describe(response.status()), CallRemedy(response.status(), "the receiver"));
      return false;
    }
    if (response->status != 405) {  // the right answer to GET on the path of webhooks
      Fail(checks, "receiver", fmt::format("{} answers {} to GET instead of 405", url, response->status),
           "give --url of the receiver itself, and compare webhook.path with the path that the proxy in front passes "
           "on");
      return false;
    }
    Pass(checks, "receiver", fmt::format("{} answers", url));
    CheckSkew(*response, checks);
    return true;
  }

  void CheckRefusals(Checks& checks) {
    if (Ask(config_.zoom_accounts(0), {.forged = 1}, HmacSha256Key(Secret("doctor"))).expected) {
      Pass(checks, "signature", "a forged webhook is refused");
    } else {
      Fail(checks, "signature", "a forged webhook is not answered 401",
           "something else answers under this address: give --url of the receiver");
    }
    if (Ask(config_.zoom_accounts(0), {.unsigned_challenge = true}, HmacSha256Key(Secret("doctor"))).expected) {
      Pass(checks, "signature", "an unsigned challenge is refused");
    } else {
      Fail(checks, "signature", "an unsigned challenge is not answered 401: whoever asks gets any text signed",
           "something else answers under this address: give --url of the receiver, and take the other out of service");
    }
  }

  void CheckChallenges(Checks& checks) {
    for (const config::v1::ZoomAccount& account : config_.zoom_accounts()) {
      for (const std::string& file : account.secret_token_files()) CheckChallenge(account, file, checks);
    }
  }

 private:
  struct Answer {
    bool expected = false;
    std::string finding;
    int status = 0;
  };

  std::string UrlOf(const std::string& path) const { return base_ + path; }

  void CheckSkew(const HttpResponse& response, Checks& checks) {
    absl::Time date;
    std::string error;
    const std::string text(response.Header("Date").value_or(""));
    if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", text, absl::UTCTimeZone(), &date, &error)) {
      return Warn(checks, "clock", "the answer has no readable Date",
                  "a proxy in front removes it: give --url of the receiver itself");
    }
    // The header is in whole seconds, and up to one old.
    const absl::Duration skew = absl::AbsDuration(clock_.Now() - date);
    const std::string finding =
        fmt::format("the receiver's clock and ours are {:.0f} s apart", absl::ToDoubleSeconds(skew));
    const char* remedy =
        "let the machines take their time from NTP; a receiver whose clock is off refuses what Zoom signs";
    if (skew > absl::Seconds(config_.replay().max_ahead().seconds())) return Fail(checks, "clock", finding, remedy);
    if (skew > kNoticeableSkew) return Warn(checks, "clock", finding, remedy);
    Pass(checks, "clock", finding);
  }

  // Sends the one request that `what` asks for.
  Answer Ask(const config::v1::ZoomAccount& account, const TrafficOptions& what, const HmacSha256Key& key) {
    TrafficOptions once = what;
    once.seed = static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now()));
    auto bodies = EventBodies::Make({.seed = once.seed, .start = clock_.Now(), .families = {}});
    const auto traffic = Traffic::Make(once, BodySource(*std::move(bodies), 0), clock_.Now());
    const PlannedRequest& planned = traffic->plan().front();
    const SignedRequest sent = traffic->Sign(planned, key, clock_.Now());
    HttpRequest request{.method = "POST",
                        .url = UrlOf(account.path().empty() ? config_.webhook().path() : account.path()),
                        .headers = HeadersOf(account),
                        .body = sent.body,
                        .timeout = options_.timeout,
                        .direct = true};
    if (!sent.signature.empty()) {
      request.headers.emplace_back("x-zm-request-timestamp", sent.timestamp);
      request.headers.emplace_back("x-zm-signature", sent.signature);
    }
    const auto response = http_.Send(request, {});
    if (!response.ok()) return {.expected = false, .finding = Describe(response.status()), .status = 0};
    return {.expected = traffic->IsExpected(planned, key, response->status, response->body, false),
            .finding = fmt::format("answered {}", response->status),
            .status = response->status};
  }

  // What the account asks for beside the signature.
  static std::vector<std::pair<std::string, std::string>> HeadersOf(const config::v1::ZoomAccount& account) {
    std::vector<std::pair<std::string, std::string>> headers = {{"Content-Type", "application/json; charset=utf-8"}};
    const auto add = [&](const std::string& name, std::string_view scheme, const std::string& file) {
      const auto secret = ReadSecretFile(file);
      if (!secret.ok()) return;  // the check of the secrets has said so
      headers.emplace_back(name, scheme.empty() ? std::string(secret->Reveal())
                                                : fmt::format("{} {}", scheme, Base64Encode(secret->Reveal())));
    };
    if (!account.basic_credentials_file().empty()) add("Authorization", "Basic", account.basic_credentials_file());
    if (!account.legacy_verification_token_file().empty())
      add("Authorization", "", account.legacy_verification_token_file());
    if (account.has_custom_header()) add(account.custom_header().name(), "", account.custom_header().value_file());
    return headers;
  }

  void CheckChallenge(const config::v1::ZoomAccount& account, const std::string& file, Checks& checks) {
    const auto secret = ReadSecretFile(file);
    if (!secret.ok()) return;  // the check of the secrets has said so
    const Answer answer = Ask(account, {.challenge = true}, HmacSha256Key(*secret));
    const std::string where = fmt::format("account {}, {}: ", account.name(), file);
    if (answer.expected) return Pass(checks, "challenge", where + "answered with the secret's proof");
    if (answer.status == 401) {
      return Fail(checks, "challenge", where + "refused (401)",
                  "the running receiver has another secret, another clock or another extra header for this account: "
                  "compare the files that it "
                  "mounts, and its log; it takes changed files over within seconds");
    }
    if (answer.status == 503) {
      return Fail(checks, "challenge", where + "answered 503",
                  "the receiver cannot store: look at its disk, its spool's bounds and its log");
    }
    Fail(checks, "challenge", where + answer.finding, "give --url of the receiver itself, and look at its log");
  }

  const config::v1::Receiver& config_;
  HttpClient& http_;
  const Clock& clock_;
  const NetworkChecksOptions& options_;
  std::string base_;
};

void CheckPeer(const std::string& option, const config::v1::GrpcClient& client, const Clock& clock,
               const NetworkChecksOptions& options, Checks& checks) {
  const std::string where = fmt::format("{} at {}", option, client.address());
  const auto channel = MakeChannel(client, clock);
  if (!channel.ok())
    return Fail(checks, "peer", where + ": " + Describe(channel.status()),
                "correct the TLS options of this connection");
  const absl::Status status = CheckHealth(*channel, clock.Now() + options.timeout);
  if (status.ok()) return Pass(checks, "peer", where + " is serving");
  const std::string text(status.message());
  const bool is_tls = text.find("SSL") != std::string::npos || text.find("andshake") != std::string::npos ||
                      text.find("ertificate") != std::string::npos || text.find("Socket closed") != std::string::npos;
  Fail(checks, "peer", where + ": " + text,
       is_tls
           ? "compare the two ends: each certificate chains to the other's CA file, the server's names the host (or "
             "tls.server_name), and our "
             "name is among its allowed_client_names"
           : fmt::format("start the {}, and check the address, the Service and the NetworkPolicy between us", option));
}

// Every message of a type in the configuration's top level, with its field's name.
template <typename Message>
void ForEachOfType(const google::protobuf::Message& config,
                   const std::function<void(const std::string&, const Message&)>& visit) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  config.GetReflection()->ListFields(config, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->message_type() != Message::descriptor()) continue;
    visit(field->name(), dynamic_cast<const Message&>(config.GetReflection()->GetMessage(config, field)));
  }
}

std::string SinkRemedy(const absl::Status& status) {
  switch (ReasonOf(status).value_or(Reason::kDeliveryUnexpectedAnswer)) {
    case Reason::kTokenRefused:
      return "compare tenant, client id and credential with the app registration or identity; renew a secret or "
             "certificate that has expired";
    case Reason::kDeliveryForbidden:
      return "give this identity the role Monitoring Metrics Publisher on the data collection rule; that takes up to "
             "30 minutes to hold";
    case Reason::kDeliveryRuleUnknown:
      return "compare rule_id with the rule's immutableId and endpoint with its logsIngestion.endpoint";
    case Reason::kHttpServerUntrusted:
      return "a proxy that opens TLS is in between: name its authority in delivery.logs_ingestion.ca_file";
    case Reason::kSecretUnreadable:
    case Reason::kSecretEmpty:
    case Reason::kCertificateInvalid:
      return "put the file of the identity there, readable for the service's user";
    case Reason::kHttpCallFailed:
    case Reason::kDeliveryUnreachable:
      return "let port 443 to the endpoint and to the authority through (DNS, NetworkPolicy, HTTPS_PROXY), and compare "
             "the endpoint's name";
    default:
      return "look at the message; Azure's status page says whether the service has trouble";
  }
}

void CheckLogsIngestion(config::v1::LogsIngestionSink sink, const Clock& clock, const NetworkChecksOptions& options,
                        Checks& checks) {
  using Kind = detector::CallResult::Kind;
  sink.mutable_timeout()->set_seconds(std::max<int64_t>(1, absl::ToInt64Seconds(options.timeout)));
  Metrics metrics;
  const auto delivery = detector::AzureDelivery::Make(sink, clock, SystemSleeper::Get(), metrics);
  if (!delivery.ok()) {
    return Fail(checks, "sink", Describe(delivery.status()),
                "correct what is named; docs/configuration.md has every option");
  }
  const detector::CallResult result = (*delivery)->Probe();
  const std::string finding = result.status.ok()
                                  ? fmt::format("{} takes stream {} from us", sink.endpoint(), sink.stream())
                                  : Describe(result.status);
  switch (result.kind) {
    case Kind::kStored:
      return Pass(checks, "sink", finding);
    case Kind::kRefused:
      return Warn(checks, "sink", "we are let in, but an empty batch is refused: " + finding,
                  "when the message names the stream or a column, compare the rule's stream declaration with "
                  "docs/table-schema.md");
    case Kind::kRetry:
      if (ReasonOf(result.status) == Reason::kDeliveryThrottled) {
        return Warn(checks, "sink", finding,
                    "nothing, if it passes; otherwise the rule's limit is used up by somebody");
      }
      break;
    case Kind::kWait:
      break;
  }
  Fail(checks, "sink", finding, SinkRemedy(result.status));
}

}  // namespace

void CheckAdminPort(const config::v1::Admin& admin, HttpClient& http, const NetworkChecksOptions& options,
                    Checks& checks) {
  const std::string base = "http://" + LocalAddress(admin.listen_address());
  const auto ready = Get(http, base + "/readyz", options);
  if (!ready.ok()) {
    return Fail(checks, "running", Describe(ready.status()),
                "start the service; or give --offline to check files only");
  }
  if (ready->status == 200) {
    Pass(checks, "running", base + "/readyz: ready");
  } else {
    Fail(checks, "running", fmt::format("{}/readyz: {}\n{}", base, ready->status, ready->body),
         "look at the check that is named, and at the log");
  }
  const auto metrics = Get(http, base + "/metrics", options);
  if (metrics.ok() && metrics->status == 200) CheckMetrics(metrics->body, checks);
}

void CheckReceiver(const config::v1::Receiver& config, HttpClient& http, const Clock& clock,
                   const NetworkChecksOptions& options, Checks& checks) {
  ReceiverProbe probe(config, http, clock, options);
  if (!probe.CheckReached(checks)) return;
  probe.CheckRefusals(checks);
  probe.CheckChallenges(checks);
}

void CheckPeers(const google::protobuf::Message& config, const Clock& clock, const NetworkChecksOptions& options,
                Checks& checks) {
  ForEachOfType<config::v1::GrpcClient>(config, [&](const std::string& name, const config::v1::GrpcClient& client) {
    CheckPeer(name, client, clock, options, checks);
  });
}

void CheckSink(const google::protobuf::Message& config, const Clock& clock, const NetworkChecksOptions& options,
               Checks& checks) {
  ForEachOfType<config::v1::Delivery>(config, [&](const std::string&, const config::v1::Delivery& delivery) {
    if (delivery.has_logs_ingestion()) CheckLogsIngestion(delivery.logs_ingestion(), clock, options, checks);
  });
}

}  // namespace zoomwatch::cli
