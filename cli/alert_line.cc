#include "cli/alert_line.h"

#include <fmt/format.h>

#include <string>

#include "absl/time/time.h"
#include "common/chart/display_text.h"
#include "common/time/timestamp.h"
#include "services/detector/alerts/alert_row.h"

namespace zoomwatch::cli {
namespace {

using alert::v1::Alert;

std::string EntitiesText(const Alert& alert) {
  std::string text;
  for (const alert::v1::Entity& entity : alert.entities()) {
    for (const auto& [identifier, value] : entity.fields()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", entity.type(), value);
  }
  return text;
}

}  // namespace

void PrintAlert(const Alert& alert, bool json, std::ostream& out) {
  if (json) {
    std::string row;
    detector::AppendAlertRow(alert, {}, row);
    out << chart::PrintableJson(row) << '\n' << std::flush;
    return;
  }
  const absl::Time time = TimeOf(alert.alert_time());
  out << fmt::format("{}  {:<13}  {}{}  {}  {}{}\n", absl::FormatTime("%Y-%m-%d %H:%M:%E3SZ", time, absl::UTCTimeZone()),
                     detector::SeverityText(alert.severity()), chart::PrintableText(alert.title()),
                     alert.revision() > 1 ? fmt::format(" (again, {})", alert.revision()) : "", chart::PrintableText(EntitiesText(alert)), alert.alert_id(),
                     alert.incident_refusal().empty() ? "" : "  no incident: " + chart::PrintableText(alert.incident_refusal()))
      << std::flush;
}

}  // namespace zoomwatch::cli
