#!/usr/bin/env python3
"""Checks azure/main.json as Azure would see it: every expression carried out, each resource against the rules of its type
(resource_rules.py), and the parts against each other.

    check_template.py TEMPLATE [--expand SETTING]

Prints a line for each problem; exit code 1 when there is one. --expand prints the resources of a setting instead.
check_template_test.py makes each kind of mistake.
"""
import json
import re
import sys

from arm import TemplateError, expand, full_id
from resource_rules import NAMES, RESOURCES, fail

AKS = {"aksOidcIssuerUrl": "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"}
PRINCIPALS = ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"]
# Parameters beside workspaceName.
SETTINGS = {
    "defaults": {},
    "aks": AKS,
    "principals": {"publisherPrincipalIds": PRINCIPALS},
    "both": dict(AKS, publisherPrincipalIds=PRINCIPALS, alertRuleEnabled=False),
    "incidents": dict(AKS, publisherPrincipalIds=PRINCIPALS, directIncidents=True, alertRuleEnabled=False),
    "basic": dict(AKS, eventPlan="Basic", eventTotalRetentionDays=365),
    "auxiliary": dict(AKS, eventPlan="Auxiliary", eventTotalRetentionDays=4383),
    "retention": dict(AKS, eventRetentionDays=730, alertRetentionDays=4, alertTotalRetentionDays=4383),
}
MAX_TEMPLATE_BYTES = 4 * 1024 * 1024
TYPES = {"string": str, "int": int, "bool": bool, "array": list, "object": dict}
COMMON = {"type", "apiVersion", "name", "dependsOn", "scope"}


def check_resource(resource, ids):
    place = "%s %s" % (resource.get("type"), resource.get("name"))
    if resource.get("type") not in RESOURCES:
        return fail(place, "no such type is expected")
    version, known = RESOURCES[resource["type"]]
    problems = [] if resource.get("apiVersion") == version else fail(place, "the rules are for API version %s" % version)
    for name in set(resource) | set(known):
        if name in known:
            problems += known[name](resource[name], "%s: %s" % (place, name)) if name in resource else fail(place, name + " is missing")
        elif name not in COMMON:
            problems += fail(place, "no such property: " + name)
    if not re.fullmatch(NAMES.get(resource["type"], r"[^/]+"), resource["name"]):
        problems += fail(place, "the name is not of the form " + NAMES.get(resource["type"], r"[^/]+"))
    for needed in resource.get("dependsOn", []):
        if needed not in ids:
            problems += fail(place, "depends on what is not deployed: " + needed)
    return problems


def of_type(resources, suffix):
    return [resource for resource in resources if resource["type"].endswith(suffix)]


def check_order(resources):
    """What a resource needs must be in its dependsOn: Azure deploys the others at the same time."""
    ids = {full_id(resource): resource for resource in resources}
    problems = []
    for resource in resources:
        own, depends = full_id(resource), set(resource.get("dependsOn", []))
        needed = {other for other in ids if other != own and own.startswith(other + "/")}
        if resource["type"].endswith("/dataCollectionRules"):
            needed |= {full_id(table) for table in of_type(resources, "/tables")}
        if resource["type"].endswith("/alertRules"):
            needed |= {other for other, table in ids.items() if table["type"].endswith("/tables") and
                       table["properties"]["schema"]["name"] in resource["properties"]["query"]}
        for other in sorted(needed - depends):
            problems += fail(own, "must depend on " + other)
        scope = resource.get("scope")
        if scope and not scope.startswith("Microsoft.OperationalInsights/workspaces/") and not any(
                other.endswith("/providers/" + scope) for other in ids):
            problems += fail(own, "its scope is not deployed: " + scope)
    return problems


def check_streams(resources):
    """Streams, flows and tables have the same names and columns."""
    problems = []
    tables = {table["properties"]["schema"]["name"]: table for table in of_type(resources, "/tables")}
    for name, table in tables.items():
        if table["name"].split("/")[1] != name:
            problems += fail(table["name"], "its schema has another name: " + name)
    for rule in of_type(resources, "/dataCollectionRules"):
        properties = rule["properties"]
        destinations = [destination["name"] for destination in properties["destinations"]["logAnalytics"]]
        flowing = []
        for flow in properties["dataFlows"]:
            stream, table = flow["streams"][0], flow["outputStream"][len("Custom-"):]
            flowing.append(stream)
            if stream not in properties["streamDeclarations"]:
                problems += fail(stream, "is not declared")
            elif table not in tables:
                problems += fail(stream, "there is no table " + table)
            else:
                declared = [(column["name"], column["type"]) for column in properties["streamDeclarations"][stream]["columns"]]
                stored = [(column["name"], column["type"].lower()) for column in tables[table]["properties"]["schema"]["columns"]]
                if declared != stored:
                    problems += fail(stream, "stream and table differ: %s" % sorted(set(declared) ^ set(stored)))
            problems += [problem for name in flow["destinations"] if name not in destinations
                         for problem in fail(stream, "no destination " + name)]
        if sorted(flowing) != sorted(properties["streamDeclarations"]):
            problems += fail(rule["name"], "each stream needs one flow: %s" % flowing)
    return problems


def check_alert_rule(resources):
    problems = []
    for rule in of_type(resources, "/alertRules"):
        properties = rule["properties"]
        incidents = properties.get("incidentConfiguration", {}).get("groupingConfiguration", {})
        for detail in incidents.get("groupByCustomDetails", []):
            if detail not in properties.get("customDetails", {}):
                problems += fail(rule["name"], "groups by a custom detail that is not there: " + detail)
        if properties.get("eventGroupingSettings", {}).get("aggregationKind") != "AlertPerResult":
            problems += fail(rule["name"], "must make an alert of each row")
    return problems


