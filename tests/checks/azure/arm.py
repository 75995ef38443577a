"""Carries out an Azure Resource Manager template as far as this repository's template needs it.

expand(template, parameters) gives the resources that would be deployed, with every expression evaluated: what a check then says holds
for what Azure is sent, and a wrong name, function or bracket is an error here. What only Azure knows (reference(), ids) has a made-up
value. Errors are TemplateError with the place.
"""
import copy
import hashlib
import re
import uuid

SUBSCRIPTION = "00000000-0000-0000-0000-00000000000a"
GROUP = "/subscriptions/%s/resourceGroups/group" % SUBSCRIPTION
TENANT = "00000000-0000-0000-0000-00000000000b"
REGION = "westeurope"

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z]\w*)|(?P<mark>[()\[\],.]))")


class TemplateError(Exception):
    pass


def guid(*parts):
    return str(uuid.UUID(hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]))


def resource_id(type_name, *names):
    parts = type_name.split("/")
    if len(parts) - 1 != len(names):
        raise TemplateError("resourceId(%r) takes %d names and has %d" % (type_name, len(parts) - 1, len(names)))
    return "%s/providers/%s/%s" % (GROUP, parts[0], "/".join("%s/%s" % pair for pair in zip(parts[1:], names)))


def reference(target, version=None):
    """What a template may read of a resource that it has deployed."""
    if "/Microsoft.ManagedIdentity/userAssignedIdentities/" in target:
        return {"principalId": guid("principal", target), "clientId": guid("client", target), "tenantId": TENANT}
    if "/Microsoft.Insights/dataCollectionRules/" in target:
        name = target.rsplit("/", 1)[1]
        return {"immutableId": "dcr-" + guid(target).replace("-", ""),
                "endpoints": {"logsIngestion": "https://%s-abcd.%s-1.ingest.monitor.azure.com" % (name, REGION)}}
    raise TemplateError("reference(%r): nothing is known about such a resource" % target)


FUNCTIONS = {
    "and": (2, 9, lambda *values: all(values)),
    "concat": (1, 9, lambda *parts: "".join(parts)),
    "empty": (1, 1, lambda value: not value),
    "equals": (2, 2, lambda one, other: one == other),
    "guid": (1, 9, guid),
    "length": (1, 1, len),
    "not": (1, 1, lambda value: not value),
    "null": (0, 0, lambda: None),
    "reference": (1, 2, reference),
    "resourceGroup": (0, 0, lambda: {"location": REGION, "id": GROUP, "name": "group"}),
    "resourceId": (2, 5, resource_id),
    "subscription": (0, 0, lambda: {"tenantId": TENANT, "subscriptionId": SUBSCRIPTION}),
    "subscriptionResourceId": (2, 2, lambda kind, name: "/subscriptions/%s/providers/%s/%s" % (SUBSCRIPTION, kind, name)),
}


