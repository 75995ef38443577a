"""Wrong values stop the install with a message that names the value; the schema knows every value and every option that it offers."""
import json
import os
import re
import unittest

import yaml

import chart

# argument of --set, what the message must name
WRONG = [
    ("receiver.replica=3", "replica"),
    ("mode=single", "mode"),
    ("allInOne.replicas=2", "replicas"),
    ("receiver.replicas=0", "replicas"),
    ("receiver.replicas=three", "replicas"),
    ("detector.replicas=2", "replicas"),
    ("mtls.source=selfsigned", "mtls.source"),
    ("mtls.enabled=false", "enabled"),
    ("webhook.tls.termination=none", "termination"),
    ("webhook.path=webhook", "path"),
    ("webhook.hostname=https://zoom.corp.example", "hostname"),
    ("zoom.accounts=null", "accounts"),
    ("zoom.accounts[0].name=Main", "name"),
    ("zoom.accounts[0].secretToken=abc", "secretToken"),
    ("zoom.accounts[0].secretTokens[0].value=abc", "value"),
    ("zoom.accounts[0].name=main,zoom.accounts[0].secretTokens[0].key=k,zoom.accounts[0].secretTokens[0].secretName=A_B", "secretName"),
    ("zoom.accounts[0].path=hooks", "path"),
    ("image.pullPolicy=Sometimes", "pullPolicy"),
    ("image.tag=a b", "tag"),
    ("receiver.imageDigest=sha256:abc", "imageDigest"),
    ("service.type=ExternalName", "type"),
    ("service.loadBalancerSourceRanges[0]=everybody", "loadBalancerSourceRanges"),
    ("receiver.persistence.size=12GB", "size"),
    ("receiver.persistence.whenDeleted=Keep", "whenDeleted"),
    ("receiver.drainDeadlineSeconds=0", "drainDeadlineSeconds"),
    ("receiver.preStopSleepSeconds=-1", "preStopSleepSeconds"),
    ("receiver.config.webhook.listen_address=0.0.0.0:1", "listen_address"),
    ("receiver.config.webhook.threads=65", "threads"),
    ("receiver.config.replay.max_age=ninety minutes", "max_age"),
    ("receiver.config.spool.max_disk_bytes=10GB", "max_disk_bytes"),
    ("receiver.config.spool.directory=/data", "directory"),
    ("receiver.config.logging.level=verbose", "level"),
    ("receiver.config.drain_deadline=5s", "drain_deadline"),
    ("normalizer.config.json.max_depth=7", "max_depth"),
    ("normalizer.autoscaling.targetCPUUtilizationPercentage=0", "targetCPUUtilizationPercentage"),
    ("normalizer.resources.limits=null", "limits"),
    ("normalizer.resources.requests.memory=64MB", "memory"),
    ("normalizer.serviceAccount.automount=true", "automount"),
    ("detector.config.delivery.stdout=true", "delivery"),
    ("detector.delivery.sink=stdout", "sink"),
    ("detector.delivery.logs_ingestion.rule_id=0123", "rule_id"),
    ("detector.delivery.clientSecret.value=x", "value"),
    ("detector.delivery.logs_ingestion.alert_stream=Alerts", "alert_stream"),
    ("detector.delivery.logs_ingestion.routes[0].name=Main Route", "name"),
    ("detector.delivery.logs_ingestion.routes[0].name=a,detector.delivery.logs_ingestion.routes[0].not_sent=true", "routes.0"),
    ("detector.delivery.logs_ingestion.routes[0].name=a,detector.delivery.logs_ingestion.routes[0].where=true\\=\\=true", "routes.0"),
    ("detector.delivery.logs_ingestion.routes[0].event=a", "event"),
    ("detector.delivery.logs_ingestion.incidents.workspace=a/b", "workspace"),
    ("detector.delivery.logs_ingestion.incidents.resource_group=..", "resource_group"),
    ("detector.delivery.logs_ingestion.incidents.min_severity=high", "min_severity"),
    ("detector.delivery.logs_ingestion.incidents.max_per_hour=0", "max_per_hour"),
    ("detector.rules.folders[0]=/rules", "folders"),
    ("detector.rules.shipped=/rules", "shipped"),
    ("detector.rules.existingConfigMaps[0]=Team_Rules", "existingConfigMaps"),
    ("detector.rules.settleTime=soon", "settleTime"),
    ("detector.rules.maxRuleStateBytes=1GB", "maxRuleStateBytes"),
    ("detector.config.rules.folders[0]=/rules", "rules"),
    ("api.clientNames=soc", "clientNames"),
    ("api.clients[0]=soc", "clients"),
    ("api.reflection=on-request", "reflection"),
    ("networkPolicy.apiFrom[0].podSelector.app=soc", "app"),
    ("networkPolicy.webhookFrom[0].ipBlock.cidr=internet", "cidr"),
    ("networkPolicy.webhookFrom[0].namespace=x", "namespace"),
    ("externalSecrets.secretStoreRef.kind=Vault", "kind"),
    ("gateway.parentRefs[0].gateway=public", "gateway"),
    ("securityContext.runAsUser=0", "securityContext"),
]

