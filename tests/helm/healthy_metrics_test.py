"""No alert fires on what the real programs measure while all is well, and some do when it is not.

The pipeline runs in one process with traffic that production sees, forgeries and repeats among it. What it serves at /metrics, held for
eight hours, is what promtool evaluates the alerts on.
"""
import os
import random
import re
import subprocess
import tempfile
import time
import unittest
import urllib.request

import yaml

import chart
import monitoring_test

BIN = os.environ.get("ZOOMWATCH_BIN_DIR") or os.path.join(chart.ROOT, "build", "dev", "bin")
PROGRAM = os.path.join(BIN, "zoomwatch")


def get(address, path):
    with urllib.request.urlopen("http://%s:9090%s" % (address, path), timeout=5) as answer:
        return answer.read().decode()


def wait_for(condition):
    for _ in range(200):
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("did not happen within 20 s")


def measured():
    """/metrics of a pipeline that did its work."""
    address = "127.%d.%d.%d" % tuple(random.randrange(20, 250) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        example = subprocess.run([PROGRAM, "run", "--print-example-config"], capture_output=True, text=True, check=True).stdout
        with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as file:
            config = yaml.safe_load(example.replace("127.0.0.1", address))
            config["delivery"]["json_lines"]["alerts_file"] = "zoom-alerts.jsonl"
            config["rules"] = {"folders": [chart.RULES], "alert_directory": "zoom-alerts"}
            yaml.safe_dump(config, file)
        with open(os.path.join(folder, "zoom-secret-token"), "w", encoding="utf-8") as file:
            file.write("a-secret-token-of-this-run")
        with subprocess.Popen([PROGRAM, "run", "--config", "config.yaml"], cwd=folder, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(lambda: get(address, "/readyz"))
                subprocess.run([PROGRAM, "send", "--url", "http://%s:8080/webhook" % address, "--secret-file", "zoom-secret-token", "--challenge",
                                "--generate", "200", "--duplicate", "0.1", "--replay", "2", "--forged", "1", "--not-json", "1"],
                               cwd=folder, check=True, stdout=subprocess.DEVNULL)
                wait_for(lambda: re.search(r"^zoomwatch_detector_log_pending_events 0$", get(address, "/metrics"), re.MULTILINE))
                wait_for(lambda: re.search(r"^zoomwatch_detector_rule_pending_events 0$", get(address, "/metrics"), re.MULTILINE))
                return get(address, "/metrics")
            finally:
                process.terminate()


def series_of(text):
    """Prometheus' text as promtool's series, each held at its value."""
    found = {'up{component="all-in-one",pod="a-0"}': "1x480"}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = name.replace("{", '{pod="a-0",', 1) if "{" in name else name + '{pod="a-0"}'
            found[name] = "%s+0x480" % value
    return found


def firing(series):
    """Names of the alerts that fire after eight hours."""
    names = sorted(monitoring_test.alerts())
    case = {
        "interval": "1m",
        "input_series": [{"series": monitoring_test.with_job(name), "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": 'count(ALERTS{alertname="%s",alertstate="firing"}) or vector(0)' % name, "eval_time": "480m",
                              "exp_samples": [{"labels": "{}", "value": 0}]} for name in names],
    }
    with tempfile.TemporaryDirectory() as folder:
        monitoring_test.write(folder, "rules.yaml", monitoring_test.rules())
        monitoring_test.write(folder, "cases.yaml", {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]})
        done = monitoring_test.promtool(["test", "rules", "cases.yaml"], folder)
    output = done.stdout + done.stderr
    found = re.findall(r'alertname=\\"(\w+)\\"', output)
    if bool(found) != (done.returncode != 0):
        raise AssertionError(output)
    return found


class Healthy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.series = series_of(measured())

    def test_no_alert_fires(self):
        self.assertGreater(len(self.series), 150)
        self.assertEqual(firing(self.series), [])

    def test_a_certificate_that_ends_is_seen(self):
        changed = dict(self.series)
        changed['zoomwatch_http_tls_certificate_not_after_seconds{pod="a-0",port="webhook"}'] = "86400+0x480"
        self.assertEqual(firing(changed), ["ZoomwatchCertificateExpires"])

    def test_a_rule_that_failed_is_seen(self):
        failed = 'zoomwatch_detector_rules{pod="a-0",state="failed"}'
        self.assertIn(failed, self.series)
        self.assertEqual(firing(dict(self.series, **{failed: "1+0x480"})), ["ZoomwatchRuleFailed"])

    def test_every_metric_of_the_alerts_is_served(self):
        # What exists only after it happened for the first time: labels of what went wrong.
        later = {"zoomwatch_receiver_secret_reloads_total", "zoomwatch_detector_log_refused_batches_total",
                 "zoomwatch_detector_rule_skipped_events_total"}
        served = {name.split("{")[0] for name in self.series}
        for name, rule in monitoring_test.alerts().items():
            for metric, _ in monitoring_test.used_metrics(rule["expr"]):
                if metric not in later and metric not in monitoring_test.FOREIGN:
                    self.assertIn(metric, served, name)

    def test_the_labels_that_the_alerts_ask_for_are_served(self):
        happens_later = {'status="503"', 'result="failed"'}
        text = yaml.safe_dump(list(self.series))
        for name, rule in monitoring_test.alerts().items():
            for matcher in re.findall(r'\b((?:port|status|result|outcome|place|state|table)="\w+")', rule["expr"]):
                if matcher not in happens_later:
                    self.assertIn(matcher, text, name)


if __name__ == "__main__":
    chart.main()
