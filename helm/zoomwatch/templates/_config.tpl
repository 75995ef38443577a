{{/*
The services' configuration files, in their own YAML form (docs/configuration.md). What the chart decides (ports, paths, identities)
is computed here; what an operator may tune comes from <service>.config, whose keys are the services' own option names. The schema
keeps the two apart, so that nothing an operator writes is silently overruled.
*/}}

{{- define "zoomwatch.serverTls" -}}
certificate_file: /etc/zoomwatch/mtls/tls.crt
private_key_file: /etc/zoomwatch/mtls/tls.key
client_ca_file: /etc/zoomwatch/mtls/ca.crt
{{- end -}}

{{/* {"root": $, "component": the service that is called} */}}
{{- define "zoomwatch.grpcClient" -}}
# Headless Service: all ready pods are resolved and calls go round robin over them.
address: dns:///{{ include "zoomwatch.component.fullname" . }}-headless.{{ .root.Release.Namespace }}.svc:8444
tls:
  ca_file: /etc/zoomwatch/mtls/ca.crt
  certificate_file: /etc/zoomwatch/mtls/tls.crt
  private_key_file: /etc/zoomwatch/mtls/tls.key
  server_name: {{ include "zoomwatch.identity" . }}
{{- end -}}

{{/* {"root": $, "caller": the one service that may call everything} */}}
{{- define "zoomwatch.grpcServer" -}}
listen_address: "0.0.0.0:8444"
tls:
  {{- include "zoomwatch.serverTls" . | nindent 2 }}
allowed_client_names:
  - {{ include "zoomwatch.identity" (dict "root" .root "component" .caller) }}
{{- end -}}

{{- define "zoomwatch.zoomAccounts" -}}
{{- $accounts := list -}}
{{- range .Values.zoom.accounts -}}
{{- $folder := printf "/etc/zoomwatch/zoom/%s" .name -}}
{{- $files := list -}}
{{- range $i, $_ := .secretTokens -}}
{{- $files = append $files (printf "%s/secret-token-%d" $folder (add1 $i)) -}}
{{- end -}}
{{- $account := dict "name" .name "secret_token_files" $files -}}
{{- if .path -}}{{- $_ := set $account "path" .path -}}{{- end -}}
{{- if .basicCredentials -}}{{- $_ := set $account "basic_credentials_file" (printf "%s/basic-credentials" $folder) -}}{{- end -}}
{{- if .customHeader -}}
{{- $_ := set $account "custom_header" (dict "name" .customHeader.name "value_file" (printf "%s/custom-header" $folder)) -}}
{{- end -}}
{{- if .legacyVerificationToken -}}
{{- $_ := set $account "legacy_verification_token_file" (printf "%s/legacy-verification-token" $folder) -}}
{{- end -}}
{{- $accounts = append $accounts $account -}}
{{- end -}}
{{- toYaml $accounts -}}
{{- end -}}

{{- define "zoomwatch.receiver.config" -}}
{{- $webhook := dict "listen_address" "0.0.0.0:8443" "path" .Values.webhook.path -}}
{{- if eq .Values.webhook.tls.termination "pod" -}}
{{- $_ := set $webhook "tls" (dict "certificate_file" "/etc/zoomwatch/webhook-tls/tls.crt" "private_key_file" "/etc/zoomwatch/webhook-tls/tls.key") -}}
{{- else -}}
{{- $_ := set $webhook "allow_plaintext" true -}}
{{- end -}}
{{- $computed := dict
    "webhook" $webhook
    "zoom_accounts" (include "zoomwatch.zoomAccounts" . | fromYamlArray)
    "spool" (dict "directory" "/var/lib/zoomwatch/spool")
    "normalizer" (include "zoomwatch.grpcClient" (dict "root" . "component" "normalizer") | fromYaml)
    "admin" (dict "listen_address" "0.0.0.0:9090")
    "drain_deadline" (printf "%ds" (int .Values.receiver.drainDeadlineSeconds)) -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.receiver.config) $computed) -}}
{{- end -}}

{{- define "zoomwatch.normalizer.config" -}}
{{- $computed := dict
    "grpc" (include "zoomwatch.grpcServer" (dict "root" . "caller" "receiver") | fromYaml)
    "detector" (include "zoomwatch.grpcClient" (dict "root" . "component" "detector") | fromYaml)
    "admin" (dict "listen_address" "0.0.0.0:9090")
    "drain_deadline" (printf "%ds" (int .Values.normalizer.drainDeadlineSeconds)) -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.normalizer.config) $computed) -}}
{{- end -}}

