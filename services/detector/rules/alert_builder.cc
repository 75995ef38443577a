#include "services/detector/rules/alert_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/event_table/json_writer.h"
#include "common/json/text.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"
#include "common/kql/ticks.h"
#include "common/ruleset/alert_format.h"
#include "common/time/timestamp.h"

namespace zoomwatch::detector {
namespace {

using alert::v1::Alert;
using kql::Value;
using Row = std::vector<Value>;

constexpr std::size_t kMaxTextBytes = 16 * 1024;  // of a title, a description, an identifier, a detail

// UTF-8 that ends with "..." where it was cut. Texts of queries may be any bytes, such as those of url_decode(): an alert with others
// than UTF-8 could not be read back.
std::string Text(std::string text) {
  json::ReplaceInvalidUtf8(text);
  if (text.size() > kMaxTextBytes) text = std::string(json::CutUtf8(text, kMaxTextBytes)) + "...";
  return text;
}

alert::v1::Severity SeverityOf(ruleset::AlertSeverity severity) {
  switch (severity) {
    case ruleset::AlertSeverity::kInformational: return alert::v1::SEVERITY_INFORMATIONAL;
    case ruleset::AlertSeverity::kLow: return alert::v1::SEVERITY_LOW;
    case ruleset::AlertSeverity::kMedium: return alert::v1::SEVERITY_MEDIUM;
    case ruleset::AlertSeverity::kHigh: return alert::v1::SEVERITY_HIGH;
  }
  return alert::v1::SEVERITY_UNSPECIFIED;
}

// Of a severity column; anything else leaves the rule's own.
alert::v1::Severity SeverityNamed(std::string_view name, alert::v1::Severity otherwise) {
  for (const auto severity : {ruleset::AlertSeverity::kInformational, ruleset::AlertSeverity::kLow, ruleset::AlertSeverity::kMedium,
                              ruleset::AlertSeverity::kHigh}) {
    if (name == ruleset::SeverityName(severity)) return SeverityOf(severity);
  }
  return otherwise;
}

// The rows of one finding by column name.
class Rows {
 public:
  Rows(const kql::Schema& schema, const std::vector<Row>& rows) : schema_(schema), rows_(rows) {}

  // Of the first row; "" when the column is missing or empty.
  std::string First(std::string_view column) const {
    const auto at = kql::FindColumn(schema_, column);
    return at && !rows_.empty() ? kql::ToText(rows_.front()[*at]) : std::string();
  }
  // Distinct values that are not empty, in order, while they are not too large.
  std::vector<std::string> All(std::string_view column) const {
    std::vector<std::string> values;
    const auto at = kql::FindColumn(schema_, column);
    if (!at) return values;
    std::size_t bytes = 0;
    for (const Row& row : rows_) {
      std::string value = Text(kql::ToText(row[*at]));
      if (value.empty() || std::find(values.begin(), values.end(), value) != values.end()) continue;
      bytes += value.size();
      if (bytes > kMaxAlertBytes) break;
      values.push_back(std::move(value));
    }
    return values;
  }

