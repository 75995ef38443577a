"""Every rendered object is valid for the oldest Kubernetes that Chart.yaml allows and for the newest that the schemas know.

Kubernetes' own objects against its published schemas, strictly (an unknown field is an error). Custom resources against the closed
descriptions below, which hold the fields that the chart uses, as their projects document them.
"""
import copy
import re
import unittest

import kubernetes_validate
import jsonschema
import yaml

import chart

TEXT = {"type": "string", "minLength": 1}


def closed(required, **optional):
    properties = dict(required, **optional)
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": sorted(required)}


def several(item):
    return {"type": "array", "items": item, "minItems": 1}


ISSUER_REF = closed({"name": TEXT, "kind": {"enum": ["Issuer", "ClusterIssuer"]}}, group=TEXT)
DURATION = {"type": "string", "pattern": "^([0-9]+(h|m|s))+$"}
CUSTOM = {
    ("cert-manager.io/v1", "Certificate"): closed(
        {"secretName": TEXT, "issuerRef": ISSUER_REF},
        dnsNames=several(TEXT), commonName={"type": "string", "maxLength": 64}, duration=DURATION, renewBefore=DURATION,
        isCA={"type": "boolean"}, usages=several({"enum": ["digital signature", "key encipherment", "server auth", "client auth"]}),
        privateKey=closed({"algorithm": {"enum": ["RSA", "ECDSA", "Ed25519"]}}, size={"enum": [256, 384, 521]},
                          rotationPolicy={"enum": ["Never", "Always"]})),
    ("cert-manager.io/v1", "Issuer"): {"oneOf": [closed({"selfSigned": closed({})}), closed({"ca": closed({"secretName": TEXT})})]},
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): closed(
        {"parentRefs": several(closed({"name": TEXT}, namespace=TEXT, sectionName=TEXT)),
         "hostnames": several(TEXT),
         "rules": several(closed(
             {"matches": several(closed({"path": closed({"type": {"enum": ["Exact", "PathPrefix"]}, "value": TEXT})},
                                        method={"enum": ["GET", "POST"]})),
              "backendRefs": several(closed({"name": TEXT, "port": {"type": "integer"}}))}))}),
    ("monitoring.coreos.com/v1", "PodMonitor"): closed(
        {"selector": closed({"matchLabels": {"type": "object"}}, matchExpressions=several({"type": "object"})),
         "podMetricsEndpoints": several(closed({"port": TEXT, "path": TEXT, "interval": DURATION}, relabelings=several(
             closed({"sourceLabels": several(TEXT), "targetLabel": TEXT}))))}),
    ("monitoring.coreos.com/v1", "PrometheusRule"): closed(
        {"groups": several(closed({"name": TEXT, "rules": several(closed(
            {"alert": TEXT, "expr": TEXT, "labels": {"type": "object"}, "annotations": {"type": "object"}}, **{"for": DURATION}))}))}),
    ("external-secrets.io/v1", "ExternalSecret"): closed(
        {"refreshInterval": DURATION,
         "secretStoreRef": closed({"name": TEXT, "kind": {"enum": ["SecretStore", "ClusterSecretStore"]}}),
         "target": closed({"name": TEXT}, creationPolicy={"enum": ["Owner", "Orphan", "Merge", "None"]}),
         "data": several(closed({"secretKey": TEXT, "remoteRef": closed({"key": TEXT}, property=TEXT, version=TEXT)}))}),
}


def oldest_version():
    with open(chart.CHART + "/Chart.yaml", encoding="utf-8") as file:
        return re.fullmatch(r">=(\d+\.\d+)\.\d+-0", yaml.safe_load(file)["kubeVersion"]).group(1)


def problem(thing, version):
    """What is wrong with the object in that version, or None."""
    custom = CUSTOM.get((thing["apiVersion"], thing["kind"]))
    try:
        if custom:
            jsonschema.validate(thing["spec"], custom)
        else:
            kubernetes_validate.validate(copy.deepcopy(thing), version, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return str(error).split("\n", 1)[0]
    return None


class Objects(unittest.TestCase):
    def test_valid_for_the_oldest_and_the_newest_version(self):
        versions = [oldest_version(), kubernetes_validate.latest_version()]
        self.assertEqual(versions[0], "1.30")
        for version in versions:
            for name in chart.scenarios():
                for thing in chart.render(name):
                    with self.subTest(version=version, scenario=name, object=chart.label_of(thing)):
                        self.assertIsNone(problem(thing, version))

    def test_the_check_sees_an_unknown_field_and_a_wrong_type(self):
        for component, kind in (("normalizer", "Deployment"), ("detector", "StatefulSet")):
            thing = chart.one(chart.render(), kind, component)
            thing["spec"]["template"]["spec"]["terminationGraceSeconds"] = 5
            self.assertIsNotNone(problem(thing, "1.30"))
        thing = chart.one(chart.render(), "Deployment", "normalizer")
        thing["spec"]["replicas"] = "2"
        self.assertIsNotNone(problem(thing, "1.30"))
        certificate = chart.of_kind(chart.render("ha"), "Certificate")[0]
        certificate["spec"]["dnsName"] = "x"
        self.assertIsNotNone(problem(certificate, "1.30"))


if __name__ == "__main__":
    chart.main()
