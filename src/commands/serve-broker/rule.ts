// The rule that keeps members of a broker apart, as manifests/broker/policy.yaml has it for Kubernetes.
import type { Admission, Proposal } from '../../apiserver/access/admission.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL, memberAccount } from '../../model/names.ts'

const MEMBER = `system:serviceaccount:${BROKER_NAMESPACE}:${memberAccount('')}`

/** A member's credential writes objects of its own alone: by label, by spec.cluster_id and by the names that follow from its id. */
export const memberRule: Admission = ({ user, group, namespace, resource, object, before }) => {
  if (!user.name.startsWith(MEMBER) || group !== 'submariner.io' || namespace !== BROKER_NAMESPACE) return undefined
  const id = user.name.slice(MEMBER.length)
  const isKnown = resource === 'clusters' || resource === 'endpoints'
  if (!isKnown || !isOf(id, object) || !isOf(id, before)) return `a credential of cluster ${id} may change objects of that cluster only`
  if (object !== undefined && !isNamed(id, resource, object))
    return `objects of cluster ${id} must have the names that follow from its id and address`
  return undefined
}

type Written = Proposal['object']

/** Nothing is nobody's. */
const isOf = (id: string, object: Written): boolean =>
  object === undefined || (specOf(object).cluster_id === id && object.metadata.labels?.[CLUSTER_LABEL] === id)

function isNamed(id: string, resource: string, object: NonNullable<Written>): boolean {
  if (resource === 'clusters') return object.metadata.name === id
  const { private_ip: address, cable_name: cable } = specOf(object)
  if (typeof address !== 'string') return false
  const expected = `submariner-cable-${id}-${address.replaceAll(/[.:]/g, '-')}`
  return cable === expected && object.metadata.name === `${id}-${expected}`
}

const specOf = ({ spec }: NonNullable<Written>): Readonly<Record<string, unknown>> =>
  typeof spec === 'object' && spec !== null ? { ...spec } : {}
