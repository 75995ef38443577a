#!/usr/bin/env python3
"""Runs one test of the chart with the Python of build/tools (scripts/install-tools).

    run_test.py <x_test.py> [argument...]     exit code 77, which ctest reports as skipped, when the tools are missing
"""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON = os.path.join(ROOT, "build", "tools", "venv", "bin", "python")


def main():
    if not os.path.exists(os.path.join(ROOT, "build", "tools", "stamp")):
        print("SKIPPED: %s did not run: build/tools is missing; scripts/install-tools makes it" % sys.argv[1], file=sys.stderr)
        return 77
    environment = dict(os.environ, PYTHONPATH=os.path.join(ROOT, "tests", "helm"), PYTHONDONTWRITEBYTECODE="1")
    os.execve(PYTHON, [PYTHON, *sys.argv[1:]], environment)


if __name__ == "__main__":
    sys.exit(main())
