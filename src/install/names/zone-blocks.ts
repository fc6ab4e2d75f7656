// The server blocks that we write, one for all zones. Each stands alone: what is wrong in it stops no other block.
import { type ClusterBlock, zoneOf } from './corefile.ts'

/** Seconds that a client may keep an answer, as DNS of a clusterset says it (INTEROP 6). */
const TTL = 5
/** A cache on a node: a cluster that is lost is out of its answers that much later. CoreDNS itself keeps none: it has the objects, or our server near, at hand. */
const NODE_CACHE = 1

const keysOf = (zones: readonly string[], port: number): string => zones.map((zone) => `${zone}:${port}`).join(' ')
const block = (keys: string, lines: readonly string[]): string => [`${keys} {`, ...lines.map((line) => `    ${line}`), '}'].join('\n')

/** Lines of the cluster's own block that say where it listens, or how it reaches the API: a block beside it needs the same. */
const shared = (from: ClusterBlock, plugin: string, names: readonly string[]): readonly string[] =>
  from.block.directives
    .filter(({ words }) => words[0] === plugin)
    .flatMap(({ words, inside }) => (plugin === 'bind' ? [words] : inside))
    .filter(([name = '']) => names.includes(name))
    .map((words) => words.map(quoted).join(' '))
const quoted = (word: string): string => (/^[^\s"#]+$/.test(word) ? word : JSON.stringify(word))

/** CoreDNS answers by itself from ServiceImports. No `ready` in it: a block that cannot start must not take the pod out of the cluster's DNS. */
export const multiclusterBlock = (zones: readonly string[], from: ClusterBlock, brokers: readonly string[]): string =>
  block(keysOf(zones, from.port), [
    'errors',
    ...shared(from, 'bind', ['bind']),
    `kubernetes ${zones.join(' ')} {`,
    `    multicluster ${zones.join(' ')}`,
    ...shared(from, 'kubernetes', ['endpoint', 'tls', 'kubeconfig']).map((line) => `    ${line}`),
    `    ttl ${TTL}`,
    // Where a broker is on this cluster: what members write there are not services of this one, and nobody has looked at their addresses.
    `    namespace_labels kubernetes.io/metadata.name notin (${brokers.join(', ')})`,
    '}',
    'loadbalance',
  ])

/** CoreDNS forwards to our server. */
export const forwardBlock = (zones: readonly string[], from: ClusterBlock, server: string): string =>
  block(keysOf(zones, from.port), ['errors', ...shared(from, 'bind', ['bind']), `forward . ${server}`])

/** A cache on each node sends these zones where it sends the cluster's own; undefined where it is not seen how it does that. */
export function nodeLocalBlock(zones: readonly string[], blocks: readonly ClusterBlock['block'][], domain: string): string | undefined {
  const own = blocks.find(({ keys }) => keys.some((key) => zoneOf(key)?.zone === domain))
  const forward = own?.directives.find(({ words }) => words[0] === 'forward')
  const port = own?.keys.flatMap((key) => zoneOf(key) ?? [])[0]?.port
  if (own === undefined || forward === undefined || port === undefined) return undefined
  const inside = forward.inside.map((words) => `    ${words.join(' ')}`)
  return block(keysOf(zones, port), [
    'errors',
    `cache ${NODE_CACHE}`,
    ...own.directives.filter(({ words }) => words[0] === 'bind' || words[0] === 'reload').map(({ words }) => words.join(' ')),
    ...(inside.length === 0 ? [forward.words.join(' ')] : [`${forward.words.join(' ')} {`, ...inside, '}']),
  ])
}
