"""The grpcurl commands of docs/api.md, as printed there, against a real detector with mutual TLS."""
import json
import os
import re
import subprocess
import unittest

import pipeline

# What marks a command of the page -> what its output must match.
EXPECTED = {
    " list": r"zoomwatch\.alert\.v1\.AlertService\n(.*\n)*zoomwatch\.hunt\.v1\.HuntService\n(.*\n)*zoomwatch\.rule\.v1\.RuleService",
    " describe": r"rpc SubscribeAlerts",
    "RuleService/ListRules": r'"name": "Any meeting"',
    "RuleService/ExplainRule": r'"plan"',
    "AlertService/ListAlerts": r'"Topic": "meeting 0"',
    "AlertService/SubscribeAlerts": r'"Topic": "meeting 0"(.*\n)*.*"resume_token"',
    "HuntService/Hunt": r'"text_value": "meeting\.started"(.*\n)*.*"long_value": "2"(.*\n)*.*"summary"',
    "LedgerService/GetLedger": r'"account_name": "main"',
}


def commands():
    with open(os.path.join(pipeline.ROOT, "docs", "api.md"), encoding="utf-8") as file:
        return re.findall(r"^    (grpcurl (?:.*\\\n)*.*)$", file.read(), re.MULTILINE)


class Grpcurl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pipeline = pipeline.Pipeline()
        cls.addClassCleanup(cls.pipeline.close)
        cls.pipeline.send_meetings(2)
        for theirs, ours in (("ca.crt", "ca.pem"), ("tls.crt", "soc.pem"), ("tls.key", "soc.key")):
            os.symlink(cls.pipeline.path(ours), cls.pipeline.path(theirs))
        cls.environment = dict(os.environ, PATH=os.path.join(pipeline.TOOLS, "bin") + ":" + os.environ["PATH"], DETECTOR=cls.pipeline.address,
                               NAME="localhost", RULE=pipeline.RULE_ID)
        pipeline.wait_for(lambda: cls.alerts() >= 2, "the alerts")

    @classmethod
    def alerts(cls):
        path = cls.pipeline.path("alerts.jsonl")
        if not os.path.exists(path):
            return 0
        with open(path, encoding="utf-8") as file:
            return len([json.loads(line) for line in file.read().splitlines()])

    def test_each_does_what_the_page_says(self):
        used = set()
        for command in commands():
            (mark,) = [mark for mark in EXPECTED if mark in command]
            used.add(mark)
            with self.subTest(command=command):
                done = subprocess.run(["bash", "-c", command], cwd=self.pipeline.folder, env=self.environment, capture_output=True, text=True,
                                      timeout=60, check=False)
                self.assertRegex(done.stdout, EXPECTED[mark], done.stderr)
                # The one that has no end was ended by its own -max-time: DEADLINE_EXCEEDED.
                self.assertEqual(done.returncode, 64 + 4 if "-max-time" in command else 0, done.stderr)
        self.assertEqual(used, set(EXPECTED))


if __name__ == "__main__":
    pipeline.skip_without_tools()
    unittest.main(verbosity=2)
