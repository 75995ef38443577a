#!/usr/bin/env python3
"""The command of docs/azure.md that adds a second table of events makes a template that check_template.py accepts, in which the new stream and
table have the columns of ZoomLogs_CL: second_table_test.py ROOT. Exit code 77, which ctest reports as skipped, without jq."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile


def main():
    root = sys.argv[1]
    if shutil.which("jq") is None:
        print("SKIPPED: the second table of docs/azure.md was not made: jq is missing", file=sys.stderr)
        return 77
    with open(os.path.join(root, "docs", "azure.md"), encoding="utf-8") as file:
        program = re.search(r"^    jq '([^']+)' \\\n      azure/main.json >main-with-lake.json$", file.read(), re.MULTILINE).group(1)
    template = os.path.join(root, "azure", "main.json")
    made = subprocess.run(["jq", program, template], check=True, capture_output=True, text=True).stdout
    before, after = len(json.load(open(template, encoding="utf-8"))["resources"]), json.loads(made)["resources"]
    if len(after) != before + 1:
        sys.exit("%d resources became %d" % (before, len(after)))
    table = after[-1]["properties"]
    if (table["schema"]["name"], table["plan"]) != ("ZoomLogsLake_CL", "Auxiliary"):
        sys.exit("the new table is %s" % table["schema"]["name"])
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(made)
        file.flush()
        checker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_template.py")
        return subprocess.run([sys.executable, "-B", checker, file.name], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
