import type { Connection } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Cable } from '../cable.ts'
import { type WantedConnection, wantedConnections } from './connection.ts'
import { progressOf } from './progress.ts'
import { statusOf } from './status.ts'
import type { CharonLink } from './vici/link.ts'
import { byName, type SasByName } from './vici/seen.ts'

const SETTLE_MS = 30

export interface StatusWorld {
  readonly link: CharonLink
  readonly clock: Clock
  /** Why connections are not up, by their names; what is up needs no reason any more. */
  readonly reasons: Map<string, string>
}

/** What charon says of each of the cables, in their order; `isAll` where there are no others. */
export async function readStatuses(
  world: StatusWorld,
  cables: readonly Cable[],
  { isAll }: { readonly isAll: boolean },
): Promise<readonly Connection[]> {
  const { link, reasons } = world
  const all = wantedConnections(cables, await link.esp())
  const wanted = Map.groupBy(all, ({ cable }) => cable)
  const sas = await settledSas(world, all, isAll ? undefined : new Set(all.map(({ name }) => name)))
  const found = cables.map((cable) => statusOf(cable, wanted.get(cable) ?? [], sas, reasons))
  for (const [i, cable] of cables.entries())
    if (found[i]?.status === 'connected') for (const { name } of wanted.get(cable) ?? []) reasons.delete(name)
  const isDown = found.some(({ status }) => status !== 'connected')
  if (isAll || isDown) await link.hear(isDown)
  return found
}

/** The SAs; seen again shortly after where one is just being replaced, which is no outage. */
async function settledSas(
  { link, clock }: StatusWorld,
  wanted: readonly WantedConnection[],
  names?: ReadonlySet<string>,
): Promise<SasByName> {
  for (let tries = 3; ; tries -= 1) {
    const sas = byName(await link.sas(names))
    const isMoving = wanted.some((connection) => {
      const { up, isMoving } = progressOf(connection, sas.get(connection.name) ?? [])
      return isMoving && up.size < connection.children.length
    })
    if (!isMoving || tries === 0) return sas
    await clock.sleep(SETTLE_MS)
  }
}
