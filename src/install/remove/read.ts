// What a cluster holds of ours, read before anything is removed.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { type Found, inTurns, listFound, type Selection, type Served, type ServedKind, wholeKinds } from '../../k8s/discover.ts'
import type { Patience } from '../../k8s/starting.ts'
import { IMPORTED } from '../../model/mcs.ts'
import { BROKER_NAMESPACE, BROKER_SECRET, CLUSTER_LABEL, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { Meta, Node } from '../../model/resources.ts'
import { at, listAt, textAt } from '../tree.ts'
import { isMarked, isOursInside, isSystems, isVerifys, MARK_SELECTOR, releasesOf } from './mark.ts'

/** How a member reaches its broker; the credential is the member's own. */
export interface MemberBroker {
  readonly server: string
  readonly namespace: string
  readonly token: string
  /** PEM; "" where the certificate is publicly trusted. */
  readonly ca: string
}

/** A namespace of ours and what is in it. */
export interface Space {
  readonly name: string
  /** Undefined where it is not there. */
  readonly object: Found | undefined
  readonly ours: readonly Found[]
  /** Others' objects, without what the cluster puts everywhere. */
  readonly strangers: readonly Found[]
}

export interface Inventory {
  /** Of the agents, and of a broker on this cluster. */
  readonly agents: Space
  readonly brokerSpace: Space
  /** Namespaces that runs of `verify`, `resolve` and `join` have left; all that is in them is ours. */
  readonly verifySpaces: readonly Space[]
  readonly clusterId: string | undefined
  /** uid of the namespace kube-system. */
  readonly clusterUid: string
  readonly broker: MemberBroker | undefined
  readonly nodes: readonly Node[]
  readonly nodesFound: readonly Found[]
  /** Marked objects outside these namespaces, but for CRDs. */
  readonly marked: readonly Found[]
  /** CRDs of submariner.io and of the MCS API, marked or not. */
  readonly crds: readonly Found[]
  /** Their objects, by the CRD's name. */
  readonly instances: ReadonlyMap<string, readonly Found[]>
  /** What imports of services have made, in whatever namespace. */
  readonly imported: readonly Found[]
  /** Helm's releases that brought what is ours, but are kept in a namespace of others. */
  readonly releases: readonly Release[]
  /** Kinds that could not be listed, and why. */
  readonly unread: readonly string[]
}

export interface Release {
  readonly name: string
  readonly namespace: string
  /** Whether it brought the broker's objects. */
  readonly isBroker: boolean
}

/** Waits for what a server that has just started does not serve yet; throws an ApiError where it does not come. */
export async function readInventory(api: KubeApi, namespace: string, patience: Patience): Promise<Inventory> {
  const [served, uid, settings, secret, nodes] = await Promise.all([
    wholeKinds(api, patience),
    api.get('Namespace', 'kube-system'),
    api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace),
    api.get('Secret', BROKER_SECRET, namespace),
    api.list('Node'),
  ])
  const unread = [...served.silent]
  const everywhere = (selection: Selection): Promise<readonly Found[]> => everyKind(api, served, unread, selection)
  const [marked, inAgents, inBroker, spaces, crds] = await Promise.all([
    everywhere({ labelSelector: MARK_SELECTOR }),
    everywhere({ namespace }),
    everywhere({ namespace: BROKER_NAMESPACE }),
    listFound(api, NAMESPACES),
    listFound(api, CRDS),
  ])
  const spaceOf = (name: string, inside: readonly Found[]): Space => ({
    name,
    object: spaces.find(({ metadata }) => metadata.name === name),
    ...partInside(inside, marked),
  })
  const [agents, brokerSpace] = [spaceOf(namespace, inAgents), spaceOf(BROKER_NAMESPACE, inBroker)]
  const ourCrds = crds.filter(({ metadata }) => /\.(submariner|multicluster\.x-k8s)\.io$/.test(metadata.name))
  const data = settings?.data ?? {}
  return {
    agents,
    brokerSpace,
    verifySpaces: await inTurns(spaces.filter(isVerifys), async (object) => {
      const inside = await everywhere({ namespace: object.metadata.name })
      return { name: object.metadata.name, object, ours: inside.filter((one) => !isSystems(one)), strangers: [] }
    }),
    clusterId: data.SUBMARINER_CLUSTERID ?? ownId(inAgents),
    clusterUid: uid?.metadata.uid ?? '',
    broker: brokerOf(data, secret?.data ?? {}),
    nodes: nodes.items,
    nodesFound: nodes.items.length === 0 ? [] : await listFound(api, NODES),
    marked: marked.filter(
      ({ kind, metadata }) => isMarked(metadata) && kind !== 'CustomResourceDefinition' && !isIn(metadata, [namespace, BROKER_NAMESPACE]),
    ),
    crds: ourCrds,
    instances: await instancesOf(api, served, ourCrds),
    imported: await importedIn(api, served),
    releases: [...(await keptElsewhere(api, agents, false)), ...(await keptElsewhere(api, brokerSpace, true))],
    unread: [...new Set(unread)],
  }
}

