#!/usr/bin/env python3
"""Checks that the binder accepts what Microsoft's language service accepts, with the same result columns, and refuses the rest.

    check_kusto_binder.py --binding PROGRAM --folder FOLDER [--count N] [--seed N] [--show N]

Queries are generated from the constructs that are supported, and made wrong by small changes; where ZOOMWATCH_CORPUS names the external
corpus, its documented examples and the published queries for Zoom come first. What the binder refuses as not
supported (ZW002 to ZW004) is counted and not compared. Installs the npm package, of the version below, into FOLDER when it is not
there; KQL_NPM names a folder that has it. Exit codes: 0 all agreed, 1 some did not, 77 the package could not be installed.
"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys

PACKAGE = "@kusto/language-service-next@12.4.1"
SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))

COLUMNS = [["b", "bool"], ["i", "int"], ["l", "long"], ["r", "real"], ["d", "decimal"], ["s", "string"], ["s2", "string"],
           ["dt", "datetime"], ["ts", "timespan"], ["g", "guid"], ["dy", "dynamic"], ["bag", "dynamic"]]
HEADER = {"tables": {"T": COLUMNS, "U": [["s", "string"], ["l", "long"], ["k", "string"], ["dt", "datetime"]]},
          "functions": {"F": "T | project s, l, dt"}}

LITERALS = {
    "bool": ["true", "false", "bool(null)"], "int": ["int(5)", "int(null)"], "long": ["0", "7", "-3", "long(null)"],
    "real": ["1.5", "real(null)"], "decimal": ["decimal(1.25)"], "string": ['"x"', "'y,z'", '""'],
    "datetime": ["datetime(2024-05-01)", "now()", "ago(1h)"], "timespan": ["1h", "2d"],
    "guid": ["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"], "dynamic": ["dynamic({'a':1})", "dynamic([1,2])", "dynamic(null)"]}
TYPES = list(LITERALS)

# name: parameter kinds; a kind is a type, "any", "number", "array", "const string" or a text that is taken as it is.
FUNCTIONS = {
    "tostring": ["any"], "tolong": ["any"], "toint": ["any"], "todouble": ["any"], "tobool": ["any"], "todatetime": ["any"],
    "totimespan": ["any"], "todecimal": ["any"], "toguid": ["string"], "strlen": ["string"], "tolower": ["any"], "toupper": ["any"],
    "strcat": ["any", "any"], "substring": ["string", "long"], "indexof": ["string", "string"], "split": ["string", "string"],
    "replace_string": ["string", "string", "string"], "trim": ["'x'", "string"], "extract": ["'a(b)'", "1", "string"],
    "iff": ["bool", "any", "any"], "iif": ["bool", "any", "any"], "case": ["bool", "any", "bool", "any", "any"],
    "coalesce": ["any", "any"], "max_of": ["any", "any"], "min_of": ["number", "number"], "isempty": ["any"], "isnotempty": ["any"],
    "isnull": ["any"], "isnotnull": ["any"], "not": ["bool"], "bin": ["number", "number"], "floor": ["timespan", "timespan"],
    "round": ["real", "1"], "abs": ["number"], "sqrt": ["number"], "pow": ["number", "number"], "startofday": ["datetime"],
    "startofweek": ["datetime", "1"], "endofmonth": ["datetime"], "datetime_diff": ["'day'", "datetime", "datetime"],
    "datetime_add": ["'hour'", "long", "datetime"], "format_datetime": ["datetime", "'yyyy'"], "dayofweek": ["datetime"],
    "hourofday": ["datetime"], "getyear": ["datetime"], "make_datetime": ["long", "long", "long"], "parse_json": ["string"],
    "todynamic": ["string"], "array_length": ["dynamic"], "bag_keys": ["dynamic"], "bag_pack": ["string", "any"],
    "pack_array": ["any", "any"], "array_concat": ["dynamic", "dynamic"], "set_union": ["dynamic", "dynamic"],
    "strcat_array": ["dynamic", "string"], "gettype": ["any"], "column_ifexists": ["'s'", "any"], "ingestion_time": [],
    "hash_sha256": ["string"], "ipv4_is_private": ["string"], "parse_url": ["string"], "countof": ["string", "string"],
    "array_sort_asc": ["dynamic"], "prev": ["l"], "row_number": [], "isnan": ["real"], "range": ["long", "long"],
    "array_index_of": ["dynamic", "any"], "has_any_index": ["string", "dynamic"], "tohex": ["long"], "ceiling": ["number"],
    "unixtime_seconds_todatetime": ["long"], "format_timespan": ["timespan", "'hh'"], "make_timespan": ["long", "long"]}
AGGREGATES = {
    "count": [], "countif": ["bool"], "sum": ["number"], "avg": ["number"], "min": ["any"], "max": ["any"], "dcount": ["any"],
    "dcountif": ["any", "bool"], "make_set": ["any"], "make_list": ["any", "5"], "makeset": ["any"], "make_set_if": ["any", "bool"],
    "make_bag": ["dynamic"], "stdev": ["number"], "variance": ["number"], "percentile": ["number", "95"],
    "percentiles": ["number", "5", "99.9"], "arg_max": ["any", "*"], "arg_min": ["any", "any", "any"], "take_any": ["any"],
    "any": ["any"], "sumif": ["number", "bool"], "count_distinct": ["any"], "maxif": ["any", "bool"], "avgif": ["number", "bool"]}
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
TEXT_OPERATORS = ["=~", "!~", "has", "!has", "contains", "!contains", "startswith", "endswith", "has_cs", "hasprefix", "matches regex"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, share):
        return self.random.random() < share

    def leaf(self, kind):
        if self.chance(0.06):
            kind = "any"  # mostly wrong
        if kind == "any":
            kind = self.pick(TYPES)
        if kind == "number":
            kind = self.pick(["int", "long", "real", "decimal"])
        columns = [name for name, of in COLUMNS if of == kind]
        return self.pick(columns) if columns and self.chance(0.75) else self.pick(LITERALS.get(kind, ["1"]))

    def call(self, depth):
        name = self.pick(list(FUNCTIONS))
        return "%s(%s)" % (name, ", ".join(self.argument(kind, depth) for kind in FUNCTIONS[name]))

    def argument(self, kind, depth):
        known = kind in LITERALS or kind in ("any", "number")
        return self.expression(kind, depth) if known else kind

    def boolean(self, depth):
        form = self.random.randrange(6)
        if form == 0:
            return "%s %s %s" % (self.expression("any", depth), self.pick(COMPARISONS), self.expression("any", depth))
        if form == 1:
            return "%s %s %s" % (self.leaf("string"), self.pick(TEXT_OPERATORS), self.leaf(self.pick(["string", "string", "dynamic"])))
        if form == 2:
            items = ", ".join(self.leaf("any") for _ in range(self.random.randrange(1, 4)))
            right = self.pick([items, items, "U", "U | project k", "dynamic(['a'])"])
            return "%s %s (%s)" % (self.leaf("any"), self.pick(["in", "!in", "in~", "has_any"]), right)
        if form == 3:
            kind = self.pick(["number", "datetime", "timespan", "any"])
            return "%s %s (%s .. %s)" % (self.leaf(kind), self.pick(["between", "!between"]), self.leaf(kind), self.leaf(kind))
        if form == 4:
            return "%s %s %s" % (self.expression("bool", depth), self.pick(["and", "or"]), self.expression("bool", depth))
        number = self.pick(["number", "long", "timespan", "datetime"])
        return "%s %s %s" % (self.leaf(number), self.pick(COMPARISONS), self.leaf(number))

    def expression(self, kind, depth):
        if depth <= 0:
            return self.leaf(kind)
        if kind == "bool":
            return "(%s)" % self.boolean(depth - 1)
        form = self.random.randrange(7)
        if form <= 1:
            return self.leaf(kind)
        if form == 2:
            return "(%s %s %s)" % (self.expression(kind, depth - 1), self.pick("+-*/%"), self.expression(kind, depth - 1))
        if form == 3:
            return "dy" + self.pick([".a", ".a.b", "['x y']", "[0]", "[0].c", "[s]", "[-1]", ".['k']"])
        if form == 4:
            return "%s(%s)" % (self.pick(["tostring", "tolong", "toint", "todatetime"]), self.expression("any", depth - 1))
        if form == 5:
            return "-" + self.leaf("number")
        return self.call(depth - 1)

    def items(self, make, most=3):
        items = []
        for _ in range(self.random.randrange(1, most + 1)):
            name = self.pick(["x", "y", "l", "Column1"]) + " = " if self.chance(0.4) else ""
            items.append(name + make())
        return ", ".join(items)

    def aggregate(self):
        name = self.pick(list(AGGREGATES))
        call = "%s(%s)" % (name, ", ".join(self.argument(kind, 1) for kind in AGGREGATES[name]))
        if self.chance(0.15):
            return self.pick(["%s + 1", "tostring(%s)", "round(%s, 1)", "-%s", "%s > 5", "iff(%s > 1, 'a', s)"]) % call
        return call

    def operator(self):
        expression = lambda: self.expression("any", 2)
        key = lambda: self.pick(["s", "l", "bin(dt, 1d)", "tostring(dy.a)", "b", "k = s2", "dy", self.expression("any", 1)])
        return self.pick([
            lambda: "where " + self.boolean(2),
            lambda: "extend " + self.items(expression),
            lambda: "project " + self.items(expression),
            lambda: "project " + self.items(expression, 4),
            lambda: "summarize " + self.items(self.aggregate) + (" by " + self.items(key, 2) if self.chance(0.7) else ""),
            lambda: "summarize by " + key(),
            lambda: "distinct " + self.pick(["s", "s, l", "tostring(dy)", "l + 1", "dy"]),
            lambda: "join %s (U) on %s" % (self.pick(["", "kind=inner", "kind=leftanti", "kind=leftouter"]),
                                           self.pick(["s", "l", "s, l", "$left.s == $right.k", "dt", "nowhere", "$left.l == $right.k"])),
            lambda: "lookup (U) on s",
            lambda: "union U",
            lambda: "top 5 by " + expression(),
            lambda: "sort by %s desc" % expression(),
            lambda: "project-away " + self.pick(["s", "s*", "nowhere", "l, r"]),
            lambda: "project-rename q = s",
            lambda: "project-reorder l, s*, *",
            lambda: "mv-expand " + self.pick(["dy", "x = dy.a", "dy to typeof(long)", "bag, dy", "s"]),
            lambda: "parse s with * 'a' p:long 'b' q",
            lambda: "count",
            lambda: "take 5"])()

    def query(self):
        lets = "".join(self.pick(["let n = 5; ", "let names = dynamic(['a']); ", "let V = T | where l > 1; ", "let f = (x:long) { x + 1 }; "])
                       for _ in range(self.random.randrange(2)) if self.chance(0.3))
        source = self.pick(["T"] * 8 + ["F", "range l from 1 to 5 step 1"])
        return lets + " | ".join([source] + [self.operator() for _ in range(self.pick([1, 1, 1, 2, 3]))])

    def mutated(self):
        """A query with one token left out, doubled, exchanged or replaced: mostly wrong."""
        tokens = re.findall(r"'[^']*'|\"[^\"]*\"|[A-Za-z_$][\w-]*|\d+(?:\.\d+)?\w*|[<>=!]=|=~|!~|!\w+|\.\.|\s+|.", self.query())
        words = [i for i, token in enumerate(tokens) if not token.isspace()]
        at, other = self.pick(words), self.pick(words)
        form = self.random.randrange(4)
        if form == 0:
            tokens[at] = ""
        elif form == 1:
            tokens[at] += " " + tokens[at]
        elif form == 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens[at] = self.pick(["x", "s", "by", "and", "(", ")", ",", "|", "==", "1", "'a'", "*", ".", "[", "tostring", "T"])
        return "".join(tokens)


# What is known to differ, with the reason.
KNOWN = [
    (r"parse s with .*(parse s with|\bs\b)|project-rename q = s.*parse s with",
     "parse into a column that exists replaces it, as extend does: a result has no two columns of one name; there it is listed twice"),
    (r"(tostring|round|iff)\(percentiles\(|-percentiles\(|percentiles\([^)]*\) [+>]", "an aggregate of several values (percentiles) is no argument and no operand, for it is no one value; there some functions take it"),
    (r"let f = \(x:long\) \{(?! x \+ 1 \})|^let f = \(\w+:long\) \{(?!.*\bf *\()", "a function that is not called is not checked, for what it holds is bound with the arguments of a call; there it is checked where it is declared"),
    (r"'a' +'a'", "neighbouring strings are one string, but not within dynamic(), which holds JSON; there they are one in it too"),
    (r"^('a'|1) +\| ", "a value is no table to start from, for nothing says which columns it would have; there it may be one"),
    (r"\bl\b.*, l = \w+(,| \||$)|Column1 = \w+(,| \||$)",
     "a column that is named as an unnamed expression before it gets a number, so that neither is lost; there it replaces it"),
    (r"typeof\(\*?\)", "typeof() names one type, which is what its callers can use; there it may name several columns or none"),
    (r"project-reorder .*\*, \*", "columns that two patterns match are listed once: a result has no two columns of one name"),
    (r"let (by|and|in|has|where) =", "words of the syntax (by, in, where) may be names in a let, where nothing else can stand; there they may not"),
]


# What the published queries read: columns of the published parser and of the retired connector.
ZOOM_COLUMNS = [["TimeGenerated", "datetime"]] + [[name, "string"] for name in (
    "Event", "EventTime", "User", "UserId", "MeetingEvents", "WebinarEvents", "ChannelEvents", "ChatEvents", "UserEvents", "RecordingEvents",
    "RoomEvents", "payload_object_room_name_s", "payload_object_email_s", "payload_object_participant_user_name_s",
    "payload_object_registrant_email_s", "payload_object_uuid_s", "payload_object_timezone_s", "payload_object_topic_s")] + [
        ["payload_object_settings_in_meeting_e2e_encryption_b", "bool"]]


def corpus_queries():
    folder = os.environ.get("ZOOMWATCH_CORPUS")
    if not folder:
        return []
    queries = []
    for name in ("conformance", "edge", "second-opinion"):
        with open(os.path.join(folder, "kql", name + ".jsonl"), encoding="utf-8") as file:
            queries += [json.loads(line)["query"] for line in file if line.strip()]
    for name in sorted(os.listdir(os.path.join(folder, "sentinel-zoom"))):
        if not name.endswith(".yaml"):
            continue
        with open(os.path.join(folder, "sentinel-zoom", name), encoding="utf-8") as file:
            block = re.search(r"^query: *\|.*\n((?:[ \t].*\n|\s*\n)+)", file.read(), re.MULTILINE)
            queries.append(block.group(1))
    return queries


def skip(why):
    print("SKIPPED, nothing was checked: %s" % why)
    sys.exit(SKIPPED)


def package_folder(folder):
    if os.environ.get("KQL_NPM"):
        return os.environ["KQL_NPM"]
    if shutil.which("node") is None or shutil.which("npm") is None:
        skip("node and npm are not on this machine")
    if not os.path.isdir(os.path.join(folder, "node_modules", "@kusto")):
        os.makedirs(folder, exist_ok=True)
        try:
            done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=420)
        except (OSError, subprocess.TimeoutExpired) as error:
            skip("npm install: %s" % error)
        if done.returncode != 0:
            skip("npm install: %s" % done.stdout.decode(errors="replace")[-2000:])
    return folder


def bound(command, queries):
    text = "\n".join([json.dumps(HEADER)] + [json.dumps({"query": query}) for query in queries]) + "\n"
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
    results = [json.loads(line) for line in done.stdout.decode().splitlines()]
    if len(results) != len(queries):
        sys.exit("%s: %d results for %d queries" % (command[0], len(results), len(queries)))
    return results


def difference(ours, theirs):
    """Empty when the two agree."""
    if theirs["errors"] == ["crash"]:
        return ""
    if ours["errors"] and theirs["errors"]:
        return ""
    if ours["errors"]:
        return "refused here with %s" % " ".join(ours["errors"])
    if theirs["errors"]:
        return "accepted here, refused there with %s" % " ".join(theirs["errors"])
    if sorted(ours["columns"]) != sorted(theirs["columns"]):
        return "columns differ:\n  here:  %s\n  there: %s" % (ours["columns"], theirs["columns"])
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binding", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    node = ["node", os.path.join(HERE, "kusto.mjs"), package_folder(options.folder)]
    generator = Generator(options.seed)
    HEADER["tables"]["ZoomLogs"] = ZOOM_COLUMNS
    queries = corpus_queries()
    documented = len(queries)
    queries += [generator.query() if i % 3 else generator.mutated() for i in range(options.count)]
    ours, theirs = bound([options.binding], queries), bound(node, queries)
    unsupported, accepted, known, different = 0, 0, 0, []
    for query, here, there in zip(queries, ours, theirs):
        if any(code in ("ZW002", "ZW003", "ZW004") for code in here["errors"]):
            unsupported += 1
            continue
        accepted += not there["errors"]
        found = difference(here, there)
        if found and any(re.search(pattern, query) for pattern, _ in KNOWN):
            known += 1
        elif found:
            different.append((query, found))
    for query, found in different[:options.show]:
        print("%s\n  %s" % (query, found))
    print("%d queries (%d of the corpus; seed %d): %d accepted there, %d refused here as not supported, %d differ as known, %d differ"
          % (len(queries), documented, options.seed, accepted, unsupported, known, len(different)))
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
