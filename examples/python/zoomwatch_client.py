#!/usr/bin/env python3
"""Alerts, rules and hunts of a zoomwatch detector, from Python. docs/api.md explains the API; ./generate makes the stubs.

    zoomwatch_client.py CONNECTION rules
    zoomwatch_client.py CONNECTION hunt 'ZoomLogs | summarize count() by Event'
    zoomwatch_client.py CONNECTION alerts --token-file position [--from-beginning] [--limit 10]

CONNECTION is --address HOST:PORT --ca-file CA --certificate-file CERT --private-key-file KEY [--server-name NAME]. Everything is printed
as JSON lines.
"""
import argparse
import datetime
import json
import os
import random
import sys
import time

sys.path.insert(0, os.environ.get("ZOOMWATCH_STUBS") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubs"))

# pylint: disable=wrong-import-position
import grpc
from google.protobuf import json_format

from zoomwatch.alert.v1 import alert_service_pb2, alert_service_pb2_grpc
from zoomwatch.hunt.v1 import hunt_service_pb2, hunt_service_pb2_grpc
from zoomwatch.rpc.v1 import error_info_pb2
from zoomwatch.rule.v1 import rule_service_pb2, rule_service_pb2_grpc

CALL_SECONDS = 10
HUNT_SECONDS = 60
FIRST_WAIT, LONGEST_WAIT = 0.5, 30


def read(path):
    with open(path, "rb") as file:
        return file.read()


def connect(options):
    """A new channel. The files are read each time: certificates are renewed while a program runs."""
    credentials = grpc.ssl_channel_credentials(read(options.ca_file), read(options.private_key_file), read(options.certificate_file))
    arguments = [("grpc.keepalive_time_ms", 30_000)]  # a dead connection is noticed; the detector allows a ping every 15 s
    if options.server_name:
        arguments.append(("grpc.ssl_target_name_override", options.server_name))
    return grpc.secure_channel(options.address, credentials, arguments)


def reason_of(error):
    """The reason of a failed call (docs/error-reasons.md), or an empty text."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in error_info_pb2.Status.FromString(value).details:
                if detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo":
                    return error_info_pb2.ErrorInfo.FromString(detail.value).reason
    return ""


def show(message):
    print(json.dumps(json_format.MessageToDict(message, preserving_proto_field_name=True)), flush=True)


def rules(options):
    """All rules, page by page."""
    with connect(options) as channel:
        stub = rule_service_pb2_grpc.RuleServiceStub(channel)
        request = rule_service_pb2.ListRulesRequest(page_size=50)
        while True:
            page = stub.ListRules(request, timeout=CALL_SECONDS)
            for rule in page.rules:
                show(rule)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


def value_of(cell):
    """A value of a row as something that JSON has."""
    which = cell.WhichOneof("value")
    if which is None:
        return None
    value = getattr(cell, which)
    if which == "datetime_ticks":  # of 100 ns since the year 1
        return (datetime.datetime(1, 1, 1) + datetime.timedelta(microseconds=value // 10)).isoformat() + "Z"
    if which == "timespan_ticks":
        return value / 1e7  # seconds
    return json.loads(value) if which == "json_value" else value


def hunt(options):
    """The rows of a query."""
    with connect(options) as channel:
        stub = hunt_service_pb2_grpc.HuntServiceStub(channel)
        names = []
        # The deadline ends the query, not just our waiting for it.
        for response in stub.Hunt(hunt_service_pb2.HuntRequest(query=options.query), timeout=HUNT_SECONDS):
            kind = response.WhichOneof("content")
            if kind == "schema":
                names = [column.name for column in response.schema.columns]
            elif kind == "rows":
                for row in response.rows.rows:
                    print(json.dumps(dict(zip(names, map(value_of, row.cells)))))
            elif kind == "summary":
                print("%d rows of %d events" % (response.summary.row_count, response.summary.scanned_count), file=sys.stderr)


def read_token(path):
    return read(path).decode() if path and os.path.exists(path) else ""


def write_token(path, token):
    """Whole or not at all, also when the machine stops here."""
    if not path:
        return
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(token)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def handle(alert):
    """Put what your program does with an alert here. It may see one twice: alert_id tells."""
    show(alert)


def alerts(options):
    """Each alert in order, for ever, through restarts of either side."""
    token = read_token(options.token_file)
    from_beginning = options.from_beginning and not token
    handled = 0
    wait = FIRST_WAIT
    while True:
        try:
            with connect(options) as channel:
                stub = alert_service_pb2_grpc.AlertServiceStub(channel)
                request = alert_service_pb2.SubscribeAlertsRequest(resume_token=token, from_beginning=from_beginning)
                for response in stub.SubscribeAlerts(request):  # no deadline: it has no end
                    wait = FIRST_WAIT
                    if response.HasField("alert"):  # otherwise a sign of life
                        handle(response.alert)
                        handled += 1
                    # After the alert was handled: a crash in between repeats it instead of losing it.
                    token, from_beginning = response.resume_token, False
                    write_token(options.token_file, token)
                    if handled == options.limit:
                        return
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.OUT_OF_RANGE:
                print("alerts were removed before we came for them; going on with the oldest", file=sys.stderr)
                token, from_beginning = "", True
                continue
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
                raise
            print("%s; again in %.1f s" % (error.details(), wait), file=sys.stderr)
        time.sleep(wait * random.uniform(0.5, 1))
        wait = min(wait * 2, LONGEST_WAIT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("address", "ca-file", "certificate-file", "private-key-file"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--server-name", help="name in the detector's certificate, when the address is another, as with a port-forward")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("rules").set_defaults(run=rules)
    hunting = commands.add_parser("hunt")
    hunting.add_argument("query")
    hunting.set_defaults(run=hunt)
    following = commands.add_parser("alerts")
    following.add_argument("--token-file", help="where the position is kept")
    following.add_argument("--from-beginning", action="store_true", help="without a position: begin with the oldest alert")
    following.add_argument("--limit", type=int, default=0, help="end after this many alerts")
    following.set_defaults(run=alerts)
    options = parser.parse_args()
    try:
        options.run(options)
    except grpc.RpcError as error:
        print("%s %s: %s" % (error.code().name, reason_of(error), error.details()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
