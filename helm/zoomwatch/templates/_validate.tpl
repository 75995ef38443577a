{{/*
What the schema cannot say: rules about several values at once. Included by a template that is always rendered.
*/}}

{{/* Bytes of a Kubernetes quantity ("20Gi") or of a size of the services ("10GiB", 1048576). */}}
{{- define "zoomwatch.bytes" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+" $text | int64 -}}
{{- $unit := regexFind "[A-Za-z]*$" $text | trimSuffix "B" -}}
{{- $factors := dict "" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mul $number (index $factors $unit) -}}
{{- end -}}

{{- define "zoomwatch.validateVolume" -}}
{{- $limit := include "zoomwatch.bytes" .limit | int64 -}}
{{- $volume := include "zoomwatch.bytes" .size | int64 -}}
{{- if gt (mul $limit 10) (mul $volume 9) -}}
{{- fail (printf "%s (%v) must be at most nine tenths of %s (%s): a full volume is worse than a full %s" .limitName .limit .sizeName .size .what) -}}
{{- end -}}
{{- end -}}

{{- define "zoomwatch.validate" -}}
{{- $names := list -}}
{{- range .Values.zoom.accounts -}}
{{- if has .name $names -}}{{- fail (printf "zoom.accounts: the name %q occurs twice" .name) -}}{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}

{{- $receiver := .Values.receiver -}}
{{- $detector := .Values.detector -}}
{{- $spool := $receiver.config.spool.max_disk_bytes -}}
{{- $store := $detector.config.store.max_disk_bytes -}}
{{- if eq .Values.mode "services" -}}
{{- include "zoomwatch.validateVolume" (dict "limit" $spool "limitName" "receiver.config.spool.max_disk_bytes"
    "size" $receiver.persistence.size "sizeName" "receiver.persistence.size" "what" "spool") -}}
{{- include "zoomwatch.validateVolume" (dict "limit" $store "limitName" "detector.config.store.max_disk_bytes"
    "size" $detector.persistence.size "sizeName" "detector.persistence.size" "what" "store") -}}
{{- else -}}
{{- include "zoomwatch.validateVolume" (dict "limit" (add (include "zoomwatch.bytes" $spool) (include "zoomwatch.bytes" $store))
    "limitName" "receiver.config.spool.max_disk_bytes and detector.config.store.max_disk_bytes together"
    "size" .Values.allInOne.persistence.size "sizeName" "allInOne.persistence.size" "what" "store") -}}
{{- end -}}

{{- if eq $detector.delivery.sink "logs_ingestion" -}}
{{- range $name := list "endpoint" "rule_id" -}}
{{- if not (get $detector.delivery.logs_ingestion $name) -}}
{{- fail (printf "detector.delivery.logs_ingestion.%s: needed by the sink logs_ingestion" $name) -}}
{{- end -}}
{{- end -}}
{{- $identities := list -}}
{{- range $name := list "client_secret" "client_certificate" "workload_identity" "managed_identity" -}}
{{- if hasKey $detector.delivery.logs_ingestion $name -}}{{- $identities = append $identities $name -}}{{- end -}}
{{- end -}}
{{- if ne (len $identities) 1 -}}
{{- fail (printf "detector.delivery.logs_ingestion: needs exactly one of workload_identity, client_secret, client_certificate and managed_identity; found: %s" (default "none" (join ", " $identities))) -}}
{{- end -}}
{{- if and $detector.delivery.logs_ingestion.incidents (not $detector.rules.enabled) -}}
{{- fail "detector.delivery.logs_ingestion.incidents: are made of alerts; set detector.rules.enabled to true" -}}
{{- end -}}
{{- else if $detector.delivery.logs_ingestion -}}
{{- fail "detector.delivery.logs_ingestion: has no effect with the sink json_lines; set detector.delivery.sink to logs_ingestion" -}}
{{- end -}}

{{- $rules := $detector.rules -}}
{{- if and $rules.enabled (not $rules.shipped) (not $rules.existingConfigMaps) -}}
{{- fail "detector.rules: no rules are left; set shipped, name existingConfigMaps, or set enabled to false" -}}
{{- end -}}
{{- if and (not $rules.enabled) $rules.existingConfigMaps -}}
{{- fail "detector.rules.existingConfigMaps: has no effect while detector.rules.enabled is false" -}}
{{- end -}}

{{- if and .Values.networkPolicy.apiFrom (not .Values.api.clientNames) -}}
{{- fail "networkPolicy.apiFrom: opens a port that lets nobody in; name the clients in api.clientNames" -}}
{{- end -}}
{{- if and .Values.api.reflection (not .Values.api.clientNames) -}}
{{- fail "api.reflection: has no effect without api.clientNames" -}}
{{- end -}}

{{- $scaling := .Values.normalizer.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "normalizer.autoscaling: minReplicas (%v) is above maxReplicas (%v)" $scaling.minReplicas $scaling.maxReplicas) -}}
{{- end -}}

{{- $tls := .Values.webhook.tls -}}
{{- if and (or .Values.ingress.enabled .Values.gateway.enabled $tls.certManager.enabled) (not .Values.webhook.hostname) -}}
{{- fail "webhook.hostname: needed by ingress, gateway and webhook.tls.certManager" -}}
{{- end -}}
{{- if and (eq $tls.termination "pod") (not $tls.secretName) (not $tls.certManager.enabled) -}}
{{- fail "webhook.tls: with termination \"pod\" the pods need a certificate: set secretName or certManager.enabled" -}}
{{- end -}}
{{- if and $tls.certManager.enabled (not $tls.certManager.issuerRef.name) -}}
{{- fail "webhook.tls.certManager.issuerRef.name: name the issuer of the certificate that Zoom sees" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (eq $tls.termination "proxy") (not $tls.secretName) (not $tls.certManager.enabled) -}}
{{- fail "ingress: Zoom posts to HTTPS only; set webhook.tls.secretName or webhook.tls.certManager.enabled" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.parentRefs: name the Gateway that the route attaches to" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (eq $tls.termination "pod") -}}
{{- fail "gateway: an HTTPRoute ends TLS at the gateway and sends plain HTTP on, so it needs webhook.tls.termination \"proxy\"" -}}
{{- end -}}
{{- if and .Values.externalSecrets.enabled (not .Values.externalSecrets.secretStoreRef.name) -}}
{{- fail "externalSecrets.secretStoreRef.name: name the SecretStore or ClusterSecretStore" -}}
{{- end -}}
{{- end -}}
