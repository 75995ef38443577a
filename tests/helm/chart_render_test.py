"""What the chart renders: every scenario with both versions of helm, and what must hold of the objects."""
import glob
import os
import re
import tempfile
import unittest

import yaml

import chart


class Lint(unittest.TestCase):
    def test_lint_strict_of_every_scenario(self):
        for helm in chart.HELMS:
            for name, values in chart.scenarios().items():
                with self.subTest(helm=helm, scenario=name):
                    chart.run_helm(["lint", "--strict", chart.CHART] + (["--values", values] if values else []), helm)


class Package(unittest.TestCase):
    def test_the_packaged_chart_renders_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            chart.run_helm(["package", chart.CHART, "--destination", folder])
            (package,) = glob.glob(os.path.join(folder, "zoomwatch-*.tgz"))
            text = chart.run_helm(["template", chart.RELEASE, package, "--namespace", chart.NAMESPACE, "--values", chart.scenarios()["ha"]])
        self.assertEqual(text, chart.render_text("ha"))

    def test_the_version_of_the_programs_is_that_of_the_project(self):
        with open(os.path.join(chart.ROOT, "CMakeLists.txt"), encoding="utf-8") as file:
            version = re.search(r"^project\(zoomwatch VERSION ([\d.]+)", file.read(), re.MULTILINE).group(1)
        with open(os.path.join(chart.CHART, "Chart.yaml"), encoding="utf-8") as file:
            self.assertEqual(yaml.safe_load(file)["appVersion"], version)


class Render(unittest.TestCase):
    def test_both_versions_of_helm_render_the_same(self):
        def without_generated(objects):
            return [thing for thing in objects if thing["kind"] != "Secret"]
        for name in chart.scenarios():
            with self.subTest(scenario=name):
                self.assertEqual(without_generated(chart.render(name, "helm")), without_generated(chart.render(name, "helm3")))

    def test_every_object_is_in_the_namespace_and_labelled(self):
        for name in chart.scenarios():
            for thing in chart.render(name):
                with self.subTest(scenario=name, object=chart.label_of(thing)):
                    self.assertEqual(thing["metadata"]["namespace"], chart.NAMESPACE)
                    labels = thing["metadata"]["labels"]
                    self.assertEqual(labels["app.kubernetes.io/instance"], chart.RELEASE)
                    self.assertEqual(labels["app.kubernetes.io/part-of"], "zoomwatch")

    def test_names_are_unique_and_short_enough(self):
        for name in chart.scenarios():
            labels = [chart.label_of(thing) for thing in chart.render(name)]
            self.assertEqual(len(labels), len(set(labels)), name)
        long = chart.load(chart.run_helm(["template", "a" * 53, chart.CHART, "--namespace", "n" * 63]))
        for thing in long:
            limit = 63 if thing["kind"] in ("Service", "StatefulSet") else 253
            self.assertLessEqual(len(thing["metadata"]["name"]), limit, chart.label_of(thing))
            for value in thing["metadata"]["labels"].values():
                self.assertLessEqual(len(value), 63)

    def test_selectors_of_services_name_pods_with_that_port(self):
        for name in chart.scenarios():
            objects = chart.render(name)
            pods = list(chart.pod_templates(objects))
            for service in chart.of_kind(objects, "Service"):
                with self.subTest(scenario=name, service=service["metadata"]["name"]):
                    chosen = [spec for _, metadata, spec in pods
                              if service["spec"]["selector"].items() <= metadata["labels"].items()]
                    self.assertEqual(len(chosen), 1)
                    names = {port["name"] for port in chosen[0]["containers"][0]["ports"]}
                    for port in service["spec"]["ports"]:
                        self.assertIn(port["targetPort"], names)

    def test_no_secret_is_in_the_objects_but_the_generated_identities(self):
        for name in chart.scenarios():
            secrets = chart.of_kind(chart.render(name), "Secret")
            for secret in secrets:
                self.assertRegex(secret["metadata"]["name"], r"-mtls(-ca)?$")
            if name in ("ha", "ingress", "external-secrets"):  # identities by others
                self.assertEqual(secrets, [])


class Detector(unittest.TestCase):
    def test_one_writer_whatever_the_scenario(self):
        for name in chart.scenarios():
            stateful = chart.one(chart.render(name), "StatefulSet", chart.services_of(chart.render(name))[-1])
            self.assertEqual(stateful["spec"]["replicas"], 1)
            self.assertEqual(stateful["spec"]["podManagementPolicy"], "OrderedReady")
            # RollingUpdate of a StatefulSet deletes the old pod before it makes the new one.
            self.assertEqual(stateful["spec"]["updateStrategy"], {"type": "RollingUpdate"})
            self.assertFalse(any(thing["spec"]["scaleTargetRef"]["name"] == stateful["metadata"]["name"]
                                 for thing in chart.of_kind(chart.render(name), "HorizontalPodAutoscaler")))


