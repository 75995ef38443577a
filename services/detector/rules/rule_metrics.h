// Metrics of the rules; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::detector {

inline constexpr std::array<MetricRow, 8> kRuleMetrics = {{
    {"zoomwatch_detector_rules", MetricType::kGauge,
     "Rules by state: running, warming_up (alerts are held until the history is known), failed (stopped after an error or at a limit), refused "
     "(files with errors).",
     {"state"}},
    {"zoomwatch_detector_alerts_total", MetricType::kCounter, "Alerts stored, by severity: Informational, Low, Medium, High.", {"severity"}},
    {"zoomwatch_detector_alert_seconds", MetricType::kHistogram,
     "From the receive time of an event to the moment at which an alert that it caused was stored.", {}},
    {"zoomwatch_detector_rule_state_bytes", MetricType::kGauge, "Bytes of state that all rules hold.", {}},
    {"zoomwatch_detector_rule_pending_events", MetricType::kGauge, "Stored events that the rules have not seen yet.", {}},
    {"zoomwatch_detector_rule_late_events_total", MetricType::kCounter,
     "Events whose receive time was before the clock of the rules. They are evaluated, at the clock.", {}},
    {"zoomwatch_detector_rule_skipped_events_total", MetricType::kCounter,
     "Events that retention removed before the rules had seen them, or that cannot be read back.", {}},
    {"zoomwatch_detector_alerts_pending", MetricType::kGauge, "Alerts whose row is not yet confirmed by the sink.", {}},
}};
inline constexpr const MetricRow& kRules = kRuleMetrics[0];
inline constexpr const MetricRow& kAlerts = kRuleMetrics[1];
inline constexpr const MetricRow& kAlertSeconds = kRuleMetrics[2];
inline constexpr const MetricRow& kRuleStateBytes = kRuleMetrics[3];
inline constexpr const MetricRow& kRulePendingEvents = kRuleMetrics[4];
inline constexpr const MetricRow& kRuleLateEvents = kRuleMetrics[5];
inline constexpr const MetricRow& kRuleSkippedEvents = kRuleMetrics[6];
inline constexpr const MetricRow& kAlertsPending = kRuleMetrics[7];

}  // namespace zoomwatch::detector
