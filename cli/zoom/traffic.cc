#include "cli/zoom/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "common/json/parser.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "services/receiver/signature_verifier.h"

namespace zoomwatch::cli {
namespace {

constexpr KindRow kKindTable[] = {
    {Kind::kEvent, "event", false, "a signed event"},
    {Kind::kDuplicate, "duplicate", false, "an event again with a new time stamp, as Zoom's retries are"},
    {Kind::kReplay, "replay", false, "an event again, byte for byte: answered, but not stored"},
    {Kind::kNotJson, "not_json", false, "signed, but not JSON: goes to quarantine"},
    {Kind::kForged, "forged", true, "signed with another secret"},
    {Kind::kStale, "stale", true, "signed two hours ago"},
    {Kind::kUnsigned, "unsigned", true, "without a signature"},
    {Kind::kChallenge, "challenge", false, "Zoom's signed challenge, whose answer proves the secret"},
    {Kind::kUnsignedChallenge, "unsigned_challenge", true,
     "a challenge without a signature: answering it would sign anything"},
};

constexpr std::string_view kTimePlaceholder = "@TS@";
constexpr absl::Duration kStaleAge = absl::Hours(2);
constexpr std::string_view kTokenAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string WithTime(std::string_view body, int64_t milliseconds) {
  std::string out;
  for (size_t at = body.find(kTimePlaceholder); at != std::string_view::npos; at = body.find(kTimePlaceholder)) {
    out += body.substr(0, at);
    out += std::to_string(milliseconds);
    body.remove_prefix(at + kTimePlaceholder.size());
  }
  return out + std::string(body);
}

bool HasLines(const std::filesystem::path& path) {
  return path.extension() == ".jsonl" || path.extension() == ".ndjson";
}

absl::Status AppendFile(const std::filesystem::path& path, std::vector<std::string>& bodies) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(Reason::kUsage, fmt::format("{}: cannot be read", path.string()));
  if (!HasLines(path)) {
    bodies.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    return absl::OkStatus();
  }
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) bodies.push_back(std::move(line));
  }
  return absl::OkStatus();
}

// payload of Zoom's challenge; order of the members as in real ones.
std::string ChallengeBody(std::string_view token, absl::Time now) {
  return fmt::format(R"({{"payload":{{"plainToken":"{}"}},"event_ts":{},"event":"endpoint.url_validation"}})", token,
                     absl::ToUnixMillis(now));
}

std::string MemberOf(const json::Document& document, json::Key key) {
  const json::NodeIndex node = document.Find(json::Document::root(), key);
  std::string text;
  if (node != json::kNoNode && document.at(node).type == json::Type::kString) document.AppendString(node, text);
  return text;
}

}  // namespace

const KindRow& RowOf(Kind kind) { return kKindTable[static_cast<size_t>(kind)]; }

uint64_t BodySource::size() const {
  const auto* files = std::get_if<std::vector<std::string>>(&bodies_);
  return files != nullptr ? files->size() : count_;
}

std::string BodySource::Body(uint64_t index) const {
  const auto* files = std::get_if<std::vector<std::string>>(&bodies_);
  if (files == nullptr) return std::get<EventBodies>(bodies_).Body(index);
  return WithTime((*files)[index % files->size()], absl::ToUnixMillis(start_) + static_cast<int64_t>(index));
}

absl::StatusOr<std::vector<std::string>> ReadBodies(const std::string& path) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    for (std::filesystem::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
      if (at->path().extension() == ".json" || HasLines(at->path())) files.push_back(at->path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.emplace_back(path);
  }
  if (error) return Error(Reason::kUsage, fmt::format("{}: {}", path, error.message()));
  std::vector<std::string> bodies;
  for (const auto& file : files) ZOOMWATCH_RETURN_IF_ERROR(AppendFile(file, bodies));
  if (bodies.empty()) return Error(Reason::kUsage, fmt::format("{}: no body in it", path));
  return bodies;
}

absl::StatusOr<Traffic> Traffic::Make(TrafficOptions options, BodySource bodies, absl::Time start) {
  if (options.replays > bodies.size()) {
    return Error(Reason::kUsage, fmt::format("{} replays of {} events", options.replays, bodies.size()));
  }
  Traffic traffic(options, std::move(bodies), start);
  traffic.MakePlan();
  return traffic;
}

