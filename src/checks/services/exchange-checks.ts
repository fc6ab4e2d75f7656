// Whether what a cluster exports is taken, and whether what it imports is what the others export.
import { IN_PART } from '../../model/mcs.ts'
import type { Verdict } from '../check.ts'
import { firstOf, verdictOf } from '../listing.ts'
import { type Look, remoteIds } from '../look.ts'
import type { CheckContext } from '../subject.ts'
import { NO_AGENTS, serviceAgents } from './agents.ts'
import { conditionOf, type Exchange, type Exported, isExported, readExchange, STRANGER } from './exchange.ts'
import { unreachedOnes } from './unreached.ts'

/** SUB0636: an export that no agent has looked at is a failure; one that is refused, or that clusters disagree about, is for its owner to see. */
export async function exportsTaken(context: CheckContext): Promise<Verdict> {
  const agents = await serviceAgents(context)
  const { exports } = await readExchange(context.api)
  if (typeof agents === 'string') {
    if (agents !== NO_AGENTS || exports.length === 0) return { is: 'skipped', reason: agents }
    return { is: 'warning', reason: `there are ${exports.length} ServiceExports, and ${agents}`, hint: 'see `subctl show services`' }
  }
  const silent = exports.filter(({ conditions }) => conditions.length === 0).map(({ key }) => `${key}: no agent has looked at it`)
  if (silent.length > 0)
    return {
      is: 'failed',
      reason: firstOf(silent).join('; '),
      hint: leaderLog(context),
    }
  const problems = exports.flatMap((one) => problemOf(one) ?? [])
  if (problems.length > 0) return { is: 'warning', reason: firstOf(problems).join('; '), hint: 'see `subctl show services -o wide`' }
  return { is: 'ok', note: exports.length === 1 ? '1 service' : `${exports.length} services` }
}

function problemOf({ key, conditions }: Exported): string | undefined {
  const [valid, ready, conflict] = ['Valid', 'Ready', 'Conflict'].map((type) => conditionOf(conditions, type))
  if (valid?.status === 'False') return `${key} is not exported: ${valid.message || valid.reason}`
  if (conflict?.status === 'True') return `${key}: clusters disagree: ${(conflict.message || conflict.reason).replaceAll('\n', ', ')}`
  if (ready?.status === 'False') return `${key} is not ready: ${ready.message || ready.reason}`
  return ready?.reason === IN_PART ? `${key}: ${ready.message}` : undefined
}

/** SUB0637: nothing is imported that nobody exports any more, nothing is missing, and nothing is ready that is not reached. */
export async function importsTrue(context: CheckContext, signal: AbortSignal): Promise<Verdict> {
  const agents = await serviceAgents(context)
  if (typeof agents === 'string') return { is: 'skipped', reason: agents }
  const [seen, here, others] = await Promise.all([context.look(), readExchange(context.api), exportsOfOthers(context)])
  const stale = staleOnes(seen, here, others)
  const { wanted, reasons } = partedOf(others, here, (namespace) => context.keptOut(seen.settings, namespace))
  const blocked = blockedOnes(here, wanted)
  const other = [...stale, ...missingOnes(here, wanted), ...(await unreachedOnes(context, seen, here, signal))]
  const problems = [...blocked, ...other]
  const imports = `${here.imports.length} imports, of ${[...clustersOf(here)].sort().join(', ') || 'no cluster'}`
  const note = [imports, ...firstOf(reasons)].join('; ')
  const partly = here.imports.flatMap(({ key, leftOut }) => (leftOut === undefined ? [] : [`${key}: ${leftOut}`]))
  if (problems.length > 0 || partly.length === 0) return verdictOf(firstOf(problems), { note, hint: hintOf(context, { blocked, other }) })
  return { is: 'warning', reason: firstOf(partly).join('; '), hint: PARTLY_HINT }
}

const BLOCKED_HINT = 'remove or rename the ServiceImport that is not ours: `kubectl get serviceimport -A -L submariner.io/imported`'
const hintOf = (context: CheckContext, { blocked, other }: Readonly<Record<'blocked' | 'other', readonly string[]>>): string =>
  [...(blocked.length > 0 ? [BLOCKED_HINT] : []), ...(blocked.length === 0 || other.length > 0 ? [leaderLog(context)] : [])].join('; ')

