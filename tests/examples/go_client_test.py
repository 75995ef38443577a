"""The Go client of examples/go, built with its pinned modules and without a registry, against a real detector with mutual TLS."""
import os
import shutil
import unittest

import pipeline


class GoClient(pipeline.ClientTest):
    flags = "-"

    @classmethod
    def program(cls, pipe):
        folder = pipe.path("go")
        shutil.copytree(os.path.join(pipeline.EXAMPLES, "go"), folder, ignore=shutil.ignore_patterns("gen"))
        environment = dict(os.environ, PATH=os.path.join(pipeline.TOOLS, "bin") + ":" + os.environ["PATH"], GOPATH=os.path.join(pipeline.TOOLS, "go"),
                           GOCACHE=os.path.join(pipeline.TOOLS, "cache"), GOPROXY="off", GOTOOLCHAIN="local",
                           GOFLAGS="-mod=readonly -modcacherw -buildvcs=false")
        pipeline.run(os.path.join(pipeline.EXAMPLES, "go", "generate"), os.path.join(folder, "gen"), folder=folder, env=environment)
        pipeline.run("go", "build", "-o", pipe.path("client"), ".", folder=folder, env=environment)
        return [pipe.path("client")], environment


if __name__ == "__main__":
    pipeline.skip_without_tools()
    unittest.main(verbosity=2)
