// What `zoomwatch send` sends, and in which order: Zoom's ordinary traffic, its accidents, and what must be refused.
// Pure and thread-safe after construction. The same options and bodies give the same plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/zoom/event_bodies.h"
#include "common/crypto/hmac.h"

namespace zoomwatch::cli {

enum class Kind : uint8_t {
  kEvent,
  kDuplicate,
  kReplay,
  kNotJson,
  kForged,
  kStale,
  kUnsigned,
  kChallenge,
  kUnsignedChallenge,
};
inline constexpr size_t kKinds = 9;

struct KindRow {
  Kind kind;
  std::string_view name;
  bool refused = false;   // the right answer is 401; otherwise 200 or 204
  std::string_view text;  // for documentation and help
};
// Indexed by Kind.
const KindRow& RowOf(Kind kind);

// Bodies of files, or invented ones.
class BodySource {
 public:
  // The text @TS@ in a body becomes `start` in milliseconds plus the number of the body. REQUIRES: not empty.
  BodySource(std::vector<std::string> bodies, absl::Time start) : start_(start), bodies_(std::move(bodies)) {}
  BodySource(EventBodies bodies, uint64_t count) : count_(count), bodies_(std::move(bodies)) {}

  uint64_t size() const;
  // Also for indexes from size() on: files begin again, invented bodies go on.
  std::string Body(uint64_t index) const;

 private:
  absl::Time start_;
  uint64_t count_ = 0;
  std::variant<std::vector<std::string>, EventBodies> bodies_;
};

// The bodies of a file: a line each of .jsonl and .ndjson, otherwise the whole file as it is; of a folder, all .json,
// .jsonl and .ndjson files in the order of their names. Errors: USAGE (not there, unreadable, no body in it).
absl::StatusOr<std::vector<std::string>> ReadBodies(const std::string& path);

struct TrafficOptions {
  uint64_t seed = 1;
  double duplicate_fraction = 0;  // of the events, sent again with a new time stamp, as Zoom's retries are
  uint64_t reorder_window = 0;    // events change places within groups of so many
  uint64_t replays = 0;           // of the first events, byte for byte with their time stamp and signature
  uint64_t not_json = 0;
  uint64_t forged = 0;
  uint64_t stale = 0;  // two hours old
  uint64_t unsigned_events = 0;
  bool challenge = false;
  bool unsigned_challenge = false;
};

struct PlannedRequest {
  Kind kind = Kind::kEvent;
  uint64_t index = 0;  // of the body
};

struct SignedRequest {
  std::string body;
  std::string timestamp;  // empty: no such header
  std::string signature;  // as timestamp
};

class Traffic {
 public:
  // Errors: USAGE for more replays than events.
  static absl::StatusOr<Traffic> Make(TrafficOptions options, BodySource bodies, absl::Time start);

  const std::vector<PlannedRequest>& plan() const { return plan_; }

  // The request as it goes out at `now`.
  SignedRequest Sign(const PlannedRequest& planned, const HmacSha256Key& key, absl::Time now) const;

  // Whether the answer is the right one for the request. `retried`: after a retry any 2xx is good, as for Zoom.
  bool IsExpected(const PlannedRequest& planned, const HmacSha256Key& key, int status, std::string_view answer,
                  bool retried) const;

 private:
  Traffic(TrafficOptions options, BodySource bodies, absl::Time start)
      : options_(options), bodies_(std::move(bodies)), start_(start) {}

  void MakePlan();
  std::string BodyOf(const PlannedRequest& planned) const;
  std::string PlainToken(uint64_t index) const;

  TrafficOptions options_;
  BodySource bodies_;
  absl::Time start_;
  std::vector<PlannedRequest> plan_;
};

}  // namespace zoomwatch::cli
