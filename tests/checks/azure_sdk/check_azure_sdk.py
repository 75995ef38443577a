#!/usr/bin/env python3
"""Checks that Microsoft's own clients agree with the fake Azure: they get their tokens from it and upload rows to it over TLS. The
same checks, as far as they apply, for zoomwatch's client show that it sends what theirs send.

    check_azure_sdk.py python|node --fake PROGRAM --folder FOLDER
    check_azure_sdk.py zoomwatch --fake PROGRAM --uploader PROGRAM

Installs the client's packages, of the versions below, into FOLDER when they are not there. Exit codes: 0 all held, 1 a check failed,
77 the packages could not be installed, so nothing was checked.
"""
import argparse
import base64
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

PYTHON_PACKAGES = ["azure-monitor-ingestion==1.1.0", "azure-identity==1.27.0"]
NODE_PACKAGES = ["@azure/monitor-ingestion@1.2.0", "@azure/identity@4.13.1"]
SKIPPED = 77
INSTALL_TIMEOUT = 420
HERE = os.path.dirname(os.path.abspath(__file__))

TENANT, CLIENT, SECRET = "tenant-1", "client-1", "s3cret+&%/="
RULE, STREAM = "dcr-0123456789abcdef", "Custom-Checked_CL"
STREAMS = {"streamDeclarations": {STREAM: {"columns": [
    {"name": name, "type": kind} for name, kind in (
        ("TimeGenerated", "datetime"), ("Text", "string"), ("Number", "long"), ("Share", "real"), ("Flag", "boolean"),
        ("Nested", "dynamic"))]}}}


def skip(why):
    print("SKIPPED, nothing was checked: %s" % why)
    sys.exit(SKIPPED)


def run_or_skip(command, what, **options):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=INSTALL_TIMEOUT, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        skip("%s: %s" % (what, error))
    if done.returncode != 0:
        skip("%s: %s" % (what, done.stdout.decode(errors="replace")[-2000:]))


def install(language, folder):
    """Returns the command that uploads one step."""
    packages = PYTHON_PACKAGES if language == "python" else NODE_PACKAGES
    done_file = os.path.join(folder, "installed")
    wanted = "\n".join(packages)
    installed = os.path.exists(done_file) and open(done_file, encoding="utf-8").read() == wanted
    if not installed:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    if language == "python":
        program = os.path.join(folder, "venv", "bin", "python")
        if not installed:
            run_or_skip([sys.executable, "-m", "venv", os.path.join(folder, "venv")], "python3 -m venv")
            run_or_skip([program, "-m", "pip", "install", "--quiet"] + packages, "pip install")
    else:
        program = shutil.which("node")
        if program is None or shutil.which("npm") is None:
            skip("node and npm are not on this machine")
        if not installed:
            run_or_skip(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"] + packages, "npm install")
    if not installed:
        with open(done_file, "w", encoding="utf-8") as file:
            file.write(wanted)
    return [program, os.path.join(HERE, "upload.py" if language == "python" else "upload.mjs")]


def command_of(arguments):
    if arguments.language == "zoomwatch":
        return [arguments.uploader]
    return install(arguments.language, arguments.folder)


def make_certificates(folder):
    """An authority, a server certificate for localhost, and a client's own certificate with its key in one file."""
    def openssl(*arguments):
        subprocess.run(["openssl"] + list(arguments), check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, "server.ext"), "w", encoding="utf-8") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=check")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            "server.ext", "-out", "server.pem")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "client.key", "-out", "client.crt", "-days", "2", "-subj",
            "/CN=client")
    with open(os.path.join(folder, "client.pem"), "w", encoding="utf-8") as file:
        for name in ("client.key", "client.crt"):
            file.write(open(os.path.join(folder, name), encoding="utf-8").read())


def federated_token(expiry):
    def part(content):
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    claims = {"iss": "https://issuer.example/", "sub": "system:serviceaccount:zoomwatch:detector", "aud": "api://AzureADTokenExchange",
              "exp": expiry}
    return "%s.%s.c2lnbmF0dXJl" % (part({"alg": "RS256", "kid": "k"}), part(claims))


