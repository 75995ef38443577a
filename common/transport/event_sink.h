// How batches leave a service: the interface that services know, whatever carries the batch (gRPC now, Kafka later).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace zoomwatch {

// An item that the next service refused for good. It must not be sent again.
struct RejectedItem {
  int index = 0;        // in the batch, from 0
  std::string reason;   // a row of docs/error-reasons.md
  std::string message;  // for people
};

// What became of a batch that arrived.
struct BatchResult {
  int accepted_count = 0;   // stored, duplicates included
  int duplicate_count = 0;  // of those: repeated an event that was stored before
  std::vector<RejectedItem> rejected;
};

// Sends batches of one kind of item. Thread-safe. Items are copied or serialized before Send() returns.
// Ownership: the sink outlives every call; it calls all outstanding `done`s before its destructor returns.
template <typename Item>
class EventSink {
 public:
  virtual ~EventSink() = default;

  // Makes one attempt and calls `done` exactly once, from any thread, perhaps before Send() returns.
  // OK: every item is stored by the next service or in `rejected`. Otherwise nothing is known about any item; since items are
  // idempotent by their ids, the caller sends the whole batch again when the reason's row says so (common/status/reasons.h), and
  // always after UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL and CANCELLED.
  virtual void Send(const std::string& batch_id, const std::vector<Item>& items,
                    std::function<void(absl::StatusOr<BatchResult>)> done) = 0;
};

// The other side: what a service does with a batch that arrives. Implemented by the service; called by the transport's server.
template <typename Item>
class BatchHandler {
 public:
  virtual ~BatchHandler() = default;

  // Takes the batch and calls `done` exactly once, from any thread. Never blocks: the caller is a network thread.
  virtual void HandleBatch(const std::string& batch_id, std::vector<Item> items,
                           std::function<void(absl::StatusOr<BatchResult>)> done) = 0;
};

}  // namespace zoomwatch
