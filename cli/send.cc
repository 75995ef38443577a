// `zoomwatch send`: plays Zoom towards a receiver.
#include <fmt/format.h>

#include <array>
#include <string>

#include "absl/strings/str_split.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/zoom/zoom_sender.h"
#include "common/crypto/secret_file.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"

namespace zoomwatch::cli {
namespace {

constexpr int64_t kMostEvents = 10'000'000;
constexpr int64_t kMostSpecials = 1'000'000;
constexpr int64_t kMostConnections = 4096;

constexpr FlagSpec kFlags[] = {
    {"url", "URL", "Where to post: http:// or https://, with the path of the receiver (webhook.path).", true},
    {"secret-file", "FILE", "File with the app's secret token, as in the receiver's secret_token_files.", true},
    {"ca-file", "FILE",
     "PEM file of the authorities that the receiver's certificate must chain to. Absent: the system's."},
    {"file", "PATH",
     "Bodies to send: a .json file (sent byte for byte), a .jsonl or .ndjson file (a body each line), or a folder of "
     "them. The text @TS@ in "
     "a body becomes the time in milliseconds.",
     false, true},
    {"generate", "N", "Invent N events, the families taking turns."},
    {"families", "LIST",
     "Families to invent, separated by commas: account, app, channel, chat, chatbot, contact_center, meeting, phone, "
     "recording, room, "
     "sign_in, unknown, user, webinar, whiteboard. Absent: all."},
    {"seed", "N",
     "Seed of everything random; the same seed and start time give the same bodies in the same order. Default 1."},
    {"start-time", "TIME",
     "Time of the first event, such as 2026-05-04T10:00:00Z; later ones follow a millisecond apart. Default: now."},
    {"rate", "N", "Events per second. Default: as fast as they are answered."},
    {"concurrency", "N",
     "Requests on the way at one time, each on a connection of its own. Default 1, which keeps the order."},
    {"timeout", "DURATION", "How long an answer may take before it counts as none. Default 3s, as Zoom."},
    {"retries", "N",
     "Attempts after the first, at most 3. As Zoom does it: for answers of 500 and above and for none, after 5, 20 and "
     "60 minutes. Default 0."},
    {"time-scale", "F", "Multiplies the waits between attempts: 0.001 makes 5 minutes 300 ms. Default 1."},
    {"keep-signature", "",
     "Retries keep the time stamp and signature of the first attempt; otherwise they are signed anew."},
    {"duplicate", "FRACTION", "Send this part of the events again with a new time stamp: 0.1 is every tenth."},
    {"reorder", "N", "Let events change places within groups of N."},
    {"replay", "N", "Send the first N events again byte for byte. Right answer: 200, and nothing is stored."},
    {"not-json", "N", "Send N signed bodies that are not JSON. Right answer: 200; they go to quarantine."},
    {"forged", "N", "Send N events signed with another secret. Right answer: 401."},
    {"stale", "N", "Send N events signed two hours ago. Right answer: 401."},
    {"unsigned", "N", "Send N events without a signature. Right answer: 401."},
    {"challenge", "", "Send Zoom's signed challenge first and check that the answer proves the secret."},
    {"unsigned-challenge", "", "Send a challenge without a signature. Right answer: 401."},
    {"json", "", "Print the result as one JSON object."},
};

constexpr Example kExamples[] = {
    {"is the receiver there, and does it know the secret?",
     "zoomwatch send --url https://zoom.corp.example/webhook --secret-file token --challenge"},
    {"one event of each kind, and everything that must be refused",
     "zoomwatch send --url https://localhost:8443/webhook --ca-file ca.pem --secret-file token --generate 26 "
     "--duplicate 0.2 --replay 1 --forged 1 --stale 1 --unsigned 1 --unsigned-challenge"},
    {"captured bodies, five a second",
     "zoomwatch send --url http://localhost:8080/webhook --secret-file token --file captured/ --rate 5"},
    {"load over 64 connections, with Zoom's retries a thousand times faster",
     "zoomwatch send --url http://localhost:8080/webhook --secret-file token --generate 100000 --concurrency 64 "
     "--retries 3 --time-scale 0.001"},
};

uint64_t Count(Arguments& arguments, std::string_view flag) {
  return static_cast<uint64_t>(arguments.Integer(flag, 0, 1, kMostSpecials));
}

TrafficOptions ReadTraffic(Arguments& arguments) {
  return {.seed = static_cast<uint64_t>(arguments.Integer("seed", 1, 0, INT64_MAX)),
          .duplicate_fraction = arguments.Number("duplicate", 0, 0, 1),
          .reorder_window = static_cast<uint64_t>(arguments.Integer("reorder", 0, 2, kMostEvents)),
          .replays = Count(arguments, "replay"),
          .not_json = Count(arguments, "not-json"),
          .forged = Count(arguments, "forged"),
          .stale = Count(arguments, "stale"),
          .unsigned_events = Count(arguments, "unsigned"),
          .challenge = arguments.Has("challenge"),
          .unsigned_challenge = arguments.Has("unsigned-challenge")};
}

ZoomSenderOptions ReadSender(Arguments& arguments) {
  return {.url = arguments.Text("url"),
          .concurrency = static_cast<int>(arguments.Integer("concurrency", 1, 1, kMostConnections)),
          .rate = arguments.Number("rate", 0, 0.001, 1'000'000),
          .retries = static_cast<int>(arguments.Integer("retries", 0, 0, kMostRetries)),
          .time_scale = arguments.Number("time-scale", 1, 0, 100),
          .keep_signature = arguments.Has("keep-signature"),
          .timeout = arguments.Duration("timeout", absl::Seconds(3), absl::Milliseconds(1), absl::Minutes(10))};
}

absl::StatusOr<BodySource> ReadSource(Arguments& arguments, uint64_t seed, absl::Time start) {
  const auto count = static_cast<uint64_t>(arguments.Integer("generate", 0, 1, kMostEvents));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  if (arguments.Has("file") && arguments.Has("generate")) {
    return Error(Reason::kUsage, "--file and --generate exclude each other");
  }
  if (arguments.Has("file")) {
    if (arguments.Has("families")) return Error(Reason::kUsage, "--families goes with --generate only");
    std::vector<std::string> bodies;
    for (const std::string& path : arguments.All("file")) {
      ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<std::string> more, ReadBodies(path));
      bodies.insert(bodies.end(), more.begin(), more.end());
    }
    return BodySource(std::move(bodies), start);
  }
  std::vector<std::string> families;
  if (arguments.Has("families")) families = absl::StrSplit(arguments.Text("families"), ',');
  ZOOMWATCH_ASSIGN_OR_RETURN(EventBodies bodies,
                             EventBodies::Make({.seed = seed, .start = start, .families = std::move(families)}));
  return BodySource(std::move(bodies), count);
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const Clock& clock = SystemClock::Get();
  const TrafficOptions traffic_options = ReadTraffic(arguments);
  const ZoomSenderOptions sender_options = ReadSender(arguments);
  const absl::Time start = arguments.Time("start-time").value_or(clock.Now());
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  if (!sender_options.url.starts_with("http://") && !sender_options.url.starts_with("https://")) {
    return Error(Reason::kUsage, fmt::format("--url: expected http:// or https://, found '{}'", sender_options.url));
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(BodySource bodies, ReadSource(arguments, traffic_options.seed, start));
  ZOOMWATCH_ASSIGN_OR_RETURN(const Traffic traffic, Traffic::Make(traffic_options, std::move(bodies), clock.Now()));
  if (traffic.plan().empty()) {
    return Error(Reason::kUsage, "nothing to send: give --file, --generate, --challenge or what must be refused");
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(const Secret secret, ReadSecretFile(arguments.Text("secret-file")));
  const HmacSha256Key key(secret);
  const std::unique_ptr<HttpClient> http = MakeHttpClient({.ca_file = arguments.Text("ca-file")});
  const SendReport report = ZoomSender(sender_options, traffic, key, *http, clock).Run({});
  console.out << (arguments.Has("json") ? ReportJson(report) + "\n" : ReportTable(report));
  return report.ok() ? kExitOk : kExitFailed;
}

}  // namespace

const CommandSpec& SendCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "send",
      .summary = "play Zoom: post signed webhooks to a receiver",
      .description =
          "Signs bodies with the app's secret token and posts them to a receiver, from files or invented, with Zoom's "
          "retries and, on "
          "request, its accidents (duplicates, another order) and attacks that must be refused. Then prints what was "
          "sent, how it was "
          "answered and how long that took.",
      .flags = kFlags,
      .positional = {},
      .examples = kExamples,
      .exit_codes = "0: every request got the answer that it should get. 1: some did not.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
