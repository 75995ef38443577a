#!/usr/bin/env python3
"""What the functions and the analytics rule of azure/main.json make of rows: functions_test.py TEMPLATE ZOOMWATCH

Runs their texts in our engine. With ZOOMWATCH_CORPUS the published queries for Zoom run, unmodified, over the function ZoomLogs and over
the detector's own table of that name, and must find the same.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

import check_queries

TEMPLATE, PROGRAM = sys.argv[1:3]
with open(TEMPLATE, encoding="utf-8") as template:
    SIDE = check_queries.Side(json.load(template))
NOW = "2026-01-05T12:00:00Z"


def at(minute):
    return "2026-01-05T11:%02d:00.000000Z" % minute


def event(name, minute, payload, **columns):
    return dict({"TimeGenerated": at(minute), "ReceiveTime": at(minute), "EventTime": at(minute), "Event": name, "EventId": "e-%d" % minute,
                 "AccountName": "main", "Payload": {"event": name, "event_ts": 1767610000000 + minute, "payload": payload}}, **columns)


def alert(number, **columns):
    return dict({"TimeGenerated": at(number), "AlertTime": at(number), "AlertId": "a-%d" % number, "RuleId": "r", "RuleName": "Rule",
                 "RuleKind": "Scheduled", "AlertTitle": "Title", "Severity": "High", "Tactics": ["Impact", "Persistence"],
                 "Identity": "ann", "Entities": []}, **columns)


def run(query, events=(), alerts=()):
    """The result as a list of dictionaries."""
    tables = {"ZoomLogs_CL": {"columns": SIDE.tables["ZoomLogs_CL"], "rows": list(events)},
              "ZoomAlerts_CL": {"columns": SIDE.tables["ZoomAlerts_CL"], "rows": list(alerts)}}
    line = json.dumps({"query": SIDE.with_functions(query), "now": NOW, "tables": tables})
    done = subprocess.run([PROGRAM, "kql", "--jsonl", "-"], input=line, capture_output=True, text=True, timeout=60)
    answer = json.loads(done.stdout)
    if "errors" in answer:
        raise AssertionError("%s: %s" % (query, answer["errors"]))
    names = [column["name"] for column in answer["columns"]]
    return [dict(zip(names, row)) for row in answer["rows"]]


class ZoomLogs(unittest.TestCase):
    def test_a_repeated_row_is_there_once_with_its_first_time(self):
        first, other = event("meeting.started", 1, {}), event("meeting.ended", 2, {})
        again = dict(first, TimeGenerated=at(9))
        rows = run("ZoomLogs | sort by EventId asc | project EventId, Event, TimeGenerated", [again, first, other, again])
        self.assertEqual([(row["EventId"], row["Event"], row["TimeGenerated"][:16]) for row in rows],
                         [("e-1", "meeting.started", at(1)[:16]), ("e-2", "meeting.ended", at(2)[:16])])

    def test_a_body_in_parts_is_a_body(self):
        row = event("meeting.started", 1, {})
        del row["Payload"]
        row.update(PayloadPart01='{"payload":{"object":{"topic":"long', PayloadPart02=' name","uuid":"u-1"}}}', PayloadBytes=57)
        rows = run("ZoomLogs | project payload_object_topic_s, Uuid = tostring(Payload.payload.object.uuid)", [row])
        self.assertEqual(rows, [{"payload_object_topic_s": "long name", "Uuid": "u-1"}])

    def test_has_the_columns_of_the_table_but_the_parts(self):
        columns = SIDE.functions["ZoomLogs"] and run("ZoomLogs", [event("x", 1, {})])[0]
        wanted = [name for name, _ in SIDE.tables["ZoomLogs_CL"] if not name.startswith("PayloadPart")]
        self.assertEqual(set(wanted) - set(columns), set())
        self.assertEqual(list(columns)[:5], ["TimeGenerated", "Event", "EventTime", "User", "UserId"])
        self.assertFalse([name for name in columns if name.startswith("PayloadPart") or name in ("NewValues", "OldValues")])

    def test_old_names_have_the_values_of_the_body(self):
        settings = {"in_meeting": {"e2e_encryption": False}, "schedule_meeting": {"enforce_login_domains": "a.example,b.example"}}
        old = {"in_meeting": {"e2e_encryption": True}}
        row = run("ZoomLogs", [event("account.settings_updated", 1, {
            "operator": "ann@corp.example", "account_id": "acc", "object": {"settings": settings, "id": "x"},
            "old_object": {"settings": old}})])[0]
        self.assertIs(row["payload_object_settings_in_meeting_e2e_encryption_b"], False)
        self.assertIs(row["payload_old_object_settings_in_meeting_e2e_encryption_b"], True)
        self.assertIsNone(row["payload_old_object_settings_in_meeting_alert_guest_join_b"])
        self.assertEqual(row["payload_object_settings_schedule_meeting_enforce_login_domains_s"], "a.example,b.example")
        self.assertEqual((row["event_s"], row["payload_operator_s"], row["payload_account_id_s"], row["payload_object_id_s"]),
                         ("account.settings_updated", "ann@corp.example", "acc", "x"))


class ZoomAlerts(unittest.TestCase):
    def test_a_repeated_row_is_there_once(self):
        self.assertEqual(len(run("ZoomAlerts", alerts=[alert(1), dict(alert(1), TimeGenerated=at(5)), alert(2)])), 2)

    def test_entities_are_columns_in_their_order(self):
        entities = [{"Type": "Account", "FullName": "ann@corp.example", "Name": "ann", "UPNSuffix": "corp.example"},
                    {"Type": "IP", "Address": "192.0.2.1"}, {"Type": "Account", "FullName": "ben@corp.example"},
                    {"Type": "URL", "Url": "https://x.example"}, {"Type": "Host", "HostName": "Room 1"},
                    {"Type": "Mailbox", "MailboxPrimaryAddress": "room@corp.example"}, {"Type": "CloudApplication", "Name": "App"},
                    {"Type": "DNS", "DomainName": "c.example"}]
        row = run("ZoomAlerts", alerts=[alert(1, Entities=entities)])[0]
        self.assertEqual([row[name] for name in ("AccountFullName", "AccountName", "AccountUPNSuffix", "OtherAccountFullName", "IpAddress",
                                                 "Url", "HostName", "MailboxAddress", "ApplicationName", "DomainName")],
                         ["ann@corp.example", "ann", "corp.example", "ben@corp.example", "192.0.2.1", "https://x.example", "Room 1",
                          "room@corp.example", "App", "c.example"])

    def test_an_alert_without_entities_stays(self):
        without = alert(2)
        del without["Entities"]
        rows = run("ZoomAlerts", alerts=[alert(1), without])
        self.assertEqual([row["AccountFullName"] for row in rows], ["", ""])


class AnalyticsRule(unittest.TestCase):
    def rows(self, *alerts):
        return run(SIDE.rule["query"], alerts=alerts)

    def test_each_alert_is_a_row_and_hunting_is_left_out(self):
        rows = self.rows(alert(1), alert(2, RuleKind="NRT"), alert(3, RuleKind="hunting"), alert(1))
        self.assertEqual(sorted(row["AlertId"] for row in rows), ["a-1", "a-2"])

    def test_revisions_of_one_finding_share_its_id_and_others_do_not(self):
        rows = self.rows(alert(1), alert(2), alert(3, Identity="ben"), alert(4, RuleId="s"))
        ids = {row["AlertId"]: row["FindingId"] for row in rows}
        self.assertEqual(ids["a-1"], ids["a-2"])
        self.assertEqual(len(set(ids.values())), 3)

    def test_texts_for_sentinel(self):
        row = self.rows(alert(1, EventIds=["e-%d" % i for i in range(20)]))[0]
        self.assertEqual(row["TacticNames"], "Impact,Persistence")
        self.assertEqual(row["AlertDescription"], "Title")
        self.assertEqual(len(row["EventIdList"]), 10)
        self.assertEqual(self.rows(alert(1, Description="What happened."))[0]["AlertDescription"], "What happened.")


def published_queries():
    for path in sorted(glob.glob(os.path.join(os.environ.get("ZOOMWATCH_CORPUS", "/nonexistent"), "sentinel-zoom", "*.yaml"))):
        lines, inside = [], False
        with open(path, encoding="utf-8-sig") as file:
            for line in file:
                if inside and line.strip() and not line.startswith(" "):
                    break
                if inside:
                    lines.append(line)
                inside = inside or line.startswith("query:")
        yield os.path.basename(path), "".join(lines)


def room(minute, alert_type):
    fields = {"id": "room-1", "room_name": "Room 1", "email": "room@corp.example", "issue": "x", "alert_type": alert_type, "alert_kind": 1}
    return event("zoomroom.alert", minute, {"object": fields}, Category="room",
                 RoomEvents={"RoomName": "Room 1", "RoomEmail": "room@corp.example", "AlertType": alert_type, "AlertKind": 1})


def settings(minute, new, old):
    return event("account.settings_updated", minute, {"operator": "ann@corp.example", "object": {"settings": new}, "old_object": {"settings": old}},
                 User="ann@corp.example")


def meeting(name, minute, zone):
    fields = {"uuid": "u-1", "id": "1", "topic": "Talk", "timezone": zone, "participant": {"user_name": "Eve"}}
    return event(name, minute, {"object": fields}, User="host@corp.example", MeetingEvents={"MeetingId": "u-1", "MeetingName": "Talk", "Timezone": zone})


def registration(name, minute, uuid, email="eve@x.example"):
    return event(name, minute, {"object": {"uuid": uuid, "topic": "Talk", "host_id": "h", "registrant": {"email": email}}})


def chat(minute, channel):
    return event("chat_message.sent", minute, {"object": {"message": "see https://x.example", "channel_name": channel}}, User="ben@corp.example",
                 UserId="u-ben", ChatEvents={"Channel": channel, "Message": "see https://x.example"})


EVENTS = [settings(1, {"in_meeting": {"e2e_encryption": True}}, {"in_meeting": {"e2e_encryption": False}}),
          settings(2, {"in_meeting": {"e2e_encryption": False}}, {"in_meeting": {"e2e_encryption": True}}),
          settings(3, {"in_meeting": {"alert_guest_join": False}}, {"in_meeting": {"alert_guest_join": True}}),
          room(4, 1), room(5, 4), meeting("meeting.created", 6, "UTC"), meeting("meeting.participant_joined", 7, "Europe/Berlin"),
          registration("webinar.registration_denied", 8, "u-1"), registration("webinar.registration_denied", 9, "u-2"),
          registration("webinar.registration_denied", 10, "u-3"), registration("webinar.registration_approved", 11, "u-4"),
          registration("webinar.registration_approved", 20, "u-4", "fay@x.example"),  # the published query looks for these
          *(chat(12 + i, "Channel %d" % i) for i in range(5))]
# The only one that finds nothing, whatever happened: it looks for a column that no version of Zoom's events makes.
FINDS_NOTHING = {"NewDomainAccess.yaml"}


class PublishedQueries(unittest.TestCase):
    def test_find_the_same_over_the_function_and_over_the_detectors_table(self):
        queries = list(published_queries())
        if not queries:
            self.skipTest("ZOOMWATCH_CORPUS has no sentinel-zoom")
        self.assertEqual(len(queries), 8)
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("\n".join(json.dumps(row) for row in EVENTS))
            file.flush()
            for name, query in queries:
                done = subprocess.run([PROGRAM, "kql", "--table", "ZoomLogs=" + file.name, "--now", NOW, "--format", "jsonl", query],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, name + done.stderr)
                table = [json.loads(line) for line in done.stdout.splitlines()]
                function = run(query, EVENTS + EVENTS[:3])
                self.assertEqual(len(function), len(table), name)
                self.assertEqual(bool(table), name not in FINDS_NOTHING, name)
                for key in ("Event", "EventId", "User", "RoomName", "RegisteringUser", "JoinedTimeZone", "TimeZone", "SettingChanged",
                            "ChannelCount", "AccountCustomEntity", "OldE2ESetting", "NewE2ESetting"):
                    self.assertEqual(sorted(str(row.get(key)) for row in function), sorted(str(row.get(key)) for row in table), (name, key))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
