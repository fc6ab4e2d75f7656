// All services of the clusterset as this cluster knows them: its own exports and those of the others, put together.
import type { OwnExport } from './export.ts'
import { type Merged, merge } from './merge.ts'
import { keyText, type Share } from './share.ts'

export type Services = ReadonlyMap<string, Merged>

/** By `namespace/name`. Services that nothing has changed are the same objects as before. */
export function openServices(): (own: readonly OwnExport[], others: ReadonlyMap<string, readonly Share[]>) => Services {
  let known = new Map<string, { readonly shares: readonly Share[]; readonly merged: Merged }>()
  return (own, others) => {
    const shares = new Map<string, readonly Share[]>(others)
    for (const { share } of own) if (share !== undefined) shares.set(keyText(share), [share, ...(others.get(keyText(share)) ?? [])])
    const next: typeof known = new Map()
    for (const [key, all] of shares) {
      const before = known.get(key)
      const isSame = before?.shares.length === all.length && all.every((share, i) => share === before.shares[i])
      next.set(key, isSame ? before : { shares: all, merged: merge(all) })
    }
    known = next
    return new Map([...known].map(([key, { merged }]) => [key, merged]))
  }
}
