// How the events of each Zoom family are read, as one table: category, typed message, who did it, when, and what tells two events
// apart. Event names are data: a name that no row knows falls to the last row and keeps everything that is common to all events.
// Pure and thread-safe. docs/event-model.md shows these tables; a test compares.
// Source: Zoom's event reference (developers.zoom.us/docs/api/webhooks), and bodies as sent.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "services/normalizer/mapping/path.h"

namespace zoomwatch {

// Which typed message of event.proto is filled.
enum class Family { kNone, kMeeting, kWebinar, kChannel, kChat, kUser, kSignIn, kRecording, kRoom, kAccount, kChatbot };

// Who did it (Event.user, Event.user_id): see ActorRules().
enum class ActorRule {
  kOperator,
  kAttendance,
  kRegistration,
  kUserItself,
  kMeetingChat,
  kChatbot,
  kApp,
  kSession,
  kCaller,
  kCallee,
  kPhone,
  kAgent,
};

// Which fields stand in for event_ts when it is absent or implausible: see TimeRules().
enum class TimeRule { kGeneral, kAttendance, kStart, kEnd, kRecordingFile, kAlert };

// What identifies an event besides its name, account and event_ts: see IdentityRules().
enum class IdentityRule { kContent, kAttendance };

struct MappingRow {
  std::string_view pattern;   // an event name; or the start of one and "*". The first row that matches counts
  std::string_view category;  // empty: the name up to its first "."
  Family family = Family::kNone;
  ActorRule actor = ActorRule::kOperator;
  TimeRule time = TimeRule::kGeneral;
  IdentityRule identity = IdentityRule::kContent;
};

// A pair of places: who (the first of `names` that has a value) and that person's id (the first of `ids`).
struct ActorCandidate {
  std::array<Path, 2> names;
  std::array<Path, 3> ids;
};

struct ActorRuleRow {
  ActorRule rule;
  std::string_view name;                      // in docs/event-model.md
  std::array<ActorCandidate, 4> candidates;   // the first that has a name or an id counts; empty ones at the end are unused
};

struct TimeRuleRow {
  TimeRule rule;
  std::string_view name;
  std::array<Path, 7> paths;  // the first with a plausible time counts
};

struct IdentityRuleRow {
  IdentityRule rule;
  std::string_view name;
  std::array<Path, 12> fields;   // all of them, in this order; empty: the whole body without secrets
  std::array<Path, 2> required;  // when all of these are absent or empty, the rule is kContent instead
};

std::span<const MappingRow> MappingTable();
std::span<const ActorRuleRow> ActorRules();
std::span<const TimeRuleRow> TimeRules();
std::span<const IdentityRuleRow> IdentityRules();

// The row for that event; the last one, whose pattern is "*", when no other matches.
const MappingRow& FindMapping(std::string_view event);
inline bool IsCatchAll(const MappingRow& row) { return row.pattern == "*"; }

const ActorRuleRow& RowOf(ActorRule rule);
const TimeRuleRow& RowOf(TimeRule rule);
const IdentityRuleRow& RowOf(IdentityRule rule);

}  // namespace zoomwatch