class Fake:
    def __init__(self, program, folder, more_options=()):
        self.folder = folder
        files = {"secret": SECRET, "streams.json": json.dumps(STREAMS), "token": federated_token(int(time.time()) + 3600)}
        for name, content in files.items():
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(content)
        self.process = subprocess.Popen([
            program, "--tenant", TENANT, "--client-id", CLIENT, "--client-secret-file", self.path("secret"), "--rule-id", RULE,
            "--streams", self.path("streams.json"), "--tls-cert", self.path("server.pem"), "--tls-key", self.path("server.key"),
            "--client-certificate", self.path("client.crt"), "--ready-file", self.path("ready"), "--rows-file", self.path("rows.jsonl"),
            # The Python client fills calls up to 1 MiB of rows, not counting what stands between them.
            "--max-content-bytes", "1200000"] + list(more_options), stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.exists(self.path("ready")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("the fake did not start")
            time.sleep(0.05)
        self.url = open(self.path("ready"), encoding="utf-8").read().strip()
        self.context = ssl.create_default_context(cafile=self.path("ca.pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.context))
        with opener.open(request, timeout=20) as answer:
            return answer.read().decode()

    def state(self):
        return json.loads(self.call("GET", "/_fake/state"))

    def rows(self):
        return [json.loads(line) for line in self.call("GET", "/_fake/rows?stream=" + STREAM).splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait(20)


class Checks:
    def __init__(self, fake, command, folder):
        self.fake, self.command, self.failed, self.folder = fake, command, 0, folder

    def upload(self, rows, **changes):
        outcome = self.upload_measured(rows, **changes)
        return {name: outcome[name] for name in ("status", "message") if name in outcome}

    def upload_measured(self, rows, **changes):
        step = {"url": self.fake.url, "credential": "secret", "tenant": TENANT, "client_id": CLIENT, "secret": SECRET, "rule": RULE,
                "stream": STREAM, "rows": rows, "certificate_file": self.fake.path("client.pem"), "private_key_file": self.fake.path("client.key"), "token_file": self.fake.path("token"),
                "secret_file": self.fake.path("secret")}
        step.update(changes)
        authority = self.fake.path("ca.pem")
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        environment.update(REQUESTS_CA_BUNDLE=authority, SSL_CERT_FILE=authority, NODE_EXTRA_CA_CERTS=authority,
                           AZURE_SDK_FOLDER=self.folder, AZURE_POD_IDENTITY_AUTHORITY_HOST=self.fake.url)
        done = subprocess.run(self.command, input=json.dumps(step).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, timeout=1800)
        if done.returncode != 0:
            return {"status": None, "message": done.stderr.decode(errors="replace")[-2000:]}
        return json.loads(done.stdout)

    def equal(self, what, seen, wanted):
        ok = seen == wanted
        print("%s %s" % ("ok  " if ok else "FAIL", what))
        if not ok:
            self.failed += 1
            print("     wanted %s\n     seen   %s" % (str(wanted)[:2000], str(seen)[:2000]))

    def holds(self, what, ok, seen):
        self.equal(what, True if ok else seen, True)


def row(number):
    return {"TimeGenerated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "Text": "row %d" % number, "Number": number}


def check_rows(checks):
    fake = checks.fake
    sent = {"TimeGenerated": time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime()), "Text": "a \u00e9 \u4e2d \U0001f600 \" \\ \n",
            "Number": 9007199254740991, "Share": 0.25, "Flag": True, "Nested": {"list": [1, None, {"a": "b"}], "text": "x"}}
    outcome = checks.upload([dict(sent, Undeclared="lost")])
    checks.equal("a row with every type of column is taken", outcome, {"status": 204})
    checks.equal("it arrives as it was sent, without the undeclared field", fake.rows(), [sent])
    checks.equal("the undeclared field is counted", fake.state()["streams"][STREAM]["undeclared_fields"], {"Undeclared": 1})
    lines = [json.loads(line) for line in open(fake.path("rows.jsonl"), encoding="utf-8")]
    checks.equal("it is in the file of rows with its table", lines, [dict(sent, Type="Checked_CL")])
    call = json.loads(fake.call("GET", "/_fake/last-call"))
    headers = call["headers"]
    checks.equal("the call is what every client sends", {
        "method": call["method"], "target": urllib.parse.unquote(call["target"]), "type": headers.get("content-type", "").split(";")[0],
        "encoding": headers.get("content-encoding"), "authorization": headers.get("authorization"),
        "content": json.loads(call["content"])},
        {"method": "POST", "target": "/dataCollectionRules/%s/streams/%s?api-version=2023-01-01" % (RULE, STREAM),
         "type": "application/json", "encoding": "gzip", "authorization": "Bearer", "content": [dict(sent, Undeclared="lost")]})

    fake.call("POST", "/_fake/forget")
    count = 25000
    outcome = checks.upload([dict(row(i), Text="row %d %s" % (i, "x" * 100)) for i in range(count)])
    checks.equal("%d rows are taken" % count, outcome, {"status": 204})
    checks.equal("each arrives once", sorted(r["Number"] for r in fake.rows()), list(range(count)))
    state = fake.state()
    checks.holds("in several compressed calls of at most 1 MiB", state["streams"][STREAM]["calls"] > 3 and
                 state["largest_body_bytes"] * 2 < state["largest_content_bytes"] and state["largest_body_bytes"] <= 1048576, state)


def check_credentials(checks):
    for kind in ("certificate", "federated", "managed_identity"):
        checks.fake.call("POST", "/_fake/forget")
        outcome = checks.upload([row(1)], credential=kind)
        checks.equal("credential %s: taken" % kind, outcome, {"status": 204})
        checks.equal("credential %s: the row is there" % kind, [r["Number"] for r in checks.fake.rows()], [1])
    with open(checks.fake.path("wrong"), "w", encoding="utf-8") as file:
        file.write("wrong")
    outcome = checks.upload([row(1)], secret="wrong", secret_file=checks.fake.path("wrong"))
    checks.holds("a wrong secret is refused with Entra's number", "7000215" in outcome.get("message", ""), outcome)
    with open(checks.fake.path("token"), "w", encoding="utf-8") as file:
        file.write(federated_token(int(time.time()) - 1))
    outcome = checks.upload([row(1)], credential="federated")
    checks.holds("an expired token of the cluster is refused", "700024" in outcome.get("message", ""), outcome)


def check_refusals(checks):
    fake = checks.fake
    for what, changes, status, code in (("rule", {"rule": "dcr-other"}, 404, "NotFound"),
                                        ("stream", {"stream": "Custom-Other_CL"}, 400, "InvalidStream")):
        outcome = checks.upload([row(1)], **changes)
        checks.equal("an unknown %s is refused" % what, outcome["status"], status)
        checks.holds("with the code %s in the message" % code, code in outcome.get("message", ""), outcome)
    fake.call("POST", "/_fake/faults", {"status": 403, "count": 0})
    checks.equal("a missing role is an error", checks.upload([row(1)])["status"], 403)
    fake.call("DELETE", "/_fake/faults")
    outcome = checks.upload([dict(row(1), Text="x" * 1300000)])
    checks.equal("a row that fits into no call is refused", outcome["status"], 413)
    checks.holds("with the code of the limit", "ContentLengthLimitExceeded" in outcome.get("message", ""), outcome)


def check_faults(checks):
    fake = checks.fake
    for what, fault in (("a throttled call", {"status": 429, "retry_after": 1}), ("an unavailable service", {"status": 503})):
        fake.call("POST", "/_fake/forget")
        fake.call("POST", "/_fake/faults", fault)
        checks.equal("%s: the client tries again" % what, checks.upload([row(7)]), {"status": 204})
        checks.equal("%s: the row is there once" % what, [r["Number"] for r in fake.rows()], [7])
        checks.equal("%s: it was refused before" % what, fake.state()["answers"]["ingestion"], {"204": 1, str(fault["status"]): 1})
    fake.call("POST", "/_fake/forget")
    fake.call("POST", "/_fake/faults", {"action": "commit_then_answer", "status": 503})
    checks.equal("an answer that is lost after the commit: the client tries again", checks.upload([row(8)]), {"status": 204})
    checks.equal("and the row is there twice: ingestion is not idempotent", [r["Number"] for r in fake.rows()], [8, 8])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=("python", "node", "zoomwatch"))
    parser.add_argument("--fake", required=True)
    parser.add_argument("--folder", default=".", type=os.path.abspath)
    parser.add_argument("--uploader")
    arguments = parser.parse_args()
    command = command_of(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        make_certificates(temporary)
        fake = Fake(arguments.fake, temporary)
        try:
            checks = Checks(fake, command, arguments.folder)
            check_rows(checks)
            check_credentials(checks)
            # What zoomwatch makes of refusals is its own; its own tests have it.
            if arguments.language != "zoomwatch":
                check_refusals(checks)
            check_faults(checks)
        finally:
            exit_code = fake.stop()
        checks.equal("the fake ends in order", exit_code, 0)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
