#!/usr/bin/env python3
"""Checks the rules of the source tree that no compiler checks: who may include what, and what must not be in a file.

    check_tree.py <root>      prints "file:line: rule: what is wrong and why" for each finding; exit code 1 when there is one

The files are those that git tracks below <root>; in a folder without git, all files. check_tree_test.py plants a violation of
every rule.
"""
import os
import re
import subprocess
import sys

SOURCE = (".cc", ".h")
TEXT = SOURCE + (".proto", ".md", ".py", ".txt", ".cmake", ".json", ".yaml", ".yml", ".supp", ".tsv", ".sh", ".txtpb")
# Written by others' tools or on purpose full of odd bytes.
UNCHECKED = re.compile(r"(^|/)[a-z0-9_]*_?corpus/|^proto/golden/|^tests/data/|^tests/conformance/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
OWN = re.compile(r"^(common|services|cli|tests|proto|zoomwatch)/")

# Library headers that one part of the tree wraps, so that the rest depends on the wrapper: header -> folders, reason.
WRAPPED = [
    (re.compile(r"^rocksdb/"), ("common/storage/",), "only common/storage opens RocksDB"),
    (re.compile(r"^boost/(asio|beast)"), ("common/http/", "tests/", "cli/"),
     "Boost.Asio and Boost.Beast stay behind common/http"),
    (re.compile(r"^curl/"), ("common/http_client/",), "libcurl stays behind common/http_client, which sees to trust and time-outs"),
    (re.compile(r"^yaml-cpp/"), ("common/yaml/", "tests/"), "YAML is read by common/yaml only"),
    (re.compile(r"^prometheus/"), ("common/metrics/", "services/", "common/", "cli/", "tests/"), "metrics go through common/metrics"),
    (re.compile(r"^(grpcpp|grpc)/"),
     ("common/status/", "common/grpc/", "common/transport/", "common/app/", "common/testing/", "services/", "cli/", "tests/"),
     "gRPC stays at the RPC edges"),
    (re.compile(r"^absl/synchronization/mutex\.h$"), (), "locks are common/sync/mutex.h: ThreadSanitizer reports false races in absl's"),
]
# Folders of common/ that may include generated protobuf messages.
PROTO_USERS = ("common/status/", "common/config/", "common/grpc/", "common/transport/", "common/event_table/", "common/testing/",
               "common/app/")
KQL_ALLOWED = re.compile(r"^(absl/|re2/|simdjson\.h$|fmt/|openssl/evp\.h$|common/kql/)")

CLOCK = re.compile(r"absl::Now\(|system_clock::now|steady_clock::now|high_resolution_clock::now|\bgettimeofday\(|"
                   r"\bclock_gettime\(|(?<![\w.>:])(?:std::)?time\((?:NULL|nullptr|0)\)")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|not implemented" r" yet")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/[\w.-]")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def tracked_files(root):
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                             capture_output=True).stdout
        names = [name for name in out.decode().split("\0") if name]
        if names:
            return sorted(name for name in set(names) if os.path.isfile(os.path.join(root, name)))
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, _, names in os.walk(root):
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def include_problem(path, header, quoted):
    """The reason why `path` must not include `header`, or None."""
    for pattern, folders, reason in WRAPPED:
        if pattern.match(header) and not path.startswith(folders):
            return reason
    if path.startswith("common/kql/"):
        if (quoted or "/" in header) and not KQL_ALLOWED.match(header) and not header.startswith("sys/"):
            return "common/kql depends on the standard library, Abseil, RE2, simdjson, fmt and libcrypto's digests (openssl/evp.h) only"
        for one, other in (("batch", "incremental"), ("incremental", "batch")):
            if path.startswith("common/kql/%s/" % one) and header.startswith("common/kql/%s/" % other):
                return "the two evaluators share nothing, so that one can check the other"
    if path.startswith("tests/"):
        return None
    if header.startswith("tests/") or (header.startswith("common/testing/") and not path.startswith("common/testing/")):
        return "nothing that is shipped includes test code"
    if path.startswith("common/"):
        if header.startswith(("services/", "cli/")):
            return "common depends on no service and no program"
        if header.startswith("zoomwatch/") and not path.startswith(PROTO_USERS):
            return "this folder of common does not know protobuf messages"
    if path.startswith("services/"):
        if header.startswith("cli/"):
            return "services do not depend on the command line"
        own, other = path.split("/")[1], header.split("/")
        if header.startswith("services/") and other[1] != own:
            return "a service does not include another service"
    return None


