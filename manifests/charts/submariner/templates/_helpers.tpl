{{- define "submariner.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end }}

{{- /* A list, or one text with commas, as one text with commas. */ -}}
{{- define "submariner.list" -}}
{{- if kindIs "slice" . }}{{ join "," . }}{{ else }}{{ . | replace " " "" }}{{ end -}}
{{- end }}

{{- define "submariner.brokerServer" -}}
{{- .Values.broker.server | trim | trimPrefix "https://" | trimSuffix "/" -}}
{{- end }}

{{- /* PEM or its base64 as base64. */ -}}
{{- define "submariner.brokerCa" -}}
{{- $ca := .Values.broker.ca | trim -}}
{{- if hasPrefix "-----BEGIN" $ca -}}
{{- printf "%s\n" $ca | b64enc -}}
{{- else if and $ca (not (hasPrefix "-----BEGIN" (regexReplaceAll "\\s" $ca "" | b64dec | trim))) -}}
{{- fail "broker.ca is neither a certificate in PEM nor the base64 of one" -}}
{{- else -}}
{{- regexReplaceAll "\\s" $ca "" -}}
{{- end -}}
{{- end }}

{{- /* The key as IKE has it is base64 text; the Secret holds its bytes, so that text is its data as it stands. */ -}}
{{- define "submariner.psk" -}}
{{- $psk := .Values.ipsec.psk | trim -}}
{{- if not (regexMatch "^([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)$" $psk) -}}
{{- fail (printf "ipsec.psk, of %d characters, is not base64 of 16 bytes or more: letters and digits (and + / =), 24 or more, their number a multiple of 4; 64 is a good number" (len $psk)) -}}
{{- end -}}
{{- $psk -}}
{{- end }}

{{- /* Names all that is missing at once. */ -}}
{{- define "submariner.check" -}}
{{- $missing := list -}}
{{- if not .Values.submariner.clusterId }}{{ $missing = append $missing "submariner.clusterId" }}{{ end -}}
{{- if not .Values.submariner.clusterCidr }}{{ $missing = append $missing "submariner.clusterCidr" }}{{ end -}}
{{- if not .Values.submariner.serviceCidr }}{{ $missing = append $missing "submariner.serviceCidr" }}{{ end -}}
{{- if not .Values.broker.server }}{{ $missing = append $missing "broker.server" }}{{ end -}}
{{- if not (or .Values.broker.token .Values.broker.existingSecret) }}{{ $missing = append $missing "broker.token (or broker.existingSecret)" }}{{ end -}}
{{- if not (or .Values.ipsec.psk .Values.ipsec.existingSecret) }}{{ $missing = append $missing "ipsec.psk (or ipsec.existingSecret)" }}{{ end -}}
{{- if $missing -}}
{{- fail (printf "these values are missing: %s" (join ", " $missing)) -}}
{{- end -}}
{{- include "submariner.checkNetworks" . -}}
{{- if and .Values.broker.token .Values.broker.existingSecret }}{{ fail "broker.token and broker.existingSecret are given: give either" }}{{ end -}}
{{- if and .Values.ipsec.psk .Values.ipsec.existingSecret }}{{ fail "ipsec.psk and ipsec.existingSecret are given: give either" }}{{ end -}}
{{- end }}

{{- /* Throws where a network is none, or where pods and services share addresses. */ -}}
{{- define "submariner.checkNetworks" -}}
{{- $known := list -}}
{{- range $name := list "clusterCidr" "serviceCidr" -}}
{{- range $text := splitList "," (include "submariner.list" (get $.Values.submariner $name)) -}}
{{- if not (regexMatch "^(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}/(3[0-2]|[12][0-9]|[89])$" $text) -}}
{{- fail (printf "submariner.%s: %q is not an IPv4 network of /8 to /32, such as 10.1.0.0/16" $name $text) -}}
{{- end -}}
{{- $parts := regexSplit "[./]" $text -1 -}}
{{- $start := 0 -}}
{{- range initial $parts }}{{ $start = add (mul $start 256) (atoi .) }}{{ end -}}
{{- $size := 1 -}}
{{- range until (sub 32 (atoi (last $parts)) | int) }}{{ $size = mul $size 2 }}{{ end -}}
{{- if mod $start $size -}}
{{- fail (printf "submariner.%s: %s is an address in a network, not the network" $name $text) -}}
{{- end -}}
{{- range $known -}}
{{- if and (lt $start (add .start .size)) (lt .start (add $start $size)) -}}
{{- fail (printf "submariner.%s: %s overlaps %s of submariner.%s" $name $text .text .name) -}}
{{- end -}}
{{- end -}}
{{- $known = append $known (dict "name" $name "text" $text "start" $start "size" $size) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "submariner.labels" -}}
app.kubernetes.io/part-of: submariner
app.kubernetes.io/managed-by: subctl
{{- end }}