# Arguments of --set, a part of the message: what the schema alone cannot say.
TOGETHER = [
    (("receiver.persistence.size=10Gi",), "receiver.config.spool.max_disk_bytes (10GiB) must be at most nine tenths of"),
    (("mode=allInOne", "allInOne.persistence.size=60Gi"), "together (64424509440) must be at most nine tenths of allInOne.persistence.size"),
    (("detector.persistence.size=51200Mi",), "detector.config.store.max_disk_bytes (50GiB) must be at most nine tenths of"),
    (("ingress.enabled=true",), "webhook.hostname: needed"),
    (("ingress.enabled=true", "webhook.hostname=zoom.corp.example"), "webhook.tls.secretName or webhook.tls.certManager.enabled"),
    (("webhook.tls.termination=pod",), "the pods need a certificate"),
    (("webhook.hostname=zoom.corp.example", "webhook.tls.certManager.enabled=true"), "name the issuer"),
    (("gateway.enabled=true", "webhook.hostname=zoom.corp.example"), "gateway.parentRefs"),
    (("gateway.enabled=true", "gateway.parentRefs[0].name=public", "webhook.hostname=zoom.corp.example", "webhook.tls.termination=pod",
      "webhook.tls.secretName=x"), "ends TLS at the gateway"),
    (("externalSecrets.enabled=true",), "externalSecrets.secretStoreRef.name"),
    (("mtls.source=existing",), "mtls.existing.receiver"),
    (("mode=allInOne", "api.clientNames[0]=soc", "mtls.source=existing"), "mtls.existing.allInOne"),
    (("networkPolicy.apiFrom[0].podSelector.matchLabels.app=soc",), "api.clientNames"),
    (("api.reflection=true",), "api.reflection: has no effect"),
    (("normalizer.autoscaling.enabled=true", "normalizer.autoscaling.minReplicas=9"), "minReplicas (9) is above maxReplicas (6)"),
    (("zoom.accounts[0].name=main", "zoom.accounts[0].secretTokens[0].secretName=x", "zoom.accounts[0].secretTokens[0].key=y",
      "zoom.accounts[1].name=main", "zoom.accounts[1].secretTokens[0].secretName=x", "zoom.accounts[1].secretTokens[0].key=y"),
     'the name "main" occurs twice'),
    (("detector.delivery.sink=logs_ingestion",), "detector.delivery.logs_ingestion.endpoint: needed"),
    (("detector.delivery.sink=logs_ingestion", "detector.delivery.logs_ingestion.endpoint=https://x.example",
      "detector.delivery.logs_ingestion.rule_id=dcr-0"), "needs exactly one of workload_identity"),
    (("detector.delivery.logs_ingestion.stream=Custom-X_CL",), "has no effect with the sink json_lines"),
    (("detector.delivery.sink=logs_ingestion", "detector.delivery.logs_ingestion.endpoint=https://x.example",
      "detector.delivery.logs_ingestion.rule_id=dcr-0", "detector.delivery.logs_ingestion.managed_identity.client_id=c",
      "detector.delivery.logs_ingestion.incidents.subscription_id=00000000-0000-0000-0000-000000000003",
      "detector.delivery.logs_ingestion.incidents.resource_group=g", "detector.delivery.logs_ingestion.incidents.workspace=sentinel",
      "detector.rules.enabled=false"), "incidents: are made of alerts"),
    (("detector.rules.shipped=false",), "detector.rules: no rules are left"),
    (("detector.rules.enabled=false", "detector.rules.existingConfigMaps[0]=x"), "detector.rules.existingConfigMaps: has no effect"),
    (("detector.serviceAccount.create=false",), "detector.serviceAccount.name"),
]


def message(sets, helm):
    try:
        chart.render_text("default", helm, tuple(sets))
    except chart.Failed as failure:
        return str(failure)
    return None


class WrongValues(unittest.TestCase):
    def test_the_schema_refuses_and_names_the_value(self):
        for helm in chart.HELMS:
            for argument, named in WRONG:
                with self.subTest(helm=helm, set=argument):
                    text = message([argument], helm)
                    self.assertIsNotNone(text, "accepted")
                    self.assertIn("schema", text)
                    self.assertRegex(text.replace("/", "."), r"(^|[\s.'])%s([\s.':]|$)" % re.escape(named))

    def test_values_that_do_not_go_together_are_refused(self):
        for sets, part in TOGETHER:
            with self.subTest(sets=sets):
                self.assertIn(part, message(sets, "helm") or "accepted")

    def test_limits_are_inclusive(self):
        for argument in ("receiver.config.webhook.threads=64", "normalizer.config.json.max_depth=8", "receiver.drainDeadlineSeconds=1",
                         "receiver.replicas=64", "detector.persistence.size=57Gi"):
            self.assertIsNone(message([argument], "helm"), argument)


def schema():
    with open(os.path.join(chart.CHART, "values.schema.json"), encoding="utf-8") as file:
        return json.load(file)


