"""Every rendered pod satisfies the Pod Security Standard "restricted", and what this project asks beyond it.

The checks are those of the standard's two profiles, baseline and restricted, for Linux pods, written out here, so that no cluster is
needed.
"""
import copy
import unittest

import chart

RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SAFE_SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
                "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
                "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
                "net.ipv4.tcp_keepalive_probes"}


def containers(spec):
    return spec.get("initContainers", []) + spec.get("containers", []) + spec.get("ephemeralContainers", [])


def violations(metadata, spec):
    """What the standard forbids in this pod, one line each."""
    found = []
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            found.append(key)
    pod = spec.get("securityContext", {})
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= RESTRICTED_VOLUMES:
            found.append("volume %s of type %s" % (volume["name"], kinds))
    for sysctl in pod.get("sysctls", []):
        if sysctl["name"] not in SAFE_SYSCTLS:
            found.append("sysctl " + sysctl["name"])
    if any(key.startswith("container.apparmor.security.beta.kubernetes.io") for key in metadata.get("annotations", {})):
        found.append("AppArmor by annotation")
    for container in containers(spec):
        name = container["name"]
        own = container.get("securityContext", {})

        def setting(key, own=own):
            return own.get(key, pod.get(key))
        if own.get("privileged"):
            found.append(name + ": privileged")
        if own.get("procMount", "Default") != "Default":
            found.append(name + ": procMount")
        if "windowsOptions" in own or "windowsOptions" in pod:
            found.append(name + ": windowsOptions")
        if setting("seLinuxOptions"):
            found.append(name + ": seLinuxOptions")
        if any("hostPort" in port for port in container.get("ports", [])):
            found.append(name + ": hostPort")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if "host" in container.get(probe, {}).get("httpGet", {}):
                found.append(name + ": host in a probe")
        if own.get("allowPrivilegeEscalation") is not False:
            found.append(name + ": allowPrivilegeEscalation is not false")
        if setting("runAsNonRoot") is not True:
            found.append(name + ": runAsNonRoot is not true")
        if setting("runAsUser") == 0:
            found.append(name + ": runAsUser 0")
        if (setting("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
            found.append(name + ": seccompProfile")
        capabilities = own.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"]:
            found.append(name + ": capabilities are not all dropped")
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            found.append(name + ": capabilities added")
    return found


def own_violations(spec):
    """What this project asks of its pods beyond the standard."""
    found = []
    if spec.get("automountServiceAccountToken") is not False:
        found.append("a service-account token is mounted")
    if spec.get("enableServiceLinks") is not False:
        found.append("enableServiceLinks is not false")
    if not isinstance(spec.get("securityContext", {}).get("runAsUser"), int):
        found.append("no fixed user id")
    for container in containers(spec):
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            found.append(container["name"] + ": writable root file system")
        for kind in ("requests", "limits"):
            if not {"cpu", "memory"} <= set(container.get("resources", {}).get(kind, {})):
                found.append("%s: no %s of cpu and memory" % (container["name"], kind))
        if container.get("command") and container["command"][0].endswith("sh"):
            found.append(container["name"] + ": needs a shell")
        if any("valueFrom" in variable and "secretKeyRef" in variable["valueFrom"] for variable in container.get("env", [])):
            found.append(container["name"] + ": a secret in the environment")
    return found


class PodSecurity(unittest.TestCase):
    def test_every_pod_is_restricted(self):
        for name in chart.scenarios():
            pods = list(chart.pod_templates(chart.render(name)))
            self.assertGreaterEqual(len(pods), 1)
            for label, metadata, spec in pods:
                with self.subTest(scenario=name, pod=label):
                    self.assertEqual(violations(metadata, spec), [])
                    self.assertEqual(own_violations(spec), [])

    def test_one_identity_per_service(self):
        for name in chart.scenarios():
            accounts = [spec["serviceAccountName"] for label, _, spec in chart.pod_templates(chart.render(name))
                        if label.startswith(("StatefulSet", "Deployment"))]
            self.assertEqual(len(set(accounts)), len(chart.services_of(chart.render(name))), name)
            self.assertNotIn("default", accounts)
            for account in chart.of_kind(chart.render(name), "ServiceAccount"):
                self.assertIs(account["automountServiceAccountToken"], False)

    def test_no_roles_are_asked_for(self):
        for name in chart.scenarios():
            kinds = {thing["kind"] for thing in chart.render(name)}
            self.assertEqual(kinds & {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}, set())


class TheCheckItself(unittest.TestCase):
    def changed(self, change):
        _, metadata, spec = next(chart.pod_templates(chart.render()))
        metadata, spec = copy.deepcopy(metadata), copy.deepcopy(spec)
        change(spec)
        return violations(metadata, spec) + own_violations(spec)

    def test_sees_each_violation(self):
        def container(spec):
            return spec["containers"][0]
        changes = {
            "host network": lambda spec: spec.update(hostNetwork=True),
            "host path": lambda spec: spec["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
            "root allowed": lambda spec: spec["securityContext"].pop("runAsNonRoot"),
            "root by the container": lambda spec: container(spec)["securityContext"].update(runAsNonRoot=False),
            "user 0": lambda spec: container(spec)["securityContext"].update(runAsUser=0),
            "no seccomp": lambda spec: spec["securityContext"].pop("seccompProfile"),
            "unconfined": lambda spec: container(spec)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
            "escalation": lambda spec: container(spec)["securityContext"].pop("allowPrivilegeEscalation"),
            "capabilities kept": lambda spec: container(spec)["securityContext"].pop("capabilities"),
            "capability added": lambda spec: container(spec)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
            "privileged": lambda spec: container(spec)["securityContext"].update(privileged=True),
            "host port": lambda spec: container(spec)["ports"][0].update(hostPort=80),
            "writable root": lambda spec: container(spec)["securityContext"].update(readOnlyRootFilesystem=False),
            "no limits": lambda spec: container(spec)["resources"].pop("limits"),
            "token": lambda spec: spec.pop("automountServiceAccountToken"),
            "secret in the environment": lambda spec: container(spec).update(
                env=[{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}]),
        }
        for name, change in changes.items():
            with self.subTest(change=name):
                self.assertNotEqual(self.changed(change), [])


if __name__ == "__main__":
    chart.main()
