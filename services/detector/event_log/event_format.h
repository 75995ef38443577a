// Keys and values of the event log's families. Pure. Integers are big-endian, so that keys sort by number; times are nanoseconds
// since 1970. The numbers of the families and the forms here are on disk: never change them, add new ones.
//
//   events       sequence:u64 -> version:u8=1 receive_time:i64 name_length:u16 name event.v1.Event
//   identities   event_id -> receive_time:i64 sequence:u64
//   deliveries   webhook_id -> store_time:i64
//   quarantine   id:u64 -> time:i64 sequence:u64 (length:u32 bytes) for account_name, webhook_id, reason, message, body
//   blocks       block:u64 -> least receive_time:i64 greatest:i64 bytes:u64 events:u64
//   meta         "counters" -> next_sequence first_sequence next_quarantine quarantine_bytes : u64
//                "delivered" -> sequence:u64 sink_state ; "ledger/<account_name>" -> ledger.v1.AccountLedger
//                "column/<name>" -> sequence:u64 of the first event that had it
//                "ahead" -> (first:u64 last:u64) for each run of events that were settled ahead of "delivered", ascending; absent: none
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

inline constexpr storage::Family kEvents = 0;
inline constexpr storage::Family kIdentities = 1;
inline constexpr storage::Family kDeliveries = 2;
inline constexpr storage::Family kQuarantine = 3;
inline constexpr storage::Family kBlocks = 4;
inline constexpr storage::Family kMeta = 5;

inline constexpr std::string_view kCountersKey = "counters";
inline constexpr std::string_view kDeliveredKey = "delivered";
inline constexpr std::string_view kAheadKey = "ahead";
inline constexpr std::string_view kLedgerPrefix = "ledger/";
inline constexpr std::string_view kLedgerEnd = "ledger0";  // behind every key with the prefix
inline constexpr std::string_view kColumnPrefix = "column/";
inline constexpr std::string_view kColumnEnd = "column0";

// Events by runs of sequences: what retention removes and what scans by time skip.
inline constexpr uint64_t kBlockEvents = 1024;
inline uint64_t BlockOf(uint64_t sequence) { return (sequence - 1) / kBlockEvents; }
inline uint64_t FirstOfBlock(uint64_t block) { return block * kBlockEvents + 1; }

struct Identity {
  absl::Time receive_time;
  uint64_t sequence = 0;
};

struct Block {
  absl::Time least_time = absl::InfiniteFuture();
  absl::Time greatest_time = absl::InfinitePast();
  uint64_t bytes = 0;
  uint64_t events = 0;
};

struct Counters {
  uint64_t next_sequence = 1;
  uint64_t first_sequence = 1;
  uint64_t next_quarantine = 1;
  uint64_t quarantine_bytes = 0;
};

std::string NumberKey(uint64_t number);
std::optional<uint64_t> ParseNumberKey(std::string_view key);

std::string EncodeEvent(absl::Time receive_time, const event::v1::Event& event);
std::optional<EventView> DecodeEvent(uint64_t sequence, std::string_view value);

std::string EncodeIdentity(const Identity& identity);
std::optional<Identity> DecodeIdentity(std::string_view value);

std::string EncodeTime(absl::Time time);
std::optional<absl::Time> DecodeTime(std::string_view value);  // of the first 8 bytes

std::string EncodeQuarantine(const QuarantineEntry& entry);
std::optional<QuarantineEntry> DecodeQuarantine(uint64_t id, std::string_view value);

std::string EncodeBlock(const Block& block);
std::optional<Block> DecodeBlock(std::string_view value);

std::string EncodeCounters(const Counters& counters);
std::optional<Counters> DecodeCounters(std::string_view value);

}  // namespace zoomwatch::detector
