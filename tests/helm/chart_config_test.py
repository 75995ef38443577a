"""The rendered configuration files, checked by the real programs.

The pods' volumes are laid out below a temporary folder from the rendered manifests, so a file that the configuration names and the pod
does not mount is found too. Certificates are not read by --check-config; the smoke test starts the programs with real ones.
"""
import base64
import os
import re
import subprocess
import tempfile
import unittest

import chart

BIN = os.environ.get("ZOOMWATCH_BIN_DIR") or os.path.join(chart.ROOT, "build", "dev", "bin")


# The ConfigMaps that an operator brings, by name: rules.
EXISTING = {"team-rules": {"one.yaml": "x"}, "team-rules.tuning": {"two.yaml": "x"}}


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
            name = volume["configMap"]["name"]
            files = EXISTING[name] if mount["mountPath"].startswith("/etc/zoomwatch/rules/") else config_maps[name]
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


def config_of(objects, service):
    return chart.load(chart.one(objects, "ConfigMap", service)["data"]["%s.yaml" % service])[0]


class Rules(unittest.TestCase):
    def test_the_rules_of_the_image_by_default(self):
        config = config_of(chart.render(), "detector")
        self.assertEqual(config["rules"]["folders"], [chart.SHIPPED_RULES])
        self.assertEqual(config["rules"]["alert_directory"], "/var/lib/zoomwatch/alerts")
        self.assertEqual(config["delivery"]["json_lines"], {"file": "/var/lib/zoomwatch/rows.jsonl", "alerts_file": "/var/lib/zoomwatch/alerts.jsonl"})

    def test_the_operators_rules_come_last_and_are_mounted_where_they_are_read(self):
        for sets, component in (((), "detector"), (("mode=allInOne", "allInOne.persistence.size=100Gi"), "all-in-one")):
            objects = chart.render("custom-rules", sets=sets)
            folders = config_of(objects, component)["rules"]["folders"]
            self.assertEqual(folders, [chart.SHIPPED_RULES, "/etc/zoomwatch/rules/team-rules", "/etc/zoomwatch/rules/team-rules.tuning"])
            spec = pod_spec(objects, component)
            volumes = {volume["name"]: volume for volume in spec["volumes"]}
            mounted = {mount["mountPath"]: mount for mount in spec["containers"][0]["volumeMounts"]}
            for folder in folders[1:]:
                # Read-only and whole: a mount with subPath never follows a changed ConfigMap.
                self.assertEqual(set(mounted[folder]), {"name", "mountPath", "readOnly"})
                self.assertIs(mounted[folder]["readOnly"], True)
                self.assertEqual(volumes[mounted[folder]["name"]]["configMap"]["name"], os.path.basename(folder))
            self.assertEqual(check_config(objects, component).returncode, 0)

    def test_only_the_operators_rules(self):
        config = config_of(chart.render("custom-rules", sets=("detector.rules.shipped=false",)), "detector")
        self.assertNotIn(chart.SHIPPED_RULES, config["rules"]["folders"])

    def test_the_values_reach_the_program(self):
        rules = config_of(chart.render("custom-rules"), "detector")["rules"]
        self.assertIs(rules["hold_without_history"], True)
        unheld = chart.render("custom-rules", sets=("detector.rules.holdWithoutHistory=false",))
        self.assertIs(config_of(unheld, "detector")["rules"]["hold_without_history"], False)
        self.assertEqual({name: rules[name] for name in ("reload_interval", "settle_time", "max_rule_state_bytes", "alert_retention")},
                         {"reload_interval": "30s", "settle_time": "5s", "max_rule_state_bytes": "128MiB", "alert_retention": "180d"})

    def test_a_wrong_value_is_noticed_by_the_program(self):
        objects = chart.render(sets=("detector.rules.reloadInterval=2h",))
        done = check_config(objects, "detector")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("reload_interval", done.stderr)

    def test_off_leaves_nothing_of_them(self):
        for sets, component in (((), "detector"), (("mode=allInOne",), "all-in-one")):
            objects = chart.render(sets=("detector.rules.enabled=false", *sets))
            config = config_of(objects, component)
            self.assertNotIn("rules", config)
            self.assertNotIn("alerts_file", config["delivery"]["json_lines"])
            self.assertEqual(check_config(objects, component).returncode, 0)


class Api(unittest.TestCase):
    def test_nobody_outside_by_default(self):
        self.assertNotIn("api_client_names", config_of(chart.render(), "detector")["grpc"])
        for sets in ((), ("mode=allInOne",)):
            objects = chart.render(sets=sets)
            self.assertEqual([thing for thing in chart.of_kind(objects, "Service") if not thing["metadata"]["name"].endswith("-headless")
                              and "receiver" not in thing["metadata"]["name"]], [])
        self.assertNotIn("grpc", config_of(chart.render(sets=("mode=allInOne",)), "all-in-one"))

    def test_clients_of_the_detector_put_nothing_in(self):
        grpc = config_of(chart.render("ha"), "detector")["grpc"]
        self.assertEqual(grpc["allowed_client_names"], ["prod-zoomwatch-normalizer.zoomwatch.svc"])
        self.assertEqual(grpc["api_client_names"], ["soc-exporter.soc.svc"])
        self.assertIs(grpc["reflection"], True)

    def test_the_service_has_the_name_of_the_certificate_behind_it(self):
        for scenario, component in (("ha", "detector"), ("all-in-one", "all-in-one")):
            objects = chart.render(scenario)
            name = "prod-zoomwatch-" + component
            (service,) = [thing for thing in chart.of_kind(objects, "Service") if thing["metadata"]["name"] == name]
            self.assertEqual(service["spec"]["selector"]["app.kubernetes.io/component"], component)
            ports = {port["name"]: port["containerPort"] for port in pod_spec(objects, component)["containers"][0]["ports"]}
            self.assertEqual((service["spec"]["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"], ports["grpc"]), (8444, "grpc", 8444))
            self.assertEqual(names_in_certificate(objects, name), ["%s.%s.svc" % (name, chart.NAMESPACE)])

    def test_all_in_one_lets_in_the_clients_with_a_certificate_only(self):
        grpc = config_of(chart.render("all-in-one"), "all-in-one")["grpc"]
        self.assertEqual(grpc, {"listen_address": "0.0.0.0:8444", "allowed_client_names": ["soc-exporter.soc.svc"], "tls": {
            "certificate_file": "/etc/zoomwatch/mtls/tls.crt", "private_key_file": "/etc/zoomwatch/mtls/tls.key",
            "client_ca_file": "/etc/zoomwatch/mtls/ca.crt"}})


def names_in_certificate(objects, name):
    """The DNS names of an identity: what cert-manager is asked for, or what is in the generated certificate."""
    for thing in chart.of_kind(objects, "Certificate"):
        if thing["spec"]["secretName"] == name + "-mtls":
            return thing["spec"]["dnsNames"]
    (secret,) = [thing for thing in chart.of_kind(objects, "Secret") if thing["metadata"]["name"] == name + "-mtls"]
    text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=base64.b64decode(secret["data"]["tls.crt"]),
                          capture_output=True, check=True).stdout.decode()
    return re.findall(r"DNS:([\w.-]+)", text)


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