def objects_of(node, root, path=""):
    """Every (path, object schema) of the schema, references resolved."""
    if "$ref" in node:
        node = root["definitions"][node["$ref"].rsplit("/", 1)[1]]
    if node.get("type") == "object":
        yield path, node
        for name, child in node.get("properties", {}).items():
            yield from objects_of(child, root, "%s.%s" % (path, name) if path else name)
    elif node.get("type") == "array":
        yield from objects_of(node["items"], root, path + "[]")


# Maps whose keys are the user's, and parts of a pod that Kubernetes itself checks.
OPEN = re.compile(r"^global$|[lL]abels$|nnotations$|nodeSelector$|affinity\.|matchLabels$")


class Schema(unittest.TestCase):
    def test_every_object_is_closed(self):
        root = schema()
        for path, node in objects_of(root, root):
            if not OPEN.search(path):
                self.assertIs(node.get("additionalProperties"), False, path)

    def test_every_value_is_in_the_schema_and_every_top_level_key_in_the_values(self):
        root = schema()
        with open(os.path.join(chart.CHART, "values.yaml"), encoding="utf-8") as file:
            values = yaml.safe_load(file)
        known = {path: set(node.get("properties", {})) for path, node in objects_of(root, root)}

        def walk(node, path):
            for key, child in node.items():
                self.assertIn(key, known[path], path)
                here = "%s.%s" % (path, key) if path else key
                if isinstance(child, dict) and known.get(here):
                    walk(child, here)
        walk(values, "")
        self.assertEqual(known[""] - {"global"}, set(values))


def documented_options():
    """Message -> {option: type} of docs/configuration.md."""
    with open(os.path.join(chart.ROOT, "docs", "configuration.md"), encoding="utf-8") as file:
        text = file.read()
    messages = {}
    for title, body in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|[^|]*\| ([^|]*) \|", body, re.MULTILINE)
        messages[title] = {name: (re.sub(r"\[(\w+)\]\(#\w+\)", r"\1", kind.strip()), limits.strip()) for name, kind, limits in rows}
    return messages


# What the chart decides itself, by message: these are not offered as <service>.config.
COMPUTED = {
    "Receiver": {"zoom_accounts", "grpc", "admin", "drain_deadline"},
    "WebhookServer": {"listen_address", "tls", "allow_plaintext", "path"},
    "Spool": {"directory"},
    "GrpcClient": {"address", "tls", "allow_plaintext"},
    "Normalizer": {"grpc", "admin", "drain_deadline"},
    "Detector": {"grpc", "delivery", "admin", "drain_deadline", "rules"},
    "EventStore": {"directory"},
    "ClientSecretIdentity": {"client_secret_file"},
    "ClientCertificateIdentity": {"certificate_file", "private_key_file"},
    "WorkloadIdentity": {"token_file"},
    "ManagedIdentity": {"endpoint"},
    "LogsIngestionSink": {"ca_file"},
    "Rules": {"folders", "alert_directory"},  # the others stand in detector.rules, in the form of a chart's values
}


class ServiceOptions(unittest.TestCase):
    def test_config_offers_exactly_the_options_that_the_chart_does_not_decide(self):
        root, messages = schema(), documented_options()
        known = {path: node for path, node in objects_of(root, root)}

        def compare(path, kind):
            options = {name: row for name, row in messages[kind].items() if name not in COMPUTED.get(kind, set())}
            self.assertEqual(set(known[path]["properties"]), set(options), path)
            for name, (option_kind, limits) in options.items():
                if option_kind in messages:
                    compare("%s.%s" % (path, name), option_kind)
                elif option_kind.removeprefix("list of ") in messages:
                    compare("%s.%s[]" % (path, name), option_kind.removeprefix("list of "))
                elif option_kind == "number":
                    node = known[path]["properties"][name]
                    low, high = re.fullmatch(r"at least (\d+) at most (\d+)", limits).groups()
                    self.assertEqual((node["minimum"], node["maximum"]), (int(low), int(high)), "%s.%s" % (path, name))
        for service in chart.SERVICES:
            compare(service + ".config", service.capitalize())
        compare("detector.delivery.logs_ingestion", "LogsIngestionSink")

    def test_the_rules_offer_every_option_with_the_programs_default(self):
        with open(os.path.join(chart.CHART, "values.yaml"), encoding="utf-8") as file:
            values = yaml.safe_load(file)["detector"]["rules"]
        with open(os.path.join(chart.ROOT, "docs", "configuration.md"), encoding="utf-8") as file:
            body = re.search(r"^## Rules\n(.*?)(?=^## )", file.read(), re.MULTILINE | re.DOTALL).group(1)
        defaults = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| `?(\w+)`? \|", body, re.MULTILINE))
        options = {name: value for name, value in defaults.items() if name not in COMPUTED["Rules"]}
        self.assertGreater(len(options), 3)
        in_values = {re.sub(r"_(\w)", lambda match: match.group(1).upper(), name): {"true": True, "false": False}.get(value, value)
                     for name, value in options.items()}
        self.assertEqual({name: value for name, value in values.items() if name not in ("enabled", "shipped", "existingConfigMaps")}, in_values)


if __name__ == "__main__":
    chart.main()
