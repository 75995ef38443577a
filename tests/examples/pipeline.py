"""The three services as processes with mutual TLS between all of them and to their clients, for the tests beside this file."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = os.environ.get("ZOOMWATCH_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("ZOOMWATCH_BIN_DIR") or os.path.join(ROOT, "build", "dev", "bin")
TOOLS = os.path.join(ROOT, "build", "api-tools")
EXAMPLES = os.path.join(ROOT, "examples")
# "soc" is a client as another team has one; "stranger" has a certificate of the same authority and no permission.
NAMES = ("receiver", "normalizer", "detector", "soc", "stranger")
RULE_ID = "7d0d4bb2-93c1-4c0f-8f0d-5a1d3d0c2e11"
RULE = """
id: %s
name: Any meeting
kind: NRT
version: 1.0.0
severity: High
description: For this test.
requiredDataConnectors: []
tactics: [InitialAccess]
relevantTechniques: [T1078]
query: ZoomLogs | where Event == "meeting.started" | project TimeGenerated, EventId, Topic = tostring(Payload.payload.object.topic)
customDetails: {Topic: Topic}
eventGroupingSettings: {aggregationKind: AlertPerResult}
""" % RULE_ID


def skip_without_tools():
    """Ends the test as skipped (ctest: exit code 77) where scripts/install-api-tools did not run."""
    if not os.path.exists(os.path.join(TOOLS, "stamp")):
        print("SKIPPED: build/api-tools is missing; scripts/install-api-tools makes it", file=sys.stderr)
        sys.exit(77)


def run(*command, folder, **more):
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, **more)


def tls(name, client=False):
    text = "certificate_file: %s.pem, private_key_file: %s.key, " % (name, name)
    return "tls: {%s%s}" % (text, "ca_file: ca.pem, server_name: localhost" if client else "client_ca_file: ca.pem")


class Pipeline:
    def __init__(self, log_level="info"):
        self.log_level = log_level
        self._folder = tempfile.TemporaryDirectory(prefix="zoomwatch-api-")
        self.folder = self._folder.name
        # An address of this run's own keeps its fixed ports apart from everything else on the machine.
        self.host = "127.%d.%d.%d" % tuple(random.randrange(20, 250) for _ in range(3))
        self.address = self.host + ":8445"
        self.processes = {}
        self.meetings = 0
        self._make_certificates()
        self._write_files()
        for name in ("detector", "normalizer", "receiver"):
            self.start(name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _make_certificates(self):
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test-ca", folder=self.folder)
        for name in NAMES:
            run("openssl", "req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name, folder=self.folder)
            self.write(name + ".ext", "subjectAltName=DNS:localhost,IP:%s" % self.host)
            run("openssl", "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", name + ".ext", "-out", name + ".pem", folder=self.folder)

    def _write_files(self):
        self.write("token", "a-secret-token-of-this-run")
        self.write("rules/any-meeting.yaml", RULE)
        for i in range(59):  # with the one above more than a page
            self.write("rules/quiet-%02d.yaml" % i, RULE.replace(RULE_ID, "7d0d4bb2-93c1-4c0f-8f0d-%012d" % i)
                       .replace("Any meeting", "Quiet %02d" % i).replace("meeting.started", "never.%d" % i))
        self.write("receiver.yaml", """
webhook: {listen_address: "%(h)s:8080", allow_plaintext: true}
zoom_accounts: [{name: main, secret_token_files: [token]}]
spool: {directory: spool, segment_bytes: 4MiB}
batching: {max_in_flight: 1}  # in order, also after an outage
normalizer: {address: "%(h)s:8444", %(client)s}
admin: {listen_address: "%(h)s:9090"}
""" % {"h": self.host, "client": tls("receiver", client=True)})
        self.write("normalizer.yaml", """
grpc: {listen_address: "%(h)s:8444", %(server)s, allowed_client_names: [receiver]}
detector: {address: "%(h)s:8445", %(client)s}
admin: {listen_address: "%(h)s:9091"}
""" % {"h": self.host, "server": tls("normalizer"), "client": tls("normalizer", client=True)})
        self.write("detector.yaml", """
