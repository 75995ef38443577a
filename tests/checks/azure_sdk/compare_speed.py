#!/usr/bin/env python3
"""Compares the CPU time and the number of calls that zoomwatch's client and Microsoft's need for the same rows, in one run against the
fake Azure. Loading the rows is not counted; getting a token, JSON, gzip, TLS and the calls are.

    compare_speed.py --fake PROGRAM --uploader PROGRAM --folder FOLDER [--rows N]

FOLDER has a folder for each language with its packages, installed there when they are not. A language that cannot be installed is left
out and named. Exit code 1 when rows are missing.
"""
import argparse
import json
import os
import random
import sys
import tempfile
import time

import check_azure_sdk as azure


def write_rows(path, count):
    """Rows as different from each other as those of real traffic; the same in each run."""
    source = random.Random(7)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps({
                "TimeGenerated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "Text": "meeting.participant_joined",
                "Number": number, "Share": source.random(), "Flag": number % 2 == 0,
                "Nested": {"id": str(source.randrange(10 ** 10)), "uuid": "%022x" % source.getrandbits(88),
                           "topic": "weekly review %d" % source.randrange(1000), "host_id": "%022x" % source.getrandbits(88),
                           "participant": {"user_name": "user %d" % source.randrange(5000), "email": "u%d@corp.example" %
                                           source.randrange(5000), "join_time": "2026-11-24T08:00:%02dZ" % (number % 60)}}},
                separators=(",", ":")) + "\n")


def command_of(arguments, language):
    if language == "zoomwatch":
        return [arguments.uploader]
    try:
        return azure.install(language, os.path.join(arguments.folder, language))
    except SystemExit:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fake", required=True)
    parser.add_argument("--uploader", required=True)
    parser.add_argument("--folder", required=True, type=os.path.abspath)
    parser.add_argument("--rows", type=int, default=1000000)
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        azure.make_certificates(temporary)
        rows_file = os.path.join(temporary, "input.jsonl")
        write_rows(rows_file, arguments.rows)
        print("%d rows, %d bytes" % (arguments.rows, os.path.getsize(rows_file)))
        print("%-10s %12s %14s %8s %12s" % ("client", "CPU seconds", "rows/CPU s", "calls", "memory KiB"))
        fake = azure.Fake(arguments.fake, temporary, ["--keep-rows", "0", "--max-bytes-per-minute", "1000000000000",
                                                      "--max-calls-per-minute", "1000000"])
        try:
            for language in ("zoomwatch", "node", "python"):
                command = command_of(arguments, language)
                if command is None:
                    continue
                fake.call("POST", "/_fake/forget")
                checks = azure.Checks(fake, command, os.path.join(arguments.folder, language))
                outcome = checks.upload_measured([], rows_file=rows_file, unthrottled=True)
                stream = fake.state()["streams"].get(azure.STREAM, {"rows": 0, "calls": 0})
                if outcome["status"] != 204 or stream["rows"] != arguments.rows:
                    failed = True
                    print("%-10s FAILED: %s, %d rows arrived" % (language, outcome, stream["rows"]))
                    continue
                print("%-10s %12.2f %14.0f %8d %12d" % (language, outcome["cpu_seconds"], arguments.rows / outcome["cpu_seconds"],
                                                        stream["calls"], outcome["grown_kib"]))
        finally:
            fake.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
