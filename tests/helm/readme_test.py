"""The README of the chart: its table of values is that of values.yaml, and its own example of values renders.

    python3 tests/helm/run_test.py tests/helm/readme_test.py --update      writes the table
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

import yaml

import chart

README = os.path.join(chart.CHART, "README.md")
START, END = "<!-- values -->\n", "<!-- /values -->"


def value_rows():
    """(path, default, text) of every value of values.yaml that a "# --" comment describes."""
    with open(os.path.join(chart.CHART, "values.yaml"), encoding="utf-8") as file:
        text = file.read()
    defaults = yaml.safe_load(text)
    path, comment = [], None
    for line in text.splitlines():
        described = re.match(r"^\s*(?:- )?# -- (.*)$", line)
        more = re.match(r"^\s*# (.*)$", line)
        key = re.match(r"^(\s*)(?:- )?([\w-]+):", line)
        if described:
            comment = [described.group(1)]
        elif more and comment is not None:
            comment.append(more.group(1))
        elif key:
            depth = len(key.group(1))
            path = [(d, k) for d, k in path if d < depth] + [(depth, key.group(2))]
            if comment is not None:
                names = [k for _, k in path]
                yield ".".join(names), lookup(defaults, names), " ".join(comment)
            comment = None
        else:
            comment = None


def lookup(values, names):
    for name in names:
        if isinstance(values, list):
            values = values[0]
        values = values[name]
    return values


def table():
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for path, default, text in value_rows():
        shown = json.dumps(default)
        if len(shown) > 60:
            shown = "see values.yaml"
        else:
            shown = "`%s`" % shown
        lines.append("| `%s` | %s | %s |" % (path, shown, text.replace("|", "\\|")))
    return "\n".join(lines) + "\n"


def read_readme():
    with open(README, encoding="utf-8") as file:
        return file.read()


def with_table(text):
    before, rest = text.split(START)
    return before + START + table() + END + rest.split(END)[1]


class Readme(unittest.TestCase):
    maxDiff = 3000

    def test_the_table_is_that_of_the_values(self):
        self.assertMultiLineEqual(read_readme(), with_table(read_readme()))
        self.assertGreater(len(list(value_rows())), 60)

    def test_the_values_of_the_instructions_render(self):
        (example,) = re.findall(r"^ {7}image: .*?(?=\n\n)", read_readme(), re.MULTILINE | re.DOTALL)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(textwrap.dedent(example))
            file.flush()
            objects = chart.load(chart.run_helm(["template", "zoomwatch", chart.CHART, "-n", "zoomwatch", "--values", file.name]))
        self.assertEqual(chart.one(objects, "Ingress")["spec"]["rules"][0]["host"], "zoom.corp.example")
        names = [thing["metadata"]["name"] for thing in chart.of_kind(objects, "StatefulSet")]
        self.assertIn("zoomwatch-receiver", names)

    def test_every_version_of_the_chart_is_in_its_changelog(self):
        with open(os.path.join(chart.CHART, "Chart.yaml"), encoding="utf-8") as file:
            version = yaml.safe_load(file)["version"]
        with open(os.path.join(chart.CHART, "CHANGELOG.md"), encoding="utf-8") as file:
            self.assertIn("\n## %s\n" % version, file.read())


class Notes(unittest.TestCase):
    def notes(self, scenario):
        values = chart.scenarios()[scenario]
        arguments = ["install", chart.RELEASE, chart.CHART, "--namespace", chart.NAMESPACE, "--dry-run=client"]
        done = subprocess.run([os.path.join(chart.TOOLS, "helm"), *arguments] + (["--values", values] if values else []),
                              capture_output=True, text=True, check=False, env=dict(os.environ, KUBECONFIG="/nonexistent"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("NOTES:\n", 1)[1]

    def test_they_name_the_secret_and_the_address(self):
        self.assertIn("main: Secret zoomwatch-zoom, key token", self.notes("default"))
        self.assertIn("webhook.hostname is not set", self.notes("default"))
        text = self.notes("ha")
        self.assertIn("API at prod-zoomwatch-detector.zoomwatch.svc:8444: soc-exporter.soc.svc", text)
        self.assertIn("API at prod-zoomwatch-all-in-one.zoomwatch.svc:8444: soc-exporter.soc.svc", self.notes("all-in-one"))
        self.assertIn("https://zoom.corp.example/webhook\n", text)
        self.assertIn("https://zoom.corp.example/webhook/amer\n", text)
        self.assertIn("zoomwatch send --url https://zoom.corp.example/webhook", self.notes("external-secrets"))


if __name__ == "__main__":
    if "--update" in sys.argv:
        updated = with_table(read_readme())
        with open(README, "w", encoding="utf-8") as readme:
            readme.write(updated)
    else:
        chart.main()
