{{- define "sagemaker-healthcheck.fullname" -}}
{{- $name := .Chart.Name -}}
{{- if not (contains .Chart.Name .Release.Name) }}{{ $name = printf "%s-%s" .Release.Name .Chart.Name }}{{ else }}{{ $name = .Release.Name }}{{ end -}}
{{- .Values.fullnameOverride | default $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "sagemaker-healthcheck.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "sagemaker-healthcheck.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end }}

{{- define "sagemaker-healthcheck.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sagemaker-healthcheck.labels" -}}
{{ include "sagemaker-healthcheck.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sagemaker-healthcheck.image" -}}
{{- $repository := required "image.repository is empty: build the image of deploy/container, push it to a registry that the cluster can pull from, and name it" .Values.image.repository -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end }}

{{- /* The ConfigMap with the settings; empty = none. */ -}}
{{- define "sagemaker-healthcheck.settings" -}}
{{- if and .Values.settings .Values.existingConfigMap }}{{ fail "settings and existingConfigMap are both given: the settings are in one place only" }}{{ end -}}
{{- .Values.existingConfigMap | default (ternary (include "sagemaker-healthcheck.fullname" .) "" (not (empty .Values.settings))) -}}
{{- end }}

{{- /* A probe of one path. The kubelet knows neither passwords nor client certificates, so behind a web configuration
       that asks for them the daemon is asked from within, without the interpreter that an open one spares. */ -}}
{{- define "sagemaker-healthcheck.probe" -}}
{{- $web := .root.Values.webConfig -}}
{{- $probe := $web.probe -}}
{{- if and $web.existingSecret (or $probe.user $probe.certFile) -}}
exec:
  command:
    - sagemaker-healthcheck
    - ping
    {{- if eq .path "/-/ready" }}
    - --ready
    {{- end }}
    - --url={{ ternary "https" "http" $web.tls }}://localhost:9479
    {{- if $web.tls }}
    - --insecure
    {{- end }}
    {{- with $probe.user }}
    - --user={{ . }}
    - --password-file=/etc/sagemaker-healthcheck/web/{{ $probe.passwordFile }}
    {{- end }}
    {{- with $probe.certFile }}
    - --cert=/etc/sagemaker-healthcheck/web/{{ . }}
    - --key=/etc/sagemaker-healthcheck/web/{{ $probe.keyFile }}
    {{- end }}
{{- else -}}
httpGet:
  path: {{ .path }}
  port: http
  {{- if and $web.existingSecret $web.tls }}
  scheme: HTTPS
  {{- end }}
{{- end }}
{{- end }}
