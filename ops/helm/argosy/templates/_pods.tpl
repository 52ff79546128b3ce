{{/* What all pods share: names, who they run as, their settings and their volumes. */}}

{{- define "argosy.labels" -}}
app.kubernetes.io/name: argosy
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "argosy.chart-labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "argosy.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "argosy.pod" -}}
automountServiceAccountToken: false
# Else a service of a release named argosy sets ARGOSY_SERVER_PORT and the like, which are no settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "argosy.container" -}}
image: {{ include "argosy.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "argosy.secrets" -}}
envFrom:
  - secretRef: {name: {{ .Values.secretName | quote }}}
{{- end }}

{{- define "argosy.settings" -}}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name | quote }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "argosy.home" -}}
{{- if .Values.home.bucket }}
- {name: ARGOSY_HOME, value: {{ .Values.home.bucket | quote }}}
- {name: ARGOSY_CACHE, value: /data}
{{- else }}
- {name: ARGOSY_HOME, value: /data}
{{- end }}
{{- end }}

{{- define "argosy.volumes" -}}
- name: tmp
  emptyDir: {}
- name: data
{{- if .Values.home.bucket }}
  emptyDir: {sizeLimit: {{ .Values.home.cacheSize | quote }}}
{{- else }}
  persistentVolumeClaim: {claimName: {{ .Values.home.existingClaim | default (printf "%s-home" .Release.Name) | quote }}}
{{- end }}
{{- end }}
