"""A client that may use the API may not put data in, by whatever it has: checked on the wire with a client of another library."""
import os
import sys
import unittest

import grpc

import pipeline


class Permissions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pipeline = pipeline.Pipeline()
        cls.addClassCleanup(cls.pipeline.close)
        stubs = cls.pipeline.path("stubs")
        os.makedirs(stubs)
        proto = os.path.join(pipeline.ROOT, "proto")
        files = ["zoomwatch/%s.proto" % name for name in ("event/v1/event", "detect/v1/detect_service", "ledger/v1/ledger_service")]
        pipeline.run("protoc", "-I", ".", "--python_out=" + stubs, "--grpc_python_out=" + stubs, "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin",
                     *files, folder=proto)
        sys.path.insert(0, stubs)

    def channel(self, name=None):
        files = [self.read("ca.pem")] + ([self.read(name + ".key"), self.read(name + ".pem")] if name else [])
        channel = grpc.secure_channel(self.pipeline.address, grpc.ssl_channel_credentials(*files), [("grpc.ssl_target_name_override", "localhost")])
        self.addCleanup(channel.close)
        return channel

    def read(self, name):
        with open(self.pipeline.path(name), "rb") as file:
            return file.read()

    def detect(self, channel):
        # pylint: disable=import-outside-toplevel
        from zoomwatch.detect.v1 import detect_service_pb2, detect_service_pb2_grpc
        request = detect_service_pb2.IngestEventsRequest(batch_id="from-outside")
        request.items.add(webhook_id="from-outside")
        try:
            return detect_service_pb2_grpc.DetectServiceStub(channel).IngestEvents(request, timeout=20)
        except grpc.RpcError as error:
            return error

    def test_a_client_of_the_api_puts_no_events_in(self):
        from zoomwatch.ledger.v1 import ledger_service_pb2, ledger_service_pb2_grpc  # pylint: disable=import-outside-toplevel
        channel = self.channel("soc")
        ledger = ledger_service_pb2_grpc.LedgerServiceStub(channel)
        before = ledger.GetLedger(ledger_service_pb2.GetLedgerRequest(), timeout=20)
        error = self.detect(channel)
        self.assertEqual((error.code(), error.details()), (grpc.StatusCode.PERMISSION_DENIED, "PEER_NOT_ALLOWED"))
        self.assertEqual(ledger.GetLedger(ledger_service_pb2.GetLedgerRequest(), timeout=20), before)
        self.assertIn('"method":"/zoomwatch.detect.v1.DetectService/IngestEvents"', self.pipeline.log("detector"))

    def test_the_normalizer_may(self):
        # So the refusals are of the names and nothing else: this batch is read, and its one item refused for what it lacks.
        answer = self.detect(self.channel("normalizer"))
        self.assertEqual([item.reason for item in answer.partial_success.rejected], ["ITEM_MALFORMED"])

    def test_without_a_certificate_nobody_comes_in(self):
        self.assertEqual(self.detect(self.channel()).code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(self.detect(self.channel("stranger")).code(), grpc.StatusCode.UNAVAILABLE)
        plaintext = grpc.insecure_channel(self.pipeline.address)
        self.addCleanup(plaintext.close)
        self.assertEqual(self.detect(plaintext).code(), grpc.StatusCode.UNAVAILABLE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
