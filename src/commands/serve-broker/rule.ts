// The rule that keeps members of a broker apart, as manifests/broker/policy.yaml has it for Kubernetes.
import type { Admission, Proposal } from '../../apiserver/access/admission.ts'
import { SERVICE_NAME, SOURCE_CLUSTER, SOURCE_NAMESPACE, TIMESTAMP_PREFIX } from '../../model/mcs.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL, memberAccount } from '../../model/names.ts'

const MEMBER = `system:serviceaccount:${BROKER_NAMESPACE}:${memberAccount('')}`
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'submariner.io': ['clusters', 'endpoints'],
  'multicluster.x-k8s.io': ['serviceimports'],
  'discovery.k8s.io': ['endpointslices'],
}

/**
 * A member's credential writes objects of its own alone: by label, by spec.cluster_id or the label of the source, and by the names that follow from its
 * id. Of a ServiceImport that all who export a service share it changes its own entry and its own timestamp.
 */
export const memberRule: Admission = ({ user, group, namespace, resource, object, before }) => {
  const known = GROUPS[group]
  if (!user.name.startsWith(MEMBER) || known === undefined || namespace !== BROKER_NAMESPACE) return undefined
  const id = user.name.slice(MEMBER.length)
  if (resource === 'serviceimports' && !isLabelled(object) && !isLabelled(before))
    return isNamedAsItSays(object, before) && isOwnPart(id, object, before)
      ? undefined
      : `of a ServiceImport that clusters share cluster ${id} may change its own entry and its own timestamp only`
  if (!known.includes(resource) || !isOf(id, resource, object) || !isOf(id, resource, before))
    return `a credential of cluster ${id} may change objects of that cluster only`
  if (object !== undefined && group === 'submariner.io' && !isNamed(id, resource, object))
    return `objects of cluster ${id} must have the names that follow from its id and address`
  return undefined
}

type Written = Proposal['object']

const isLabelled = (object: Written): boolean => object?.metadata.labels?.[CLUSTER_LABEL] !== undefined

/** Nothing is nobody's. */
function isOf(id: string, resource: string, object: Written): boolean {
  if (object === undefined) return true
  const { labels } = object.metadata
  if (labels?.[CLUSTER_LABEL] !== id) return false
  return resource === 'clusters' || resource === 'endpoints' ? specOf(object).cluster_id === id : labels[SOURCE_CLUSTER] === id
}

function isNamed(id: string, resource: string, object: NonNullable<Written>): boolean {
  if (resource === 'clusters') return object.metadata.name === id
  const { private_ip: address, cable_name: cable } = specOf(object)
  if (typeof address !== 'string') return false
  const expected = `submariner-cable-${id}-${address.replaceAll(/[.:]/g, '-')}`
  return cable === expected && object.metadata.name === `${id}-${expected}`
}

/** The service that a shared ServiceImport is of gives it its name, and stays. */
function isNamedAsItSays(object: Written, before: Written): boolean {
  if (object === undefined) return true
  const { name, annotations = {}, ownerReferences = [], finalizers = [] } = object.metadata
  if (ownerReferences.length > 0 || finalizers.length > 0) return false
  const { [SERVICE_NAME]: service, [SOURCE_NAMESPACE]: namespace } = annotations
  if (service === undefined || namespace === undefined || name !== `${service}-${namespace}`) return false
  return before === undefined || before.metadata.annotations?.[SERVICE_NAME] === service
}

/** Whether all that other clusters say there is as it was. */
function isOwnPart(id: string, object: Written, before: Written): boolean {
  const others = (written: Written): string => JSON.stringify([timesOf(written, id), membersOf(written, id)])
  return others(object) === others(before)
}
const timesOf = (object: Written, id: string): readonly unknown[] =>
  Object.entries(object?.metadata.annotations ?? {})
    .filter(([key]) => key.startsWith(TIMESTAMP_PREFIX) && key !== `${TIMESTAMP_PREFIX}${id}`)
    .sort()

function membersOf(object: Written, id: string): readonly unknown[] {
  const { clusters } = fieldsOf(object?.status)
  const all = Array.isArray(clusters) ? clusters.map((one: unknown) => fieldsOf(one).cluster) : []
  return all.filter((cluster) => cluster !== id).sort()
}

const specOf = ({ spec }: NonNullable<Written>): Readonly<Record<string, unknown>> => fieldsOf(spec)
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {})
