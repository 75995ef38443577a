// Metrics of the receiver's edge.
#pragma once

#include <span>

#include "common/metrics/metrics.h"

namespace zoomwatch::receiver {

inline constexpr MetricRow kWebhooks{
    "zoomwatch_receiver_webhooks_total", MetricType::kCounter,
    "Whole requests at the webhook port by account (\"unknown\" before a secret verified it) and result: accepted (durable, answered "
    "200), challenge (answered), or a reason of docs/error-reasons.md.",
    {"account", "result"}};
inline constexpr MetricRow kHeadRefusals{"zoomwatch_receiver_head_refusals_total", MetricType::kCounter,
                                         "Requests refused by their head, before the body was read, by reason.", {"reason"}};
inline constexpr MetricRow kSecretUses{
    "zoomwatch_receiver_secret_uses_total", MetricType::kCounter,
    "Requests verified by each of an account's secret_token_files, by position from 1: during a rotation, the old one is out of use "
    "when its count stands still.",
    {"account", "secret"}};
inline constexpr MetricRow kSecretReloads{"zoomwatch_receiver_secret_reloads_total", MetricType::kCounter,
                                          "Changed secret files by result: done, failed (the last good secret stays in force).",
                                          {"account", "result"}};
inline constexpr MetricRow kIntakeLatency{"zoomwatch_receiver_intake_seconds", MetricType::kHistogram,
                                          "From the last byte of a webhook to its durable storage, in seconds.", {}};
inline constexpr MetricRow kWebhookBytes{"zoomwatch_receiver_webhook_bytes_total", MetricType::kCounter,
                                         "Bytes of the bodies of accepted webhooks.", {"account"}};
inline constexpr MetricRow kReplayEntries{"zoomwatch_receiver_replay_entries", MetricType::kGauge,
                                          "Requests that the replay cache remembers.", {}};
inline constexpr MetricRow kReplayEvictions{"zoomwatch_receiver_replay_evictions_total", MetricType::kCounter,
                                            "Requests forgotten before their time because replay.max_entries was reached.", {}};
inline constexpr MetricRow kChallengeLastSeen{"zoomwatch_receiver_challenge_last_seen_seconds", MetricType::kGauge,
                                              "When Zoom's challenge was answered last, in seconds since 1970-01-01 UTC; 0: not since the "
                                              "start.",
                                              {"account"}};
inline constexpr MetricRow kChallengeOverdue{"zoomwatch_receiver_challenge_overdue", MetricType::kGauge,
                                             "1 when no challenge was seen for challenge_warning_after, otherwise 0.", {"account"}};

inline constexpr MetricRow kEdgeMetricTable[] = {kWebhooks,     kHeadRefusals,  kSecretUses,      kSecretReloads,     kIntakeLatency,
                                                 kWebhookBytes, kReplayEntries, kReplayEvictions, kChallengeLastSeen, kChallengeOverdue};

inline std::span<const MetricRow> ReceiverMetricTable() { return kEdgeMetricTable; }

}  // namespace zoomwatch::receiver
