{{- /* Written by scripts/charts out of this script. */ -}}
{{- define "submariner.owned" -}}
{{- $root := index . 0 -}}
{{- $found := lookup (index . 1) (index . 2) "" (index . 3) -}}
{{- $name := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $found -}}
{{- $namespace := dig "metadata" "annotations" "meta.helm.sh/release-namespace" "" $found -}}
{{- if or (not $found) (and (eq $name $root.Release.Name) (eq $namespace $root.Release.Namespace)) -}}yes{{- end -}}
{{- end }}
