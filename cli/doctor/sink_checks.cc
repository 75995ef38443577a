#include "cli/doctor/sink_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "cli/doctor/incident_checks.h"
#include "common/event_table/columns.h"
#include "common/json/parser.h"
#include "common/metrics/metrics.h"
#include "common/retry/sleeper.h"
#include "common/status/reasons.h"
#include "services/detector/alerts/alert_row.h"
#include "services/detector/delivery/azure_delivery.h"
#include "services/detector/routing/route_table.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::cli {
namespace {

namespace pb = google::protobuf;

// The message under that name at the configuration's top level; null: none.
const pb::Message* Part(const pb::Message& config, const std::string& name) {
  const pb::FieldDescriptor* const field = config.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || !config.GetReflection()->HasField(config, field)) return nullptr;
  return &config.GetReflection()->GetMessage(config, field);
}

// The sink when it is Azure; null: another one, or none.
const config::v1::LogsIngestionSink* AzureSink(const pb::Message& config) {
  const auto* const delivery = dynamic_cast<const config::v1::Delivery*>(Part(config, "delivery"));
  return delivery != nullptr && delivery->has_logs_ingestion() ? &delivery->logs_ingestion() : nullptr;
}

// Each stream that gets events, the main one first.
std::vector<std::string> EventStreams(const config::v1::LogsIngestionSink& sink) {
  std::vector<std::string> streams = {sink.stream()};
  for (const config::v1::Route& route : sink.routes()) {
    const bool known = std::find(streams.begin(), streams.end(), route.stream()) != streams.end();
    if (!route.stream().empty() && !known) streams.push_back(route.stream());
  }
  return streams;
}

