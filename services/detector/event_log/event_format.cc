#include "services/detector/event_log/event_format.h"

namespace zoomwatch::detector {
namespace {

constexpr uint8_t kEventVersion = 1;

template <typename Integer>
void Put(std::string& out, Integer value) {
  for (int shift = 8 * (static_cast<int>(sizeof(Integer)) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<unsigned char>(value >> shift));
  }
}

void PutTime(std::string& out, absl::Time time) { Put(out, static_cast<uint64_t>(absl::ToUnixNanos(time))); }

void PutText(std::string& out, std::string_view text) {
  Put(out, static_cast<uint32_t>(text.size()));
  out += text;
}

// Takes values off the front of `in`; `good` turns false at the first that is not there.
struct Taker {
  std::string_view in;
  bool good = true;

  template <typename Integer>
  Integer Number() {
    if (in.size() < sizeof(Integer)) good = false;
    if (!good) return 0;
    Integer value = 0;
    for (size_t i = 0; i < sizeof(Integer); ++i) {
      value = static_cast<Integer>((value << 8) | static_cast<Integer>(static_cast<unsigned char>(in[i])));
    }
    in.remove_prefix(sizeof(Integer));
    return value;
  }
  absl::Time Time() { return absl::FromUnixNanos(static_cast<int64_t>(Number<uint64_t>())); }
  std::string_view Bytes(size_t size) {
    if (in.size() < size) good = false;
    if (!good) return {};
    const std::string_view bytes = in.substr(0, size);
    in.remove_prefix(size);
    return bytes;
  }
  std::string Text() { return std::string(Bytes(Number<uint32_t>())); }
  bool Done() const { return good && in.empty(); }
};

}  // namespace

std::string NumberKey(uint64_t number) {
  std::string key;
  Put(key, number);
  return key;
}

std::optional<uint64_t> ParseNumberKey(std::string_view key) {
  Taker taker{key};
  const auto number = taker.Number<uint64_t>();
  if (!taker.Done()) return std::nullopt;
  return number;
}

std::string EncodeEvent(absl::Time receive_time, const event::v1::Event& event) {
  std::string value;
  const std::string_view name = std::string_view(event.event()).substr(0, UINT16_MAX);
  value.reserve(event.ByteSizeLong() + name.size() + 16);
  Put(value, kEventVersion);
  PutTime(value, receive_time);
  Put(value, static_cast<uint16_t>(name.size()));
  value += name;
  event.AppendToString(&value);
  return value;
}

std::optional<EventView> DecodeEvent(uint64_t sequence, std::string_view value) {
  Taker taker{value};
  if (taker.Number<uint8_t>() != kEventVersion) return std::nullopt;
  EventView view{.sequence = sequence, .receive_time = taker.Time(), .name = {}, .serialized = {}};
  view.name = taker.Bytes(taker.Number<uint16_t>());
  view.serialized = taker.in;
  if (!taker.good) return std::nullopt;
  return view;
}

std::string EncodeIdentity(const Identity& identity) {
  std::string value;
  PutTime(value, identity.receive_time);
  Put(value, identity.sequence);
  return value;
}

std::optional<Identity> DecodeIdentity(std::string_view value) {
  Taker taker{value};
  Identity identity{.receive_time = taker.Time(), .sequence = 0};
  identity.sequence = taker.Number<uint64_t>();
  if (!taker.Done()) return std::nullopt;
  return identity;
}

std::string EncodeTime(absl::Time time) {
  std::string value;
  PutTime(value, time);
  return value;
}

std::optional<absl::Time> DecodeTime(std::string_view value) {
  Taker taker{value};
  const absl::Time time = taker.Time();
  if (!taker.good) return std::nullopt;
  return time;
}

std::string EncodeQuarantine(const QuarantineEntry& entry) {
  std::string value;
  PutTime(value, entry.time);
  Put(value, entry.sequence);
  for (const std::string* const text : {&entry.account_name, &entry.webhook_id, &entry.reason, &entry.message, &entry.body}) {
    PutText(value, *text);
  }
  return value;
}

std::optional<QuarantineEntry> DecodeQuarantine(uint64_t id, std::string_view value) {
  Taker taker{value};
  QuarantineEntry entry;
  entry.id = id;
  entry.time = taker.Time();
  entry.sequence = taker.Number<uint64_t>();
  for (std::string* const text : {&entry.account_name, &entry.webhook_id, &entry.reason, &entry.message, &entry.body}) {
    *text = taker.Text();
  }
  if (!taker.Done()) return std::nullopt;
  return entry;
}

std::string EncodeBlock(const Block& block) {
  std::string value;
  PutTime(value, block.least_time);
  PutTime(value, block.greatest_time);
  Put(value, block.bytes);
  Put(value, block.events);
  return value;
}

std::optional<Block> DecodeBlock(std::string_view value) {
  Taker taker{value};
  Block block;
  block.least_time = taker.Time();
  block.greatest_time = taker.Time();
  block.bytes = taker.Number<uint64_t>();
  block.events = taker.Number<uint64_t>();
  if (!taker.Done()) return std::nullopt;
  return block;
}

std::string EncodeCounters(const Counters& counters) {
  std::string value;
  for (const uint64_t number :
       {counters.next_sequence, counters.first_sequence, counters.next_quarantine, counters.quarantine_bytes}) {
    Put(value, number);
  }
  return value;
}

std::optional<Counters> DecodeCounters(std::string_view value) {
  Taker taker{value};
  Counters counters;
  for (uint64_t* const number :
       {&counters.next_sequence, &counters.first_sequence, &counters.next_quarantine, &counters.quarantine_bytes}) {
    *number = taker.Number<uint64_t>();
  }
  if (!taker.Done() || counters.first_sequence == 0 || counters.first_sequence > counters.next_sequence) return std::nullopt;
  return counters;
}

}  // namespace zoomwatch::detector
