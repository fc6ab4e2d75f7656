// What of a cluster is ours: by labels that every install puts on its objects, and by who wrote which field.
import type { Found } from '../../k8s/discover.ts'
import { IMPORTED, SOURCE_NAMESPACE } from '../../model/mcs.ts'
import { CLUSTER_LABEL, DISCOVERY_LEASE, FIELD_MANAGER, GATEWAY_LABEL, GATEWAY_LEASE, VERIFY_LABEL } from '../../model/names.ts'
import type { Meta } from '../../model/resources.ts'
import { MANAGED_BY, RELEASE, releaseOf } from '../objects/helm.ts'
import { at, isRecord } from '../tree.ts'

const PART_OF = 'app.kubernetes.io/part-of'
const RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace'
/** Selects every object that may carry our mark. */
export const MARK_SELECTOR = `${PART_OF}=submariner`
/** Field managers that write for us: this program, and Helm with our charts. */
const OURS = [FIELD_MANAGER, 'helm', 'Helm']

/** Whether the object carries our labels; Helm puts its own name over one of them. */
export const isMarked = (meta: Meta): boolean =>
  meta.labels?.[PART_OF] === 'submariner' && (meta.labels[MANAGED_BY] === 'subctl' || releaseOf(meta) !== undefined)

/** Whether it is a namespace in which `verify`, `resolve` or `join` had pods for a moment; a run that was cut off leaves it. */
export const isVerifys = ({ kind, metadata }: Pick<Found, 'kind' | 'metadata'>): boolean =>
  kind === 'Namespace' && metadata.labels?.[VERIFY_LABEL] !== undefined

/** Whether an import of a service made it. */
export const isImported = (meta: Meta): boolean => meta.labels?.[IMPORTED] !== undefined

/** Marked, but here before: somebody else wrote what it is, and none of our labels. Joining put those on. */
export function wasThere({ kind, managed, metadata }: Found): boolean {
  const others = managed.filter(({ manager, subresource }) => subresource === '' && !OURS.includes(manager))
  // A Namespace is its name: the server gives it a label of it, which counts as its maker's.
  const essence = kind === 'Namespace' ? ['f:metadata', 'f:labels', 'f:kubernetes.io/metadata.name'] : ['f:spec']
  return isMarked(metadata) && others.some(({ fields }) => at(fields, ...essence) !== undefined && !marks(fields))
}
const marks = (fields: unknown): boolean => at(fields, 'f:metadata', 'f:labels', `f:${PART_OF}`) !== undefined

/** Of Helm's releases: those that have brought one of the objects, as `namespace/name`. */
export const releasesOf = (objects: readonly Found[]): ReadonlySet<string> =>
  new Set(
    objects.flatMap(({ metadata: { annotations = {}, namespace } }) => {
      const name = annotations[RELEASE]
      return name === undefined ? [] : [`${annotations[RELEASE_NAMESPACE] ?? namespace ?? ''}/${name}`]
    }),
  )

/** Whether it is Helm's record of one of the releases. */
export const isRecordOf = (releases: ReadonlySet<string>, { kind, metadata: { name, namespace, labels = {} } }: Found): boolean =>
  kind === 'Secret' && name.startsWith('sh.helm.release.v1.') && labels.owner === 'helm' && releases.has(`${namespace}/${labels.name}`)

/** Whether it is something that the cluster itself puts into every namespace, or that comes and goes with others. */
export function isSystems({ kind, apiVersion, metadata: { name } }: Found): boolean {
  if (kind === 'Event' || kind === 'PodMetrics' || kind === 'Endpoints' || kind === 'EndpointSlice') return true
  if (kind === 'ServiceAccount') return ['default', 'builder', 'deployer'].includes(name)
  if (kind === 'ConfigMap') return ['kube-root-ca.crt', 'openshift-service-ca.crt'].includes(name)
  if (kind === 'Secret') return /^(default|builder|deployer)-(token|dockercfg)-/.test(name)
  if (kind === 'RoleBinding') return /^system:(deployers|image-builders|image-pullers)$/.test(name)
  return apiVersion.startsWith('packages.operators.coreos.com/')
}

/** Whether an object of the agents' or a broker's namespace is ours: marked, a member's, a kind of ours, the leaders' leases, what members share, Helm's record, or made for one of these. */
export function isOursInside(object: Found, { releases, uids }: { releases: ReadonlySet<string>; uids: ReadonlySet<string> }): boolean {
  const { apiVersion, kind, metadata } = object
  if (isMarked(metadata) || apiVersion.startsWith('submariner.io/') || isRecordOf(releases, object)) return true
  // A member's account on a broker, its rights and its token.
  if (metadata.labels?.[CLUSTER_LABEL] !== undefined) return true
  if (kind === 'Lease' && [GATEWAY_LEASE, DISCOVERY_LEASE].includes(metadata.name)) return true
  // A service that members of a broker share.
  if (kind === 'ServiceImport' && metadata.annotations?.[SOURCE_NAMESPACE] !== undefined) return true
  return ownersOf(metadata).some((uid) => uids.has(uid))
}

const ownersOf = ({ ownerReferences = [] }: Meta): readonly string[] =>
  ownerReferences.flatMap((owner) => (isRecord(owner) && typeof owner.uid === 'string' ? [owner.uid] : []))

/** The gateway label of a Node: absent, ours alone, ours beside others who set it too, or not ours. Others by the names of their programs. */
export type LabelOwner = { readonly is: 'absent' | 'ours' } | { readonly is: 'shared' | 'theirs'; readonly by: readonly string[] }

export function gatewayLabelOf({ metadata, managed }: Found): LabelOwner {
  if (metadata.labels?.[GATEWAY_LABEL] === undefined) return { is: 'absent' }
  const owners = managed.filter(({ fields }) => at(fields, 'f:metadata', 'f:labels', `f:${GATEWAY_LABEL}`) !== undefined)
  const by = owners.map(({ manager }) => manager).filter((manager) => manager !== FIELD_MANAGER)
  const isOurs = owners.some(({ manager }) => manager === FIELD_MANAGER)
  if (isOurs) return by.length === 0 ? { is: 'ours' } : { is: 'shared', by }
  return { is: 'theirs', by }
}
