"""k8s/rendered is what the chart renders for its scenarios today, and the other files of k8s/ are valid.

    python3 tests/helm/run_test.py tests/k8s/rendered_test.py --update      writes k8s/rendered anew; read the diff before you commit it
"""
import glob
import os
import re
import sys
import unittest

import kubernetes_validate
import yaml

import chart

FOLDER = os.path.join(chart.ROOT, "k8s")
HEADER = "# Written by tests/k8s/rendered_test.py --update from helm/zoomwatch/ci/%s-values.yaml. Not for editing.\n"


def golden_path(scenario):
    return os.path.join(FOLDER, "rendered", scenario + ".yaml")


def golden_text(scenario):
    """The rendered manifests without what is new in every rendering: generated keys and certificates and their time."""
    text = chart.render_text(scenario)
    text = re.sub(r"^(  (?:ca\.crt|tls\.crt|tls\.key): ).+$", r"\1Z2VuZXJhdGVk", text, flags=re.MULTILINE)
    text = re.sub(r'(zoomwatch/issued: )"\d+"', r'\1"0"', text)
    return HEADER % scenario + text


def golden_scenarios():
    return [name for name in chart.scenarios() if name != "default"]


class Rendered(unittest.TestCase):
    maxDiff = 4000

    def test_no_drift(self):
        for name in golden_scenarios():
            with self.subTest(scenario=name):
                with open(golden_path(name), encoding="utf-8") as file:
                    self.assertMultiLineEqual(file.read(), golden_text(name))

    def test_no_file_is_left_over(self):
        self.assertEqual(sorted(glob.glob(os.path.join(FOLDER, "rendered", "*"))),
                         sorted(golden_path(name) for name in golden_scenarios()))


class OtherFiles(unittest.TestCase):
    def test_kubernetes_objects_are_valid(self):
        for path in ("namespace.yaml", "network/default-deny.yaml"):
            with open(os.path.join(FOLDER, path), encoding="utf-8") as file:
                for thing in yaml.safe_load_all(file):
                    for version in ("1.30", kubernetes_validate.latest_version()):
                        kubernetes_validate.validate(thing, version, strict=True)

    def test_the_namespace_enforces_restricted_pods(self):
        with open(os.path.join(FOLDER, "namespace.yaml"), encoding="utf-8") as file:
            labels = yaml.safe_load(file)["metadata"]["labels"]
        for mode in ("enforce", "audit", "warn"):
            self.assertEqual(labels["pod-security.kubernetes.io/" + mode], "restricted")

    def test_the_base_policy_closes_everything(self):
        with open(os.path.join(FOLDER, "network", "default-deny.yaml"), encoding="utf-8") as file:
            spec = yaml.safe_load(file)["spec"]
        self.assertEqual(spec, {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})


if __name__ == "__main__":
    if "--update" in sys.argv:
        os.makedirs(os.path.join(FOLDER, "rendered"), exist_ok=True)
        for scenario in golden_scenarios():
            with open(golden_path(scenario), "w", encoding="utf-8") as golden:
                golden.write(golden_text(scenario))
    else:
        chart.main()