class Checker:
    def __init__(self, root):
        self.root = root
        self.files = tracked_files(root)
        self.findings = []

    def report(self, path, line, rule, text):
        self.findings.append((path, line, rule, text))

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def check_source(self, path, lines):
        for number, line in enumerate(lines, 1):
            include = INCLUDE.match(line)
            if include:
                header = include.group(1) or include.group(2)
                reason = include_problem(path, header, include.group(1) is not None)
                if reason:
                    self.report(path, number, "include", "%s: %s" % (header, reason))
            code = line.split("//")[0]
            if CLOCK.search(code) and not path.startswith(("common/time/", "tests/")):
                self.report(path, number, "clock", "only common/time asks the system for the time; take a Clock")

    def check_text(self, path, lines):
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                self.report(path, number, "white space", "white space at the end of the line")
            if UNFINISHED.search(line):
                self.report(path, number, "unfinished", "a mark of unfinished work")
            if MACHINE_PATH.search(line):
                self.report(path, number, "machine path", "a path that exists on one machine only")
        if lines and lines[-1] == "" and len(lines) > 1 and lines[-2] == "":
            self.report(path, len(lines), "white space", "empty line at the end of the file")

    def check_links(self, path, lines):
        fenced = False
        for number, line in enumerate(lines, 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"^[a-z]+:", target) or target.startswith("#"):
                    continue
                file = os.path.normpath(os.path.join(self.root, os.path.dirname(path), target.split("#")[0]))
                if not os.path.exists(file):
                    self.report(path, number, "link", "%s does not exist" % target)

    def check_registration(self):
        """Every source file is named in the CMakeLists.txt of its folder or of a folder above it."""
        lists = {os.path.dirname(path): self.read(path) for path in self.files if os.path.basename(path) == "CMakeLists.txt"}
        for path in self.files:
            if not path.endswith(".cc") or UNCHECKED.search(path):
                continue
            folder, registered = os.path.dirname(path), False
            while True:
                name = os.path.relpath(path, folder) if folder else path
                text = lists.get(folder, "")
                if re.search(r"(?<![\w.])%s(?![\w])" % re.escape(name), text):
                    registered = True
                if registered or not folder:
                    break
                folder = os.path.dirname(folder)
            if not registered and path != "tests/fuzz/replay_main.cc":
                self.report(path, 1, "unregistered", "no CMakeLists.txt names this file, so it is never built or run")

    def check_fuzz_corpora(self):
        for path in self.files:
            if path.startswith("tests/fuzz/") and path.endswith("_fuzz.cc"):
                folder = os.path.dirname(path) + "/"
                if not any(f.startswith(folder) and "corpus/" in f[len(folder):] for f in self.files):
                    self.report(path, 1, "corpus", "no file in a *corpus folder beside the fuzz target")

    def run(self):
        for path in self.files:
            if UNCHECKED.search(path) or not (path.endswith(TEXT) or path.startswith("scripts/")):
                continue
            lines = self.read(path).split("\n")
            if path.endswith(SOURCE):
                self.check_source(path, lines)
            self.check_text(path, lines)
            if path.endswith(".md"):
                self.check_links(path, lines)
        self.check_registration()
        self.check_fuzz_corpora()
        return sorted(self.findings)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    checker = Checker(sys.argv[1])
    if not checker.files:
        print("no files below %s: nothing was checked" % sys.argv[1], file=sys.stderr)
        return 1
    findings = checker.run()
    for path, line, rule, text in findings:
        print("%s:%d: %s: %s" % (path, line, rule, text))
    print("%d files, %d findings" % (len(checker.files), len(findings)))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
