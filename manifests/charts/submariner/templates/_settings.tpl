{{- /* Written by scripts/charts out of src/install/objects/settings.ts and workloads.ts. */ -}}
{{- define "submariner.environment" -}}
SUBMARINER_NAMESPACE: "submariner"
SUBMARINER_CLUSTERID: {{ .Values.submariner.clusterId | toString | quote }}
SUBMARINER_CLUSTERCIDR: {{ include "submariner.list" .Values.submariner.clusterCidr | toString | quote }}
SUBMARINER_SERVICECIDR: {{ include "submariner.list" .Values.submariner.serviceCidr | toString | quote }}
SUBMARINER_GLOBALCIDR: ""
SUBMARINER_COLORCODES: "blue"
SUBMARINER_NETWORKPLUGIN: {{ .Values.submariner.networkPlugin | toString | quote }}
SUBMARINER_NATENABLED: {{ .Values.submariner.natEnabled | toString | quote }}
SUBMARINER_PUBLICIP: {{ include "submariner.list" .Values.submariner.publicIp | toString | quote }}
SUBMARINER_CABLEDRIVER: "libreswan"
SUBMARINER_BROKER: "k8s"
SUBMARINER_HEALTHCHECKENABLED: {{ .Values.submariner.healthCheck.enabled | toString | quote }}
SUBMARINER_HEALTHCHECKINTERVAL: {{ .Values.submariner.healthCheck.intervalSeconds | toString | quote }}
SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT: {{ .Values.submariner.healthCheck.maxPacketLossCount | toString | quote }}
SUBMARINER_SERVICEDISCOVERY: {{ .Values.serviceDiscovery.enabled | toString | quote }}
SUBMARINER_SERVICEBALANCE: {{ .Values.serviceDiscovery.balance | toString | quote }}
SUBMARINER_ALLOWEDNAMESPACES: {{ include "submariner.list" .Values.serviceDiscovery.allowNamespaces | toString | quote }}
SUBMARINER_DNS: {{ .Values.dns.mode | toString | quote }}
SUBMARINER_DNS_ZONES: {{ include "submariner.list" (prepend .Values.dns.zones "clusterset.local" | uniq) | toString | quote }}
AIR_GAPPED_DEPLOYMENT: {{ .Values.submariner.airGapped | toString | quote }}
CE_IPSEC_NATTPORT: {{ .Values.ipsec.nattPort | toString | quote }}
CE_IPSEC_FORCEENCAPS: {{ .Values.ipsec.forceUdpEncaps | toString | quote }}
CE_IPSEC_PSKSECRET: "submariner-ipsec-psk"
BROKER_K8S_APISERVER: {{ include "submariner.brokerServer" . | toString | quote }}
BROKER_K8S_REMOTENAMESPACE: {{ .Values.broker.namespace | toString | quote }}
BROKER_K8S_SECRET: "submariner-broker-secret"
BROKER_K8S_INSECURE: "false"
{{- end }}
{{- define "submariner.hash" -}}
{{- $environment := include "submariner.environment" (index . 0) | fromYaml -}}
{{- $lines := "" -}}
{{- range index . 1 -}}
{{- $lines = printf "%s%s=%s\n" $lines . (get $environment .) -}}
{{- end -}}
{{- sha256sum $lines -}}
{{- end }}
{{- define "submariner.hash.submariner-gateway" -}}
{{- include "submariner.hash" (list . (list "AIR_GAPPED_DEPLOYMENT" "BROKER_K8S_APISERVER" "BROKER_K8S_INSECURE" "BROKER_K8S_REMOTENAMESPACE" "BROKER_K8S_SECRET" "CE_IPSEC_FORCEENCAPS" "CE_IPSEC_NATTPORT" "CE_IPSEC_PSKSECRET" "SUBMARINER_CABLEDRIVER" "SUBMARINER_CLUSTERCIDR" "SUBMARINER_CLUSTERID" "SUBMARINER_COLORCODES" "SUBMARINER_GLOBALCIDR" "SUBMARINER_HEALTHCHECKENABLED" "SUBMARINER_HEALTHCHECKINTERVAL" "SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT" "SUBMARINER_NAMESPACE" "SUBMARINER_NATENABLED" "SUBMARINER_PUBLICIP" "SUBMARINER_SERVICECIDR")) -}}
{{- end }}
{{- define "submariner.hash.submariner-charon" -}}
{{- include "submariner.hash" (list . (list "CE_IPSEC_NATTPORT")) -}}
{{- end }}
{{- define "submariner.hash.submariner-route-agent" -}}
{{- include "submariner.hash" (list . (list "SUBMARINER_CLUSTERCIDR" "SUBMARINER_CLUSTERID" "SUBMARINER_GLOBALCIDR" "SUBMARINER_HEALTHCHECKENABLED" "SUBMARINER_HEALTHCHECKINTERVAL" "SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT" "SUBMARINER_NAMESPACE" "SUBMARINER_NETWORKPLUGIN" "SUBMARINER_SERVICECIDR")) -}}
{{- end }}
{{- define "submariner.hash.submariner-discovery" -}}
{{- include "submariner.hash" (list . (list "BROKER_K8S_APISERVER" "BROKER_K8S_INSECURE" "BROKER_K8S_REMOTENAMESPACE" "BROKER_K8S_SECRET" "SUBMARINER_ALLOWEDNAMESPACES" "SUBMARINER_CLUSTERID" "SUBMARINER_NAMESPACE" "SUBMARINER_SERVICEBALANCE")) -}}
{{- end }}
{{- define "submariner.hash.submariner-dns" -}}
{{- include "submariner.hash" (list . (list "BROKER_K8S_REMOTENAMESPACE" "SUBMARINER_CLUSTERID" "SUBMARINER_DNS_ZONES" "SUBMARINER_NAMESPACE")) -}}
{{- end }}
