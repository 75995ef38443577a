"""Rules in ConfigMaps take force in the running detector, and what is wrong with them does not.

The real detector runs with the chart's rendered configuration and certificates. A folder that changes as the kubelet changes a mounted
ConfigMap (files are links into a hidden folder, which is replaced in one step) plays the ConfigMaps of the operator.
"""
import glob
import os
import random
import re
import shutil
import tempfile
import time
import unittest
import urllib.request

import chart
import rolling_restart_test

SETS = ("detector.rules.reloadInterval=1s", "detector.config.logging.level=warning")
RULE = """
id: 7d0d4bb2-93c1-4c0f-8f0d-5a1d3d0c2e11
name: Any meeting
kind: NRT
version: 1.0.0
severity: Low
description: For this test.
requiredDataConnectors: []
tactics: [InitialAccess]
relevantTechniques: [T1078]
query: ZoomLogs | where Event == "meeting.started"
"""


def shipped(name="*"):
    return [path for path in glob.glob(os.path.join(chart.RULES, "**", name + ".yaml"), recursive=True) if not path.endswith(".test.yaml")]


def project(folder, files):
    """Makes a mounted ConfigMap of these files, or changes it to them, in the kubelet's steps."""
    os.makedirs(folder, exist_ok=True)
    data, old = os.path.join(folder, "..data"), None
    if os.path.islink(data):
        old = os.path.join(folder, os.readlink(data))
    new = tempfile.mkdtemp(prefix="..", dir=folder)
    for name, text in files.items():
        with open(os.path.join(new, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.symlink(os.path.basename(new), data + "_tmp")
    os.replace(data + "_tmp", data)
    for name in files:
        if not os.path.islink(os.path.join(folder, name)):
            os.symlink(os.path.join("..data", name), os.path.join(folder, name))
    for name in os.listdir(folder):
        if not name.startswith("..") and name not in files:
            os.remove(os.path.join(folder, name))
    if old:
        shutil.rmtree(old)


class RulesReload(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.address = "127.%d.%d.%d" % tuple(random.randrange(20, 250) for _ in range(3))
        objects = chart.render("custom-rules", sets=SETS)
        self.pod = rolling_restart_test.Pod(objects, "detector", 0, self.address, {"detector": [self.address]}, folder.name)
        self.mine = {name: os.path.join(self.pod.folder, "etc/zoomwatch/rules", name) for name in ("team-rules", "team-rules.tuning")}
        for mounted in self.mine.values():
            project(mounted, {})
        self.addCleanup(self.pod.kill)

    def states(self):
        """State -> number of rules, as measured now."""
        with urllib.request.urlopen("http://%s:9090/metrics" % self.address, timeout=5) as answer:
            found = re.findall(r'^zoomwatch_detector_rules\{state="(\w+)"\} (\d+)$', answer.read().decode(), re.MULTILINE)
        states = {state: int(count) for state, count in found}
        states["running"] += states.pop("warming_up")  # they run, and hold their alerts until the history is known
        return states

    def become(self, running, refused):
        wanted = {"running": running, "failed": 0, "refused": refused}
        for _ in range(150):
            if self.states() == wanted:
                return
            time.sleep(0.1)
        self.assertEqual(self.states(), wanted, self.pod.log())

    def test_without_a_restart(self):
        count = len(shipped())
        self.assertGreater(count, 20)
        project(self.mine["team-rules"], {"any-meeting.yaml": RULE})
        self.pod.start()
        self.become(count + 1, 0)

        # One of the image's, switched off by the same id in a later folder.
        (path,) = shipped("room-high-cpu")
        with open(path, encoding="utf-8") as file:
            silenced = file.read() + "\nenabled: false\n"
        project(self.mine["team-rules.tuning"], {"silenced.yaml": silenced})
        self.become(count, 0)

        # An error: the rule that the file held goes on, and so does everything else.
        project(self.mine["team-rules"], {"any-meeting.yaml": RULE.replace("| where", "| were")})
        self.become(count, 1)
        self.assertIn("any-meeting.yaml", self.pod.log())
        project(self.mine["team-rules"], {"any-meeting.yaml": RULE})
        self.become(count, 0)

        project(self.mine["team-rules"], {})
        project(self.mine["team-rules.tuning"], {})
        self.become(count, 0)
        project(self.mine["team-rules"], {"any-meeting.yaml": RULE, "any-meeting.test.yaml": "not a rule"})
        self.become(count + 1, 0)
        self.pod.stop()


if __name__ == "__main__":
    chart.main()
