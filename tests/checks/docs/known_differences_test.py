#!/usr/bin/env python3
"""Checks that docs/kql.md lists every difference that the comparison with Microsoft's binder passes over, and no other.

    known_differences_test.py <root>
"""
import importlib.util
import os
import sys

HEADING = "## Known differences from Microsoft's binder"


def listed(page):
    """The items of the list below the heading."""
    if HEADING not in page:
        sys.exit("docs/kql.md has no heading '%s'" % HEADING)
    section = page.split(HEADING + "\n", 1)[1].split("\n## ", 1)[0]
    return {line[2:] for line in section.splitlines() if line.startswith("- ")}


def main():
    root = sys.argv[1]
    path = os.path.join(root, "tests", "checks", "kusto_binder", "check_kusto_binder.py")
    spec = importlib.util.spec_from_file_location("check_kusto_binder", path)
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    known = {reason for _, reason in check.KNOWN}
    with open(os.path.join(root, "docs", "kql.md"), encoding="utf-8") as file:
        page = listed(file.read())
    for reason in sorted(known - page):
        print("not in docs/kql.md: %s" % reason)
    for reason in sorted(page - known):
        print("in docs/kql.md, but the check knows no such difference: %s" % reason)
    sys.exit(1 if known != page else 0)


if __name__ == "__main__":
    main()