void Traffic::MakePlan() {
  std::mt19937_64 random(options_.seed);
  const uint64_t events = bodies_.size();
  std::vector<uint64_t> order(events);
  for (uint64_t i = 0; i < events; ++i) order[i] = i;
  for (uint64_t begin = 0; options_.reorder_window > 1 && begin < events; begin += options_.reorder_window) {
    const uint64_t end = std::min(begin + options_.reorder_window, events);
    std::shuffle(order.begin() + static_cast<int64_t>(begin), order.begin() + static_cast<int64_t>(end), random);
  }
  if (options_.challenge) plan_.push_back({Kind::kChallenge, 0});
  // A duplicate follows its event at once or a few events later.
  std::uniform_real_distribution<double> chance(0, 1);
  std::deque<uint64_t> late;
  for (const uint64_t index : order) {
    plan_.push_back({Kind::kEvent, index});
    if (chance(random) < options_.duplicate_fraction) late.push_back(index);
    if (!late.empty() && random() % 2 == 0) {
      plan_.push_back({Kind::kDuplicate, late.front()});
      late.pop_front();
    }
  }
  for (const uint64_t index : late) plan_.push_back({Kind::kDuplicate, index});
  const auto add = [&](Kind kind, uint64_t count, uint64_t first) {
    for (uint64_t i = 0; i < count; ++i) plan_.push_back({kind, first + i});
  };
  add(Kind::kReplay, options_.replays, 0);
  add(Kind::kNotJson, options_.not_json, 0);
  add(Kind::kForged, options_.forged, events);
  add(Kind::kStale, options_.stale, events + options_.forged);
  add(Kind::kUnsigned, options_.unsigned_events, events + options_.forged + options_.stale);
  if (options_.unsigned_challenge) plan_.push_back({Kind::kUnsignedChallenge, 1});
}

std::string Traffic::PlainToken(uint64_t index) const {
  std::mt19937_64 random(options_.seed + index);
  std::string token;
  for (int i = 0; i < 22; ++i) token += kTokenAlphabet[random() % kTokenAlphabet.size()];
  return token;
}

std::string Traffic::BodyOf(const PlannedRequest& planned) const {
  switch (planned.kind) {
    case Kind::kEvent:
    case Kind::kDuplicate:
    case Kind::kReplay:
    case Kind::kForged:
    case Kind::kStale:
    case Kind::kUnsigned:
      return bodies_.Body(planned.index);
    case Kind::kNotJson:
      return fmt::format("signed, but not JSON: {} {}", absl::ToUnixMillis(start_), planned.index);
    case Kind::kChallenge:
    case Kind::kUnsignedChallenge:
      return ChallengeBody(PlainToken(planned.index), start_);
  }
  __builtin_unreachable();
}

SignedRequest Traffic::Sign(const PlannedRequest& planned, const HmacSha256Key& key, absl::Time now) const {
  static const HmacSha256Key other(Secret("not the secret of anybody"));
  SignedRequest request{.body = BodyOf(planned), .timestamp = {}, .signature = {}};
  absl::Time time = now;
  switch (planned.kind) {
    case Kind::kEvent:
      // What is replayed later must have a time stamp that is known then.
      if (planned.index < options_.replays) time = start_;
      break;
    case Kind::kReplay:
      time = start_;
      break;
    case Kind::kDuplicate:
      time = now + absl::Seconds(1);
      break;  // the signature differs even within the same second
    case Kind::kStale:
      time = now - kStaleAge;
      break;
    case Kind::kUnsigned:
    case Kind::kUnsignedChallenge:
      return request;
    case Kind::kNotJson:
    case Kind::kForged:
    case Kind::kChallenge:
      break;
  }
  request.timestamp = std::to_string(absl::ToUnixSeconds(time));
  request.signature = receiver::Sign(planned.kind == Kind::kForged ? other : key, request.timestamp, request.body);
  return request;
}

bool Traffic::IsExpected(const PlannedRequest& planned, const HmacSha256Key& key, int status, std::string_view answer,
                         bool retried) const {
  if (RowOf(planned.kind).refused) return status == 401;
  if (planned.kind != Kind::kChallenge)
    return status == 200 || status == 204 || (retried && status >= 200 && status < 300);
  json::Parser parser;
  json::Document document;
  const std::string token = PlainToken(planned.index);
  return status == 200 && parser.Parse(answer, document).ok() && MemberOf(document, "plainToken") == token &&
         MemberOf(document, "encryptedToken") == HexEncode(key.Sign({token}));
}

}  // namespace zoomwatch::cli
