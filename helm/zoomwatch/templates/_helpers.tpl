{{/*
Names, labels, images and pod defaults: one definition for all three services.
Most helpers take a dict {"root": $, "component": "receiver" | "normalizer" | "detector" | "all-in-one"}.
*/}}

{{/* The group of values of a component. YAML, for fromYaml. */}}
{{- define "zoomwatch.valuesOf" -}}
{{- toYaml (get .root.Values (ternary "allInOne" .component (eq .component "all-in-one"))) -}}
{{- end -}}

{{/* The component that takes webhooks in. */}}
{{- define "zoomwatch.entryComponent" -}}
{{- ternary "receiver" "all-in-one" (eq .Values.mode "services") -}}
{{- end -}}

{{- define "zoomwatch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough that "<fullname>-normalizer-headless" stays within the 63 characters of a DNS label. */}}
{{- define "zoomwatch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "zoomwatch.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "zoomwatch.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "zoomwatch.component.fullname" -}}
{{- printf "%s-%s" (include "zoomwatch.fullname" .root) .component -}}
{{- end -}}

{{/* What never changes over the life of a release: selectors are immutable. */}}
{{- define "zoomwatch.releaseSelector" -}}
app.kubernetes.io/name: {{ include "zoomwatch.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "zoomwatch.selector" -}}
{{ include "zoomwatch.releaseSelector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object that belongs to no single service. */}}
{{- define "zoomwatch.releaseLabels" -}}
{{ include "zoomwatch.releaseSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: zoomwatch
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "zoomwatch.labels" -}}
{{ include "zoomwatch.releaseLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of a pod: nothing that changes with a version of the chart, which would restart pods that are the same. */}}
{{- define "zoomwatch.podLabels" -}}
{{ include "zoomwatch.selector" . }}
app.kubernetes.io/part-of: zoomwatch
{{- if and (has .component (list "detector" "all-in-one")) (eq (include "zoomwatch.azureIdentity" .root) "workload_identity") }}
azure.workload.identity/use: "true"
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- with (include "zoomwatch.valuesOf" . | fromYaml).podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "zoomwatch.serviceAccountName" -}}
{{- $account := (include "zoomwatch.valuesOf" . | fromYaml).serviceAccount -}}
{{- if $account.create -}}
{{- default (include "zoomwatch.component.fullname" .) $account.name -}}
{{- else -}}
{{- required (printf "%s.serviceAccount.name: name the ServiceAccount to use, since create is false" .component) $account.name -}}
{{- end -}}
{{- end -}}

{{/* registry/zoomwatch-<component>:tag, or @digest when one is given: a digest names exactly one image for ever. */}}
{{- define "zoomwatch.image" -}}
{{- $image := .root.Values.image -}}
{{- $repository := printf "zoomwatch-%s" (ternary "cli" .component (eq .component "all-in-one")) -}}
{{- if $image.registry -}}{{- $repository = printf "%s/%s" (trimSuffix "/" $image.registry) $repository -}}{{- end -}}
{{- $digest := .digest | default (include "zoomwatch.valuesOf" . | fromYaml).imageDigest -}}
{{- if $digest -}}
{{- printf "%s@%s" $repository $digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The name by which a service is known in certificates and to its peers. */}}
{{- define "zoomwatch.identity" -}}
{{- printf "%s.%s.svc" (include "zoomwatch.component.fullname" .) .root.Release.Namespace -}}
{{- end -}}

{{/* What of the release has an mTLS identity. A JSON list. */}}
{{- define "zoomwatch.mtlsComponents" -}}
{{- if eq .Values.mode "services" -}}
["receiver","normalizer","detector"]
{{- else if .Values.api.clientNames -}}
["all-in-one"]
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* Name of the Secret with the mTLS identity of a service. */}}
{{- define "zoomwatch.mtlsSecretName" -}}
{{- if eq .root.Values.mtls.source "existing" -}}
{{- $key := ternary "allInOne" .component (eq .component "all-in-one") -}}
{{- required (printf "mtls.existing.%s: name the Secret with tls.crt, tls.key and ca.crt" $key) (index .root.Values.mtls.existing $key) -}}
{{- else -}}
{{- printf "%s-mtls" (include "zoomwatch.component.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "zoomwatch.webhookTlsSecretName" -}}
{{- default (printf "%s-webhook-tls" (include "zoomwatch.fullname" .)) .Values.webhook.tls.secretName -}}
{{- end -}}

{{- define "zoomwatch.webhookPortName" -}}
{{- if eq .Values.webhook.tls.termination "pod" -}}https{{- else -}}http{{- end -}}
{{- end -}}

{{- define "zoomwatch.webhookServicePort" -}}
{{- if eq .Values.webhook.tls.termination "pod" -}}443{{- else -}}80{{- end -}}
{{- end -}}

{{/* Every path that webhooks arrive at: the shared one and those of single accounts. A JSON list. */}}
{{- define "zoomwatch.webhookPaths" -}}
{{- $paths := list -}}
{{- range .Values.zoom.accounts -}}
{{- $paths = append $paths (default $.Values.webhook.path .path) -}}
{{- end -}}
{{- $paths | uniq | toJson -}}
{{- end -}}

{{/*
Longest time from the request to stop until the kubelet may kill: endpoints are withdrawn during the pre-stop sleep, the program then
drains within its own deadline, and the margin lets it write its last log lines.
*/}}
{{- define "zoomwatch.terminationGracePeriodSeconds" -}}
{{- $service := include "zoomwatch.valuesOf" . | fromYaml -}}
{{- add (int $service.preStopSleepSeconds) (int $service.drainDeadlineSeconds) 10 -}}
{{- end -}}

{{- define "zoomwatch.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "zoomwatch.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end -}}

{{/*
What all pods have in common, above their containers.
*/}}
{{- define "zoomwatch.podDefaults" -}}
{{- $service := include "zoomwatch.valuesOf" . | fromYaml -}}
serviceAccountName: {{ include "zoomwatch.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ include "zoomwatch.terminationGracePeriodSeconds" . }}
securityContext:
  {{- include "zoomwatch.podSecurityContext" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $service.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Spreads the pods of a service over nodes and zones, without refusing to start where there is only one. */}}
{{- define "zoomwatch.topologySpread" -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "zoomwatch.selector" $ | nindent 8 }}
  {{- end }}
{{- end -}}

{{- define "zoomwatch.podAnnotations" -}}
# A changed configuration is a new pod: the services read it at start-up only.
checksum/config: {{ include (printf "zoomwatch.%s.config" .component) .root | sha256sum }}
{{- with (include "zoomwatch.valuesOf" . | fromYaml).podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
The one container of a pod. Probes are on the admin port: the gRPC ports ask for a client certificate, which the kubelet has not.
*/}}
{{- define "zoomwatch.container" -}}
{{- $service := include "zoomwatch.valuesOf" . | fromYaml -}}
- name: {{ .component }}
  image: {{ include "zoomwatch.image" . }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args:
    {{- if eq .component "all-in-one" }}
    - run
    {{- end }}
    - --config=/etc/zoomwatch/config/{{ .component }}.yaml
  ports:
    {{- if has .component (list "receiver" "all-in-one") }}
    - name: {{ include "zoomwatch.webhookPortName" .root }}
      containerPort: 8443
    {{- end }}
    {{- if or (has .component (list "normalizer" "detector")) (and (eq .component "all-in-one") .root.Values.api.clientNames) }}
    - name: grpc
      containerPort: 8444
    {{- end }}
    - name: admin
      containerPort: 9090
  # Recovery of what is on disk may take long after a crash; /livez answers during it, /readyz after it.
  startupProbe:
    httpGet:
      path: /livez
      port: admin
    periodSeconds: 2
    failureThreshold: 30
  livenessProbe:
    httpGet:
      path: /livez
      port: admin
    periodSeconds: 10
    timeoutSeconds: 3
    failureThreshold: 3
  readinessProbe:
    httpGet:
      path: /readyz
      port: admin
    periodSeconds: 5
    timeoutSeconds: 3
    failureThreshold: 2
  {{- if gt (int $service.preStopSleepSeconds) 0 }}
  lifecycle:
    preStop:
      sleep:
        seconds: {{ int $service.preStopSleepSeconds }}
  {{- end }}
  resources:
    {{- toYaml $service.resources | nindent 4 }}
  securityContext:
    {{- include "zoomwatch.containerSecurityContext" .root | nindent 4 }}
{{- end -}}

{{- define "zoomwatch.persistentVolumeClaim" -}}
{{- $persistence := (include "zoomwatch.valuesOf" . | fromYaml).persistence -}}
metadata:
  name: data
  labels:
    {{- include "zoomwatch.selector" . | nindent 4 }}
spec:
  accessModes:
    - ReadWriteOnce
  {{- with $persistence.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ $persistence.size }}
{{- end -}}

{{/* Ingress rule: monitoring may read the admin port. */}}
{{- define "zoomwatch.networkPolicy.fromMonitoring" -}}
{{- with .Values.networkPolicy.monitoringFrom -}}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: TCP, port: 9090}
{{- end }}
{{- end -}}

{{/* Ingress rule: programs outside the release may use the API. */}}
{{- define "zoomwatch.networkPolicy.fromApiClients" -}}
{{- with .Values.networkPolicy.apiFrom -}}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: TCP, port: 8444}
{{- end }}
{{- end -}}

{{/* Egress rule: names are resolved in the cluster. */}}
{{- define "zoomwatch.networkPolicy.toDns" -}}
{{- with .Values.networkPolicy.dns -}}
- to:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}
{{- end -}}

{{/* Peer: the pods of a service of this release. */}}
{{- define "zoomwatch.networkPolicy.pods" -}}
- podSelector:
    matchLabels:
      {{- include "zoomwatch.selector" . | nindent 6 }}
{{- end -}}

{{/* The volume with Zoom's secrets: a file each, in a folder per account (see zoomwatch.zoomAccounts). */}}
{{- define "zoomwatch.zoomVolume" -}}
- name: zoom
  projected:
    defaultMode: 0440
    sources:
      {{- range $account := .root.Values.zoom.accounts }}
      {{- range $i, $token := .secretTokens }}
      - secret:
          name: {{ $token.secretName }}
          items:
            - {key: {{ $token.key | quote }}, path: {{ printf "%s/secret-token-%d" $account.name (add1 $i) }}}
      {{- end }}
      {{- range $value, $file := dict "basicCredentials" "basic-credentials" "customHeader" "custom-header" "legacyVerificationToken" "legacy-verification-token" }}
      {{- with index $account $value }}
      - secret:
          name: {{ .secretName }}
          items:
            - {key: {{ .key | quote }}, path: {{ printf "%s/%s" $account.name $file }}}
      {{- end }}
      {{- end }}
      {{- end }}
{{- end -}}

{{/* The certificate that Zoom sees, where HTTPS ends in the pod; otherwise nothing. */}}
{{- define "zoomwatch.webhookTlsVolume" -}}
{{- if eq .Values.webhook.tls.termination "pod" -}}
- name: webhook-tls
  secret:
    secretName: {{ include "zoomwatch.webhookTlsSecretName" . }}
    defaultMode: 0440
{{- end -}}
{{- end -}}

{{/*
What the identity for Azure needs in the pod: a mount and a volume, or nothing. The volume of a workload identity has the name and the
place that Azure's own webhook gives it, which leaves it as it is; so clusters without that webhook work too.
*/}}
{{- define "zoomwatch.azureMount" -}}
{{- $identity := include "zoomwatch.azureIdentity" . -}}
{{- if eq $identity "workload_identity" -}}
- {name: azure-identity-token, mountPath: /var/run/secrets/azure/tokens, readOnly: true}
{{- else if has $identity (list "client_secret" "client_certificate") -}}
- {name: azure, mountPath: /etc/zoomwatch/azure, readOnly: true}
{{- end -}}
{{- end -}}

{{- define "zoomwatch.azureVolume" -}}
{{- $identity := include "zoomwatch.azureIdentity" . -}}
{{- $delivery := .Values.detector.delivery -}}
{{- if eq $identity "workload_identity" -}}
- name: azure-identity-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          audience: api://AzureADTokenExchange
          expirationSeconds: 3600
          path: azure-identity-token
{{- else if eq $identity "client_secret" -}}
- name: azure
  secret:
    secretName: {{ $delivery.clientSecret.secretName }}
    defaultMode: 0440
    items:
      - {key: {{ $delivery.clientSecret.key | quote }}, path: client-secret}
{{- else if eq $identity "client_certificate" -}}
- name: azure
  secret:
    secretName: {{ $delivery.clientCertificate.secretName }}
    defaultMode: 0440
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- end -}}
{{- end -}}

{{/*
The operator's rules: a mount and a volume for each ConfigMap, or nothing. Whole volumes, no subPath: only those follow a changed ConfigMap
while the pod runs.
*/}}
{{- define "zoomwatch.rulesMounts" -}}
{{- if .Values.detector.rules.enabled -}}
{{- range $i, $name := .Values.detector.rules.existingConfigMaps }}
- {name: rules-{{ $i }}, mountPath: {{ include "zoomwatch.rulesFolder" $name }}, readOnly: true}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "zoomwatch.rulesVolumes" -}}
{{- if .Values.detector.rules.enabled -}}
{{- range $i, $name := .Values.detector.rules.existingConfigMaps }}
- name: rules-{{ $i }}
  configMap:
    name: {{ $name }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Annotations of the ServiceAccount of whatever delivers. {"root": $, "component": ...} */}}
{{- define "zoomwatch.serviceAccountAnnotations" -}}
{{- $annotations := deepCopy ((include "zoomwatch.valuesOf" . | fromYaml).serviceAccount.annotations | default dict) -}}
{{- if and (has .component (list "detector" "all-in-one")) (eq (include "zoomwatch.azureIdentity" .root) "workload_identity") -}}
{{- $identity := .root.Values.detector.delivery.logs_ingestion.workload_identity -}}
{{- $_ := set $annotations "azure.workload.identity/client-id" $identity.client_id -}}
{{- $_ := set $annotations "azure.workload.identity/tenant-id" $identity.tenant_id -}}
{{- end -}}
{{- with $annotations -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* Egress rules of whatever delivers: names and Azure, with the sink logs_ingestion; otherwise nothing. */}}
{{- define "zoomwatch.networkPolicy.toAzure" -}}
{{- if eq .Values.detector.delivery.sink "logs_ingestion" -}}
{{- include "zoomwatch.networkPolicy.toDns" . }}
{{- with .Values.networkPolicy.azure }}
- to:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: TCP, port: 443}
{{- end }}
{{- if eq (include "zoomwatch.azureIdentity" .) "managed_identity" }}
- to:
    - ipBlock: {cidr: 169.254.169.254/32}
  ports:
    - {protocol: TCP, port: 80}
{{- end }}
{{- end -}}
{{- end -}}
