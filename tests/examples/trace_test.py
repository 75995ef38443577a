"""One trace from Zoom's request through the logs of all three services to the row."""
import hashlib
import hmac
import json
import os
import time
import unittest
import urllib.request

import pipeline

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
UNKNOWN, QUARANTINED = "5bf92f3577b34da6a3ce929d0e0e4736", "6bf92f3577b34da6a3ce929d0e0e4736"


class Trace(unittest.TestCase):
    def setUp(self):
        self.pipeline = pipeline.Pipeline(log_level="debug")
        self.addCleanup(self.pipeline.close)

    def post(self, body, trace):
        timestamp = str(int(time.time()))
        signature = hmac.new(b"a-secret-token-of-this-run", b"v0:%s:%s" % (timestamp.encode(), body), hashlib.sha256).hexdigest()
        request = urllib.request.Request("http://%s:8080/webhook" % self.pipeline.host, data=body, headers={
            "x-zm-request-timestamp": timestamp, "x-zm-signature": "v0=" + signature, "Content-Type": "application/json",
            "traceparent": "00-%s-00f067aa0ba902b7-01" % trace})
        with urllib.request.urlopen(request, timeout=20) as answer:
            self.assertEqual(answer.status, 200)

    def lines(self, service, trace):
        """Messages of the service's log lines of a trace."""
        found = [json.loads(line) for line in self.pipeline.log(service).splitlines() if line.startswith("{")]
        return [line["message"] for line in found if line.get("trace_id") == trace]

    def rows(self):
        path = self.pipeline.path("rows.jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().splitlines() if line.endswith("}")]

    def test_of_the_request_reaches_every_log_and_the_row(self):
        event = {"event": "meeting.started", "event_ts": int(time.time() * 1000), "payload": {"account_id": "acc", "object": {"id": "1", "uuid": "u"}}}
        self.post(json.dumps(event).encode(), TRACE)
        self.post(b"signed, but no JSON", QUARANTINED)
        pipeline.wait_for(self.rows, "the row")
        self.assertEqual([row["TraceId"] for row in self.rows()], ["00-%s-00f067aa0ba902b7-01" % TRACE])
        pipeline.wait_for(lambda: self.lines("detector", QUARANTINED), "the quarantined webhook in the detector's log")
        self.assertEqual([self.lines(service, TRACE) for service in ("receiver", "normalizer", "detector")],
                         [["webhook stored"], ["webhook normalized"], ["webhook in the event log"]])
        self.assertEqual([self.lines(service, QUARANTINED) for service in ("receiver", "normalizer", "detector")],
                         [["webhook stored"], ["webhook quarantined"], ["webhook in the event log"]])
        self.assertEqual([self.lines(service, UNKNOWN) for service in ("receiver", "normalizer", "detector")], [[], [], []])


if __name__ == "__main__":
    unittest.main(verbosity=2)