{{- define "zoomwatch.detector.delivery" -}}
{{- $delivery := .Values.detector.delivery -}}
{{- if eq $delivery.sink "json_lines" -}}
json_lines:
  file: /var/lib/zoomwatch/rows.jsonl
  {{- if .Values.detector.rules.enabled }}
  alerts_file: /var/lib/zoomwatch/alerts.jsonl
  {{- end }}
{{- else -}}
{{- $sink := deepCopy $delivery.logs_ingestion -}}
{{- with $sink.client_secret -}}{{- $_ := set . "client_secret_file" "/etc/zoomwatch/azure/client-secret" -}}{{- end -}}
{{- with $sink.client_certificate -}}
{{- $_ := set . "certificate_file" "/etc/zoomwatch/azure/tls.crt" -}}
{{- $_ := set . "private_key_file" "/etc/zoomwatch/azure/tls.key" -}}
{{- end -}}
logs_ingestion:
  {{- toYaml $sink | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* Which of the identities for Azure is in use: its option's name, or nothing with another sink. */}}
{{- define "zoomwatch.azureIdentity" -}}
{{- if eq .Values.detector.delivery.sink "logs_ingestion" -}}
{{- range list "client_secret" "client_certificate" "workload_identity" "managed_identity" -}}
{{- if hasKey $.Values.detector.delivery.logs_ingestion . -}}{{- . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Folder of the image with the rules that come with the program (scripts/assemble-image). */}}
{{- define "zoomwatch.shippedRules" -}}/usr/share/zoomwatch/rules{{- end -}}

{{/* Where the rules of an existing ConfigMap are mounted: its name. */}}
{{- define "zoomwatch.rulesFolder" -}}
{{- printf "/etc/zoomwatch/rules/%s" . -}}
{{- end -}}

{{/* The group `rules`, or nothing. A rule of a later folder replaces one with the same id of an earlier, so the operator's come last. */}}
{{- define "zoomwatch.detector.rules" -}}
{{- $rules := .Values.detector.rules -}}
{{- if $rules.enabled -}}
folders:
  {{- if $rules.shipped }}
  - {{ include "zoomwatch.shippedRules" . }}
  {{- end }}
  {{- range $rules.existingConfigMaps }}
  - {{ include "zoomwatch.rulesFolder" . }}
  {{- end }}
alert_directory: /var/lib/zoomwatch/alerts
reload_interval: {{ $rules.reloadInterval | quote }}
settle_time: {{ $rules.settleTime | quote }}
max_rule_state_bytes: {{ $rules.maxRuleStateBytes | quote }}
alert_retention: {{ $rules.alertRetention | quote }}
hold_without_history: {{ $rules.holdWithoutHistory }}
{{- end -}}
{{- end -}}

{{- define "zoomwatch.detector.config" -}}
{{- $grpc := include "zoomwatch.grpcServer" (dict "root" . "caller" "normalizer") | fromYaml -}}
{{- with .Values.api.clientNames -}}{{- $_ := set $grpc "api_client_names" . -}}{{- end -}}
{{- if .Values.api.reflection -}}{{- $_ := set $grpc "reflection" true -}}{{- end -}}
{{- $computed := dict
    "grpc" $grpc
    "store" (dict "directory" "/var/lib/zoomwatch/store")
    "delivery" (include "zoomwatch.detector.delivery" . | fromYaml)
    "admin" (dict "listen_address" "0.0.0.0:9090")
    "drain_deadline" (printf "%ds" (int .Values.detector.drainDeadlineSeconds)) -}}
{{- with include "zoomwatch.detector.rules" . -}}{{- $_ := set $computed "rules" (fromYaml .) -}}{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.detector.config) $computed) -}}
{{- end -}}

{{/* The one process takes the options of all three from where they stand for the services. */}}
{{- define "zoomwatch.all-in-one.config" -}}
{{- $receiver := include "zoomwatch.receiver.config" . | fromYaml -}}
{{- $detector := include "zoomwatch.detector.config" . | fromYaml -}}
{{- $config := omit $receiver "normalizer" -}}
{{- $_ := set $config "store" $detector.store -}}
{{- $_ := set $config "delivery" $detector.delivery -}}
{{- with $detector.rules -}}{{- $_ := set $config "rules" . -}}{{- end -}}
{{- with .Values.normalizer.config.json -}}{{- $_ := set $config "json" . -}}{{- end -}}
{{- if .Values.api.clientNames -}}
{{- $grpc := dict "listen_address" "0.0.0.0:8444" "tls" (include "zoomwatch.serverTls" . | fromYaml) "allowed_client_names" .Values.api.clientNames -}}
{{- if .Values.api.reflection -}}{{- $_ := set $grpc "reflection" true -}}{{- end -}}
{{- $_ := set $config "grpc" $grpc -}}
{{- end -}}
{{- $_ := set $config "drain_deadline" (printf "%ds" (int .Values.allInOne.drainDeadlineSeconds)) -}}
{{- toYaml $config -}}
{{- end -}}
