// The clusters that take part when services are tried, and what is between two of them.
import { serviceAgents } from '../../checks/services/agents.ts'
import type { Waited } from '../../checks/services/tried.ts'
import type { CheckContext } from '../../checks/subject.ts'
import { messageOf } from '../../model/errors.ts'
import { ZONE } from '../../model/zones.ts'
import type { Ground } from './pod-run.ts'
import type { Way } from './service-imports.ts'

/** A cluster that takes part. */
export interface Member {
  readonly context: CheckContext
  readonly ground: Ground
  readonly clusterId: string
  /** Its number among those of the run. */
  readonly place: number
  /** Whether its DNS has names of single clusters. */
  readonly hasClusterNames: boolean
  /** Domains that have the names. */
  readonly zones: readonly string[]
}
/** A service of one cluster in another one, and what came of it so far. */
export interface Share {
  readonly way: Way
  readonly exporter: Member
  readonly importer: Member
  /** Its address in its own cluster; "" where it is headless. */
  readonly ownIp: string
  readonly ips: readonly string[]
  readonly imported: Waited
}

/** What a name of the service answers in the importing cluster. */
export const addressesOf = ({ way, exporter, ips, imported }: Share): readonly string[] =>
  'why' in imported ? [] : way.kind === 'headless' ? exporter.ground.servers.map(({ podIp }) => podIp) : ips

/** Why others take no part. */
interface Told {
  readonly skipped: Map<string, string>
  readonly failed: Map<string, string>
}
/** Those that have pods of this run and agents of services. */
export async function membersOf(
  all: readonly CheckContext[],
  grounds: readonly Ground[],
  { skipped, failed }: Told,
): Promise<readonly Member[]> {
  const found = await Promise.all(
    all.map(async (context, place): Promise<readonly Member[]> => {
      const ground = grounds.find((one) => one.context === context.name)
      if (skipped.has(context.name)) return []
      try {
        const [agents, { clusterId, settings }] = await Promise.all([serviceAgents(context), context.look()])
        if (typeof agents === 'string') skipped.set(context.name, agents)
        else if (ground === undefined) skipped.set(context.name, 'no pods ran here: see SUB0625')
        // Where that cannot be told, SUB0635 says why.
        const mode = await context.names().then(
          ({ mode }) => mode,
          () => 'none',
        )
        if (typeof agents === 'string' || ground === undefined || clusterId === undefined) return []
        const zones = settings.SUBMARINER_DNS_ZONES?.split(',') ?? [ZONE]
        return [{ context, ground, clusterId, place, zones, hasClusterNames: mode === 'own' }]
      } catch (error) {
        failed.set(context.name, messageOf(error))
        return []
      }
    }),
  )
  return found.flat()
}
