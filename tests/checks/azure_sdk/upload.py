"""Uploads rows with Microsoft's Python client. Driven by check_azure_sdk.py: a step as JSON on stdin, the outcome as JSON on stdout."""
import json
import resource
import sys
import time

from azure.core.exceptions import AzureError, HttpResponseError
from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.monitor.ingestion import LogsIngestionClient


def credential(step):
    kind, common = step["credential"], {"authority": step["url"], "disable_instance_discovery": True}
    if kind == "secret":
        return ClientSecretCredential(step["tenant"], step["client_id"], step["secret"], **common)
    if kind == "certificate":
        return CertificateCredential(step["tenant"], step["client_id"], step["certificate_file"], **common)
    if kind == "federated":
        return WorkloadIdentityCredential(tenant_id=step["tenant"], client_id=step["client_id"],
                                          token_file_path=step["token_file"], **common)
    return ManagedIdentityCredential()


def main():
    step = json.load(sys.stdin)
    rows = step["rows"]
    if "rows_file" in step:
        with open(step["rows_file"], encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    grown, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with LogsIngestionClient(step["url"], credential(step), retry_total=2, retry_backoff_factor=0.05) as client:
        try:
            client.upload(rule_id=step["rule"], stream_name=step["stream"], logs=rows)
            outcome = {"status": 204}
        except HttpResponseError as error:
            outcome = {"status": error.status_code, "message": str(error)}
        except AzureError as error:
            outcome = {"status": None, "message": str(error)}
    outcome["cpu_seconds"] = time.process_time() - cpu
    outcome["grown_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown
    json.dump(outcome, sys.stdout)


main()
