#include "services/detector/incidents/incident_body.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "common/crypto/hmac.h"
#include "common/event_table/json_writer.h"
#include "services/detector/alerts/alert_row.h"

namespace zoomwatch::detector {
namespace {

using alert::v1::Alert;
using event_table::AppendJsonString;

constexpr std::string_view kCut = "... [cut]";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
// Of single lines of the description; together they leave at least a quarter of it to the rule's own text.
constexpr std::size_t kMaxEntities = 1400;
constexpr std::size_t kMaxDetails = 700;
constexpr std::size_t kMaxLine = 300;

// One character of a text and how much it counts.
struct Character {
  std::string_view text;
  std::size_t bytes = 1;  // that it takes in the input
  std::size_t units = 1;
};

// Whether a character of two or three bytes is a control character (C1), or a mark that ends a line or turns the direction of writing: in a
// list of incidents it would make one title look like another.
bool IsHidden(std::string_view c) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(c[i]); };
  if (c.size() == 2) return (byte(0) == 0xC2 && byte(1) < 0xA0) || c == "\u061c";
  if (c.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80) return byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xA8 && byte(2) <= 0xAE);
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

Character FirstOf(std::string_view text, bool multi_line) {
  const std::size_t length = event_table::Utf8SequenceLength(text);
  if (length == 0) return {.text = kReplacement};
  const auto byte = static_cast<unsigned char>(text[0]);
  const bool kept = multi_line && (byte == '\n' || byte == '\t');
  if ((byte < 0x20 && !kept) || byte == 0x7f) return {.text = " "};
  if (IsHidden(text.substr(0, length))) return {.text = " ", .bytes = length};
  return {.text = text.substr(0, length), .bytes = length, .units = length == 4 ? std::size_t{2} : std::size_t{1}};
}

// "a=1, b=2", by name, so that the same alert always has the same body.
std::string Pairs(const google::protobuf::Map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [key, value] : std::map<std::string, std::string>(map.begin(), map.end())) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
  }
  return text;
}

std::string EntitiesOf(const Alert& alert) {
  std::string text;
  for (const alert::v1::Entity& entity : alert.entities()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", entity.type(), Pairs(entity.fields()));
  }
  return text;
}

template <typename Texts>
std::string Joined(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

// What is said about the alert itself, one line each; empty ones are left out.
std::string FactsOf(const Alert& alert) {
  const struct {
    std::string_view name;
    std::string text;
    std::size_t max_units;
  } lines[] = {
      {"Entities", EntitiesOf(alert), kMaxEntities},
      {"Details", Pairs(alert.custom_details()), kMaxDetails},
      {"Zoom accounts", Joined(alert.account_names()), kMaxLine},
      {"Tactics", Joined(alert.tactics()), kMaxLine},
      {"Techniques", Joined(alert.techniques()), kMaxLine},
      {"Rule", fmt::format("{} ({})", alert.rule_id(), alert.rule_name()), kMaxLine},
      {"Alert", fmt::format("{}, revision {} of finding {}, {} rows", alert.alert_id(), alert.revision(), alert.identity(), alert.row_count()),
       kMaxLine},
  };
  std::string facts;
  for (const auto& line : lines) {
    if (!line.text.empty()) facts += fmt::format("{}{}: {}", facts.empty() ? "" : "\n", line.name, FitUtf16(line.text, line.max_units, false));
  }
  return facts;
}

std::string DescriptionOf(const Alert& alert) {
  const std::string facts = FactsOf(alert);
  if (alert.description().empty()) return facts;
  return FitUtf16(alert.description(), kMaxIncidentDescription - Utf16Units(facts) - 2, true) + "\n\n" + facts;
}

std::string TitleOf(const Alert& alert) {
  for (const std::string* const text : {&alert.title(), &alert.rule_name()}) {
    std::string title = FitUtf16(*text, kMaxIncidentTitle, false);
    if (title.find_first_not_of(' ') != std::string::npos) return title;
  }
  return "Alert " + FitUtf16(alert.alert_id(), 64, false);
}

}  // namespace

std::size_t Utf16Units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

std::string FitUtf16(std::string_view text, std::size_t max_units, bool multi_line) {
  std::string out;
  std::size_t units = 0, room_for_mark = 0;  // the latter: bytes of `out` behind which the mark still fits
  while (!text.empty()) {
    const Character character = FirstOf(text, multi_line);
    if (units + kCut.size() <= max_units) room_for_mark = out.size();
    if (units + character.units > max_units) {
      out.resize(room_for_mark);
      return out.append(kCut);
    }
    out += character.text;
    units += character.units;
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string IncidentNameOf(std::string_view alert_id) {
  Sha256Digest digest = Sha256(alert_id);
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x80);  // version 8
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);  // variant of RFC 9562
  const std::string hex = HexEncode(digest);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20, 12));
}

std::string IncidentBodyOf(const Alert& alert) {
  std::string body = "{\"properties\":";
  event_table::ObjectWriter properties(body, 8 * kMaxIncidentDescription);  // above every text below, encoded: nothing is cut twice
  properties.Text("title", TitleOf(alert));
  properties.Text("severity", SeverityText(alert.severity()));
  properties.Text("status", "New");
  properties.Text("description", DescriptionOf(alert));
  properties.Time("firstActivityTimeUtc", alert.alert_time());
  properties.Time("lastActivityTimeUtc", alert.alert_time());
  properties.Key("labels");
  body += "[{\"labelName\":\"zoomwatch\"}";
  if (!alert.identity().empty()) {
    body += ",{\"labelName\":";
    AppendJsonString(body, "finding-" + FitUtf16(alert.identity(), 64, false));
    body += '}';
  }
  body += ']';
  properties.End();
  return body + "}";
}

}  // namespace zoomwatch::detector