const IMPORTS = ['multicluster.x-k8s.io ServiceImport', ' Service', 'discovery.k8s.io EndpointSlice']
/** In the order in which they go: the import last, since it is what the rest is found by. */
async function importedIn(api: KubeApi, { kinds }: Served): Promise<readonly Found[]> {
  const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '')
  const asked = kinds.filter(({ apiVersion, kind }) => IMPORTS.includes(`${groupOf(apiVersion)} ${kind}`))
  const lists = await inTurns(asked, (kind) => listFound(api, kind, { labelSelector: IMPORTED }))
  const isImport = ({ kind }: Found): number => Number(kind === 'ServiceImport')
  return lists.flat().toSorted((a, b) => isImport(a) - isImport(b))
}

/** Releases of the space's objects whose records are in another namespace. */
async function keptElsewhere(api: KubeApi, { name: own, ours }: Space, isBroker: boolean): Promise<readonly Release[]> {
  const releases = [...releasesOf(ours)].map((release) => ({ namespace: release.split('/')[0] ?? '', name: release.split('/')[1] ?? '' }))
  const elsewhere = releases.filter(({ namespace }) => namespace !== own)
  const found = await inTurns(elsewhere, async ({ namespace, name }): Promise<readonly Release[]> => {
    const labelSelector = `owner=helm,name=${name}`
    const records = await listFound(api, SECRETS, { namespace, labelSelector }).catch(() => undefined)
    // Where they may not be looked at they may well be there.
    return records === undefined || records.length > 0 ? [{ name, namespace, isBroker }] : []
  })
  return found.flat()
}

const isIn = ({ namespace, name }: Meta, spaces: readonly string[]): boolean => spaces.includes(namespace ?? name)
/** The id by the cluster's own Cluster object: copies of others' have a label. */
const ownId = (objects: readonly Found[]): string | undefined => {
  const own = objects.find(
    ({ kind, apiVersion, metadata }) =>
      kind === 'Cluster' && apiVersion === 'submariner.io/v1' && metadata.labels?.[CLUSTER_LABEL] === undefined,
  )
  return textAt(own, 'spec', 'cluster_id')
}

const SECRETS: ServedKind = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
const NODES: ServedKind = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }
const NAMESPACES: ServedKind = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
const CRDS: ServedKind = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}

/** What one may not list is told, not guessed. */
async function everyKind(api: KubeApi, { kinds }: Served, unread: string[], selection: Selection): Promise<readonly Found[]> {
  const asked = selection.namespace === undefined ? kinds : kinds.filter(({ namespaced }) => namespaced)
  const lists = await inTurns(asked, (kind) =>
    listFound(api, kind, selection).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code === 0 || error.code === 401) throw error
      unread.push(`${kind.plural} (${kind.apiVersion}): ${error.message}`)
      return []
    }),
  )
  return lists.flat()
}

function brokerOf(settings: Readonly<Record<string, string>>, secret: Readonly<Record<string, string>>): MemberBroker | undefined {
  const { BROKER_K8S_APISERVER: server = '', BROKER_K8S_REMOTENAMESPACE: namespace = BROKER_NAMESPACE } = settings
  if (server === '') return undefined
  const plain = (key: string): string => Buffer.from(secret[key] ?? '', 'base64').toString('utf8')
  return { server: /^https?:/.test(server) ? server : `https://${server}`, namespace, token: plain('token'), ca: plain('ca.crt') }
}

async function instancesOf(api: KubeApi, { kinds }: Served, crds: readonly Found[]): Promise<Inventory['instances']> {
  const entries = await inTurns(crds, async (crd) => {
    const { name } = crd.metadata
    const kind = kinds.find(({ plural, apiVersion }) => `${plural}.${apiVersion.split('/')[0]}` === name) ?? kindOfCrd(crd)
    return [name, kind === undefined ? [] : await listFound(api, kind)] as const
  })
  return new Map(entries)
}

/** What the CRD itself says of its kind: discovery may not have come to it yet, or prefers a version that it has not. */
function kindOfCrd({ spec }: Found & { readonly spec?: unknown }): ServedKind | undefined {
  const [group, plural, kind] = [textAt(spec, 'group'), textAt(spec, 'names', 'plural'), textAt(spec, 'names', 'kind')]
  const version = listAt(spec, 'versions').find((one) => at(one, 'served') === true)
  const name = textAt(version, 'name')
  if (group === undefined || plural === undefined || kind === undefined || name === undefined) return undefined
  return { apiVersion: `${group}/${name}`, kind, plural, namespaced: textAt(spec, 'scope') === 'Namespaced' }
}

/** The objects of a namespace that are ours, and those that are somebody else's. */
function partInside(objects: readonly Found[], marked: readonly Found[]): Pick<Space, 'ours' | 'strangers'> {
  const inside = objects.filter((object) => !isSystems(object))
  const releases = releasesOf([...inside, ...marked])
  const uids = new Set<string>()
  // Made for what is made for ours: pods of a DaemonSet, and what a pod makes.
  for (let before = -1; before !== uids.size; ) {
    before = uids.size
    for (const object of inside) {
      const { uid } = object.metadata
      if (uid !== undefined && isOursInside(object, { releases, uids })) uids.add(uid)
    }
  }
  const ours = inside.filter((object) => isOursInside(object, { releases, uids }))
  return { ours, strangers: inside.filter((object) => !ours.includes(object)) }
}
