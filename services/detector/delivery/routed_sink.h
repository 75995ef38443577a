// Rows to several streams, each over a sink of its own; rows of no stream are settled without being sent.
//
// An attempt gives each sink its rows, in order: first the stream of the oldest row. Streams do not wait for each other within an attempt:
// what one does not take leaves the rows of the others settled, ahead of it. But when a sink fails for a reason that holds for all streams
// (the network, the identity, the rule's limits; all but DELIVERY_ALL_REFUSED), the attempt ends there, as with one stream.
// The outcome's status is that of the oldest row that is not settled, and its time the longest that any stream named.
// Not thread-safe except for Cancel(). Owns the sinks, which keep no state (RowSink::State() is empty).
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "services/detector/delivery/row_sink.h"

namespace zoomwatch::detector {

class RoutedSink final : public RowSink {
 public:
  // By the number of the stream in OutgoingRow.
  explicit RoutedSink(std::vector<std::unique_ptr<RowSink>> sinks) : sinks_(std::move(sinks)) {}

  absl::Status Open(const std::string& state) override;
  SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) override;
  void Cancel() override;
  std::string State() const override { return ""; }

 private:
  const std::vector<std::unique_ptr<RowSink>> sinks_;
};

}  // namespace zoomwatch::detector
