// Uploads rows with Microsoft's Node client. Driven by check_azure_sdk.py: a step as JSON on stdin, the outcome as JSON on stdout.
// The packages are not beside this file, so they are found from the folder that AZURE_SDK_FOLDER names.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.AZURE_SDK_FOLDER + "/");
const { ClientCertificateCredential, ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential } = require("@azure/identity");
const { LogsIngestionClient } = require("@azure/monitor-ingestion");

function credential(step) {
  const common = { authorityHost: step.url, disableInstanceDiscovery: true };
  if (step.credential === "secret") return new ClientSecretCredential(step.tenant, step.client_id, step.secret, common);
  if (step.credential === "certificate") return new ClientCertificateCredential(step.tenant, step.client_id, step.certificate_file, common);
  if (step.credential === "federated") {
    return new WorkloadIdentityCredential({ tenantId: step.tenant, clientId: step.client_id, tokenFilePath: step.token_file, ...common });
  }
  return new ManagedIdentityCredential();
}

const step = JSON.parse(readFileSync(0, "utf8"));
const client = new LogsIngestionClient(step.url, credential(step), { retryOptions: { maxRetries: 2, retryDelayInMs: 50 } });
const rows = step.rows_file ? readFileSync(step.rows_file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line)) : step.rows;
const before = process.resourceUsage();
let outcome = { status: 204 };
try {
  await client.upload(step.rule, step.stream, rows);
} catch (error) {
  const cause = error.errors ? error.errors[0].cause : error;
  outcome = { status: cause.statusCode ?? null, message: `${cause.code ?? ""} ${cause.message}` };
}
const after = process.resourceUsage();
outcome.cpu_seconds = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
outcome.grown_kib = after.maxRSS - before.maxRSS;
process.stdout.write(JSON.stringify(outcome));
