"""The Python client of examples/python against a real detector with mutual TLS."""
import os
import unittest

import pipeline


class PythonClient(pipeline.ClientTest):
    @classmethod
    def program(cls, pipe):
        stubs = pipe.path("stubs")
        pipeline.run(os.path.join(pipeline.EXAMPLES, "python", "generate"), stubs, folder=pipe.folder)
        return (["/usr/bin/python3", "-B", os.path.join(pipeline.EXAMPLES, "python", "zoomwatch_client.py")],
                dict(os.environ, ZOOMWATCH_STUBS=stubs))


if __name__ == "__main__":
    unittest.main(verbosity=2)
