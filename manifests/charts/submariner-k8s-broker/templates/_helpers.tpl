{{- /* Whether the API keeps the accounts of clusters apart: Kubernetes has it from 1.30 on. */ -}}
{{- define "submariner.canTellApart" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}yes{{- end -}}
{{- end }}

{{- define "submariner.hasSharedClient" -}}
{{- if kindIs "bool" .Values.sharedClient }}{{ if .Values.sharedClient }}yes{{ end }}{{ else if not .Values.clusters }}yes{{ end -}}
{{- end }}

{{- define "submariner.labels" -}}
app.kubernetes.io/part-of: submariner
app.kubernetes.io/managed-by: subctl
{{- end }}

{{- define "submariner.check" -}}
{{- if and .Values.clusters (not .Values.sharedRights) (not (include "submariner.canTellApart" .)) -}}
{{- fail (printf "this cluster runs Kubernetes %s; clusters can be kept apart from 1.30 on. Use a newer one, or accept that they can change each other's objects: sharedRights=true" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- $psk := .Values.ipsec.psk | trim -}}
{{- if and $psk (not (regexMatch "^([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)$" $psk)) -}}
{{- fail (printf "ipsec.psk, of %d characters, is not base64 of 16 bytes or more: letters and digits (and + / =), 24 or more, their number a multiple of 4; 64 is a good number" (len $psk)) -}}
{{- end -}}
{{- end }}