class WorkloadIdentity(unittest.TestCase):
    def test_the_detector_and_it_alone_carries_the_identity(self):
        objects = chart.render("workload-identity")
        for label, metadata, spec in chart.pod_templates(objects):
            mine = metadata["labels"]["app.kubernetes.io/component"] == "detector"
            self.assertEqual(metadata["labels"].get("azure.workload.identity/use"), "true" if mine else None, label)
            tokens = [source["serviceAccountToken"] for volume in spec["volumes"] for source in volume.get("projected", {}).get("sources", [])
                      if "serviceAccountToken" in source]
            self.assertEqual([token["audience"] for token in tokens], ["api://AzureADTokenExchange"] if mine else [], label)
            self.assertIs(spec["automountServiceAccountToken"], False)
        annotations = chart.one(objects, "ServiceAccount", "detector")["metadata"]["annotations"]
        self.assertEqual(annotations["azure.workload.identity/client-id"], "00000000-0000-0000-0000-000000000002")
        self.assertNotIn("annotations", chart.one(objects, "ServiceAccount", "receiver")["metadata"])
        # The program reads the token where the volume is: its own default.
        (mount,) = [m for m in chart.one(objects, "StatefulSet", "detector")["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
                    if m["name"] == "azure-identity-token"]
        with open(chart.ROOT + "/docs/configuration.md", encoding="utf-8") as file:
            self.assertIn("`%s/azure-identity-token`" % mount["mountPath"], file.read())


class AllInOne(unittest.TestCase):
    def test_it_is_one_workload_behind_the_same_service(self):
        objects = chart.render("all-in-one")
        self.assertEqual(chart.services_of(objects), ["all-in-one"])
        self.assertEqual([thing["metadata"]["name"] for thing in chart.of_kind(objects, "Secret")],
                         ["prod-zoomwatch-mtls-ca", "prod-zoomwatch-all-in-one-mtls"])  # for the clients of the API
        self.assertEqual(chart.of_kind(chart.render(sets=("mode=allInOne",)), "Secret"), [])  # no hop needs an identity
        stateful = chart.one(objects, "StatefulSet")
        self.assertEqual(stateful["spec"]["template"]["spec"]["containers"][0]["image"], "zoomwatch-cli:0.1.0")
        services = {thing["metadata"]["name"] for thing in chart.of_kind(objects, "Service")}
        self.assertEqual(services, {"prod-zoomwatch-receiver", "prod-zoomwatch-receiver-headless", "prod-zoomwatch-all-in-one"})
        self.assertIn(stateful["spec"]["serviceName"], services)

    def test_it_takes_the_options_of_all_three(self):
        config = chart.load(chart.one(chart.render("all-in-one"), "ConfigMap", "all-in-one")["data"]["all-in-one.yaml"])[0]
        self.assertEqual(config["spool"], {"directory": "/var/lib/zoomwatch/spool", "max_disk_bytes": "2GiB"})
        self.assertEqual(config["store"], {"directory": "/var/lib/zoomwatch/store", "max_disk_bytes": "10GiB", "retention": "14d"})
        self.assertEqual(config["json"], {"max_depth": 32})
        self.assertEqual(config["logging"], {"level": "warning"})
        self.assertNotIn("normalizer", config)


class GracePeriod(unittest.TestCase):
    def test_longer_than_pre_stop_and_drain(self):
        for name in chart.scenarios():
            objects = chart.render(name)
            for service in chart.services_of(objects):
                config = chart.load(chart.one(objects, "ConfigMap", service)["data"]["%s.yaml" % service])[0]
                drain = int(config["drain_deadline"].removesuffix("s"))
                (spec,) = [spec for label, metadata, spec in chart.pod_templates(objects)
                           if metadata["labels"].get("app.kubernetes.io/component") == service]
                pre_stop = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                self.assertGreater(spec["terminationGracePeriodSeconds"], pre_stop + drain, "%s of %s" % (service, name))

    def test_follows_the_drain_deadline(self):
        objects = chart.render(sets=("receiver.drainDeadlineSeconds=90", "receiver.preStopSleepSeconds=0"))
        spec = chart.one(objects, "StatefulSet", "receiver")["spec"]["template"]["spec"]
        self.assertEqual(spec["terminationGracePeriodSeconds"], 100)
        self.assertNotIn("lifecycle", spec["containers"][0])


class WayIn(unittest.TestCase):
    def test_ingress_routes_exactly_the_webhook_paths(self):
        ingress = chart.one(chart.render("ingress"), "Ingress")
        (rule,) = ingress["spec"]["rules"]
        self.assertEqual([(path["path"], path["pathType"]) for path in rule["http"]["paths"]], [("/hooks/zoom", "Exact")])
        self.assertEqual(ingress["spec"]["tls"], [{"hosts": ["zoom.corp.example"], "secretName": "zw-webhook-tls"}])

    def test_gateway_routes_exactly_the_webhook_paths(self):
        route = chart.one(chart.render("ha"), "HTTPRoute")
        self.assertEqual([(match["method"], match["path"]["value"]) for match in route["spec"]["rules"][0]["matches"]],
                         [("POST", "/webhook"), ("POST", "/webhook/amer")])

    def test_tls_in_the_pod(self):
        objects = chart.render("external-secrets")
        service = [s for s in chart.of_kind(objects, "Service") if s["spec"].get("type") == "LoadBalancer"]
        self.assertEqual([(p["name"], p["port"]) for s in service for p in s["spec"]["ports"]], [("https", 443)])


if __name__ == "__main__":
    chart.main()
