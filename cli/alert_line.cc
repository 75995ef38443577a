#include "cli/alert_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/chart/display_text.h"
#include "common/time/timestamp.h"
#include "services/detector/alerts/alert_row.h"

namespace zoomwatch::cli {
namespace {

using alert::v1::Alert;

// By name: a map of a message has no order.
template <typename Fields>
std::string FieldsText(const Fields& fields) {
  const std::map<std::string, std::string> sorted(fields.begin(), fields.end());
  std::vector<std::string> texts;
  for (const auto& [name, value] : sorted) texts.push_back(name + "=" + value);
  return fmt::format("{}", fmt::join(texts, ", "));
}

// One text for each entity: its full name, or else all that identifies it.
std::string EntitiesText(const Alert& alert) {
  std::string text;
  for (const alert::v1::Entity& entity : alert.entities()) {
    std::string value;
    if (const auto name = entity.fields().find("FullName"); name != entity.fields().end()) {
      value = name->second;
    } else {
      const std::map<std::string, std::string> sorted(entity.fields().begin(), entity.fields().end());
      for (const auto& [identifier, one] : sorted) value += (value.empty() ? "" : ",") + one;
    }
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", entity.type(), value);
  }
  return text;
}

std::string TimeText(const Alert& alert) { return absl::FormatTime("%Y-%m-%d %H:%M:%E3SZ", TimeOf(alert.alert_time()), absl::UTCTimeZone()); }

void PrintPart(std::string_view name, const std::string& text, std::ostream& out) {
  if (!text.empty()) out << fmt::format("{:<12}{}\n", name, chart::PrintableText(text));
}

}  // namespace

void PrintAlert(const Alert& alert, bool json, std::ostream& out) {
  if (json) {
    std::string row;
    detector::AppendAlertRow(alert, {}, row);
    out << chart::PrintableJson(row) << '\n' << std::flush;
    return;
  }
  out << fmt::format("{}  {:<13}  {}{}  {}  {}{}\n", TimeText(alert), detector::SeverityText(alert.severity()), chart::PrintableText(alert.title()),
                     alert.revision() > 1 ? fmt::format(" (again, {})", alert.revision()) : "", chart::PrintableText(EntitiesText(alert)), alert.alert_id(),
                     alert.incident_refusal().empty() ? "" : "  no incident: " + chart::PrintableText(alert.incident_refusal()))
      << std::flush;
}

void PrintWholeAlert(const Alert& alert, std::ostream& out) {
  PrintPart("Title", alert.title(), out);
  PrintPart("Severity", std::string(detector::SeverityText(alert.severity())), out);
  PrintPart("Time", TimeText(alert), out);
  PrintPart("Rule", fmt::format("{}  {}  {}", alert.rule_name(), alert.rule_kind(), alert.rule_id()), out);
  PrintPart("Alert", fmt::format("{}  revision {} of {}", alert.alert_id(), alert.revision(), alert.identity()), out);
  PrintPart("Cause", std::string(detector::CauseText(alert.cause())), out);
  PrintPart("Tactics", fmt::format("{}", fmt::join(alert.tactics(), ", ")), out);
  PrintPart("Techniques", fmt::format("{}", fmt::join(alert.techniques(), ", ")), out);
  for (const alert::v1::Entity& entity : alert.entities()) PrintPart("Entity", entity.type() + "  " + FieldsText(entity.fields()), out);
  PrintPart("Details", FieldsText(alert.custom_details()), out);
  PrintPart("Events", fmt::format("{}", fmt::join(alert.event_ids(), ", ")), out);
  PrintPart("Accounts", fmt::format("{}", fmt::join(alert.account_names(), ", ")), out);
  PrintPart("No incident", alert.incident_refusal(), out);
  PrintPart("Rows", fmt::format("{} of {}", alert.rows_json_size(), alert.row_count()), out);
  for (const std::string& row : alert.rows_json()) out << "  " << chart::PrintableJson(row) << '\n';
  out << "Description\n";
  std::istringstream description(alert.description());
  for (std::string line; std::getline(description, line);) out << "  " << chart::PrintableText(line) << '\n';
}

}  // namespace zoomwatch::cli
