"""What Azure asks of each type of resource in the template, for the API version that the template names.

Read off the published schemas of the resource providers (2020-08-01, 2023-01-31, 2022-04-01, 2023-03-11, 2025-07-01 and
2024-10-01-preview) and off the documentation of Azure Monitor and Microsoft Sentinel where those say more than the schema: the kind
"Direct", names of columns and streams, limits of rules. Closed: a property that is not listed is an error.
"""
import re


def fail(place, text):
    return ["%s: %s" % (place, text)]


def text(least=1, most=100000, pattern=None):
    def check(value, place):
        if not isinstance(value, str):
            return fail(place, "is no text but %r" % (value,))
        if not least <= len(value) <= most:
            return fail(place, "has %d characters, allowed are %d to %d" % (len(value), least, most))
        if pattern and not re.fullmatch(pattern, value):
            return fail(place, "%r is not of the form %s" % (value, pattern))
        return []
    return check


def word(*words):
    return lambda value, place: [] if value in words and isinstance(value, str) else fail(place, "%r is none of %s" % (value, ", ".join(words)))


def number(*ranges):
    def check(value, place):
        fits = isinstance(value, int) and not isinstance(value, bool) and any(least <= value <= most for least, most in ranges)
        return [] if fits else fail(place, "%r is in none of the ranges %s" % (value, ranges))
    return check


def truth(value, place):
    return [] if isinstance(value, bool) else fail(place, "%r is no truth value" % (value,))


def optional(rule):
    return lambda value, place: [] if value is None else rule(value, place)


def items(rule, least=0, most=100000):
    def check(value, place):
        if not isinstance(value, list):
            return fail(place, "is no list")
        if not least <= len(value) <= most:
            return fail(place, "has %d entries, allowed are %d to %d" % (len(value), least, most))
        return [problem for i, item in enumerate(value) for problem in rule(item, "%s[%d]" % (place, i))]
    return check


def mapping(rule, least=0, most=100000, key=".+"):
    def check(value, place):
        if not isinstance(value, dict):
            return fail(place, "is no object")
        problems = [] if least <= len(value) <= most else fail(place, "has %d entries, allowed are %d to %d" % (len(value), least, most))
        for name, item in value.items():
            if not re.fullmatch(key, name):
                problems += fail(place, "the name %r is not of the form %s" % (name, key))
            problems += rule(item, "%s.%s" % (place, name))
        return problems
    return check


def record(required, others=None):
    known = dict(required, **(others or {}))

    def check(value, place):
        if not isinstance(value, dict):
            return fail(place, "is no object")
        problems = [problem for name in required if name not in value for problem in fail(place, "%s is missing" % name)]
        for name, item in value.items():
            problems += known[name](item, "%s.%s" % (place, name)) if name in known else fail(place, "no such property: %s" % name)
        return problems
    return check


GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ID = r"/subscriptions/[^/]+/.*"
# "P1D", "PT5H30M": from one second on.
DURATION = r"P(?=\d|T\d)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?"
COLUMN = r"[A-Za-z][A-Za-z0-9_]{0,44}"
RESULT_COLUMN = text(1, 500, r"[A-Za-z_]\w*")
TABLE = r"[A-Za-z][A-Za-z0-9_]{0,58}_CL"
SUBJECT = r"system:serviceaccount:[a-z0-9]([-a-z0-9]*[a-z0-9])?:[a-z0-9]([-.a-z0-9]*[a-z0-9])?"
SERVICE = "Microsoft.OperationalInsights/workspaces"
RESERVED = {"_resourceid", "id", "_subscriptionid", "tenantid", "tenant", "type", "uniqueid", "title", "resource", "resourceid",
            "resourcename", "resourcetype", "subscriptionid", "rawdata", "computer"}

TACTICS = ["Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence", "PrivilegeEscalation",
           "DefenseEvasion", "CredentialAccess", "Discovery", "LateralMovement", "Collection", "Exfiltration", "CommandAndControl",
           "Impact", "PreAttack", "ImpairProcessControl", "InhibitResponseFunction"]
