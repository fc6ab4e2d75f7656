// All services of the clusterset as this cluster knows them: its own exports and those of the others, put together.
import type { OwnExport } from './export.ts'
import { openMemo } from './memo.ts'
import { type Merged, merge } from './merge.ts'
import { keyText, type Share } from './share.ts'

export type Services = ReadonlyMap<string, Merged>

/** By `namespace/name`. Services that nothing has changed are the same objects as before. */
export function openServices(): (own: readonly OwnExport[], others: ReadonlyMap<string, readonly Share[]>) => Services {
  const memo = openMemo<Merged>()
  return (own, others) => {
    const shares = new Map<string, readonly Share[]>(others)
    for (const { share } of own) if (share !== undefined) shares.set(keyText(share), [share, ...(others.get(keyText(share)) ?? [])])
    const services = new Map([...shares].map(([key, all]) => [key, memo.get(key, all, () => merge(all))]))
    memo.next()
    return services
  }
}
