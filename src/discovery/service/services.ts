// All services of the clusterset as this cluster knows them: its own exports and those of the others, put together.
import type { OwnExport } from '../up/export.ts'
import { type Merged, merge } from './merge.ts'
import { keyText, type Share } from './share.ts'

export type Services = ReadonlyMap<string, Merged>

/** By `namespace/name`. */
export function servicesOf(own: readonly OwnExport[], others: ReadonlyMap<string, readonly Share[]>): Services {
  const shares = new Map<string, readonly Share[]>(others)
  for (const { share } of own) if (share !== undefined) shares.set(keyText(share), [share, ...(others.get(keyText(share)) ?? [])])
  return new Map([...shares].map(([key, all]) => [key, merge(all)]))
}
