import { canonical, remembered } from '../../model/canonical.ts'
import type { Clock } from '../../system/clock.ts'
import { openAttempts } from './attempts.ts'
import type { WantedConnection } from './connection.ts'
import { progressOf } from './progress.ts'
import { refusal } from './steps.ts'
import type { CharonLink } from './vici/link.ts'
import type { SasByName } from './vici/seen.ts'

/** So long the side that made an SA is given to add children to it: were both to do so at once, charon would drop messages of the same number. */
const YIELD_MS = 2_000

/** Starts what is not up. charon alone would not: it gives up after a refusal. */
export interface Initiating {
  /** Forgets how often other connections than these were tried. */
  keep(all: readonly WantedConnection[]): void
  /** Initiates what is missing and due: one child where there is no IKE SA, all others once there is one. One line a connection. */
  start(link: CharonLink, wanted: readonly WantedConnection[], sas: SasByName): Promise<readonly string[]>
  /** The same for connections whose IKE SA is up alone. */
  goOn(link: CharonLink, wanted: readonly WantedConnection[], sas: SasByName): Promise<readonly string[]>
  /** Everything is due at once: the key is another one now. */
  hurry(): void
}

const textOf = remembered(canonical)

export function openInitiating(clock: Clock): Initiating {
  const attempts = openAttempts()
  const keysOf = (name: string): readonly [string, string] => [name, `${name} children`]
  const one = async (link: CharonLink, connection: WantedConnection, sas: SasByName): Promise<readonly string[]> => {
    const { cable, name, children } = connection
    const { up, isOpen, isLeading, missing } = progressOf(connection, sas.get(name) ?? [])
    if (up.size === children.length) for (const key of keysOf(name)) attempts.clear(key)
    if (missing.length === 0) return []
    const [first, others] = keysOf(name)
    const [key, about] = [isOpen ? others : first, textOf(cable)]
    if (isOpen && !isLeading) attempts.yield(key, about, clock.now(), YIELD_MS)
    if (!attempts.isDue(key, about, clock.now())) return []
    attempts.tried(key, about, clock.now())
    // Pods' networks are published last, and are the ones that packets wait for.
    const chosen = isOpen ? missing.toReversed() : missing.slice(-1)
    for (const child of chosen) {
      const why = await refusal(link, () => link.request('initiate', { ike: name, child, timeout: '-1' }))
      if (why !== undefined) return [`${name}: not initiated, ${why}`]
    }
    return [`${name}: initiated${isOpen ? `, ${missing.length} of ${children.length} pairs of networks` : ''}`]
  }
  const all = async (link: CharonLink, wanted: readonly WantedConnection[], sas: SasByName): Promise<readonly string[]> => {
    const lines: string[] = []
    for (const connection of wanted) lines.push(...(await one(link, connection, sas)))
    return lines
  }
  return {
    keep(wanted) {
      const keys = new Set(wanted.flatMap(({ name }) => keysOf(name)))
      attempts.keepIf((key) => keys.has(key))
    },
    start: all,
    goOn: (link, wanted, sas) =>
      all(
        link,
        wanted.filter((connection) => progressOf(connection, sas.get(connection.name) ?? []).isOpen),
        sas,
      ),
    hurry: () => attempts.clearAll(),
  }
}
