#!/usr/bin/env python3
"""Makes one mistake after the other in azure/main.json and looks whether check_template.py finds it: check_template_test.py TEMPLATE"""
import copy
import json
import sys

import check_template

with open(sys.argv[1], encoding="utf-8") as file:
    TEXT = file.read()
TEMPLATE = json.loads(TEXT)


def resource(template, suffix, number=0):
    return [one for one in template["resources"] if one["type"].endswith(suffix)][number]


def rule(template):
    return resource(template, "/dataCollectionRules")["properties"]


def alerts(template):
    return resource(template, "/alertRules")["properties"]


def streams(template):
    return rule(template)["streamDeclarations"]["Custom-ZoomLogs_CL"]["columns"]


def table(template):
    return resource(template, "/tables")["properties"]


def workbook(change):
    def mistake(template):
        properties = resource(template, "/workbooks")["properties"]
        content = json.loads(properties["serializedData"])
        change(content["items"])
        properties["serializedData"] = json.dumps(content)
    return mistake


def query(items):
    return [item for item in items if item["type"] == 3][0]["content"]


def replaced(old, new):
    def mistake(template):
        text = json.dumps(template)
        assert old in text, old
        template.clear()
        template.update(json.loads(text.replace(old, new, 1)))
    return mistake


# (what a problem must say, the mistake)
MISTAKES = [
    ("no 'workspaceNam'", replaced("concat(parameters('workspaceName')", "concat(parameters('workspaceNam')")),
    ("no function conca", replaced("[concat(", "[conca(")),
    ("expected in the expression", replaced("parameters('workspaceName'))]", "parameters('workspaceName')]")),
    ("something stands behind", replaced("[parameters('eventPlan')]", "[parameters('eventPlan'))]")),
    ("there is no member", replaced(".endpoints.logsIngestion", ".endpoints.logsIngestio")),
    ("takes 2 names", replaced("resourceId('Microsoft.OperationalInsights/workspaces/tables', parameters('workspaceName'), 'ZoomLogs_CL')",
                               "resourceId('Microsoft.OperationalInsights/workspaces/tables', 'ZoomLogs_CL')")),
    ("is not used", lambda t: t["variables"].update(spare="x")),
    ("is not used", lambda t: t["parameters"].update(spare={"type": "int", "defaultValue": 1, "metadata": {"description": "x"}})),
    ("has no description", lambda t: t["parameters"]["location"].pop("metadata")),
    ("not of its type", lambda t: t["parameters"]["eventRetentionDays"].update(defaultValue="30")),
    ("no such type is expected", lambda t: t["resources"].append({"type": "A/b", "apiVersion": "1", "name": "c"})),
    ("API version", lambda t: resource(t, "/tables").update(apiVersion="2022-10-01")),
    ("no such property: kind", lambda t: resource(t, "/tables").update(kind="Direct")),
    ("kind is missing", lambda t: resource(t, "/dataCollectionRules").pop("kind")),
    ("none of Direct", lambda t: resource(t, "/dataCollectionRules").update(kind="Linux")),
    ("is there twice", lambda t: t["resources"].append(copy.deepcopy(resource(t, "/dataCollectionRules")))),
    ("depends on what is not deployed", lambda t: t["resources"].remove(resource(t, "/tables"))),
    ("must depend on", lambda t: resource(t, "/dataCollectionRules").pop("dependsOn")),
    ("must depend on", lambda t: resource(t, "/alertRules").pop("dependsOn")),
    ("must depend on", lambda t: resource(t, "/federatedIdentityCredentials").pop("dependsOn")),
    ("none of Analytics", replaced("[parameters('eventPlan')]", "Lake")),
    ("is in none of the ranges", lambda t: table(t).update(totalRetentionInDays=3)),
    ("stream and table differ", lambda t: streams(t).pop()),
    ("stream and table differ", lambda t: streams(t)[1].update(type="dynamic")),
    ("stream and table differ", lambda t: table(t)["schema"]["columns"][1].update(name="Evnt")),
    ("none of string, int", lambda t: streams(t)[1].update(type="text")),
    ("is reserved", lambda t: streams(t)[1].update(name="Title")),
    ("characters, allowed", lambda t: streams(t)[1].update(name="a" * 46)),
    ("is not of the form", lambda t: streams(t)[1].update(name="_a")),
    ("twice", lambda t: streams(t)[1].update(name="user")),
    ("TimeGenerated is missing", lambda t: streams(t).pop(0)),
    ("its schema has another name", lambda t: table(t)["schema"].update(name="Zoom_CL")),
    ("is not declared", lambda t: rule(t)["dataFlows"][0].update(streams=["Custom-Zoom_CL"])),
    ("there is no table", lambda t: rule(t)["dataFlows"][0].update(outputStream="Custom-Zoom_CL")),
    ("each stream needs one flow", lambda t: rule(t)["dataFlows"].pop()),
    ("no destination", lambda t: rule(t)["dataFlows"][0].update(destinations=["elsewhere"])),
    ("has 2 entries", lambda t: rule(t)["dataFlows"][0]["streams"].append("Custom-ZoomAlerts_CL")),
    ("the role is to be given on", replaced("3913510d-42f4-4e42-8a64-420c390055eb", "3e150937-b8fe-4cfb-8069-0eaf05ecd056")),
    ("is not of the form", replaced("3913510d-42f4-4e42-8a64-420c390055eb", "b24988ac-6180-42a0-ab88-20f7382dd24c")),
    ("scope is not deployed", replaced("Microsoft.Insights/dataCollectionRules/', parameters('dataCollectionRuleName')",
                                       "Microsoft.Insights/dataCollectionRules/', parameters('workspaceName')")),
    ("is not of the form", replaced("system:serviceaccount:", "serviceaccount:")),
    ("none of api://AzureADTokenExchange", replaced("api://AzureADTokenExchange", "api://zoomwatch")),
    ("etag is missing", lambda t: resource(t, "/savedSearches").pop("etag")),
    ("category is missing", lambda t: resource(t, "/savedSearches")["properties"].pop("category")),
    ("must make an alert of each row", lambda t: alerts(t)["eventGroupingSettings"].update(aggregationKind="SingleAlert")),
    ("more than 3 columns", lambda t: alerts(t)["alertDetailsOverride"].update(alertDisplayNameFormat="{{A}}{{B}}{{C}}{{D}}")),
    ("is not of the form", lambda t: alerts(t).update(suppressionDuration="5h")),
    ("is not of the form", lambda t: alerts(t).update(suppressionDuration="PT")),
    ("is not of the form", lambda t: alerts(t)["customDetails"].update({"a" * 21: "AlertId"})),
    ("allowed are 0 to 20", lambda t: alerts(t)["customDetails"].update({"d%s" % chr(97 + i): "AlertId" for i in range(20)})),
    ("groups by a custom detail", lambda t: alerts(t)["customDetails"].pop("FindingId")),
    ("no identifier", lambda t: alerts(t)["entityMappings"][0]["fieldMappings"][0].update(identifier="Mail")),
    ("one of FullName", lambda t: alerts(t)["entityMappings"][0].update(fieldMappings=[{"identifier": "UPNSuffix", "columnName": "A"}])),
    ("allowed are 1 to 10", lambda t: alerts(t)["entityMappings"].extend(alerts(t)["entityMappings"][:3])),
    ("no such property: queryFrequency", lambda t: alerts(t).update(queryFrequency="PT5M")),
    ("none of High", lambda t: alerts(t).update(severity="Critical")),
    ("allowed are 1 to 10000", lambda t: alerts(t).update(query="x" * 10001)),
    ("takes its time from no parameter", workbook(lambda items: query(items).update(timeContextFromParameter="Time"))),
    ("no such visualization", workbook(lambda items: query(items).update(visualization="chart"))),
    ("does not ask the workspace", workbook(lambda items: query(items).pop("resourceType"))),
    ("has no query", workbook(lambda items: query(items).pop("query"))),
    ("not distinct", workbook(lambda items: items.append(items[-1]))),
    ("is no stream of the rule", lambda t: t["outputs"]["stream"].update(value="Custom-Zoom_CL")),
    ("is not of type", lambda t: t["outputs"]["rule_id"].update(type="int")),
    ("exactly when", lambda t: t["outputs"]["client_id"].update(value="x")),
    ("no such member", lambda t: t.update(functons=[])),
    ("$schema", lambda t: t.update({"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"})),
]


def main():
    failed = 0
    for number, (expected, mistake) in enumerate(MISTAKES):
        template = copy.deepcopy(TEMPLATE)
        mistake(template)
        assert template != TEMPLATE, "mistake %d changes nothing" % number
        problems = check_template.check(json.dumps(template))
        if not any(expected in problem for problem in problems):
            failed += 1
            print("mistake %d: expected %r, found %s" % (number, expected, problems[:3]))
    for expected, text in (("not JSON", TEXT[:-10]), ("larger than", TEXT + " " * check_template.MAX_TEMPLATE_BYTES)):
        if not any(expected in problem for problem in check_template.check(text)):
            failed += 1
            print("not found: " + expected)
    print("%d mistakes, %d not found" % (len(MISTAKES) + 2, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
