import type { Exec } from '../../system/exec.ts'
import type { Files } from '../../system/files.ts'
import { type Iptables, readIptables } from './iptables.ts'
import { type LinkState, readLinks } from './links.ts'
import { readSets, type SeenSet } from './sets.ts'

export interface NodeOptions {
  readonly exec: Exec
  readonly files: Files
  /** Where the sysctls found before the first change are kept. */
  readonly runDir: string
}

/** All that is read of a kernel in one pass, by four programs (five with legacy tables, three before there is a VXLAN). */
export interface Seen {
  readonly links: LinkState
  readonly iptables: Iptables
  readonly sets: readonly SeenSet[]
}

export async function readNode({ exec, files }: NodeOptions): Promise<Seen> {
  const [links, iptables, sets] = await Promise.all([readLinks(exec), readIptables(exec, files), readSets(exec)])
  return { links, iptables, sets }
}