# What each role is given on: Monitoring Metrics Publisher on the rule, Microsoft Sentinel Responder on the workspace.
ROLES = {"3913510d-42f4-4e42-8a64-420c390055eb": "Microsoft.Insights/dataCollectionRules/",
         "3e150937-b8fe-4cfb-8069-0eaf05ecd056": "Microsoft.OperationalInsights/workspaces/"}


def check_roles(resources):
    problems = []
    for resource in of_type(resources, "/roleAssignments"):
        scope = ROLES[resource["properties"]["roleDefinitionId"].rsplit("/", 1)[1]]
        if not resource.get("scope", "").startswith(scope):
            problems += fail(full_id(resource), "the role is to be given on " + scope + "...")
    return problems


def workbook_items(resources):
    for workbook in of_type(resources, "/workbooks"):
        yield from json.loads(workbook["properties"]["serializedData"])["items"]


VISUALIZATIONS = {"table", "timechart", "barchart", "linechart", "areachart", "piechart", "tiles"}


def check_workbook(resources):
    problems, names = [], []
    times = [parameter["name"] for item in workbook_items(resources) if item["type"] == 9
             for parameter in item["content"]["parameters"] if parameter["type"] == 4]
    for item in workbook_items(resources):
        place, content = "workbook item %s" % item.get("name"), item.get("content", {})
        names.append(item.get("name"))
        if item["type"] == 3:
            if content.get("timeContextFromParameter") not in times:
                problems += fail(place, "takes its time from no parameter")
            if content.get("visualization") not in VISUALIZATIONS:
                problems += fail(place, "no such visualization: %s" % content.get("visualization"))
            if not content.get("query") or not content.get("title"):
                problems += fail(place, "has no query or no title")
            if content.get("resourceType") != "microsoft.operationalinsights/workspaces" or content.get("queryType") != 0:
                problems += fail(place, "does not ask the workspace")
        elif item["type"] == 1:
            if not content.get("json"):
                problems += fail(place, "has no text")
        elif item["type"] != 9:
            problems += fail(place, "no such type of item")
    if len(set(names)) != len(names) or None in names:
        problems += fail("workbook", "names are missing or not distinct: %s" % names)
    return problems


def check_outputs(outputs, resources):
    problems = []
    for name, (kind, value) in outputs.items():
        if not isinstance(value, TYPES.get(kind, ())):
            problems += fail("output " + name, "%r is not of type %s" % (value, kind))
    streams = [stream for rule in of_type(resources, "/dataCollectionRules") for stream in rule["properties"]["streamDeclarations"]]
    for name in ("stream", "alert_stream"):
        if outputs.get(name, (None, None))[1] not in streams:
            problems += fail("output " + name, "is no stream of the rule")
    with_identity = bool(of_type(resources, "/userAssignedIdentities"))
    if bool(outputs.get("client_id", (None, ""))[1]) != with_identity:
        problems += fail("output client_id", "must be there exactly when an identity is")
    return problems


def check_parameters(template):
    problems = []
    for name, parameter in template["parameters"].items():
        place = "parameter " + name
        if parameter.get("type") not in TYPES:
            problems += fail(place, "no such type: %s" % parameter.get("type"))
        if not parameter.get("metadata", {}).get("description"):
            problems += fail(place, "has no description")
        for key in set(parameter) - {"type", "defaultValue", "metadata", "allowedValues", "minValue", "maxValue", "minLength", "maxLength"}:
            problems += fail(place, "no such property: " + key)
        if "defaultValue" in parameter and not isinstance(parameter["defaultValue"], TYPES.get(parameter.get("type"), ())):
            problems += fail(place, "the default is not of its type")
    return problems


def check_setting(template, setting):
    try:
        resources, outputs, used = expand(template, dict(SETTINGS[setting], workspaceName="workspace"))
    except TemplateError as error:
        return [str(error)], set()
    try:
        ids = [full_id(resource) for resource in resources]
    except (TemplateError, KeyError) as error:
        return ["a name does not fit its type: %s" % error], used
    problems = [problem for name in sorted(set(ids)) if ids.count(name) > 1 for problem in fail(name, "is there twice")]
    for resource in resources:
        problems += check_resource(resource, ids)
    if not problems:  # the others rely on the form
        for check in (check_order, check_streams, check_alert_rule, check_roles, check_workbook):
            problems += check(resources)
        problems += check_outputs(outputs, resources)
    return problems, used


def check(text):
    try:
        template = json.loads(text)
    except ValueError as error:
        return ["not JSON: %s" % error]
    problems = []
    if len(text.encode()) > MAX_TEMPLATE_BYTES:
        problems.append("the template is larger than Azure takes")
    if template.get("$schema") != "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#":
        problems.append("$schema is not that of a deployment to a resource group")
    for key in set(template) - {"$schema", "contentVersion", "metadata", "parameters", "variables", "resources", "outputs"}:
        problems.append("no such member of a template: " + key)
    problems += check_parameters(template)
    used = set()
    for setting in SETTINGS:
        found, seen = check_setting(template, setting)
        problems += ["%s (setting %s)" % (problem, setting) for problem in found]
        used |= seen
    for kind in ("parameters", "variables"):
        problems += ["%s.%s is not used" % (kind, name) for name in template[kind] if (kind, name) not in used and not problems]
    return problems


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    if sys.argv[2:3] == ["--expand"]:
        print(json.dumps(expand(json.loads(text), dict(SETTINGS[sys.argv[3]], workspaceName="workspace"))[0], indent=1))
        return
    problems = check(text)
    for problem in problems:
        print(problem)
    print("%d problems in %d settings" % (len(problems), len(SETTINGS)))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
