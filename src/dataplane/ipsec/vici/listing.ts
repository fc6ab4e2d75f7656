import type { Vici } from './vici.ts'
import { decodeMessage, type Section } from './vici-codec.ts'

/** What a command lists: everything, or one thing a name. */
export type Listing<T> = (vici: Vici, names?: Iterable<string>) => Promise<T[]>

/**
 * A command of charon's that answers by an event for each thing. All of it is asked for each time, but of what is the same to the byte as in the answer
 * before the value is the one from then: among hundreds of tunnels hardly any differs.
 */
export function openListing<T>(command: string, event: string, read: (message: Section) => readonly T[]): Listing<T> {
  let known = new Map<string, readonly T[]>()
  const list = async (vici: Vici, message: Section, into: Map<string, readonly T[]>): Promise<void> =>
    await vici.stream(command, event, message, (body) => {
      const text = body.toString('latin1')
      into.set(text, known.get(text) ?? read(decodeMessage(body)))
    })
  return async (vici, names) => {
    const found = new Map<string, readonly T[]>()
    if (names === undefined) {
      await list(vici, {}, found)
      known = found
    } else for (const ike of names) await list(vici, { ike }, found)
    return [...found.values()].flat()
  }
}
