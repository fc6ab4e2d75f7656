import { isOwnName, type WantedConnection } from './connection.ts'
import type { CharonLink } from './vici/link.ts'
import { idText } from './vici/message.ts'

export interface KeyChanges {
  readonly lines: readonly string[]
  /** Whether a key that was there has become another one. */
  readonly isOther: boolean
}
/** Pre-shared keys in charon, one a connection, for the ids of its two ends. */
export interface Secrets {
  /**
   * Loads what is missing or another one now, and takes away what is too much. With `names` only keys of connections by these names are looked at.
   * One line a change, none of them secret.
   */
  reconcile(link: CharonLink, wanted: readonly WantedConnection[], psk: string, names?: ReadonlySet<string>): Promise<KeyChanges>
}

/** charon names its secrets, but never says them: what was loaded is kept in memory, so that a change is seen; after a start each is loaded once. */
export function openSecrets(): Secrets {
  const loaded = new Map<string, string>()
  return {
    async reconcile(link, wanted, psk, names) {
      const isMeant = (id: string): boolean => isOwnName(id) && (names === undefined || names.has(id))
      const there = new Set((await link.secrets()).filter(isMeant))
      const lines: string[] = []
      let isOther = false
      for (const { name: id, localId, remoteId } of wanted) {
        const isThere = there.delete(id)
        const owners = [idText(localId), idText(remoteId)]
        const text = JSON.stringify([psk, owners])
        if (isThere && loaded.get(id) === text) continue
        await link.request('load-shared', { id, type: 'IKE', data: psk, owners })
        if (!isThere) lines.push(`${id}: pre-shared key loaded`)
        else if (loaded.has(id)) {
          isOther = true
          lines.push(`${id}: pre-shared key changed`)
        }
        loaded.set(id, text)
      }
      for (const id of there) {
        await link.request('unload-shared', { id })
        loaded.delete(id)
        lines.push(`${id}: pre-shared key removed`)
      }
      return { lines, isOther }
    },
  }
}
