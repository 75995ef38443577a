#!/usr/bin/env python3
"""Runs the same KQL over the same file with `zoomwatch kql` and with chdb (ClickHouse as a library, whose dialect "kusto" is the other
KQL executor that can be installed), compares the results, and prints the CPU time of each whole process: start, reading the file, query.

    compare_chdb.py --zoomwatch PROGRAM --folder FOLDER [--rows N]

FOLDER gets the file and a virtual environment with the package chdb, installed there when it is not. Both sides use one thread. Exit
code 1 when results differ. chdb knows a part of KQL only: queries are chosen so that both run them.
"""
import argparse
import csv
import datetime
import io
import os
import random
import resource
import subprocess
import sys
import venv

EVENTS = ["meeting.participant_joined", "meeting.participant_left", "meeting.started", "meeting.ended", "user.signed_in",
          "user.signed_out", "recording.completed", "zoomroom.alert", "chat_message.sent", "phone.callee_ringing"]
QUERIES = [
    ("count", "T | count"),
    ("filter by text, group by name",
     "T | where Event startswith 'meeting.' | summarize Events = count(), Longest = max(Duration) by Event | sort by Event asc"),
    ("group by 20,000 users, then by name",
     "T | summarize Events = count(), Longest = max(Duration) by Event, User | summarize Users = count(), Events = sum(Events), "
     "Longest = max(Longest) by Event | sort by Event asc"),
    ("distinct users by name and part of duration",
     "T | where Event startswith 'meeting.' | summarize Users = dcount(User) by Event, Part = bin(Duration, 600) "
     "| summarize Groups = count() by Event | sort by Event asc"),
    ("top", "T | where Event == 'user.signed_in' | summarize Times = count() by User | top 5 by Times desc | project Times"),
]
CHDB = """
import sys
from chdb import session
s = session.Session()
s.query("create table T (TimeGenerated DateTime64(7, 'UTC'), Event String, User String, Duration Int64) engine = Memory")
s.query("set max_threads = 1")
s.query("insert into T select parseDateTime64BestEffort(TimeGenerated, 7, 'UTC'), Event, User, Duration from file('%s', JSONEachRow, "
        "'TimeGenerated String, Event String, User String, Duration Int64')" % sys.argv[1])
s.query("set allow_experimental_kusto_dialect = 1")
s.query("set dialect = 'kusto'")
print(s.query(sys.argv[2], "CSVWithNames"), end="")
"""


def write_rows(path, count):
    """The same rows in each run."""
    source = random.Random(1)
    time = datetime.datetime(2026, 11, 1)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(count):
            time += datetime.timedelta(milliseconds=source.randrange(400))
            file.write('{"TimeGenerated":"%s","Event":"%s","User":"user%d@corp.example","Duration":%d}\n' % (
                time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), source.choice(EVENTS), source.randrange(20000), source.randrange(7200)))


def run(command):
    """The output as rows, and the CPU seconds of the process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return list(csv.reader(io.StringIO(output))), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoomwatch", required=True)
    parser.add_argument("--folder", required=True, type=os.path.abspath)
    parser.add_argument("--rows", type=int, default=5000000)
    arguments = parser.parse_args()
    python = os.path.join(arguments.folder, "venv", "bin", "python")
    if not os.path.exists(python):
        venv.create(os.path.join(arguments.folder, "venv"), with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "chdb"], check=True)
    rows = os.path.join(arguments.folder, "rows.jsonl")
    write_rows(rows, arguments.rows)
    print("%d rows, %d bytes" % (arguments.rows, os.path.getsize(rows)))
    print("%-44s %18s %18s %8s" % ("query", "zoomwatch, CPU s", "chdb, CPU s", "ratio"))
    failed = False
    for name, query in QUERIES:
        ours, our_seconds = run([arguments.zoomwatch, "kql", "--table", "T=" + rows, "--format", "csv", query])
        theirs, their_seconds = run([python, "-c", CHDB, rows, query])
        print("%-44s %18.2f %18.2f %8.2f" % (name, our_seconds, their_seconds, our_seconds / their_seconds))
        if ours[1:] != theirs[1:]:  # chdb names columns in its own way
            failed = True
            print("  DIFFERENT: %s\n  and        %s" % (ours[1:5], theirs[1:5]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
