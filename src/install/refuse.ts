import { EXIT, UserError } from '../model/errors.ts'
import { CLUSTER_UID, isLabel, sanitise } from '../model/names.ts'
import { type Cidr, type Ip, parseIp } from '../model/net.ts'
import type { BrokerView } from './broker-view.ts'
import { addressClaims, type Claim, claimsFor, claimsOf, collisions, inside, ownFaults } from './claims.ts'
import type { Networks } from './networks/discover.ts'
import { at } from './tree.ts'

/** Throws unless the text can be a cluster's id. */
export function checkClusterId(id: string): string {
  if (isLabel(id)) return id
  throw new UserError(
    'SUB0401',
    `"${id}" cannot be a cluster id: it must be 1 to 63 lower-case letters, digits and hyphens, no hyphen at its ends`,
    { exitCode: EXIT.usage, hint: `Choose another, such as --cluster-id ${likeId(id)}` },
  )
}

/** The nearest text that can be an id. */
function likeId(text: string): string {
  const like = sanitise(text.toLowerCase())
    .replaceAll('.', '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
  return isLabel(like) ? like : 'west'
}

/** Throws where the cluster's own networks cannot be connected, whoever else has joined. */
export function checkOwnNetworks(networks: Networks): void {
  const pods = networks.pods.value
  if (networks.shared !== undefined)
    throw new UserError('SUB0404', `Cannot join: ${networks.shared} (${networks.cni.source})`, {
      hint: 'If the pods do have a network of their own, name it: --pod-cidr.',
    })
  const nodes = inside(pods, networks.nodeAddresses)
  if (nodes.length > 0)
    throw new UserError(
      'SUB0404',
      `Cannot join: pods ${pods.join(', ')} (${networks.pods.source}) share the nodes’ own network: ${list(nodes)}`,
      {
        hint: 'If that is not the pods’ network, name the right one: --pod-cidr.',
      },
    )
  const faults = [...ownFaults(pods, networks.services.value), ...serviceFaults(networks)]
  if (faults.length > 0) throw new UserError('SUB0418', `Cannot join: ${faults.join('; ')}`)
}

/** Throws where the id is another cluster's on this broker. The owner is the uid of the cluster that has the account; "" where it did not say. */
export function checkFree(
  { clusterId, clusterUid, hasJoined }: { readonly clusterId: string; readonly clusterUid: string; readonly hasJoined: boolean },
  owner: string | undefined,
  view: BrokerView,
): void {
  const published = view.clusters.find((cluster) => at(cluster, 'spec', 'cluster_id') === clusterId)
  const owners = [owner, published && (published.metadata.annotations?.[CLUSTER_UID] ?? '')].filter((uid) => uid !== undefined)
  const other = owners.find((uid) => uid !== clusterUid && (uid !== '' || !hasJoined))
  if (other === undefined) return
  const who = other === '' ? 'a cluster that does not say which it is' : `another cluster (its kube-system has uid ${other})`
  throw new UserError(
    'SUB0402',
    `Cannot join: cluster id "${clusterId}" is taken on this broker by ${who}; this one has uid ${clusterUid}`,
    {
      hint: `Choose another --cluster-id. Where the other is gone for good: subctl forget ${clusterId}${other === '' ? OF_NOBODY : ''}`,
    },
  )
}

/** What the broker's chart makes for a cluster says nothing of it, and so does what a cluster had under Helm. */
const OF_NOBODY =
  '. An account that Helm made for this cluster says no uid: forget it too, or take its name out of `clusters` of the chart submariner-k8s-broker'

const serviceFaults = (networks: Networks): readonly string[] =>
  collisions(claimsFor('services', networks.services.value), addressClaims('a node', networks.nodeAddresses))

/** Throws where the cluster's networks meet those of another cluster, or the broker. */
export function checkOverlaps(clusterId: string, networks: Networks, view: BrokerView, broker: readonly Ip[]): void {
  const found = [
    ...collisions(ownClaims(networks), [...claimsOf(view.clusters, view.endpoints, clusterId), ...addressClaims('the broker', broker)]),
    ...collisions(nodeClaims(networks), foreignNetworks(view, clusterId)),
  ]
  if (found.length === 0) return
  const most = 10
  const more = found.length > most ? `; and ${found.length - most} more` : ''
  throw new UserError('SUB0403', `Cannot join cluster "${clusterId}": ${found.slice(0, most).join('; ')}${more}`, {
    hint: 'Networks of connected clusters must differ. If those found are wrong, say the right ones: --pod-cidr, --service-cidr.',
  })
}

const ownClaims = (networks: Networks): readonly Claim[] => [
  ...claimsFor('pods', networks.pods.value),
  ...claimsFor('services', networks.services.value),
]
const nodeClaims = (networks: Networks): readonly Claim[] => [
  ...addressClaims('this cluster’s node', networks.nodeAddresses),
  ...addressClaims('this cluster’s API server', networks.apiAddresses),
]

/** Addresses of other clusters' gateways may well be those of our nodes: private addresses behind NAT repeat. Networks may not. */
const foreignNetworks = (view: BrokerView, ownId: string): readonly Claim[] =>
  claimsOf(view.clusters, view.endpoints, ownId).filter(({ network }) => !isHost(network))

const isHost = (network: Cidr): boolean => /\/32$|\/128$/.test(network)
const list = (addresses: readonly Ip[]): string => `node ${addresses.slice(0, 5).join(', ')}${addresses.length > 5 ? ', ...' : ''}`

/** The address in a URL; none where it has a name. */
export function addressOfUrl(url: string): readonly Ip[] {
  try {
    return [parseIp(new URL(url).hostname.replace(/^\[|\]$/g, ''))]
  } catch {
    return []
  }
}
