// Which other clusters are reached, as the active gateways say; where nobody leads them, as the other nodes say too.
import { sanitise } from './names.ts'

/** `failed`: all tunnels to the cluster have been tried and carry nothing. A cluster with no word is not connected, or not yet. */
export type Word = 'connected' | 'failed'
export type Words = ReadonlyMap<string, Word>

/** What the route agent of one node says. */
export interface NodeWords {
  readonly node: string
  readonly words: Words
}

/**
 * What the active Gateways say of each cluster; undefined where none says that it is active: then nothing is known. `nodes` are given while nobody leads
 * the gateways: then a cluster that they call connected has failed if a node other than theirs says so and none of these reaches it.
 */
export function wordsOf(gateways: readonly object[], nodes: readonly NodeWords[] = []): Words | undefined {
  const active = gateways.filter((gateway) => at(at(gateway, 'status'), 'haStatus') === 'active')
  if (active.length === 0) return undefined
  const words = judge(
    active.flatMap((gateway) => listed(at(at(gateway, 'status'), 'connections'))).map((one) => [at(one, 'endpoint'), one]),
  )
  const theirs = new Set(active.flatMap(nodeNames))
  const others = nodes.filter(({ node }) => !theirs.has(sanitise(node)))
  const said = (id: string, word: Word): boolean => others.some((one) => one.words.get(id) === word)
  return new Map([...words].map(([id, word]) => [id, said(id, 'failed') && !said(id, 'connected') ? 'failed' : word]))
}

export const nodeWords = (routeAgent: object): NodeWords => ({
  node: String(at(at(routeAgent, 'metadata'), 'name')),
  words: judge(listed(at(at(routeAgent, 'status'), 'remoteEndpoints')).map((one) => [at(one, 'spec'), one])),
})

/** A Gateway is named after its node. */
const nodeNames = (gateway: object): readonly string[] =>
  [at(at(gateway, 'metadata'), 'name'), at(at(at(gateway, 'status'), 'localEndpoint'), 'hostname')].map((name) => sanitise(String(name)))

/** Of a cluster with several gateways the best counts. */
function judge(said: readonly (readonly [endpoint: unknown, of: unknown])[]): Words {
  const states = Map.groupBy(said, ([endpoint]) => String(at(endpoint, 'cluster_id')))
  return new Map(
    [...states].flatMap(([cluster, all]): readonly (readonly [string, Word])[] => {
      if (all.some(([, one]) => at(one, 'status') === 'connected')) return [[cluster, 'connected']]
      return all.every(([, one]) => at(one, 'status') === 'error') ? [[cluster, 'failed']] : []
    }),
  )
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined
const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
