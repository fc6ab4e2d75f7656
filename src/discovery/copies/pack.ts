// Objects as short texts. Thousands of them are kept for long and looked at seldom: as trees they weigh ten times as much as what is different about each.
import {
  IMPORTED,
  IS_HEADLESS,
  KUBE_SERVICE,
  LIGHTHOUSE,
  MANAGED_BY,
  ORIGINATING_NAMESPACE,
  PUBLISH_NOT_READY,
  SERVICE_ADDRESS,
  SERVICE_NAME,
  SOURCE_CLUSTER,
  SOURCE_NAME,
  SOURCE_NAMESPACE,
  TIMESTAMP_PREFIX,
  USE_CLUSTERSET_IP,
} from '../../model/mcs.ts'
import { CLUSTER_LABEL } from '../../model/names.ts'

/** What many objects have alike in their JSON. Texts that do not have these become longer by nothing. */
const PHRASES: readonly string[] = [
  '{"apiVersion":"multicluster.x-k8s.io/v1beta1","kind":"ServiceImport","metadata":{"name":"',
  '{"apiVersion":"multicluster.x-k8s.io/v1beta1","kind":"ServiceExport","metadata":{"name":"',
  '{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"',
  '{"apiVersion":"v1","kind":"Service","metadata":{"name":"',
  '[{"apiVersion":"multicluster.x-k8s.io/v1beta1","kind":"ServiceImport","name":"',
  '","controller":false}]',
  '","namespace":"',
  '","uid":"',
  '},"uid":"',
  '","resourceVersion":"',
  '"creationTimestamp":"',
  '"generation":',
  '"labels":{',
  '"annotations":{',
  '"ownerReferences":',
  `"${IMPORTED}":"true"`,
  `"${SERVICE_NAME}":"`,
  `"${SOURCE_NAMESPACE}":"`,
  `"${SOURCE_CLUSTER}":"`,
  `"${CLUSTER_LABEL}":"`,
  `"${IS_HEADLESS}":"false"`,
  `"${IS_HEADLESS}":"true"`,
  `"${MANAGED_BY}":"${LIGHTHOUSE}"`,
  `"${MANAGED_BY}":"endpointslice-controller.k8s.io"`,
  `"${KUBE_SERVICE}":"`,
  `"${ORIGINATING_NAMESPACE}":"`,
  `"${SOURCE_NAME}":"`,
  `"${PUBLISH_NOT_READY}":"false"`,
  `"${PUBLISH_NOT_READY}":"true"`,
  `"${USE_CLUSTERSET_IP}":"false"`,
  `"${TIMESTAMP_PREFIX}`,
  '"addressType":"IPv4","endpoints":[{"addresses":["',
  '"],"conditions":{"ready":true,"serving":true,"terminating":false}',
  '"],"conditions":{"ready":true}',
  '"conditions":',
  '"targetRef":{"kind":"Pod","namespace":"',
  '"nodeName":"',
  `"${SERVICE_ADDRESS}":"`,
  '"spec":{',
  '"status":{',
  '"type":"ClusterSetIP"',
  '"type":"Headless"',
  '"type":"ClusterIP"',
  '"clusterIP":"',
  '"clusterIPs":["',
  '"ports":[{"name":"',
  '"ports":[]',
  '"protocol":"TCP"',
  '"port":',
  '"targetPort":',
  '"sessionAffinity":"None"',
  '"ipFamilies":["IPv4"]',
  '"ipFamilyPolicy":"SingleStack"',
  '"internalTrafficPolicy":"Cluster"',
  '"endpointSliceObjects":"Present"',
  '"clusters":[{"cluster":"',
  '"},{"cluster":"',
  '"observedGeneration":',
  '"lastTransitionTime":"',
  '"type":"Ready","status":"True","reason":"Ready","message":"the service can be used in this cluster"',
  '"type":"Ready","status":"True","reason":"Exported","message":"the broker has the service"',
  '"type":"Valid","status":"True","reason":"Valid","message":"the service can be exported"',
]

// A JSON text has no control character, so that one followed by another character can stand for a phrase.
const MARK = '\u0001'
const FIRST_CODE = 0x21
const codeOf = (i: number): string => `${MARK}${String.fromCharCode(FIRST_CODE + i)}`
const codes = new Map(PHRASES.map((phrase, i) => [phrase, codeOf(i)]))
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
const anyPhrase = new RegExp(
  [...PHRASES]
    .sort((a, b) => b.length - a.length)
    .map(escaped)
    .join('|'),
  'g',
)

/** A JSON value as a text that is the same whenever the value is written the same. */
export const pack = (value: unknown): string => JSON.stringify(value).replaceAll(anyPhrase, (phrase) => codes.get(phrase) ?? phrase)

/** The value again. */
export const unpack = (text: string): unknown => JSON.parse(spelled(text))

/** With phrases for codes. By pieces, which takes a third of the time that a pattern does. */
function spelled(text: string): string {
  const [first = '', ...pieces] = text.split(MARK)
  let whole = first
  for (const piece of pieces) whole += (PHRASES[piece.charCodeAt(0) - FIRST_CODE] ?? '') + piece.slice(1)
  return whole
}
