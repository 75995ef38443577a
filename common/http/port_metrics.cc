#include "common/http/port_metrics.h"

namespace zoomwatch::http {
namespace {

// The statuses that our handlers answer with; any other is counted as "other", so that the label's set of values is closed.
constexpr int kStatuses[] = {200, 204, 400, 401, 404, 405, 408, 413, 431, 500, 503};
constexpr Reason kRefusalReasons[] = {Reason::kRequestMalformed, Reason::kHeadersTooLarge, Reason::kBodyTooLarge,
                                      Reason::kRequestTimeout, Reason::kAnswerDeadlineExceeded};

}  // namespace

PortMetrics::PortMetrics(Metrics& metrics, const std::string& port)
    : open(metrics.Gauge(kConnectionsOpen, {port})),
      accepted(metrics.Counter(kConnections, {port, "accepted"})),
      refused(metrics.Counter(kConnections, {port, "refused"})),
      displaced(metrics.Counter(kConnections, {port, "displaced"})),
      failed(metrics.Counter(kConnections, {port, "failed"})),
      handshake_done(metrics.Counter(kTlsHandshakes, {port, "done"})),
      handshake_failed(metrics.Counter(kTlsHandshakes, {port, "failed"})),
      handshake_timeout(metrics.Counter(kTlsHandshakes, {port, "timeout"})),
      reload_done(metrics.Counter(kTlsReloads, {port, "done"})),
      reload_failed(metrics.Counter(kTlsReloads, {port, "failed"})),
      certificate_end(metrics.Gauge(kCertificateEnd, {port})),
      other_responses_(metrics.Counter(kResponses, {port, "other"})) {
  for (const int status : kStatuses) responses_[status] = &metrics.Counter(kResponses, {port, std::to_string(status)});
  for (const Reason reason : kRefusalReasons) refusals_[reason] = &metrics.Counter(kRefusals, {port, NameOf(reason)});
}

void PortMetrics::CountResponse(int status) {
  const auto found = responses_.find(status);
  (found == responses_.end() ? other_responses_ : *found->second).Increment();
}

void PortMetrics::CountRefusal(Reason reason) {
  if (const auto found = refusals_.find(reason); found != refusals_.end()) found->second->Increment();
}

}  // namespace zoomwatch::http