grpc: {listen_address: "%(h)s:8445", %(server)s, allowed_client_names: [normalizer], api_client_names: [soc], reflection: true}
store: {directory: store}
delivery: {json_lines: {file: rows.jsonl, alerts_file: alerts.jsonl}}
rules: {folders: [rules], alert_directory: alerts, settle_time: 100ms}
admin: {listen_address: "%(h)s:9092"}
""" % {"h": self.host, "server": tls("detector")})

    def start(self, name):
        config = self.path(name + ".yaml")
        with open(config, encoding="utf-8") as file:
            text = file.read()
        if "logging:" not in text:
            self.write(name + ".yaml", text + "logging: {level: %s}\n" % self.log_level)
        with open(self.path(name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen([os.path.join(BIN, "zoomwatch-" + name), "--config", name + ".yaml"],
                                                    cwd=self.folder, stderr=log)
        port = {"receiver": 9090, "normalizer": 9091, "detector": 9092}[name]
        wait_for(lambda: self.ready(name, port), "%s to be ready" % name)

    def ready(self, name, port):
        if self.processes[name].poll() is not None:
            raise AssertionError(self.log(name))
        try:
            with urllib.request.urlopen("http://%s:%d/readyz" % (self.host, port), timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8") as file:
            return file.read()

    def stop(self, name):
        """The exit code."""
        self.processes[name].terminate()
        return self.processes[name].wait(timeout=60)

    def send_meetings(self, count):
        """Signed webhooks of meetings that begin; an alert will come of each. Returns their topics."""
        topics = ["meeting %d" % (self.meetings + i) for i in range(count)]
        self.meetings += count
        bodies = [json.dumps({"event": "meeting.started", "event_ts": int(time.time() * 1000) + i, "payload": {
            "account_id": "acc", "object": {"id": str(self.meetings + i), "uuid": topic, "topic": topic}}}) for i, topic in enumerate(topics)]
        self.write("bodies.jsonl", "\n".join(bodies) + "\n")
        run(os.path.join(BIN, "zoomwatch"), "send", "--url", "http://%s:8080/webhook" % self.host, "--secret-file", "token", "--file", "bodies.jsonl",
            folder=self.folder)
        return topics

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        self._folder.cleanup()


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("did not happen within %d s: %s" % (seconds, what))
        time.sleep(0.05)


class ClientTest(unittest.TestCase):
    """What every client of examples/ must do."""
    flags = "--"  # how its flags begin

    @classmethod
    def program(cls, pipe):
        """(command that the arguments follow, environment)"""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.pipeline = Pipeline()
        cls.addClassCleanup(cls.pipeline.close)
        cls.command, cls.environment = cls.program(cls.pipeline)

    def client(self, *arguments, name="soc", flags=()):
        connection = {"address": self.pipeline.address, "ca-file": "ca.pem", "certificate-file": name + ".pem", "private-key-file": name + ".key",
                      "server-name": "localhost"}
        command = [*self.command, *["%s%s=%s" % (self.flags, key, value) for key, value in connection.items()]]
        # Go takes flags only before the rest, Python those of a subcommand only behind its name.
        command += [*flags, *arguments] if self.flags == "-" else [*arguments, *flags]
        return subprocess.Popen(command, cwd=self.pipeline.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def lines(self, *arguments, **more):
        process = self.client(*arguments, **more)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        return [json.loads(line) for line in output.splitlines()]

    def failure(self, *arguments, **more):
        process = self.client(*arguments, **more)
        output, errors = process.communicate(timeout=120)
        self.assertEqual((process.returncode, output), (1, ""), errors)
        return errors

    def alert_flags(self, **values):
        return ["%s%s%s" % (self.flags, key.replace("_", "-"), "" if value is True else "=%s" % value) for key, value in values.items()]

    def topics(self, alerts):
        return [alert["custom_details"]["Topic"] for alert in alerts]

    def test_lists_the_rules_of_every_page(self):
        rules = self.lines("rules")
        self.assertEqual([rule["name"] for rule in rules], ["Any meeting"] + ["Quiet %02d" % i for i in range(59)])
        self.assertEqual((rules[0]["rule_id"], rules[0]["state"], rules[0]["severity"]), (RULE_ID, "RULE_STATE_RUNNING", "SEVERITY_HIGH"))

    def test_hunts(self):
        topics = self.pipeline.send_meetings(2)
        query = "ZoomLogs | where Payload.payload.object.topic in (%s) | summarize Count = count(), First = min(EventTime)" % ",".join(
            "'%s'" % topic for topic in topics)
        wait_for(lambda: self.lines("hunt", query)[0]["Count"] == 2, "both events in the store")
        (row,) = self.lines("hunt", query)
        self.assertRegex(row["First"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.assertEqual(self.lines("hunt", "print A = 1.5, B = 'x', C = dynamic([1]), D = true, E = int(null), F = 90s, G = datetime(2026-01-31T10:00:00Z)"),
                         [{"A": 1.5, "B": "x", "C": [1], "D": True, "E": None, "F": 90.0, "G": "2026-01-31T10:00:00Z"}])

    def test_names_the_reason_of_a_failure(self):
        errors = self.failure("hunt", "ZoomLogs | where Evnt == 1")
        self.assertIn("QUERY_INVALID", errors)
        self.assertIn("Evnt", errors)

    def test_is_refused_without_the_right_name(self):
        errors = self.failure("rules", name="stranger")
        self.assertRegex(errors.upper(), "UNAVAILABLE")
        wait_for(lambda: '"common_name":"stranger"' in self.pipeline.log("detector"), "the refusal in the log")

    def test_resumes_behind_the_last_alert(self):
        self.resume("position-1", 2)

    def resume(self, token_file, count):
        start = self.alert_flags(token_file=token_file, from_beginning=True, limit=1)
        first = self.pipeline.send_meetings(1)
        # From the beginning: whatever the tests before left, then ours.
        seen = []
        while not seen or self.topics(seen)[-1] != first[0]:
            seen += self.lines("alerts", flags=start)
        ids = [alert["alert_id"] for alert in seen]
        self.assertEqual(len(set(ids)), len(ids))
        # What comes while no client is there, it gets when it is back: all, in order, none again.
        meanwhile = self.pipeline.send_meetings(count)
        self.assertEqual(self.topics(self.lines("alerts", flags=self.alert_flags(token_file=token_file, limit=count))), meanwhile)

    def test_goes_on_through_a_restart_of_the_detector(self):
        self.resume("position-2", 1)
        position = self.read("position-2")
        process = self.client("alerts", flags=self.alert_flags(token_file="position-2", limit=3))
        self.addCleanup(process.kill)
        topics = self.pipeline.send_meetings(1)
        wait_for(lambda: self.read("position-2") != position, "the first alert")
        self.assertEqual(self.pipeline.stop("detector"), 0)
        topics += self.pipeline.send_meetings(1)  # kept by the receiver
        self.pipeline.start("detector")
        topics += self.pipeline.send_meetings(1)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(self.topics(map(json.loads, output.splitlines())), topics, errors)

    def read(self, name):
        with open(self.pipeline.path(name), encoding="utf-8") as file:
            return file.read()
