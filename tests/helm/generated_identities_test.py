"""The identities that the chart generates: a sound chain with the names that the services expect, kept on upgrade, renewed in time.

The chart reads what is in the cluster by helm's lookup; here a server on a port of this machine plays the few parts of the Kubernetes API
that lookup asks for.
"""
import base64
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest

import yaml

import chart

CA = "%s-zoomwatch-mtls-ca" % chart.RELEASE
LEAVES = {service: "%s-zoomwatch-%s-mtls" % (chart.RELEASE, service) for service in chart.SERVICES}
DAY = 86400


KINDS = {
    "v1": {"Secret": "secrets", "ConfigMap": "configmaps", "Service": "services", "ServiceAccount": "serviceaccounts", "Pod": "pods"},
    "apps/v1": {"Deployment": "deployments", "StatefulSet": "statefulsets"},
    "networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
}


class Cluster:
    """Serves discovery and the Secrets that it was given."""

    def __init__(self):
        self.secrets = {}
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                status, body = cluster.answer(self.path.split("?")[0])
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        prefix = "/api/v1/namespaces/%s/secrets/" % chart.NAMESPACE
        if path == "/version":
            return 200, {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": name.split("/")[0], "versions": [{"groupVersion": name, "version": "v1"}],
                 "preferredVersion": {"groupVersion": name, "version": "v1"}} for name in KINDS if "/" in name]}
        for name, kinds in KINDS.items():
            if path == ("/apis/" if "/" in name else "/api/") + name:
                return 200, {"kind": "APIResourceList", "groupVersion": name, "resources": [
                    {"name": plural, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list"]}
                    for kind, plural in kinds.items()]}
        if path.startswith(prefix) and path[len(prefix):] in self.secrets:
            return 200, self.secrets[path[len(prefix):]]
        return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}

    def kubeconfig(self, folder):
        path = os.path.join(folder, "kubeconfig")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "fake",
                            "clusters": [{"name": "fake", "cluster": {"server": "http://127.0.0.1:%d" % self.server.server_port}}],
                            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
                            "users": [{"name": "fake", "user": {}}]}, file)
        return path

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Base(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.kubeconfig = self.cluster.kubeconfig(self.folder)

    def render(self, helm="helm"):
        """Name -> Secret, as an upgrade on the cluster would apply them."""
        text = chart.run_helm(["template", chart.RELEASE, chart.CHART, "--namespace", chart.NAMESPACE, "--dry-run=server",
                               "--kubeconfig", self.kubeconfig, "--disable-openapi-validation", "--is-upgrade", "--show-only", "templates/mtls-generated.yaml"], helm)
        return {thing["metadata"]["name"]: thing for thing in chart.load(text)}

    def install(self):
        secrets = self.render()
        self.cluster.secrets = json.loads(json.dumps(secrets))
        return secrets

    def write(self, name, secret, key):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(base64.b64decode(secret["data"][key]))
        return path


class Chain(Base):
    def openssl(self, *arguments):
        return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)

    def test_every_identity_chains_to_the_authority_and_carries_its_name(self):
        secrets = self.render()
        authority = self.write("ca.pem", secrets[CA], "tls.crt")
        for service, name in LEAVES.items():
            certificate, key = (self.write(service + end, secrets[name], data) for end, data in ((".pem", "tls.crt"), (".key", "tls.key")))
            self.assertEqual(secrets[name]["data"]["ca.crt"], secrets[CA]["data"]["tls.crt"])
            for purpose in ("sslserver", "sslclient"):
                done = self.openssl("verify", "-CAfile", authority, "-purpose", purpose, "-verify_hostname",
                                    "%s-zoomwatch-%s.%s.svc" % (chart.RELEASE, service, chart.NAMESPACE), certificate)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            public = [self.openssl(*arguments).stdout for arguments in (("x509", "-in", certificate, "-noout", "-pubkey"),
                                                                        ("pkey", "-in", key, "-pubout"))]
            self.assertEqual(public[0], public[1])
            text = self.openssl("x509", "-in", certificate, "-noout", "-text").stdout
            self.assertIn("prime256v1", text)
            self.assertIn("CA:FALSE", text)
            # 730 days: valid in 729, not in 731.
            self.assertEqual(self.openssl("x509", "-in", certificate, "-noout", "-checkend", str(729 * DAY)).returncode, 0)
            self.assertEqual(self.openssl("x509", "-in", certificate, "-noout", "-checkend", str(731 * DAY)).returncode, 1)

    def test_no_two_identities_share_a_key(self):
        keys = [secret["data"]["tls.key"] for secret in self.render().values()]
        self.assertEqual(len(set(keys)), 4)

    def test_the_key_of_the_authority_is_mounted_nowhere(self):
        for _, _, spec in chart.pod_templates(chart.render()):
            for volume in spec.get("volumes", []):
                self.assertNotEqual(volume.get("secret", {}).get("secretName"), CA)


class Upgrade(Base):
    def data(self, secrets):
        return {name: secret["data"] for name, secret in secrets.items()}

    def test_an_upgrade_keeps_them(self):
        installed = self.install()
        for helm in chart.HELMS:
            upgraded = self.render(helm)
            self.assertEqual(self.data(upgraded), self.data(installed))
            for name in LEAVES.values():
                self.assertEqual(upgraded[name]["metadata"]["annotations"], installed[name]["metadata"]["annotations"])

    def age(self, name, days):
        self.cluster.secrets[name]["metadata"]["annotations"]["zoomwatch/issued"] = str(int(time.time()) - days * DAY)

    def test_one_in_the_second_half_of_its_life_is_renewed_by_the_same_authority(self):
        installed = self.install()
        self.age(LEAVES["receiver"], 366)
        self.age(LEAVES["detector"], 364)
        upgraded = self.data(self.render())
        self.assertNotEqual(upgraded[LEAVES["receiver"]]["tls.crt"], installed[LEAVES["receiver"]]["data"]["tls.crt"])
        self.assertEqual(upgraded[LEAVES["receiver"]]["ca.crt"], installed[CA]["data"]["tls.crt"])
        self.assertEqual(upgraded[LEAVES["detector"]], installed[LEAVES["detector"]]["data"])
        self.assertEqual(upgraded[CA], installed[CA]["data"])
        certificate = self.write("new.pem", {"data": upgraded[LEAVES["receiver"]]}, "tls.crt")
        authority = self.write("ca.pem", installed[CA], "tls.crt")
        done = subprocess.run(["openssl", "verify", "-CAfile", authority, certificate], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_lost_authority_is_replaced_together_with_all_identities(self):
        installed = self.install()
        del self.cluster.secrets[CA]
        upgraded = self.data(self.render())
        for name, secret in installed.items():
            self.assertNotEqual(upgraded[name]["tls.crt"], secret["data"]["tls.crt"])
        for name in LEAVES.values():
            self.assertEqual(upgraded[name]["ca.crt"], upgraded[CA]["tls.crt"])

    def test_an_identity_of_another_authority_is_replaced(self):
        self.install()
        self.cluster.secrets[LEAVES["normalizer"]]["data"]["ca.crt"] = base64.b64encode(b"another").decode()
        upgraded = self.data(self.render())
        self.assertEqual(upgraded[LEAVES["normalizer"]]["ca.crt"], upgraded[CA]["tls.crt"])


if __name__ == "__main__":
    chart.main()
