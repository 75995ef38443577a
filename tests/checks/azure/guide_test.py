#!/usr/bin/env python3
"""What docs/azure.md says of the template, the chart and the rules holds: guide_test.py ROOT [--update]

The federated credential has the audience and the service account of the chart's pod, and the outputs are named as options of the detector.
Between <!-- parameters --> and <!-- events --> stands what this prints; --update writes it there.
"""
import difflib
import glob
import json
import os
import re
import sys

EVENT = re.compile(r'\bEvent\s*(?:==|=~|in~?)\s*(\([^)]*\)|"[^"]*")')


def events_of(query):
    return sorted({name for condition in EVENT.findall(query) for name in re.findall(r'"([^"]+)"', condition)})


def rules(root):
    for path in sorted(glob.glob(os.path.join(root, "rules", "zoom", "*.yaml"))):
        if not path.endswith(".test.yaml"):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            yield os.path.basename(path)[:-len(".yaml")], "\nkind:" not in text, text[text.index("\nquery:"):]


def events_table(root):
    lines = ["| rule | events |", "|---|---|"]
    for name, hunting, query in rules(root):
        events = events_of(query)
        if not events:
            sys.exit("rule %s: no event found in its query" % name)
        lines.append("| `%s`%s | %s |" % (name, " (hunting)" if hunting else "", ", ".join("`%s`" % event for event in events)))
    return lines


def parameters_table(root):
    with open(os.path.join(root, "azure", "main.json"), encoding="utf-8") as file:
        parameters = json.load(file)["parameters"]
    lines = ["| parameter | default | meaning |", "|---|---|---|"]
    for name, parameter in parameters.items():
        default = parameter.get("defaultValue")
        text = "required" if "defaultValue" not in parameter else (
            "the resource group's" if str(default).startswith("[") and default else "`%s`" % json.dumps(default))
        choices = " One of %s." % ", ".join(parameter["allowedValues"]) if "allowedValues" in parameter else ""
        lines.append("| `%s` | %s | %s%s |" % (name, text, parameter["metadata"]["description"], choices))
    return lines


def text_of(root, *path):
    with open(os.path.join(root, *path), encoding="utf-8") as file:
        return file.read()


def check_chart(root):
    template = json.loads(text_of(root, "azure", "main.json"))
    credential = [one for one in template["resources"] if one["type"].endswith("/federatedIdentityCredentials")][0]["properties"]
    audiences = re.findall(r"^ *audience: (\S+)$", text_of(root, "helm", "zoomwatch", "templates", "_helpers.tpl"), re.MULTILINE)
    if credential["audiences"] != audiences:
        sys.exit("the template's audience is %s, the chart's %s" % (credential["audiences"], audiences))
    parameters = template["parameters"]
    release, namespace = re.search(r"helm install (\S+) \./helm/zoomwatch -n (\S+) ", text_of(root, "helm", "zoomwatch", "README.md")).groups()
    account = release + "-detector"  # a release called as the chart; detector.serviceAccount.name is empty
    if (parameters["kubernetesNamespace"]["defaultValue"], parameters["kubernetesServiceAccount"]["defaultValue"]) != (namespace, account):
        sys.exit("the template's defaults are not the service account %s of the namespace %s" % (account, namespace))
    options = text_of(root, "docs", "configuration.md")
    for name in template["outputs"]:
        if "| `%s` |" % name not in options:
            sys.exit("the output %s is no option of docs/configuration.md" % name)


def main():
    root = sys.argv[1]
    check_chart(root)
    path = os.path.join(root, "docs", "azure.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    wanted = text
    for name, table in (("parameters", parameters_table(root)), ("events", events_table(root))):
        wanted, count = re.subn(r"(<!-- %s -->\n).*?(<!-- /%s -->)" % (name, name), lambda match: match.group(1) + "\n".join(table) + "\n" +
                                match.group(2), wanted, flags=re.DOTALL)
        if count != 1:
            sys.exit("docs/azure.md has no mark <!-- %s -->" % name)
    if "--update" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif wanted != text:
        print("\n".join(difflib.unified_diff(text.splitlines(), wanted.splitlines(), "docs/azure.md", "as it must be", lineterm="")))
        sys.exit("run scripts/update-docs")


if __name__ == "__main__":
    main()
