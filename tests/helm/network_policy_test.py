"""The edges that the rendered network policies allow are exactly those of docs/architecture.md.

The graph is computed with the rules of NetworkPolicy: a pod that some policy selects for a direction is closed in it but for what a
policy allows; an edge exists when both ends allow it.
"""
import copy
import ipaddress
import itertools
import os
import re
import unittest

import chart

PORTS = [(53, "UDP"), (53, "TCP"), (22, "TCP"), (80, "TCP"), (443, "TCP"), (8443, "TCP"), (8444, "TCP"), (9090, "TCP"), (9091, "TCP")]


class Endpoint:
    def __init__(self, namespace=None, namespace_labels=None, labels=None, address=None):
        self.namespace = namespace
        self.namespace_labels = dict(namespace_labels or {}, **({"kubernetes.io/metadata.name": namespace} if namespace else {}))
        self.labels = labels or {}
        self.address = address


# Who the scenarios let in, and who must stay outside whatever is configured.
def outside(scenario):
    ends = {
        "ingress": Endpoint("ingress-nginx", labels={"app": "controller"}),
        "monitoring": Endpoint("monitoring", labels={"app": "prometheus"}),
        "dns": Endpoint("kube-system", labels={"k8s-app": "kube-dns"}),
        "azure": Endpoint(address="203.0.113.77"),
    }
    if scenario in ("ha", "all-in-one"):
        ends["clients"] = Endpoint("soc", labels={"app": "exporter"})
    if scenario == "ha":
        ends["ingress"] = Endpoint("gateways", labels={"app": "envoy"})
        ends["monitoring"] = Endpoint("observability", labels={"app.kubernetes.io/name": "prometheus"})
    if scenario == "external-secrets":
        del ends["azure"]
        ends["ingress"] = Endpoint(address="203.0.113.9")
        ends["dns"] = Endpoint(address="169.254.20.10")
    return ends


STRANGERS = {
    "pod of the namespace": Endpoint(chart.NAMESPACE, labels={"app": "other"}),
    "pod of another release": Endpoint(chart.NAMESPACE, labels={
        "app.kubernetes.io/name": "zoomwatch", "app.kubernetes.io/instance": "other", "app.kubernetes.io/component": "receiver"}),
    "our labels in another namespace": Endpoint("attacker", labels={
        "app.kubernetes.io/name": "zoomwatch", "app.kubernetes.io/instance": chart.RELEASE, "app.kubernetes.io/component": "receiver"}),
    "another pod beside a client of the API": Endpoint("soc", labels={"app": "other"}),
    "pod of kube-system": Endpoint("kube-system", labels={"app": "other"}),
    "instance metadata": Endpoint(address="169.254.169.254"),
    "private address": Endpoint(address="10.0.0.7"),
    "internet": Endpoint(address="198.51.100.20"),
}


def matches(selector, labels):
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        key, operator, values = expression["key"], expression["operator"], expression.get("values", [])
        holds = {"In": labels.get(key) in values, "NotIn": labels.get(key) not in values,
                 "Exists": key in labels, "DoesNotExist": key not in labels}[operator]
        if not holds:
            return False
    return True


def peer_matches(peer, end, policy_namespace):
    if "ipBlock" in peer:
        if end.address is None:
            return False
        address = ipaddress.ip_address(end.address)
        block = peer["ipBlock"]
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(out) for out in block.get("except", []))
    if end.namespace is None:
        return False
    if "namespaceSelector" in peer:
        if not matches(peer["namespaceSelector"], end.namespace_labels):
            return False
    elif end.namespace != policy_namespace:
        return False
    return matches(peer.get("podSelector", {}), end.labels)


def port_matches(rule, port):
    ports = rule.get("ports")
    return not ports or any(p.get("port", port[0]) == port[0] and p.get("protocol", "TCP") == port[1] for p in ports)


def direction_allows(policies, end, other, port, direction):
    """direction: ("Ingress", "ingress", "from") or ("Egress", "egress", "to")."""
    policy_type, rules, peers = direction
    selecting = [p for p in policies if p["metadata"]["namespace"] == end.namespace and policy_type in p["spec"]["policyTypes"]
                 and matches(p["spec"]["podSelector"], end.labels)]
    if not selecting:
        return True
    for policy in selecting:
        for rule in policy["spec"].get(rules) or []:
            if port_matches(rule, port) and (not rule.get(peers) or any(
                    peer_matches(peer, other, policy["metadata"]["namespace"]) for peer in rule[peers])):
                return True
    return False


def allowed_edges(objects, ends):
    """Every (from, to, "port/protocol") among the release's pods and `ends` that touches one of the release's pods."""
    policies = chart.of_kind(objects, "NetworkPolicy")
    ours = {metadata["labels"]["app.kubernetes.io/component"]: Endpoint(chart.NAMESPACE, labels=metadata["labels"])
            for _, metadata, _ in chart.pod_templates(objects)}
    everybody = dict(ends, **ours)
    edges = set()
    for source, target in itertools.permutations(everybody, 2):
        if source not in ours and target not in ours:
            continue
        for port in PORTS:
            if direction_allows(policies, everybody[source], everybody[target], port, ("Egress", "egress", "to")) and \
                    direction_allows(policies, everybody[target], everybody[source], port, ("Ingress", "ingress", "from")):
                edges.add((source, target, "%d/%s" % port))
    return edges


