#!/usr/bin/env python3
"""Checks every KQL text of azure/main.json against the tables that the template declares.

    check_queries.py TEMPLATE --zoomwatch PROGRAM        with our own engine
    check_queries.py TEMPLATE --kusto FOLDER             with Microsoft's parser and binder, installed into FOLDER when it is not there

The columns that the analytics rule names must be in the result of its query. Our engine does not know the columns that Log Analytics
itself adds, so queries that read them are left to Microsoft's. Exit codes: 0 all right, 1 not, 77 the npm package cannot be installed.
"""
import argparse
import json
import os
import re
import subprocess
import sys

import check_template
from arm import expand

BINDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kusto_binder")
sys.path.insert(0, BINDER)
import check_kusto_binder  # noqa: E402  (it has the package's version and installs it)

# What Log Analytics adds to every table (Azure Monitor, "Standard columns in Azure Monitor Logs").
STANDARD = [["TenantId", "string"], ["Type", "string"], ["_ResourceId", "string"], ["_SubscriptionId", "string"], ["_BilledSize", "real"],
            ["_IsBillable", "string"], ["_ItemId", "string"]]
KQL_TYPES = {"boolean": "bool", "dateTime": "datetime"}


class Side:
    """The tables, functions and queries of the template."""

    def __init__(self, template):
        self.resources = expand(template, dict(check_template.SETTINGS["both"], workspaceName="workspace"))[0]
        self.tables = {}
        for table in check_template.of_type(self.resources, "/tables"):
            schema = table["properties"]["schema"]
            self.tables[schema["name"]] = [[column["name"], KQL_TYPES.get(column["type"], column["type"])] for column in schema["columns"]]
        self.functions, self.queries = {}, {}
        for search in check_template.of_type(self.resources, "/savedSearches"):
            properties = search["properties"]
            if "functionAlias" in properties:
                self.functions[properties["functionAlias"]] = properties["query"]
            self.queries[properties["displayName"]] = properties["query"]
        for item in check_template.workbook_items(self.resources):
            if item["type"] == 3:
                self.queries["workbook: " + item["name"]] = item["content"]["query"]
        self.rule = check_template.of_type(self.resources, "/alertRules")[0]["properties"]
        self.queries["analytics rule"] = self.rule["query"]

    def with_functions(self, query):
        """The query with the functions that it calls written out, for an engine without stored functions."""
        called = [name for name in self.functions if re.search(r"\b%s\b(?!_)" % name, query)]
        return "".join("let %s = (\n%s\n);\n" % (name, self.functions[name]) for name in called) + query


def ours(side, program):
    names = [name for name, query in side.queries.items() if not re.search(r"\b_\w+", without_comments(query))]
    tables = {name: {"columns": columns, "rows": []} for name, columns in side.tables.items()}
    lines = "\n".join(json.dumps({"id": name, "query": side.with_functions(side.queries[name]), "now": "2026-01-01T00:00:00Z", "tables": tables})
                      for name in names)
    done = subprocess.run([program, "kql", "--jsonl", "-"], input=lines, capture_output=True, text=True, timeout=120)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(names):
        sys.exit("zoomwatch kql answered %d of %d: %s" % (len(answers), len(names), done.stderr))
    return {answer["id"]: (["%(code)s %(message)s in line %(line)s" % error for error in answer.get("errors", [])],
                           [column["name"] for column in answer.get("columns", [])]) for answer in answers}


def theirs(side, folder):
    header = {"tables": {name: columns + STANDARD for name, columns in side.tables.items()}, "functions": side.functions}
    lines = [json.dumps(header)] + [json.dumps({"query": query}) for query in side.queries.values()]
    command = ["node", os.path.join(BINDER, "kusto.mjs"), check_kusto_binder.package_folder(folder)]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=300)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(side.queries):
        sys.exit("kusto.mjs answered %d of %d: %s" % (len(answers), len(side.queries), done.stderr))
    return {name: (answer["errors"], [column[0] for column in answer["columns"]]) for name, answer in zip(side.queries, answers)}


def without_comments(query):
    return re.sub(r"//[^\n]*", "", query)


def rule_columns(rule):
    override = rule["alertDetailsOverride"]
    columns = [override["alertSeverityColumnName"], override["alertTacticsColumnName"], *rule["customDetails"].values()]
    columns += [mapped["columnName"] for entity in rule["entityMappings"] for mapped in entity["fieldMappings"]]
    for format in ("alertDisplayNameFormat", "alertDescriptionFormat"):
        columns += re.findall(r"\{\{(\w+)\}\}", override[format])
    return columns


def problems_of(side, results):
    problems = []
    for name, (errors, columns) in results.items():
        problems += ["%s: %s" % (name, error) for error in errors]
        if not errors and not columns:
            problems.append("%s: has no columns" % name)
    found = results["analytics rule"][1]
    problems += ["analytics rule: its query has no column %s" % column for column in rule_columns(side.rule) if column not in found]
    # An NRT rule reads one table and joins nothing.
    text = without_comments(side.rule["query"])
    if re.search(r"\b(join|union|lookup|find|search)\b", text) or len(re.findall(r"\bZoom\w+_CL\b", text)) != 1:
        problems.append("analytics rule: an NRT rule reads one table, once")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("template")
    parser.add_argument("--zoomwatch")
    parser.add_argument("--kusto")
    options = parser.parse_args()
    with open(options.template, encoding="utf-8") as file:
        side = Side(json.load(file))
    results = ours(side, options.zoomwatch) if options.zoomwatch else theirs(side, options.kusto)
    problems = problems_of(side, results)
    print("\n".join(problems + ["%d queries, %d problems" % (len(results), len(problems))]))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
