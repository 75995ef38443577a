#!/usr/bin/env python3
"""Plants a violation of every rule of check_tree.py in a small tree and expects exactly that finding."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_tree  # noqa: E402


def findings(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return ["%s:%d: %s: %s" % finding for finding in check_tree.Checker(root).run()]


class Includes(unittest.TestCase):
    def expect(self, path, header, reason):
        self.assertEqual(findings({path: "// A header.\n#include \"%s\"\n" % header}),
                         ["%s:2: include: %s: %s" % (path, header, reason)] if reason else [])

    def test_kql_includes_nothing_of_ours(self):
        reason = "common/kql depends on the standard library, Abseil, RE2, simdjson, fmt and libcrypto's digests (openssl/evp.h) only"
        self.expect("common/kql/x.h", "common/status/reasons.h", reason)
        self.expect("common/kql/x.h", "openssl/sha.h", reason)
        self.expect("common/kql/x.h", "common/kql/value.h", None)

    def test_evaluators_are_apart(self):
        reason = "the two evaluators share nothing, so that one can check the other"
        self.expect("common/kql/batch/x.h", "common/kql/incremental/y.h", reason)
        self.expect("common/kql/incremental/x.h", "common/kql/batch/y.h", reason)

    def test_only_storage_opens_rocksdb(self):
        self.expect("services/detector/x.h", "rocksdb/db.h", "only common/storage opens RocksDB")
        self.expect("common/storage/x.h", "rocksdb/db.h", None)

    def test_boost_stays_behind_http(self):
        self.expect("services/receiver/x.h", "boost/beast.hpp", "Boost.Asio and Boost.Beast stay behind common/http")

    def test_curl_stays_behind_http_client(self):
        reason = "libcurl stays behind common/http_client, which sees to trust and time-outs"
        self.expect("services/detector/delivery/x.h", "curl/curl.h", reason)
        self.expect("common/http_client/x.h", "curl/curl.h", None)

    def test_yaml_stays_in_its_loaders(self):
        self.expect("services/receiver/x.h", "yaml-cpp/yaml.h", "YAML is read by common/yaml only")

    def test_grpc_stays_at_the_edges(self):
        self.expect("common/log/x.h", "grpcpp/grpcpp.h", "gRPC stays at the RPC edges")

    def test_absl_mutex_is_not_used(self):
        self.expect("common/grpc/x.h", "absl/synchronization/mutex.h",
                    "locks are common/sync/mutex.h: ThreadSanitizer reports false races in absl's")

    def test_services_are_apart(self):
        self.expect("services/receiver/x.h", "services/detector/y.h", "a service does not include another service")
        self.expect("services/receiver/x.h", "services/receiver/y.h", None)
        self.expect("cli/x.h", "services/receiver/y.h", None)

    def test_layers(self):
        self.expect("common/log/x.h", "services/receiver/y.h", "common depends on no service and no program")
        self.expect("services/receiver/x.h", "cli/y.h", "services do not depend on the command line")
        self.expect("common/log/x.h", "zoomwatch/event/v1/event.pb.h", "this folder of common does not know protobuf messages")

    def test_products_include_no_tests(self):
        self.expect("cli/x.h", "tests/fakes/y.h", "nothing that is shipped includes test code")
        self.expect("services/receiver/x.h", "common/testing/fake_clock.h", "nothing that is shipped includes test code")
        self.expect("tests/fakes/x.h", "common/testing/fake_clock.h", None)


class Texts(unittest.TestCase):
    def test_clock(self):
        for call in ("absl::Now()", "std::chrono::system_clock::now()", "time(nullptr)", "gettimeofday(&t, 0)"):
            self.assertEqual(findings({"common/log/x.h": "auto t = %s;\n" % call}),
                             ["common/log/x.h:1: clock: only common/time asks the system for the time; take a Clock"], call)
        self.assertEqual(findings({"common/log/x.h": "x = event_time(0); // absl::Now()\n", "common/time/x.h": "absl::Now();\n"}), [])

    def test_unfinished(self):
        self.assertEqual(findings({"cli/x.h": "// TO" "DO later\n"}), ["cli/x.h:1: unfinished: a mark of unfinished work"])

    def test_white_space(self):
        self.assertEqual(findings({"docs/x.md": "one \n"}), ["docs/x.md:1: white space: white space at the end of the line"])
        self.assertEqual(findings({"docs/x.md": "one\n\n"}), ["docs/x.md:3: white space: empty line at the end of the file"])

    def test_machine_path(self):
        self.assertEqual(findings({"scripts/x": "cd /ho" "me/me\n"}),
                         ["scripts/x:1: machine path: a path that exists on one machine only"])

    def test_links(self):
        self.assertEqual(findings({"docs/x.md": "[a](y.md) [b](x.md#part) [c](https://zoom.example) `[d](z.md)`\n"}),
                         ["docs/x.md:1: link: y.md does not exist"])

    def test_registration(self):
        files = {"common/log/CMakeLists.txt": "zoomwatch_library(log SRCS log.cc)\n", "common/log/log.cc": "// x\n", "common/log/catalog.cc": "// x\n"}
        self.assertEqual(findings(files), [
            "common/log/catalog.cc:1: unregistered: no CMakeLists.txt names this file, so it is never built or run"])
        files = {"tests/unit/CMakeLists.txt": "zoomwatch_test(x SRCS a/x_test.cc)\n", "tests/unit/a/x_test.cc": "// x\n"}
        self.assertEqual(findings(files), [])

    def test_fuzz_corpus(self):
        target = {"tests/fuzz/a/CMakeLists.txt": "x_fuzz.cc\n", "tests/fuzz/a/x_fuzz.cc": "// x\n"}
        self.assertEqual(findings(target), [
            "tests/fuzz/a/x_fuzz.cc:1: corpus: no file in a *corpus folder beside the fuzz target"])
        self.assertEqual(findings(dict(target, **{"tests/fuzz/a/x_corpus/one": "1"})), [])


if __name__ == "__main__":
    unittest.main()