 private:
  const kql::Schema& schema_;
  const std::vector<Row>& rows_;
};

// One entity per mapping and row, each once; one of which every identifier is empty is none.
void AddEntities(const ruleset::Rule& rule, const kql::Schema& schema, const std::vector<Row>& rows, Alert& alert) {
  std::set<std::string> seen;
  std::size_t bytes = 0;
  for (const ruleset::EntityMapping& mapping : rule.entity_mappings) {
    for (const Row& row : rows) {
      alert::v1::Entity entity;
      entity.set_type(mapping.type);
      std::string key = mapping.type;
      for (const ruleset::FieldMapping& field : mapping.fields) {
        const auto column = kql::FindColumn(schema, field.column);
        const std::string value = column ? Text(kql::ToText(row[*column])) : std::string();
        if (value.empty()) continue;
        (*entity.mutable_fields())[field.identifier] = value;
        key += '\n' + field.identifier + '\n' + value;
      }
      if (entity.fields().empty() || !seen.insert(key).second) continue;
      bytes += key.size();
      if (bytes > kMaxAlertBytes) return;
      *alert.add_entities() = std::move(entity);
    }
  }
}

void AddRows(const kql::Schema& schema, const std::vector<Row>& rows, Alert& alert) {
  std::size_t bytes = 0;
  for (const Row& row : rows) {
    std::string text = RowToJson(schema, row);
    bytes += text.size();
    if (bytes > kMaxAlertBytes) return;
    json::ReplaceInvalidUtf8(text);
    alert.add_rows_json(std::move(text));
  }
}

std::string Filled(const std::string& format, const std::string& otherwise, const Rows& rows) {
  if (format.empty()) return otherwise;
  return Text(ruleset::FillPlaceholders(format, [&rows](std::string_view column) { return rows.First(column); }));
}

}  // namespace

std::string RowToJson(const kql::Schema& schema, const Row& row) {
  std::string json = "{";
  for (std::size_t c = 0; c < schema.size(); ++c) {
    if (row[c].is_null() || (row[c].is_string() && row[c].AsString().empty())) continue;
    if (json.size() > 1) json += ',';
    kql::AppendJsonString(schema[c].name, json);
    json += ':';
    kql::AppendJson(row[c], json);
  }
  return json + "}";
}

Alert BuildAlert(const ruleset::Rule& rule, const kql::Schema& schema, const Finding& finding, int revision) {
  const Rows rows(schema, finding.rows);
  const ruleset::AlertDetailsOverride& details = rule.alert_details_override;
  Alert alert;
  alert.set_identity(fmt::format("{:016x}", finding.identity));
  alert.set_alert_id(event_table::Sha256Hex(fmt::format("{}\n{:016x}\n{}", rule.id, finding.identity, finding.time)).substr(0, 32));
  alert.set_rule_id(rule.id);
  alert.set_rule_name(rule.name);
  alert.set_rule_kind(std::string(ruleset::KindName(rule.kind)));
  alert.set_title(Filled(details.display_name_format, rule.name, rows));
  alert.set_description(Filled(details.description_format, rule.description, rows));
  alert.set_severity(SeverityNamed(rows.First(details.severity_column), SeverityOf(rule.severity)));
  const std::string tactic = rows.First(details.tactics_column);
  if (!tactic.empty()) {
    alert.add_tactics(Text(tactic));
  } else {
    alert.mutable_tactics()->Assign(rule.tactics.begin(), rule.tactics.end());
  }
  alert.mutable_techniques()->Assign(rule.techniques.begin(), rule.techniques.end());
  alert.set_without_incident(!rule.incident_configuration.create_incident);
  *alert.mutable_alert_time() = TimestampOf(kql::TimeOf(finding.time));
  switch (finding.cause) {
    case FindingCause::kEvent: alert.set_cause(alert::v1::CAUSE_EVENT); break;
    case FindingCause::kExpiry: alert.set_cause(alert::v1::CAUSE_EXPIRY); break;
    case FindingCause::kSchedule: alert.set_cause(alert::v1::CAUSE_SCHEDULE); break;
    case FindingCause::kCoverage: alert.set_cause(alert::v1::CAUSE_COVERAGE); break;
  }
  alert.set_revision(revision);
  AddEntities(rule, schema, finding.rows, alert);
  for (const ruleset::CustomDetail& detail : rule.custom_details) {
    if (std::string value = rows.First(detail.column); !value.empty()) (*alert.mutable_custom_details())[detail.name] = Text(std::move(value));
  }
  AddRows(schema, finding.rows, alert);
  alert.set_row_count(finding.row_count);
  for (std::string& id : rows.All("EventId")) alert.add_event_ids(std::move(id));
  if (finding.has_account_names) {
    for (std::string& account : rows.All("AccountName")) alert.add_account_names(std::move(account));
  }
  return alert;
}

}  // namespace zoomwatch::detector