std::string Remedy(const absl::Status& status) {
  switch (ReasonOf(status).value_or(Reason::kDeliveryUnexpectedAnswer)) {
    case Reason::kTokenRefused:
      return "compare tenant, client id and credential with the app registration or identity; renew a secret or "
             "certificate that has expired";
    case Reason::kDeliveryForbidden:
      if (status.message().find("status 401") != std::string_view::npos) {
        return "the token is not for this endpoint: compare the identity's scope (or resource) and authority with the endpoint's "
               "cloud; https://monitor.azure.com/.default is that of the public one";
      }
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

void CheckStream(const std::string& stream, const std::string& endpoint, detector::AzureDelivery& delivery, Checks& checks) {
  using Kind = detector::CallResult::Kind;
  const detector::CallResult result = delivery.Probe(stream);
  const std::string finding =
      result.status.ok() ? fmt::format("{} takes stream {} from us", endpoint, stream) : Describe(result.status);
  if (result.kind == Kind::kStored) return Pass(checks, "sink", finding);
  if (result.kind == Kind::kRefused && finding.find("InvalidStream") != std::string::npos) {
    return Fail(checks, "sink", finding,
                fmt::format("declare {} in the data collection rule (azure/ has its template), or correct the stream's name", stream));
  }
  if (result.kind == Kind::kRefused) {
    return Warn(checks, "sink", "we are let in, but an empty batch is refused: " + finding,
                "when the message names the stream or a column, compare the rule's stream declaration with "
                "docs/table-schema.md");
  }
  if (ReasonOf(result.status) == Reason::kDeliveryThrottled) {
    return Warn(checks, "sink", finding, "nothing, if it passes; otherwise the rule's limit is used up by somebody");
  }
  Fail(checks, "sink", finding, Remedy(result.status));
}

// One token, and one call without rows for each stream.
void CheckRows(const pb::Message& config, const config::v1::LogsIngestionSink& sink, const Clock& clock, Checks& checks) {
  Metrics metrics;
  const auto delivery = detector::AzureDelivery::Make(sink, clock, SystemSleeper::Get(), metrics);
  if (!delivery.ok()) {
    return Fail(checks, "sink", Describe(delivery.status()), "correct what is named; docs/configuration.md has every option");
  }
  if (const absl::Status token = (*delivery)->ProbeToken(); !token.ok()) {
    Fail(checks, "token", Describe(token), Remedy(token));
    return Skip(checks, "sink", "not asked: there is no token", "");
  }
  Pass(checks, "token", "our identity gets an access token");
  std::vector<std::string> streams = EventStreams(sink);
  if (Part(config, "rules") != nullptr) streams.push_back(sink.alert_stream());
  for (const std::string& stream : streams) {
    CheckStream(stream, sink.endpoint(), **delivery, checks);
    // What is not about the stream is the same for all.
    if (checks.back().verdict == Verdict::kFailed && checks.back().finding.find(stream) == std::string::npos) return;
  }
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return file.good() || file.eof() ? std::optional(std::move(text)) : std::nullopt;
}

// The first object under the key "streamDeclarations", however deep.
json::NodeIndex FindDeclarations(const json::Document& document) {
  for (json::NodeIndex at = 0; at < document.size(); ++at) {
    if (document.at(at).key == "streamDeclarations") return at;
  }
  return json::kNoNode;
}

// "name" of each column that the stream declares.
std::vector<std::string> DeclaredColumns(const json::Document& document, json::NodeIndex stream) {
  std::vector<std::string> names;
  const json::NodeIndex columns = document.Find(stream, "columns");
  if (columns == json::kNoNode) return names;
  for (json::NodeIndex at = json::Document::first_child(columns); at < document.end_of(columns); at = document.at(at).next) {
    const json::NodeIndex name = document.Find(at, "name");
    if (name != json::kNoNode) names.emplace_back(document.RawString(name));
  }
  return names;
}

void CompareColumns(const json::Document& document, const std::string& stream, const std::vector<std::string_view>& sent,
                    Checks& checks) {
  const json::NodeIndex declaration = document.Find(FindDeclarations(document), json::Key(stream));
  if (declaration == json::kNoNode) {
    return Fail(checks, "columns", "the rule does not declare the stream " + stream,
                "deploy the data collection rule of azure/ again, or correct the stream's name");
  }
  const std::vector<std::string> declared = DeclaredColumns(document, declaration);
  std::string missing;
  for (const std::string_view column : sent) {
    if (std::find(declared.begin(), declared.end(), column) != declared.end()) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(column);
  }
  if (missing.empty()) return Pass(checks, "columns", fmt::format("stream {} declares all {} columns", stream, sent.size()));
  Fail(checks, "columns", fmt::format("stream {} does not declare {}: Azure drops what it holds without a word", stream, missing),
       "deploy the tables and the data collection rule of azure/ again: they have the columns of this version");
}

}  // namespace

void CheckRoutes(const pb::Message& config, Checks& checks) {
  const config::v1::LogsIngestionSink* const sink = AzureSink(config);
  if (sink == nullptr || sink->routes().empty()) return;
  const auto routes = detector::RouteTable::Make(*sink);
  if (!routes.ok()) {
    return Fail(checks, "routes", Describe(routes.status()), "correct the route that is named; docs/delivery.md says what a condition may be");
  }
  std::string finding;
  for (const detector::RouteTable::Route& route : routes->routes()) {
    const std::string_view stream = routes->StreamOf(route);
    finding += fmt::format("{}{} to {}", finding.empty() ? "" : ", ", route.name, stream.empty() ? "nowhere (not sent)" : stream);
  }
  Pass(checks, "routes", finding);
}

void CheckSink(const pb::Message& config, const Clock& clock, const SinkChecksOptions& options, Checks& checks) {
  const config::v1::LogsIngestionSink* const configured = AzureSink(config);
  if (configured == nullptr) return;
  config::v1::LogsIngestionSink sink = *configured;
  sink.mutable_timeout()->set_seconds(std::max<int64_t>(1, absl::ToInt64Seconds(options.timeout)));
  CheckRows(config, sink, clock, checks);
  if (!sink.has_incidents()) return;
  const bool no_token = std::any_of(checks.begin(), checks.end(),
                                    [](const Check& check) { return check.name == "token" && check.verdict == Verdict::kFailed; });
  if (no_token) return Skip(checks, "incidents", "not asked: there is no token", "");
  CheckIncidents(sink, clock, checks);
}

void CheckColumns(const pb::Message& config, const SinkChecksOptions& options, Checks& checks) {
  const config::v1::LogsIngestionSink* const sink = AzureSink(config);
  if (sink == nullptr) return;
  if (options.rule_file.empty()) {
    return Skip(checks, "columns", "not compared: Azure takes undeclared columns and drops them without a word",
                "az monitor data-collection rule show --name NAME --resource-group GROUP > rule.json, and give --rule-file rule.json");
  }
  const std::optional<std::string> text = ReadFile(options.rule_file);
  json::Parser parser;
  json::Document document;
  if (!text.has_value() || !parser.Parse(*text, document).ok() || FindDeclarations(document) == json::kNoNode) {
    return Fail(checks, "columns", options.rule_file + ": cannot be read, or has no streamDeclarations",
                "give the file that az monitor data-collection rule show prints");
  }
  std::vector<std::string_view> events;
  for (const event_table::Column& column : event_table::EventColumns()) events.push_back(column.name);
  for (const std::string& stream : EventStreams(*sink)) CompareColumns(document, stream, events, checks);
  if (Part(config, "rules") == nullptr) return;
  std::vector<std::string_view> alerts;
  for (const detector::AlertColumn& column : detector::AlertColumns()) alerts.push_back(column.name);
  CompareColumns(document, sink->alert_stream(), alerts, checks);
}

}  // namespace zoomwatch::cli
