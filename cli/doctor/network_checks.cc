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
#include "common/json/parser.h"
#include "common/metrics/metrics.h"
#include "common/status/reasons.h"

namespace zoomwatch::cli {
namespace {

constexpr absl::Duration kNoticeableSkew = absl::Seconds(5);
constexpr double kNoticeableSpoolAge = 300;  // seconds

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

enum class Take { kSum, kLargest };

// The sum, or the largest, of a metric's series, or the one of which `name` has the labels too; nullopt: there is none.
std::optional<double> SumOf(std::string_view metrics, std::string_view name, Take take = Take::kSum) {
  std::optional<double> sum;
  while (!metrics.empty()) {
    const std::string line(metrics.substr(0, metrics.find('\n')));
    metrics.remove_prefix(std::min(metrics.size(), line.size() + 1));
    const bool is_series =
        line.starts_with(name) && line.size() > name.size() && (line[name.size()] == ' ' || line[name.size()] == '{');
    if (!is_series) continue;
    const double value = std::atof(line.c_str() + line.rfind(' '));
    sum = take == Take::kSum ? sum.value_or(0) + value : std::max(sum.value_or(value), value);
  }
  return sum;
}

// When a challenge was answered last, by any account.
std::string LastChallenge(std::string_view metrics) {
  const double seen = SumOf(metrics, "zoomwatch_receiver_challenge_last_seen_seconds", Take::kLargest).value_or(0);
  if (seen == 0) return "none was seen since the start";
  return "the last one was seen at " +
         absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixSeconds(static_cast<int64_t>(seen)), absl::UTCTimeZone());
}

// Why the detail of that name is not in order, from the answer of /readyz; empty: it is, or there is no such detail.
std::string WhyNotInOrder(std::string_view readiness, std::string_view name) {
  json::Parser parser;
  json::Document document;
  if (!parser.Parse(readiness, document).ok()) return "";
  const json::NodeIndex details = document.Find(json::Document::root(), "details");
  if (details == json::kNoNode) return "";
  for (json::NodeIndex at = json::Document::first_child(details); at < document.end_of(details); at = document.at(at).next) {
    const json::NodeIndex its_name = document.Find(at, "name");
    const json::NodeIndex why = document.Find(at, "why");
    if (its_name == json::kNoNode || why == json::kNoNode || document.RawString(its_name) != name) continue;
    std::string text;
    document.AppendString(why, text);
    return text;
  }
  return "";
}

// What waits for the sink. `why` is set while attempts fail.
void CheckOutbox(const std::string& name, const std::string& waiting, bool blocked, const std::string& why, Checks& checks) {
  if (blocked) {
    return Fail(checks, name, "stands still until somebody acts; " + waiting + (why.empty() ? "" : ": " + why),
                "the check of the sink says why; otherwise look at the detector's log");
  }
  if (!why.empty()) {
    return Warn(checks, name, "the last attempt failed, and is repeated; " + waiting + ": " + why,
                "nothing, if it passes: nothing is lost as long as the store has room; otherwise look at the sink's own status");
  }
  Pass(checks, name, waiting);
}

void CheckMetrics(std::string_view metrics, std::string_view readiness, Checks& checks) {
  if (const std::optional<double> overdue = SumOf(metrics, "zoomwatch_receiver_challenge_overdue");
      overdue.has_value()) {
    if (*overdue == 0) {
      Pass(checks, "challenge", "Zoom's periodic challenge is not overdue; " + LastChallenge(metrics));
    } else {
      Warn(checks, "challenge", fmt::format("Zoom's periodic challenge is overdue for {} accounts; {}", *overdue, LastChallenge(metrics)),
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
  const std::optional<double> blocked = SumOf(metrics, "zoomwatch_detector_delivery_blocked");
  if (!blocked.has_value()) return;
  const double blocked_alerts = SumOf(metrics, "zoomwatch_detector_delivery_blocked{table=\"alerts\"}").value_or(0);
  const double events = SumOf(metrics, "zoomwatch_detector_log_pending_events").value_or(0);
  CheckOutbox("delivery", fmt::format("{:.0f} events wait", events), *blocked - blocked_alerts > 0, WhyNotInOrder(readiness, "delivery"),
              checks);
  if (const auto alerts = SumOf(metrics, "zoomwatch_detector_alerts_pending"); alerts.has_value()) {
    CheckOutbox("delivery", fmt::format("{:.0f} alerts wait", *alerts), blocked_alerts > 0, WhyNotInOrder(readiness, "alert_delivery"), checks);
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
    if (checks.back().verdict != Verdict::kFailed) return true;
    Skip(checks, "challenge", "not asked: with these clocks the receiver refuses whatever is signed", "");
    return false;
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

}  // namespace

std::string LocalAddress(const std::string& listen_address) {
  for (const std::string_view any : {"0.0.0.0:", "[::]:", "127.0.0.1:", ":"}) {
    if (listen_address.starts_with(any)) return "localhost:" + listen_address.substr(any.size());
  }
  return listen_address;
}

bool CheckAdminPort(const config::v1::Admin& admin, HttpClient& http, const NetworkChecksOptions& options,
                    Checks& checks) {
  const std::string base = "http://" + LocalAddress(admin.listen_address());
  const auto ready = Get(http, base + "/readyz", options);
  if (!ready.ok()) {
    Fail(checks, "running", Describe(ready.status()), "start the service; or give --offline to check files only");
    return false;
  }
  if (ready->status == 200) {
    Pass(checks, "running", base + "/readyz: ready");
  } else {
    Fail(checks, "running", fmt::format("{}/readyz: {}\n{}", base, ready->status, ready->body),
         "look at the check that is named, and at the log");
  }
  const auto metrics = Get(http, base + "/metrics", options);
  if (metrics.ok() && metrics->status == 200) CheckMetrics(metrics->body, ready->body, checks);
  return true;
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

}  // namespace zoomwatch::cli
