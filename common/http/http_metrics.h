// Metrics of every HTTP port. The label "port" is ServerOptions::name.
#pragma once

#include <span>

#include "common/metrics/metrics.h"

namespace zoomwatch::http {

inline constexpr MetricRow kConnectionsOpen{"zoomwatch_http_connections", MetricType::kGauge, "Open connections.", {"port"}};
inline constexpr MetricRow kConnections{"zoomwatch_http_connections_total", MetricType::kCounter,
                                        "Connections by what became of the attempt: accepted, refused (max_connections), failed "
                                        "(the system could not accept); displaced: closed while idle, for an accepted one.",
                                        {"port", "result"}};
inline constexpr MetricRow kResponses{"zoomwatch_http_responses_total", MetricType::kCounter,
                                      "Answers by status code.", {"port", "status"}};
inline constexpr MetricRow kRefusals{"zoomwatch_http_refusals_total", MetricType::kCounter,
                                     "Requests that the server refused before the handler saw them whole, by reason.",
                                     {"port", "reason"}};
inline constexpr MetricRow kTlsHandshakes{"zoomwatch_http_tls_handshakes_total", MetricType::kCounter,
                                          "TLS handshakes by result: done, failed, timeout.", {"port", "result"}};
inline constexpr MetricRow kTlsReloads{"zoomwatch_http_tls_reloads_total", MetricType::kCounter,
                                       "Changed certificate files by result: done, failed (the last good pair stays in force).",
                                       {"port", "result"}};
inline constexpr MetricRow kCertificateEnd{"zoomwatch_http_tls_certificate_not_after_seconds", MetricType::kGauge,
                                           "When the served certificate ends, in seconds since 1970-01-01 UTC.", {"port"}};

inline constexpr MetricRow kMetricTable[] = {kConnectionsOpen, kConnections, kResponses,     kRefusals,
                                             kTlsHandshakes,   kTlsReloads,  kCertificateEnd};

inline std::span<const MetricRow> HttpMetricTable() { return kMetricTable; }

}  // namespace zoomwatch::http
