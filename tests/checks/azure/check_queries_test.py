#!/usr/bin/env python3
"""Makes mistakes in the queries of azure/main.json and looks whether check_queries.py finds them: check_queries_test.py TEMPLATE ZOOMWATCH"""
import json
import sys

import check_queries

with open(sys.argv[1], encoding="utf-8") as file:
    TEXT = file.read()

# (what a problem must say, text, what stands there instead)
MISTAKES = [
    ("ZoomLogs: ", "by EventId", "by EventID"),
    ("ZoomAlerts: ", "mv-apply Entity", "mv-aply Entity"),
    ("high CPU load: ", "toint(Room.AlertType) == 4", "toint(Rooom.AlertType) == 4"),
    ("workbook: ledger", "dcount(EventId)", "dcount(EventIds)"),
    ("workbook: alerts-by-rule", "max(AlertTime)", "max(AlertTimes)"),
    ("no column FindingId", "FindingId = hash", "FindingKey = hash"),
    ("no column DomainName", "DomainName = tostring", "Domain = tostring"),
    ("no column AlertDescription", "AlertDescription = iff", "Text = iff"),
    ("reads one table, once", "\\n| where RuleKind != \\\"hunting\\\"\\n// Revisions", "\\n| union ZoomAlerts_CL\\n// Revisions"),
    ("ZoomLogs: ", "\"name\": \"EventTime\", \"type\": \"dateTime\"", "\"name\": \"EventTimes\", \"type\": \"dateTime\""),
]


def main():
    failed = 0
    for expected, old, new in MISTAKES:
        compact = json.dumps(json.loads(TEXT))
        if old not in compact:
            sys.exit("there is no %r" % old)
        side = check_queries.Side(json.loads(compact.replace(old, new)))
        problems = check_queries.problems_of(side, check_queries.ours(side, sys.argv[2]))
        if not any(expected in problem for problem in problems):
            failed += 1
            print("%r for %r: expected %r, found %s" % (new, old, expected, problems[:3]))
    print("%d mistakes, %d not found" % (len(MISTAKES), failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
