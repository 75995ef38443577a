"""Alerts and dashboard: valid, firing when they should and not when they should not, built on metrics that exist, each with a runbook."""
import json
import os
import re
import subprocess
import tempfile
import unittest

import yaml

import chart

JOB = "%s/%s-zoomwatch" % (chart.NAMESPACE, chart.RELEASE)
# What others than our services measure.
FOREIGN = {"up": {"component", "pod"},
           "kubelet_volume_stats_available_bytes": {"namespace", "persistentvolumeclaim"},
           "kubelet_volume_stats_capacity_bytes": {"namespace", "persistentvolumeclaim"}}
# Labels that the scrape adds to ours.
SCRAPE_LABELS = {"job", "component", "pod", "le"}


def rules():
    return chart.one(chart.render("ha"), "PrometheusRule")["spec"]


def alerts():
    return {rule["alert"]: rule for group in rules()["groups"] for rule in group["rules"]}


def cases():
    with open(os.path.join(chart.ROOT, "tests", "helm", "alert_cases.yaml"), encoding="utf-8") as file:
        return yaml.safe_load(file)


def metrics():
    """Name -> labels, of docs/metrics.md; a histogram has the names of its series."""
    found = dict(FOREIGN)
    with open(os.path.join(chart.ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", file.read(), re.MULTILINE):
            own = set(re.findall(r"`(\w+)`", labels))
            for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
                found[name + suffix] = own
    return found


def promtool(arguments, folder):
    return subprocess.run([os.path.join(chart.TOOLS, "promtool"), *arguments], capture_output=True, text=True, check=False, cwd=folder)


def write(folder, name, content):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        yaml.safe_dump(content, file, sort_keys=False)


def with_job(series):
    if "{" not in series:
        return '%s{job="%s"}' % (series, JOB)
    return series.replace("{", '{job="%s",' % JOB, 1)


def as_promtool_test(alert, case):
    return {
        "name": "%s: %s" % (alert, case["case"]),
        "interval": "1m",
        "input_series": [{"series": with_job(series), "values": values} for series, values in case["series"].items()],
        "promql_expr_test": [{
            "expr": 'count(ALERTS{alertname="%s",alertstate="firing"}) or vector(0)' % alert,
            "eval_time": case["at"],
            "exp_samples": [{"labels": "{}", "value": case["firing"]}],
        }],
    }


def run_cases(changed_rules, table):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "rules.yaml", changed_rules)
        tests = [as_promtool_test(alert, case) for alert, of_alert in table.items() for case in of_alert]
        write(folder, "cases.yaml", {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests})
        return promtool(["test", "rules", "cases.yaml"], folder)


class Alerts(unittest.TestCase):
    def test_promtool_accepts_the_rules(self):
        with tempfile.TemporaryDirectory() as folder:
            write(folder, "rules.yaml", rules())
            done = promtool(["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"], folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_has_a_firing_and_a_quiet_case(self):
        table = cases()
        self.assertEqual(set(table), set(alerts()))
        for alert, of_alert in table.items():
            firing = [case["firing"] for case in of_alert]
            self.assertTrue(any(firing) and not all(firing), alert)

    def test_the_cases_hold(self):
        done = run_cases(rules(), cases())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_case_that_does_not_hold_is_noticed(self):
        changed = rules()
        changed["groups"][0]["rules"][0]["for"] = "1h"
        self.assertNotEqual(run_cases(changed, {"ZoomwatchReceiverDown": cases()["ZoomwatchReceiverDown"]}).returncode, 0)

    def test_every_alert_has_a_runbook_section(self):
        with open(os.path.join(chart.ROOT, "docs", "operations.md"), encoding="utf-8") as file:
            titles = re.findall(r"^### (\w+)$", file.read(), re.MULTILINE)
        named = [title for title in titles if title.startswith("Zoomwatch")]
        self.assertEqual(sorted(named), sorted(alerts()))
        for name, rule in alerts().items():
            self.assertTrue(rule["annotations"]["runbook_url"].endswith("#" + name.lower()))
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
            self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"])

    def test_nothing_is_left_to_be_replaced(self):
        for name, rule in alerts().items():
            self.assertNotIn("${", json.dumps(rule), name)
        self.assertIn("0.8 * 42949672960", alerts()["ZoomwatchSpoolNearlyFull"]["expr"])


def dashboard():
    (config_map,) = [thing for thing in chart.of_kind(chart.render("ha"), "ConfigMap") if "zoomwatch.json" in thing["data"]]
    return json.loads(config_map["data"]["zoomwatch.json"])


def queries():
    """Every PromQL expression of ours: (where, text)."""
    for name, rule in alerts().items():
        yield name, rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def used_metrics(expression):
    """(metric, labels of its matchers) in an expression."""
    return [(name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))) for name, matchers in
            re.findall(r"\b((?:zoomwatch|kubelet)_\w+|up)\b(?:\{([^}]*)\})?", expression)]