def documented_edges():
    with open(os.path.join(chart.ROOT, "docs", "architecture.md"), encoding="utf-8") as file:
        section = file.read().split("## Network edges", 1)[1].split("\n## ", 1)[0]
    edges = set()
    for source, target, ports in re.findall(r"^\| ([\w-]+) \| ([\w-]+) \| ([\d/TCUDP, ]+) \|", section, re.MULTILINE):
        edges |= {(source, target, port.strip()) for port in ports.split(",")}
    return edges


class Edges(unittest.TestCase):
    def test_allowed_are_exactly_the_documented(self):
        for name in chart.scenarios():
            with self.subTest(scenario=name):
                objects = chart.render(name)
                present = set(outside(name)) | {metadata["labels"]["app.kubernetes.io/component"]
                                                for _, metadata, _ in chart.pod_templates(objects)}
                expected = {edge for edge in documented_edges() if set(edge[:2]) <= present}
                if name not in ("azure", "workload-identity"):  # whatever delivers calls nobody
                    expected = {edge for edge in expected if edge[0] not in ("detector", "all-in-one")}
                self.assertEqual(allowed_edges(objects, outside(name)), expected)

    def test_strangers_reach_nothing_and_are_not_reached(self):
        for name in chart.scenarios():
            edges = allowed_edges(chart.render(name), STRANGERS)
            between_strangers = {edge for edge in edges if edge[0] in STRANGERS or edge[1] in STRANGERS}
            if name == "external-secrets":  # a LoadBalancer that lets the internet post webhooks
                between_strangers -= {("internet", "receiver", "8443/TCP")}
            if name == "workload-identity":  # Azure is every public address by default
                between_strangers -= {("detector", "internet", "443/TCP")}
            self.assertEqual(between_strangers, set(), name)

    def test_every_pod_is_closed_in_both_directions(self):
        for name in chart.scenarios():
            objects = chart.render(name)
            for label, metadata, _ in chart.pod_templates(objects):
                types = [set(policy["spec"]["policyTypes"]) for policy in chart.of_kind(objects, "NetworkPolicy")
                         if matches(policy["spec"]["podSelector"], metadata["labels"]) and "annotations" not in policy["metadata"]]
                self.assertEqual(types, [] if label.startswith("Pod/") else [{"Ingress", "Egress"}], label)

    def test_what_helm_test_opens_is_gone_after_it(self):
        objects = chart.render()
        hooks = [thing for thing in objects if "smoke" in thing["metadata"]["name"]]
        self.assertEqual(len(hooks), 3)
        for thing in hooks:
            self.assertEqual(thing["metadata"]["annotations"]["helm.sh/hook"], "test")
            self.assertIn("hook-succeeded", thing["metadata"]["annotations"]["helm.sh/hook-delete-policy"])
        edges = allowed_edges([thing for thing in objects if thing not in hooks], outside("default"))
        self.assertEqual({edge for edge in edges if "smoke" in edge}, set())

    def test_the_metadata_service_is_for_a_managed_identity_only(self):
        sets = ("detector.delivery.sink=logs_ingestion", "detector.delivery.logs_ingestion.endpoint=https://x.example",
                "detector.delivery.logs_ingestion.rule_id=dcr-0", "detector.delivery.logs_ingestion.managed_identity.client_id=c")
        edges = allowed_edges(chart.render(sets=sets), {"metadata": Endpoint(address="169.254.169.254")})
        to_metadata = {edge for edge in edges if edge[1] == "metadata"}
        self.assertEqual(to_metadata, {("detector", "metadata", "80/TCP")})
        self.assertLessEqual(to_metadata, documented_edges())

    def test_azure_is_every_public_address_by_default_and_never_the_instance_metadata(self):
        edges = allowed_edges(chart.render(sets=("detector.delivery.sink=logs_ingestion",
                                                 "detector.delivery.logs_ingestion.endpoint=https://x.example",
                                                 "detector.delivery.logs_ingestion.rule_id=dcr-0",
                                                 "detector.delivery.logs_ingestion.client_secret.tenant_id=t",
                                                 "detector.delivery.logs_ingestion.client_secret.client_id=c")), STRANGERS)
        self.assertEqual({edge for edge in edges if edge[0] == "detector" and edge[1] in STRANGERS}, {("detector", "internet", "443/TCP")})

    def test_empty_lists_let_nobody_in(self):
        objects = chart.render(sets=("networkPolicy.webhookFrom=null", "networkPolicy.monitoringFrom=null"))
        edges = allowed_edges(objects, outside("default"))
        self.assertEqual({edge for edge in edges if edge[0] in ("ingress", "monitoring")}, set())

    def test_the_check_sees_an_open_policy(self):
        objects = copy.deepcopy(chart.render())
        chart.one(objects, "NetworkPolicy", "detector")["spec"]["egress"] = [{}]
        self.assertIn(("detector", "internet", "443/TCP"), allowed_edges(objects, STRANGERS))


if __name__ == "__main__":
    chart.main()
