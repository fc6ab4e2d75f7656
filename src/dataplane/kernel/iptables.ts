// The two kinds of iptables: which of them the node uses, and how each is read and written.
import type { Exec } from '../../system/exec.ts'
import type { Files } from '../../system/files.ts'
import { type ChainChanges, parseSave, type SeenTable } from './chains.ts'

export type Backend = 'nft' | 'legacy'
export interface Iptables {
  readonly backend: Backend
  readonly tables: readonly SeenTable[]
  /** What the other kind holds of ours, from when the node used that one. */
  readonly other: { readonly backend: Backend; readonly tables: readonly SeenTable[] } | undefined
}

/** There while the kernel has any legacy table; asking iptables-legacy for one makes it. */
export const LEGACY_TABLES = '/proc/net/ip_tables_names'

export async function readIptables(exec: Exec, files: Files): Promise<Iptables> {
  const hasLegacy = ((await files.readIfThere(LEGACY_TABLES)) ?? '').trim() !== ''
  const [nft, legacy] = await Promise.all([save(exec, 'nft'), hasLegacy ? save(exec, 'legacy') : ''])
  const backend = backendOf(nft, legacy)
  const [own, rest] = backend === 'nft' ? [nft, legacy] : [legacy, nft]
  const other = rest.includes('SUBMARINER-')
    ? ({ backend: backend === 'nft' ? 'legacy' : 'nft', tables: parseSave(rest) } as const)
    : undefined
  return { backend, tables: parseSave(own), other }
}

const save = async (exec: Exec, backend: Backend): Promise<string> => (await exec([`iptables-${backend}-save`])).stdout

/** The kind that the kubelet left its chain in; else the kind with more rules; else nft. Our own rules do not count. */
export function backendOf(nft: string, legacy: string): Backend {
  const hint = /^:KUBE-(IPTABLES-HINT|KUBELET-CANARY) /m
  if (hint.test(nft)) return 'nft'
  if (hint.test(legacy)) return 'legacy'
  return countRules(legacy) > countRules(nft) ? 'legacy' : 'nft'
}
const countRules = (text: string): number =>
  text.split('\n').filter((line) => line.startsWith('-A ') && !line.includes('SUBMARINER-')).length

/** Applies a script, each table whole or not at all; returns what it changed. */
export async function restore(exec: Exec, backend: Backend, { script, said }: ChainChanges): Promise<readonly string[]> {
  if (script === '') return []
  await exec([`iptables-${backend}-restore`, '--noflush', '-w', '5'], { input: script })
  return said
}
