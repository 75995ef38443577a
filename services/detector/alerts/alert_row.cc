#include "services/detector/alerts/alert_row.h"

#include <algorithm>
#include <map>

#include "common/event_table/column_name.h"
#include "common/event_table/json_writer.h"

namespace zoomwatch::detector {
namespace {

using alert::v1::Alert;
using event_table::AppendJsonString;
using event_table::ObjectWriter;

constexpr AlertColumn kColumns[] = {
    {"TimeGenerated", "datetime", "When the alert came to be, by the clock of the rules: the receive time of the event that caused it, or the moment at which time itself did. Log Analytics replaces a time more than 2 days old."},
    {"AlertId", "string", "Identity of this alert; rows with the same AlertId are the same alert. The same events give the same id."},
    {"AlertTime", "datetime", "The same as TimeGenerated was when the row was sent; never replaced."},
    {"RuleId", "string", "Id of the rule's file."},
    {"RuleName", "string", "Name of the rule."},
    {"RuleKind", "string", "Scheduled, NRT or hunting. Alerts of hunting queries are hints to look at."},
    {"AlertTitle", "string", "Name of the rule, or its alertDisplayNameFormat filled in."},
    {"Description", "string", "Description of the rule, or its alertDescriptionFormat filled in."},
    {"Severity", "string", "Informational, Low, Medium or High."},
    {"Tactics", "dynamic", "MITRE ATT&CK tactics."},
    {"Techniques", "dynamic", "MITRE ATT&CK techniques."},
    {"Cause", "string", "What made the alert: event, expiry (a row that excluded it left its window), schedule (found by a run in batch) or coverage (it was held until the history was known)."},
    {"Identity", "string", "What the finding is about; alerts of one rule with the same Identity are revisions of one finding."},
    {"Revision", "long", "1 for a new finding, then counting up."},
    {"Entities", "dynamic", "Entities by the rule's entityMappings: objects with Type and the identifiers."},
    {"CustomDetails", "dynamic", "The rule's customDetails by name. Absent when there are none."},
    {"Rows", "dynamic", "The rows of the query that make the alert, as objects by column name."},
    {"RowCount", "long", "Rows that matched; more than Rows has when some were left out."},
    {"EventIds", "dynamic", "EventId of the events behind it, where the query keeps them."},
    {"AccountNames", "dynamic", "Zoom accounts behind it, where the query keeps AccountName."},
};
static_assert(event_table::AllNamesLegalAndDistinct(kColumns));

void AppendPair(std::string_view key, std::string_view value, bool& first, std::string& out) {
  if (!first) out += ',';
  first = false;
  AppendJsonString(out, key);
  out += ':';
  AppendJsonString(out, value);
}

// By name, so that the same alert is always the same row.
void AppendMap(const google::protobuf::Map<std::string, std::string>& map, bool first, std::string& out) {
  for (const auto& [key, value] : std::map<std::string, std::string>(map.begin(), map.end())) AppendPair(key, value, first, out);
}

std::string EntitiesJson(const Alert& alert, std::size_t max_bytes) {
  std::string json = "[";
  for (const alert::v1::Entity& entity : alert.entities()) {
    std::string one = json.size() > 1 ? ",{" : "{";
    bool first = true;
    AppendPair("Type", entity.type(), first, one);
    AppendMap(entity.fields(), first, one);
    one += '}';
    if (json.size() + one.size() + 1 > max_bytes) break;
    json += one;
  }
  return json + "]";
}

std::string DetailsJson(const Alert& alert) {
  std::string json = "{";
  AppendMap(alert.custom_details(), true, json);
  return json + "}";
}

// The first rows whose text together is at most `max_bytes`.
std::string RowsJson(const Alert& alert, std::size_t max_bytes) {
  std::string json = "[";
  for (const std::string& row : alert.rows_json()) {
    if (json.size() + row.size() + 2 > max_bytes) break;
    if (json.size() > 1) json += ',';
    json += row;
  }
  return json + "]";
}

void AppendRow(const Alert& alert, std::size_t max_value_bytes, std::string& out) {
  ObjectWriter row(out, max_value_bytes);
  row.Time("TimeGenerated", alert.alert_time());
  row.Text("AlertId", alert.alert_id());
  row.Time("AlertTime", alert.alert_time());
  row.Text("RuleId", alert.rule_id());
  row.Text("RuleName", alert.rule_name());
  row.Text("RuleKind", alert.rule_kind());
  row.Text("AlertTitle", alert.title());
  row.Text("Description", alert.description());
  row.Text("Severity", SeverityText(alert.severity()));
  row.List("Tactics", alert.tactics());
  row.List("Techniques", alert.techniques());
  row.Text("Cause", CauseText(alert.cause()));
  row.Text("Identity", alert.identity());
  row.Number("Revision", alert.revision());
  row.Json("Entities", EntitiesJson(alert, max_value_bytes));
  if (const std::string details = DetailsJson(alert); details.size() > 2 && details.size() <= max_value_bytes) row.Json("CustomDetails", details);
  row.Json("Rows", RowsJson(alert, max_value_bytes));
  row.Number("RowCount", alert.row_count());
  row.List("EventIds", alert.event_ids());
  row.List("AccountNames", alert.account_names());
  row.End();
}

}  // namespace

std::span<const AlertColumn> AlertColumns() { return kColumns; }

std::string_view SeverityText(alert::v1::Severity severity) {
  switch (severity) {
    case alert::v1::SEVERITY_HIGH: return "High";
    case alert::v1::SEVERITY_MEDIUM: return "Medium";
    case alert::v1::SEVERITY_LOW: return "Low";
    default: return "Informational";
  }
}

std::string_view CauseText(alert::v1::Cause cause) {
  switch (cause) {
    case alert::v1::CAUSE_EXPIRY: return "expiry";
    case alert::v1::CAUSE_SCHEDULE: return "schedule";
    case alert::v1::CAUSE_COVERAGE: return "coverage";
    default: return "event";
  }
}

void AppendAlertRow(const Alert& alert, const event_table::RowLimits& limits, std::string& out) {
  const std::size_t begin = out.size();
  // Hostile texts only: a usual row is done in the first round. The last round always fits.
  for (const std::size_t max_value_bytes : {limits.max_field_bytes, std::min<std::size_t>(limits.max_field_bytes, 4096), event_table::kMinValueBytes}) {
    out.resize(begin);
    AppendRow(alert, max_value_bytes, out);
    if (out.size() - begin <= limits.max_row_bytes) return;
  }
}

}  // namespace zoomwatch::detector