const PARTLY_HINT =
  'see `subctl show services -o wide`; the cluster that exports it has EndpointSlices with addresses outside its own networks: somebody else writes them, or `subctl show clusters` lacks a network of it'

const leaderLog = ({ namespace }: CheckContext): string =>
  `look into the log of the agent that leads: \`kubectl -n ${namespace} logs -l app=submariner-discovery\``

const clustersOf = ({ imports }: Exchange): ReadonlySet<string> => new Set(imports.flatMap(({ clusters }) => clusters))

interface Other {
  readonly clusterId: string
  readonly exports: readonly Exported[]
}
/** What the other clusters of this run export, as far as they have agents and tell. */
async function exportsOfOthers(context: CheckContext): Promise<readonly Other[]> {
  const found = await Promise.all(
    context.all
      .filter((other) => other !== context)
      .map(async (other): Promise<readonly Other[]> => {
        try {
          const [{ clusterId }, agents] = await Promise.all([other.look(), serviceAgents(other)])
          return clusterId === undefined || typeof agents === 'string'
            ? []
            : [{ clusterId, exports: (await readExchange(other.api)).exports }]
        } catch {
          // Its own checks say why it cannot be asked.
          return []
        }
      }),
  )
  return found.flat()
}

function staleOnes(seen: Look, { imports, exports: own }: Exchange, others: readonly Other[]): readonly string[] {
  const known = new Set([...remoteIds(seen), seen.clusterId])
  const all = [...others, { clusterId: seen.clusterId ?? '', exports: own }]
  const exported = new Map(all.map(({ clusterId, exports }) => [clusterId, new Set(exports.map(({ key }) => key))]))
  return imports.flatMap(({ key, clusters }) =>
    clusters.flatMap((cluster) => {
      if (!known.has(cluster)) return [`${key} is imported from ${cluster}, which is no cluster of the clusterset any more`]
      return exported.get(cluster)?.has(key) === false ? [`${key} is imported from ${cluster}, which does not export it any more`] : []
    }),
  )
}

/** What the others export and is to be here, and why the rest is not: it is by design. */
function partedOf(
  others: readonly Other[],
  { namespaces }: Exchange,
  keptOut: (namespace: string) => string | undefined,
): { readonly wanted: readonly Other[]; readonly reasons: readonly string[] } {
  const reasonFor = ({ key }: Exported): string | undefined => keptOut(namespaceOf(key))
  const ready = others.flatMap(({ exports }) => exports).filter((one) => isExported(one) && namespaces.has(namespaceOf(one.key)))
  return {
    wanted: others.map(({ clusterId, exports }) => ({ clusterId, exports: exports.filter((one) => reasonFor(one) === undefined) })),
    reasons: [...new Set(ready.flatMap((one) => reasonFor(one) ?? []))],
  }
}
const namespaceOf = (key: string): string => key.split('/')[0] ?? ''

/** Those that somebody else's ServiceImport keeps out, this cluster's own exports among them. */
function blockedOnes({ exports: own, strangers }: Exchange, others: readonly Other[]): readonly string[] {
  const exported = new Set([own, ...others.map(({ exports }) => exports)].flatMap((all) => all.filter(isExported).map(({ key }) => key)))
  return [...strangers].filter((key) => exported.has(key)).map((key) => `${key} is not imported: ${STRANGER}`)
}

function missingOnes({ imports, namespaces, strangers }: Exchange, others: readonly Other[]): readonly string[] {
  const here = new Map(imports.map(({ key, clusters }) => [key, clusters]))
  return others.flatMap(({ clusterId, exports }) =>
    exports
      .filter((one) => isExported(one) && !strangers.has(one.key) && namespaces.has(namespaceOf(one.key)))
      .flatMap(({ key }) => {
        const clusters = here.get(key)
        if (clusters === undefined) return [`${key} of ${clusterId} is not imported`]
        return clusters.includes(clusterId) ? [] : [`the import ${key} does not have cluster ${clusterId}, which exports it`]
      }),
  )
}
