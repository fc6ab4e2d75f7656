// All of a node's kernel state that a network program could touch, as text that can be compared.
import { minus } from '../../src/model/diff.ts'
import { placesOf } from './layout.ts'
import { run } from './places.ts'
import type { Site } from './sites.ts'

/** What was asked for, and the lines that it gave. */
export type Dump = Readonly<Record<string, readonly string[]>>

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  links: ['ip', '-d', 'link', 'show'],
  addresses: ['ip', '-4', 'address', 'show'],
  rules: ['ip', '-4', 'rule', 'show'],
  rules6: ['ip', '-6', 'rule', 'show'],
  routes: ['ip', '-4', '-d', 'route', 'show', 'table', 'all'],
  fdb: ['bridge', 'fdb', 'show'],
  iptables: ['iptables-nft-save'],
  'iptables-legacy': ['iptables-legacy-save'],
  nft: ['sh', '-c', "nft list tables | grep -v '^table ip '; true"],
  sets: ['ipset', 'save'],
  sysctls: ['sysctl', '-a', '--pattern', '^net\\.(ipv4\\.(conf|ip_forward|neigh)|bridge|core|netfilter\\.nf_conntrack_(tcp|udp))'],
  'xfrm-state': ['ip', 'xfrm', 'state'],
  'xfrm-policy': ['ip', 'xfrm', 'policy'],
}

export async function dump(lab: Site, place: string): Promise<Dump> {
  if (!placesOf(lab.layout).has(place)) throw new Error(`there is no place "${place}"`)
  const entries = await Promise.all(
    Object.entries(COMMANDS).map(async ([what, argv]) => {
      const { code, stdout, stderr } = await run(lab, place, argv, { okCodes: [0, 1, 2, 255], timeoutMs: 60_000 })
      return [what, linesOf(code === 0 ? stdout : stderr)] as const
    }),
  )
  const found = Object.fromEntries(entries)
  return { ...found, iptables: filledTables(found.iptables ?? []) }
}

/** Without tables that hold the kernel's own chains alone, all of them accepting: iptables leaves such behind wherever it has looked. */
const filledTables = (lines: readonly string[]): readonly string[] =>
  lines
    .join('\n')
    .split(/(?<=^COMMIT)\n/m)
    .filter((table) => table.split('\n').some((line) => !/^(\*|COMMIT|:[A-Z]+ ACCEPT )/.test(line)))
    .flatMap((table) => table.split('\n'))

/** Without comments, counters, timers and what a bridge has learned. */
const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#') && !/ dev \S+ master \S+ *$/.test(line))
    .map((line) =>
      line
        .replace(/\b\w*timer +[\d.]+ /g, '')
        .replace(/^\[\d+:\d+\] /, '')
        .replace(/ \[\d+:\d+\]$/, ' [0:0]'),
    )

/** Lines that differ: `routes + default via ...` is new, `-` is gone. */
export function dumpDiff(before: Dump, after: Dump): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) => {
    const [old, now] = [before[name] ?? [], after[name] ?? []]
    return [...minus(old, now).map((line) => `${name} - ${line}`), ...minus(now, old).map((line) => `${name} + ${line}`)]
  })
}
