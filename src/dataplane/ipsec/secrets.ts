import { isOwnName, type WantedConnection } from './connection.ts'
import type { CharonLink } from './link.ts'
import { idText } from './message.ts'

export interface KeyChanges {
  readonly lines: readonly string[]
  /** Whether a key that was there has become another one. */
  readonly isOther: boolean
}
/** Pre-shared keys in charon, one a connection, for the ids of its two ends. */
export interface Secrets {
  /** Loads what is missing or another one now, and takes away what is too much. One line a change, none of them secret. */
  reconcile(link: CharonLink, wanted: readonly WantedConnection[], psk: string): Promise<KeyChanges>
}

/** charon names its secrets, but never says them: what was loaded is kept in memory, so that a change is seen; after a start each is loaded once. */
export function openSecrets(): Secrets {
  const loaded = new Map<string, string>()
  return {
    async reconcile(link, wanted, psk) {
      const there = new Set((await link.secrets()).filter(isOwnName))
      const names = new Set(wanted.map(({ name }) => name))
      const lines: string[] = []
      let isOther = false
      for (const { name: id, localId, remoteId } of wanted) {
        const owners = [idText(localId), idText(remoteId)]
        const text = JSON.stringify([psk, owners])
        if (there.has(id) && loaded.get(id) === text) continue
        await link.request('load-shared', { id, type: 'IKE', data: psk, owners })
        if (!there.has(id)) lines.push(`${id}: pre-shared key loaded`)
        else if (loaded.has(id)) {
          isOther = true
          lines.push(`${id}: pre-shared key changed`)
        }
        loaded.set(id, text)
      }
      for (const id of [...there].filter((name) => !names.has(name))) {
        await link.request('unload-shared', { id })
        loaded.delete(id)
        lines.push(`${id}: pre-shared key removed`)
      }
      return { lines, isOther }
    },
  }
}