# Of each type: the identifiers, and those of which one must be there.
ENTITIES = {
    "Account": (["Name", "FullName", "NTDomain", "DnsDomain", "UPNSuffix", "Sid", "AadTenantId", "AadUserId", "PUID", "IsDomainJoined",
                 "DisplayName", "ObjectGuid"], ["FullName", "Sid", "Name", "AadUserId", "PUID", "ObjectGuid"]),
    "IP": (["Address"], ["Address"]),
    "URL": (["Url"], ["Url"]),
    "DNS": (["DomainName"], ["DomainName"]),
    "Host": (["DnsDomain", "NTDomain", "HostName", "FullName", "NetBiosName", "AzureID", "OMSAgentID", "OSFamily", "OSVersion",
              "IsDomainJoined"], ["FullName", "HostName", "NetBiosName", "AzureID", "OMSAgentID"]),
    "CloudApplication": (["AppId", "Name", "InstanceName"], ["AppId", "Name"]),
    "Mailbox": (["MailboxPrimaryAddress", "DisplayName", "Upn", "ExternalDirectoryObjectId", "RiskLevel"], ["MailboxPrimaryAddress"]),
}


def entity(value, place):
    problems = record({"entityType": word(*ENTITIES), "fieldMappings": items(record({"identifier": text(), "columnName": RESULT_COLUMN}), 1, 3)})(
        value, place)
    if problems:
        return problems
    known, needed = ENTITIES[value["entityType"]]
    identifiers = [mapped["identifier"] for mapped in value["fieldMappings"]]
    problems = [problem for name in identifiers if name not in known for problem in fail(place, "no identifier %s" % name)]
    return problems + ([] if set(identifiers) & set(needed) else fail(place, "one of %s is needed" % ", ".join(needed)))


def placeholders(most_characters):
    def check(value, place):
        problems = text(1, most_characters)(value, place)
        if not problems and len(re.findall(r"\{\{", value)) > 3:
            problems = fail(place, "more than 3 columns")
        return problems
    return check


def columns(*types, described=False):
    def check(value, place):
        described_by = {"description": text(1, 1000)} if described else {}
        problems = items(record({"name": text(1, 45, COLUMN), "type": word(*types)}, described_by), 1, 500)(value, place)
        if problems:
            return problems
        names = [column["name"].lower() for column in value]
        problems = [problem for name in sorted(set(names)) if names.count(name) > 1 for problem in fail(place, "%s twice" % name)]
        problems += [problem for name in names if name in RESERVED for problem in fail(place, "%s is reserved" % name)]
        if ("TimeGenerated", "datetime") not in [(column["name"], column["type"].lower()) for column in value]:
            problems += fail(place, "TimeGenerated is missing or no datetime")
        return problems
    return check


SAVED_SEARCH = record({"category": text(), "displayName": text(), "query": text(1, 10000)},
                      {"functionAlias": text(1, 100, r"[A-Za-z_]\w*"), "functionParameters": text(), "version": number((1, 2)),
                       "tags": items(record({"name": text(), "value": text(0, 256)}))})

NRT_RULE = record(
    {"displayName": text(1, 256), "enabled": truth, "query": text(1, 10000), "severity": word("High", "Medium", "Low", "Informational"),
     "suppressionDuration": text(pattern=DURATION), "suppressionEnabled": truth},
    {"description": text(1, 5000), "tactics": items(word(*TACTICS)), "techniques": items(text(pattern=r"T\d{4}")),
     "eventGroupingSettings": record({"aggregationKind": word("SingleAlert", "AlertPerResult")}),
     "alertDetailsOverride": record({}, {"alertDisplayNameFormat": placeholders(256), "alertDescriptionFormat": placeholders(5000),
                                         "alertSeverityColumnName": RESULT_COLUMN, "alertTacticsColumnName": RESULT_COLUMN}),
     "customDetails": mapping(RESULT_COLUMN, 0, 20, r"[A-Za-z]\w{0,19}"),
     "entityMappings": items(entity, 1, 10),
     "incidentConfiguration": record(
         {"createIncident": truth},
         {"groupingConfiguration": record(
             {"enabled": truth, "reopenClosedIncident": truth, "lookbackDuration": text(pattern=DURATION),
              "matchingMethod": word("AllEntities", "AnyAlert", "Selected")},
             {"groupByEntities": items(word(*ENTITIES)), "groupByAlertDetails": items(word("DisplayName", "Severity")),
              "groupByCustomDetails": items(text())})})})

