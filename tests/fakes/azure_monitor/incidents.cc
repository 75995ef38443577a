#include "tests/fakes/azure_monitor/incidents.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <boost/json.hpp>

#include "absl/time/time.h"
#include "common/json/text.h"
#include "tests/fakes/azure_monitor/jwt.h"

namespace zoomwatch::fakes {
namespace {

constexpr std::string_view kApiVersion = "2023-02-01";
constexpr size_t kMaxDescriptionUnits = 5000;

Refusal Refuse(int status, std::string_view code, std::string message) {
  return {.status = status, .code = std::string(code), .message = std::move(message), .retry_after_seconds = {}};
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// UTF-16 code units of a UTF-8 text: a character of four bytes is two.
size_t Utf16Units(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

bool IsTime(std::string_view text) {
  absl::Time time;
  return absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &time, nullptr);
}

// What is wrong with the properties; "" when nothing is, and then `incident` has them.
std::string ReadProperties(const boost::json::object& properties, Incident& incident) {
  for (const auto& member : properties) {
    const std::string_view key(member.key().data(), member.key().size());
    if (!IsOneOf(key, {"title", "severity", "status", "description", "labels", "firstActivityTimeUtc", "lastActivityTimeUtc"})) {
      return fmt::format("Could not find member '{}' on object of type 'IncidentProperties'.", key);
    }
    if (key == "labels" ? !member.value().is_array() : !member.value().is_string()) return fmt::format("'{}' has the wrong type.", key);
  }
  incident.title = TextIn(properties, "title");
  incident.severity = TextIn(properties, "severity");
  incident.status = TextIn(properties, "status");
  incident.description = TextIn(properties, "description");
  incident.first_activity = TextIn(properties, "firstActivityTimeUtc");
  incident.last_activity = TextIn(properties, "lastActivityTimeUtc");
  if (incident.title.empty()) return "Required property 'title' not found.";
  if (!IsOneOf(incident.severity, {"High", "Medium", "Low", "Informational"})) return "'severity' has an unknown value or is missing.";
  if (!IsOneOf(incident.status, {"New", "Active", "Closed"})) return "'status' has an unknown value or is missing.";
  if (Utf16Units(incident.description) > kMaxDescriptionUnits) return "The maximum length of 'description' is 5000.";
  for (const std::string& time : {incident.first_activity, incident.last_activity}) {
    if (!time.empty() && !IsTime(time)) return "Could not convert string to DateTime.";
  }
  if (!properties.contains("labels")) return "";
  for (const boost::json::value& label : properties.at("labels").as_array()) {
    const bool named = label.is_object() && label.get_object().size() == 1 && !TextIn(label.get_object(), "labelName").empty();
    if (!named) return "A label needs its 'labelName'.";
    incident.labels.emplace_back(TextIn(label.get_object(), "labelName"));
  }
  return "";
}

}  // namespace

Incidents::Incidents(IncidentOptions options, const TokenAuthority& tokens, const Clock& clock)
    : options_(std::move(options)), tokens_(tokens), clock_(clock), onboarded_(options_.onboarded) {}

bool Incidents::Owns(std::string_view path) {
  return path.starts_with("/subscriptions/") && path.find("/providers/Microsoft.SecurityInsights/incidents") != std::string_view::npos;
}

http::Response Incidents::Answer(const http::Request& request, std::optional<Refusal>& refusal) {
  Address address;
  refusal = CheckAddress(request, address);
  if (refusal) return ToResponse(*refusal);
  if (request.method == "PUT") return Put(request, address.id, refusal);
  MutexLock lock(mutex_);
  if (address.id.empty()) {
    size_t left = static_cast<size_t>(std::max(0, std::atoi(FormValue(QueryOf(request), "$top").value_or("50").c_str())));
    std::string list;
    for (const auto& [id, incident] : incidents_) {
      if (left-- == 0) break;
      list += (list.empty() ? "" : ",") + ToJson(id, incident);
    }
    return {.content_type = "application/json", .body = "{\"value\":[" + list + "]}"};
  }
  const auto found = incidents_.find(address.id);
  if (found == incidents_.end()) {
    refusal = Refuse(404, "NotFound", fmt::format("Incident '{}' was not found.", address.id));
    return ToResponse(*refusal);
  }
  return {.content_type = "application/json", .body = ToJson(found->first, found->second)};
}

std::optional<Refusal> Incidents::CheckAddress(const http::Request& request, Address& address) const {
  static const RE2 pattern(
      "/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft.OperationalInsights/workspaces/([^/]+)"
      "/providers/Microsoft.SecurityInsights/incidents(?:/([^/]+))?");
  static const RE2 guid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  std::string subscription, group, workspace;
  const std::string path(request.path());
  if (!RE2::FullMatch(path, pattern, &subscription, &group, &workspace, &address.id)) {
    return Refuse(404, "InvalidResourceType", "The resource type could not be found.");
  }
  if (request.method != "GET" && (request.method != "PUT" || address.id.empty())) {
    return Refuse(405, "UnsupportedApiVersion", fmt::format("The resource does not support HTTP method '{}'.", request.method));
  }
  if (FormValue(QueryOf(request), "api-version").value_or("") != kApiVersion) {
    return Refuse(400, "InvalidApiVersionParameter", fmt::format("The supported api-version is '{}'.", kApiVersion));
  }
  if (std::optional<Refusal> refusal = tokens_.CheckFor(options_.resource, request.headers.Find("Authorization"), clock_.Now())) return refusal;
  if (!http::EqualsIgnoreCase(subscription, options_.subscription_id)) {
    return Refuse(404, "SubscriptionNotFound", fmt::format("The subscription '{}' could not be found.", subscription));
  }
  if (!http::EqualsIgnoreCase(group, options_.resource_group)) {
    return Refuse(404, "ResourceGroupNotFound", fmt::format("Resource group '{}' could not be found.", group));
  }
  if (!http::EqualsIgnoreCase(workspace, options_.workspace)) {
    return Refuse(404, "ResourceNotFound", fmt::format("The Resource 'Microsoft.OperationalInsights/workspaces/{}' was not found.", workspace));
  }
  {
    MutexLock lock(mutex_);
    if (!onboarded_) {
      return Refuse(400, "BadRequest", fmt::format("Workspace '{}' is not onboarded to Microsoft Sentinel. Please onboard through the portal.", workspace));
    }
  }
  address.id = LowerCase(address.id);
  if (!address.id.empty() && !RE2::FullMatch(address.id, guid)) return Refuse(400, "InvalidIncidentId", "The incident's name must be a GUID.");
  return std::nullopt;
}

http::Response Incidents::Put(const http::Request& request, const std::string& id, std::optional<Refusal>& refusal) {
  const auto refuse = [&refusal](Refusal why) {
    refusal = std::move(why);
    return ToResponse(*refusal);
  };
  const std::string_view type = request.headers.Find("Content-Type").value_or("");
  if (!http::EqualsIgnoreCase(type.substr(0, type.find(';')), "application/json")) {
    return refuse(Refuse(415, "UnsupportedMediaType", "The Content-Type must be application/json."));
  }
  MutexLock lock(mutex_);
  const auto found = incidents_.find(id);
  const bool known = found != incidents_.end();
  if (options_.honour_if_none_match && known && request.headers.Find("If-None-Match").value_or("") == "*") {
    return refuse(Refuse(412, "PreconditionFailed", "The resource exists."));
  }
  boost::system::error_code error;
  boost::json::value body;
  if (!json::FindInvalidUtf8(request.body)) body = boost::json::parse(boost::json::string_view(request.body.data(), request.body.size()), error);
  if (error || !body.is_object() || !body.get_object().contains("properties") || !body.get_object().at("properties").is_object()) {
    return refuse(Refuse(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."));
  }
  Incident incident;
  if (const std::string problem = ReadProperties(body.get_object().at("properties").get_object(), incident); !problem.empty()) {
    return refuse(Refuse(400, "InvalidRequestContent", problem));
  }
  if (const std::string_view etag = TextIn(body.get_object(), "etag"); known && !etag.empty() && etag != std::to_string(found->second.version)) {
    return refuse(Refuse(409, "Conflict", fmt::format("Newer version of resource '{}' exists. Data was not saved", id)));
  }
  Incident& stored = incidents_[id];
  incident.created = stored.created + (known ? 0 : 1);
  incident.overwritten = stored.overwritten + (known ? 1 : 0);
  incident.version = stored.version + 1;
  stored = std::move(incident);
  return {.status = known ? 200 : 201, .content_type = "application/json", .body = ToJson(id, stored)};
}

std::string Incidents::ToJson(const std::string& id, const Incident& incident) const {
  boost::json::array labels;
  for (const std::string& label : incident.labels) labels.push_back(boost::json::object{{"labelName", label}, {"labelType", "User"}});
  return boost::json::serialize(boost::json::object{
      {"id", fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.OperationalInsights/workspaces/{}/providers/"
                         "Microsoft.SecurityInsights/Incidents/{}",
                         options_.subscription_id, options_.resource_group, options_.workspace, id)},
      {"name", id},
      {"etag", std::to_string(incident.version)},
      {"type", "Microsoft.SecurityInsights/Incidents"},
      {"properties", boost::json::object{{"title", incident.title},
                                         {"severity", incident.severity},
                                         {"status", incident.status},
                                         {"description", incident.description},
                                         {"firstActivityTimeUtc", incident.first_activity},
                                         {"lastActivityTimeUtc", incident.last_activity},
                                         {"labels", std::move(labels)}}}});
}

std::map<std::string, Incident> Incidents::All() const {
  MutexLock lock(mutex_);
  return incidents_;
}

bool Incidents::SetStatus(const std::string& id, const std::string& status) {
  MutexLock lock(mutex_);
  const auto found = incidents_.find(id);
  if (found == incidents_.end()) return false;
  found->second.status = status;
  ++found->second.version;
  return true;
}

void Incidents::SetOnboarded(bool onboarded) {
  MutexLock lock(mutex_);
  onboarded_ = onboarded;
}

}  // namespace zoomwatch::fakes
