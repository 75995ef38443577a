"""Rolling restarts under load lose nothing, double nothing and refuse nobody.

The real programs run as processes, each pod on a loopback address of its own, with the chart's rendered configuration and certificates. A
small TCP proxy plays the Service: it sends new connections to the pods that are ready, and hears of a change a second late. Each restart is
what the kubelet does: the pod is withdrawn, the pre-stop sleep passes, SIGTERM, at most the chart's grace period, then a new process.
"""
import base64
import itertools
import json
import os
import random
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import chart

BIN = os.environ.get("ZOOMWATCH_BIN_DIR") or os.path.join(chart.ROOT, "build", "dev", "bin")
SETS = ("receiver.preStopSleepSeconds=2", "normalizer.preStopSleepSeconds=1", "receiver.drainDeadlineSeconds=10",
        "receiver.config.logging.level=warning", "normalizer.config.logging.level=warning", "detector.config.logging.level=warning")
PROPAGATION_SECONDS = 1
RATE = 100
SECRET = b"a-secret-token-of-this-run"


def chart_objects():
    return chart.render(sets=SETS)


class Pod:
    """One pod as a process."""

    def __init__(self, objects, service, index, address, addresses, folder):
        (self.spec,) = [spec for label, metadata, spec in chart.pod_templates(objects)
                        if metadata["labels"]["app.kubernetes.io/component"] == service]
        self.service, self.name, self.address = service, "%s-%d" % (service, index), address
        self.folder = os.path.join(folder, self.name)
        self.process = None
        self.write_files(objects, addresses)

    def write_files(self, objects, addresses):
        mtls = {thing["metadata"]["name"]: thing["data"] for thing in chart.of_kind(objects, "Secret")}
        files = {"etc/zoomwatch/mtls/" + name: base64.b64decode(value)
                 for name, value in mtls["%s-zoomwatch-%s-mtls" % (chart.RELEASE, self.service)].items()}
        files["etc/zoomwatch/zoom/main/secret-token-1"] = SECRET
        text = chart.one(objects, "ConfigMap", self.service)["data"]["%s.yaml" % self.service]
        text = text.replace(chart.SHIPPED_RULES, chart.RULES)
        for path in ("/etc/", "/var/"):
            text = text.replace(" " + path, " %s%s" % (self.folder, path))
        text = text.replace("0.0.0.0:", self.address + ":")
        for peer, of_peer in addresses.items():
            name = "dns:///%s-zoomwatch-%s-headless.%s.svc:8444" % (chart.RELEASE, peer, chart.NAMESPACE)
            text = text.replace(name, "ipv4:" + ",".join("%s:8444" % address for address in of_peer))
        files["config.yaml"] = text.encode()
        for name, content in files.items():
            path = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        os.makedirs(os.path.join(self.folder, "var/lib/zoomwatch"), exist_ok=True)

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([os.path.join(BIN, "zoomwatch-" + self.service), "--config", "config.yaml"],
                                            cwd=self.folder, stderr=log)
        deadline = time.monotonic() + 30
        while not self.ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError("%s is not ready: %s" % (self.name, self.log()))
            time.sleep(0.05)

    def ready(self):
        try:
            with urllib.request.urlopen("http://%s:9090/readyz" % self.address, timeout=3) as answer:
                return answer.status == 200
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()[-3000:]

    def stop(self):
        """The kubelet's part after the withdrawal; the seconds that the program took."""
        sleep = self.spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        time.sleep(sleep)
        start = time.monotonic()
        self.process.terminate()
        code = self.process.wait(timeout=self.spec["terminationGracePeriodSeconds"] - sleep)
        if code != 0:
            raise AssertionError("%s ended with %d: %s" % (self.name, code, self.log()))
        return time.monotonic() - start

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Service:
    """Sends each new connection to the next of its endpoints."""

    def __init__(self, endpoints):
        self.endpoints = list(endpoints)
        self.turn = itertools.count()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            endpoints = self.endpoints
            server = socket.create_connection((endpoints[next(self.turn) % len(endpoints)], 8443), timeout=3)
            server.settimeout(None)
            threading.Thread(target=self.join, args=(client, server), daemon=True).start()

    def join(self, client, server):
        with client, server:
            back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
            back.start()
            self.copy(client, server)
            back.join()

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:  # reset: a Service passes that on to both
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def withdraw(self, address):
        threading.Timer(PROPAGATION_SECONDS, self.set_without, args=(address,)).start()

    def set_without(self, address):
        self.endpoints = [one for one in self.endpoints if one != address]

    def add(self, address):
        self.endpoints = self.endpoints + [address]

    def close(self):
        self.listener.close()


class RollingRestart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # A network of this run's own keeps the fixed ports apart from everything else on the machine.
        self.network = "127.%d.%d" % (random.randrange(20, 250), random.randrange(1, 250))
        addresses = {"receiver": [self.network + ".11", self.network + ".12"], "normalizer": [self.network + ".21", self.network + ".22"],
                     "detector": [self.network + ".31"]}
        objects = chart_objects()
        self.pods = [Pod(objects, service, i, address, addresses, folder.name) for service in reversed(chart.SERVICES)
                     for i, address in enumerate(addresses[service])]
        for pod in self.pods:
            self.addCleanup(pod.kill)
            pod.start()
        self.service = Service(addresses["receiver"])
        self.addCleanup(self.service.close)
        self.secret = os.path.join(folder.name, "secret")
        with open(self.secret, "wb") as file:
            file.write(SECRET)
        self.detector = self.pods[0]

    def load(self, count):
        return subprocess.Popen([os.path.join(BIN, "zoomwatch"), "send", "--url", "http://127.0.0.1:%d/webhook" % self.service.port,
                                 "--secret-file", self.secret, "--generate", str(count), "--rate", str(RATE), "--concurrency", "8", "--json"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def rows(self):
        path = os.path.join(self.detector.folder, "var/lib/zoomwatch/rows.jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line)["EventId"] for line in file.read().splitlines() if line.endswith("}")]

    def test_of_every_service_loses_doubles_and_refuses_nothing(self):
        count = 15 * RATE  # seconds; the restarts take about 8
        sender = self.load(count)
        self.addCleanup(sender.kill)
        time.sleep(1)
        for pod in reversed(self.pods):  # receivers, normalizers, detector
            if pod.service == "receiver":
                self.service.withdraw(pod.address)
            seconds = pod.stop()
            print("%s stopped in %.2f s" % (pod.name, seconds))
            pod.start()
            if pod.service == "receiver":
                self.service.add(pod.address)
        self.assertIsNone(sender.poll(), "the load ended before the restarts did")
        output, errors = sender.communicate(timeout=120)
        print(output)
        # 0: every webhook was answered 200 within Zoom's 3 s.
        self.assertEqual(sender.returncode, 0, output + errors)
        for _ in range(300):
            if len(self.rows()) >= count:
                break
            time.sleep(0.1)
        found = self.rows()
        self.assertEqual((len(found), len(set(found))), (count, count))


if __name__ == "__main__":
    chart.main()
