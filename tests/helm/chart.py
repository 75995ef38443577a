"""Renders the chart for the tests beside this file. Every scenario is a file of helm/zoomwatch/ci, and "default" is no file at all."""
import functools
import glob
import os
import subprocess
import unittest

import yaml

ROOT = os.environ.get("ZOOMWATCH_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHART = os.path.join(ROOT, "helm", "zoomwatch")
TOOLS = os.path.join(ROOT, "build", "tools", "bin")
SERVICES = ("receiver", "normalizer", "detector")
# Both major versions of helm are in use; they differ in their schema validator and their YAML reader.
HELMS = ("helm", "helm3")
# Where scripts/assemble-image lays the rules of the repository, and where they are here.
SHIPPED_RULES = "/usr/share/zoomwatch/rules"
RULES = os.path.join(ROOT, "rules")
RELEASE, NAMESPACE = "prod", "zoomwatch"


class Failed(Exception):
    """helm refused; the text is what it printed."""


def run_helm(arguments, helm="helm"):
    done = subprocess.run([os.path.join(TOOLS, helm), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stdout + done.stderr)
    return done.stdout


def scenarios():
    """Name -> values file or None."""
    found = {"default": None}
    for path in sorted(glob.glob(os.path.join(CHART, "ci", "*-values.yaml"))):
        found[os.path.basename(path)[:-len("-values.yaml")]] = path
    return found


@functools.lru_cache(maxsize=None)
def render_text(scenario="default", helm="helm", sets=()):
    """The rendered manifests; `sets` are arguments of --set."""
    arguments = ["template", RELEASE, CHART, "--namespace", NAMESPACE]
    values = scenarios()[scenario]
    if values:
        arguments += ["--values", values]
    for one in sets:
        arguments += ["--set", one]
    return run_helm(arguments, helm)


class _UniqueKeyLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice in a mapping: YAML readers disagree about which one counts."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = {str(key) for key in keys if keys.count(key) > 1}
        if repeated:
            raise yaml.constructor.ConstructorError(None, None, "keys stand twice: %s" % ", ".join(sorted(repeated)), node.start_mark)
        return super().construct_mapping(node, deep)


def load(text):
    return [document for document in yaml.load_all(text, Loader=_UniqueKeyLoader) if document]


def render(scenario="default", helm="helm", sets=()):
    """The rendered objects."""
    return load(render_text(scenario, helm, tuple(sets)))


def services_of(objects):
    """The services that the objects run, each as a workload of its own."""
    found = {thing["metadata"]["labels"]["app.kubernetes.io/component"] for thing in objects
             if thing["kind"] in ("Deployment", "StatefulSet")}
    return [name for name in SERVICES + ("all-in-one",) if name in found]


def of_kind(objects, kind):
    return [thing for thing in objects if thing["kind"] == kind]


def one(objects, kind, component=None):
    """The only object of a kind, or of a kind and service."""
    found = [thing for thing in of_kind(objects, kind)
             if component is None or thing["metadata"].get("labels", {}).get("app.kubernetes.io/component") == component]
    if len(found) != 1:
        raise AssertionError("%d objects of kind %s of %s" % (len(found), kind, component))
    return found[0]


def label_of(thing):
    return "%s/%s" % (thing["kind"], thing["metadata"]["name"])


def pod_templates(objects):
    """(name of the object, its labels, the pod's metadata, the pod's spec) of everything that makes a pod."""
    for thing in objects:
        if thing["kind"] == "Pod":
            yield label_of(thing), thing["metadata"], thing["spec"]
        elif thing["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
            template = thing["spec"]["template"]
            yield label_of(thing), template["metadata"], template["spec"]
        elif thing["kind"] == "CronJob":
            template = thing["spec"]["jobTemplate"]["spec"]["template"]
            yield label_of(thing), template["metadata"], template["spec"]


def main():
    unittest.main(verbosity=2)