STREAM = r"Custom-[A-Za-z0-9_-]{1,93}"
RULE = record(
    {"streamDeclarations": mapping(record({"columns": columns("string", "int", "long", "real", "boolean", "datetime", "dynamic")}), 1, 20,
                                   STREAM),
     "destinations": record({"logAnalytics": items(record({"name": text(), "workspaceResourceId": text(pattern=ID)}), 1, 10)}),
     "dataFlows": items(record({"streams": items(text(pattern=STREAM), 1, 1), "destinations": items(text(), 1), "outputStream": text(
         pattern="Custom-" + TABLE)}, {"transformKql": text(1, 15360)}), 1, 10)},
    {"description": text()})

# type: (API version, properties of the resource beside type, apiVersion, name, dependsOn and scope)
RESOURCES = {
    SERVICE + "/tables": ("2025-07-01", {"properties": record(
        {"plan": word("Analytics", "Basic", "Auxiliary"),
         "schema": record({"name": text(pattern=TABLE), "columns": columns(
             "string", "int", "long", "real", "boolean", "dateTime", "guid", "dynamic", described=True)}, {"description": text()})},
        {"retentionInDays": optional(number((-1, -1), (4, 730))), "totalRetentionInDays": number((-1, -1), (4, 4383))})}),
    "Microsoft.Insights/dataCollectionRules": ("2023-03-11", {"location": text(), "kind": word("Direct"), "properties": RULE}),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("2023-01-31", {"location": text()}),
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": ("2023-01-31", {"properties": record(
        {"issuer": text(pattern=r"https://.+"), "subject": text(pattern=SUBJECT),
         "audiences": items(word("api://AzureADTokenExchange"), 1, 1)})}),
    "Microsoft.Authorization/roleAssignments": ("2022-04-01", {"properties": record(
        {"principalId": text(pattern=GUID),
         # Monitoring Metrics Publisher: the one that ingestion asks for, and the least.
         "roleDefinitionId": text(pattern=r"/subscriptions/[^/]+/providers/Microsoft.Authorization/roleDefinitions/"
                                          "(3913510d-42f4-4e42-8a64-420c390055eb|3e150937-b8fe-4cfb-8069-0eaf05ecd056)"),
         "principalType": word("ServicePrincipal")}, {"description": text()})}),
    SERVICE + "/savedSearches": ("2020-08-01", {"etag": word("*"), "properties": SAVED_SEARCH}),
    "Microsoft.SecurityInsights/alertRules": ("2024-10-01-preview", {"kind": word("NRT"), "properties": NRT_RULE}),
    "Microsoft.Insights/workbooks": ("2022-04-01", {"location": text(), "kind": word("shared"), "properties": record(
        {"displayName": text(), "category": word("sentinel"), "serializedData": text(), "sourceId": text(pattern=ID)},
        {"version": text(), "description": text()})}),
}
NAMES = {
    SERVICE + "/tables": "[^/]+/" + TABLE,
    SERVICE + "/savedSearches": r"[^/]+/[A-Za-z0-9-]{1,100}",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": r"[^/]+/[A-Za-z0-9][A-Za-z0-9-_]{2,119}",
    "Microsoft.Authorization/roleAssignments": GUID,
    "Microsoft.SecurityInsights/alertRules": GUID,
    "Microsoft.Insights/workbooks": GUID,
}
