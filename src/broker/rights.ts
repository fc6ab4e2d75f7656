import policy from '../../manifests/broker/policy.yaml'
import rights from '../../manifests/broker/rights.yaml'
import { parseObjects } from '../k8s/yaml.ts'
import type { Resource } from '../model/resources.ts'

/** The Role that a member's ServiceAccount is bound to. */
export const MEMBER_ROLE = 'submariner-k8s-broker-cluster'
/** The policy, and its binding, that keep members apart. Kubernetes 1.30 and later have the kind. */
export const MEMBER_POLICY = 'submariner-broker-own-objects'

/** A broker's namespace, accounts and Roles, in the order they must be applied. */
export const brokerRights = (): readonly Resource[] => parseObjects(rights)
/** What binds each member to its own objects: without it every member can write every other's. */
export const memberPolicy = (): readonly Resource[] => parseObjects(policy)