class Expansion:
    def __init__(self, template, parameters):
        self.template = template
        self.given = parameters
        self.used = set()  # ("parameters", name) and ("variables", name)
        self.index = None  # of the copy loop

    # --- expressions

    def evaluate(self, text, place):
        self.tokens, self.place = [], place
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise TemplateError("%s: cannot be read at %r" % (place, text[at:at + 20]))
            self.tokens.append(match.groupdict())
            at = match.end()
        saved, self.tokens = self.tokens, self.tokens[:]
        value = self.operand()
        if self.tokens:
            raise TemplateError("%s: something stands behind the expression: %r" % (place, saved))
        return value

    def take(self, kind, mark=None):
        if not self.tokens or not self.tokens[0][kind] or (mark and self.tokens[0][kind] != mark):
            raise TemplateError("%s: %s expected in the expression" % (self.place, mark or kind))
        return self.tokens.pop(0)[kind]

    def next_is(self, mark):
        return bool(self.tokens) and self.tokens[0]["mark"] == mark

    def operand(self):
        token = self.tokens[0] if self.tokens else {}
        if token.get("text"):
            return self.take("text")[1:-1].replace("''", "'")
        if token.get("number"):
            return int(self.take("number"))
        value = self.call(self.take("name"))
        while self.next_is(".") or self.next_is("["):
            if self.take("mark") == ".":
                key = self.take("name")
            else:
                key = self.operand()
                self.take("mark", "]")
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                raise TemplateError("%s: there is no member %r" % (self.place, key))
        return value

    def call(self, name):
        self.take("mark", "(")
        # Only the branch that holds is evaluated.
        if name == "if":
            condition = self.operand()
            self.take("mark", ",")
            branches = [self.branch(condition)]
            self.take("mark", ",")
            branches.append(self.branch(not condition))
            self.take("mark", ")")
            return branches[0] if condition else branches[1]
        arguments = []
        while not self.next_is(")"):
            arguments.append(self.operand())
            if not self.next_is(")"):
                self.take("mark", ",")
        self.take("mark", ")")
        return self.apply(name, arguments)

    def branch(self, wanted):
        if wanted:
            return self.operand()
        depth = 0
        while self.tokens and (depth or self.tokens[0]["mark"] not in (",", ")")):
            mark = self.tokens.pop(0)["mark"]
            depth += (mark in ("(", "[")) - (mark in (")", "]"))
        return None

    def apply(self, name, arguments):
        if name in ("parameters", "variables"):
            return self.named(name, arguments)
        if name == "copyIndex":
            if self.index is None:
                raise TemplateError("%s: copyIndex() outside a copy loop" % self.place)
            return self.index
        if name not in FUNCTIONS:
            raise TemplateError("%s: no function %s" % (self.place, name))
        least, most, function = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise TemplateError("%s: %s() with %d arguments" % (self.place, name, len(arguments)))
        try:
            return function(*arguments)
        except TypeError as error:
            raise TemplateError("%s: %s(): %s" % (self.place, name, error))

    def named(self, kind, arguments):
        name = arguments[0] if len(arguments) == 1 else None
        if name not in self.template.get(kind, {}):
            raise TemplateError("%s: %s has no %r" % (self.place, kind, name))
        self.used.add((kind, name))
        saved = self.tokens, self.place
        place = "%s.%s" % (kind, name)
        if kind == "variables":
            value = self.value(self.template[kind][name], place)
        elif name in self.given:
            value = self.given[name]
        elif "defaultValue" in self.template[kind][name]:
            value = self.value(self.template[kind][name]["defaultValue"], place)
        else:
            raise TemplateError("parameter %s has no value" % name)
        self.tokens, self.place = saved
        return value

    # --- the template

    def value(self, node, place):
        if isinstance(node, dict):
            return {key: self.value(item, "%s.%s" % (place, key)) for key, item in node.items()}
        if isinstance(node, list):
            return [self.value(item, "%s[%d]" % (place, i)) for i, item in enumerate(node)]
        if isinstance(node, str) and node.startswith("[["):
            return node[1:]
        if isinstance(node, str) and node.startswith("[") and node.endswith("]"):
            return self.evaluate(node[1:-1], place)
        return node

    def resources(self):
        made = []
        for number, resource in enumerate(self.template["resources"]):
            place = "resources[%d] (%s)" % (number, resource.get("type"))
            resource = copy.deepcopy(resource)
            loop = resource.pop("copy", None)
            count = self.value(loop["count"], place) if loop else 1
            condition = self.value(resource.pop("condition", True), place)
            if not isinstance(condition, bool):
                raise TemplateError("%s: the condition is no truth value" % place)
            for index in range(count):
                self.index = index if loop else None
                expanded = self.value(resource, place)
                if condition:
                    made.append(expanded)
            self.index = None
        return made

    def outputs(self):
        return {name: (output["type"], self.value(output["value"], "outputs." + name))
                for name, output in self.template.get("outputs", {}).items()}


def full_id(resource):
    """The id that the resource will have."""
    own = resource_id(resource["type"], *resource["name"].split("/"))[len(GROUP):]
    return (GROUP + "/providers/" + resource["scope"] + own) if "scope" in resource else GROUP + own


def expand(template, parameters):
    expansion = Expansion(template, parameters)
    return expansion.resources(), expansion.outputs(), expansion.used