class Metrics(unittest.TestCase):
    def test_queries_use_only_metrics_and_labels_that_exist(self):
        known = metrics()
        self.assertGreater(len(known), 40)
        for where, expression in queries():
            for name, labels in used_metrics(expression):
                with self.subTest(where=where, metric=name):
                    self.assertIn(name, known)
                    self.assertLessEqual(labels, known[name] | SCRAPE_LABELS)

    def test_grouping_uses_only_labels_that_exist(self):
        known = metrics()
        for where, expression in queries():
            groups = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
            labels = SCRAPE_LABELS.union(*(known[name] for name, _ in used_metrics(expression)))
            self.assertLessEqual(groups, labels, where)

    def test_every_query_of_ours_is_of_one_release(self):
        for where, expression in queries():
            for name, labels in used_metrics(expression):
                self.assertTrue({"job", "namespace"} & labels, "%s: %s" % (where, name))

    def test_rates_are_of_counters_only(self):
        for where, expression in queries():
            for name in re.findall(r"(?:rate|increase)\((\w+)", expression):
                self.assertRegex(name, r"_(total|bucket|count|sum)$", where)


class Dashboard(unittest.TestCase):
    def test_panels_do_not_overlap_and_have_units(self):
        taken = {}
        for panel in dashboard()["panels"]:
            place = panel["gridPos"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken[x, y] = panel["title"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            if panel["type"] != "row":
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
        ids = [panel["id"] for panel in dashboard()["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_queries_are_valid(self):
        exprs = [target["expr"].replace("$__rate_interval", "5m") for panel in dashboard()["panels"] for target in panel.get("targets", [])]
        with tempfile.TemporaryDirectory() as folder:
            write(folder, "rules.yaml", {"groups": [{"name": "d", "rules": [
                {"record": "panel:%d" % i, "expr": expr} for i, expr in enumerate(exprs)]}]})
            done = promtool(["check", "rules", "rules.yaml"], folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Scrape(unittest.TestCase):
    def test_the_monitor_selects_every_service_on_its_admin_port(self):
        objects = chart.render("ha")
        spec = chart.one(objects, "PodMonitor")["spec"]
        (components,) = [e["values"] for e in spec["selector"]["matchExpressions"]]
        self.assertEqual(components, [*chart.SERVICES, "all-in-one"])
        for label, metadata, pod in chart.pod_templates(objects):
            if label.startswith("Pod/"):  # helm test
                continue
            self.assertLessEqual(spec["selector"]["matchLabels"].items(), metadata["labels"].items())
            self.assertIn(spec["podMetricsEndpoints"][0]["port"], [port["name"] for port in pod["containers"][0]["ports"]])

    def test_off_by_default(self):
        kinds = {thing["kind"] for thing in chart.render()}
        self.assertEqual(kinds & {"PodMonitor", "PrometheusRule"}, set())


if __name__ == "__main__":
    chart.main()
