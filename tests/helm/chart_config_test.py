"""The rendered configuration files, checked by the real programs.

The pods' volumes are laid out below a temporary folder from the rendered manifests, so a file that the configuration names and the pod
does not mount is found too. Certificates are not read by --check-config; the smoke test starts the programs with real ones.
"""
import os
import subprocess
import tempfile
import unittest

import chart

BIN = os.environ.get("ZOOMWATCH_BIN_DIR") or os.path.join(chart.ROOT, "build", "dev", "bin")


def program(service):
    return [os.path.join(BIN, "zoomwatch")] if service == "all-in-one" else [os.path.join(BIN, "zoomwatch-" + service)]


def lay_out(root, objects, spec):
    """Makes the files that the pod would see under `root`; a secret's content is its name."""
    config_maps = {thing["metadata"]["name"]: thing["data"] for thing in chart.of_kind(objects, "ConfigMap")}
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for mount in spec["containers"][0]["volumeMounts"]:
        folder = root + mount["mountPath"]
        volume = volumes.get(mount["name"], {})
        files = {}
        if "configMap" in volume:
            files = config_maps[volume["configMap"]["name"]]
        elif "secret" in volume:
            names = ["tls.crt", "tls.key", "ca.crt"] if mount["name"] == "mtls" else ["tls.crt", "tls.key"]
            files = {item["path"]: "placeholder" for item in volume["secret"].get("items", [])} or {name: "placeholder" for name in names}
        elif "projected" in volume:
            for source in volume["projected"]["sources"]:
                for item in source["secret"]["items"] if "secret" in source else [source["serviceAccountToken"]]:
                    files[item["path"]] = "secret-of-" + item["path"]
        os.makedirs(folder, exist_ok=True)
        for name, content in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)


def pod_spec(objects, service):
    (spec,) = [spec for _, metadata, spec in chart.pod_templates(objects)
               if metadata["labels"].get("app.kubernetes.io/component") == service]
    return spec


def check_config(objects, service):
    """The program's answer to the pod's own arguments and files."""
    spec = pod_spec(objects, service)
    with tempfile.TemporaryDirectory() as root:
        lay_out(root, objects, spec)
        *command, argument = spec["containers"][0]["args"]
        path = root + argument.removeprefix("--config=")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        # Absolute paths of the pod, moved below the temporary folder.
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(": /etc/", ": %s/etc/" % root).replace("- /etc/", "- %s/etc/" % root)
                       .replace(": /var/", ": %s/var/" % root))
        return subprocess.run([*program(service), *command, "--config", path, "--check-config"], capture_output=True, text=True, check=False)


class Config(unittest.TestCase):
    def test_the_programs_accept_every_scenario(self):
        for helm in chart.HELMS:
            for name in chart.scenarios():
                for service in chart.services_of(chart.render(name)):
                    with self.subTest(helm=helm, scenario=name, service=service):
                        done = check_config(chart.render(name, helm), service)
                        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_wrong_file_is_noticed(self):
        objects = chart.render()
        config = chart.one(objects, "ConfigMap", "receiver")
        text = config["data"]["receiver.yaml"]
        config["data"]["receiver.yaml"] = text.replace("/etc/zoomwatch/zoom/main/", "/etc/zoomwatch/zoom/other/")
        self.assertNotEqual(check_config(objects, "receiver").returncode, 0)
        config["data"]["receiver.yaml"] = text + "unknown_option: 1\n"
        done = check_config(objects, "receiver")
        self.assertIn("CONFIG_UNKNOWN_KEY", done.stderr)
        config["data"]["receiver.yaml"] = text
        self.assertEqual(check_config(objects, "receiver").returncode, 0)

    def test_large_numbers_are_written_whole(self):
        text = chart.one(chart.render("ha"), "ConfigMap", "receiver")["data"]["receiver.yaml"]
        self.assertIn("max_items: 50000000\n", text)


class Identities(unittest.TestCase):
    def test_each_service_lets_in_exactly_its_caller_by_the_name_in_its_certificate(self):
        for name in chart.scenarios():
            objects = chart.render(name)
            if chart.services_of(objects) == ["all-in-one"]:
                continue
            config = {s: chart.load(chart.one(objects, "ConfigMap", s)["data"]["%s.yaml" % s])[0] for s in chart.SERVICES}
            prefix = "zw" if name == "ingress" else "prod-zoomwatch"
            names = {s: "%s-%s.%s.svc" % (prefix, s, chart.NAMESPACE) for s in chart.SERVICES}
            self.assertEqual(config["normalizer"]["grpc"]["allowed_client_names"], [names["receiver"]])
            self.assertEqual(config["detector"]["grpc"]["allowed_client_names"], [names["normalizer"]])
            self.assertEqual(config["receiver"]["normalizer"]["tls"]["server_name"], names["normalizer"])
            self.assertEqual(config["normalizer"]["detector"]["tls"]["server_name"], names["detector"])
            dns_names = {c["spec"]["secretName"]: c["spec"].get("dnsNames") for c in chart.of_kind(objects, "Certificate")}
            for service in chart.SERVICES:
                secret = "%s-%s-mtls" % (prefix, service)
                if secret in dns_names:
                    self.assertEqual(dns_names[secret], [names[service]])


if __name__ == "__main__":
    chart.main()
