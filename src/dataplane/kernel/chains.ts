// What iptables-save prints, and the script for iptables-restore --noflush that makes our chains and the jumps to them as they should be.
import type { Chain, Hook, IptablesTable } from '../node/state.ts'

/** One table as it is, so far as it matters to us. */
export interface SeenTable {
  readonly table: string
  /** Our chains and their rules. */
  readonly own: ReadonlyMap<string, readonly string[]>
  /** The rules of built-in chains, all of them. */
  readonly hooks: ReadonlyMap<string, readonly string[]>
  /** Names of all chains that others made. */
  readonly foreign: ReadonlySet<string>
}

const OURS = 'SUBMARINER-'

export function parseSave(save: string): readonly SeenTable[] {
  const tables: { table: string; own: Map<string, string[]>; hooks: Map<string, string[]>; foreign: Set<string> }[] = []
  for (const line of save.split('\n')) {
    const at = tables.at(-1)
    if (line.startsWith('*')) tables.push({ table: line.slice(1).trim(), own: new Map(), hooks: new Map(), foreign: new Set() })
    if (at === undefined) continue
    if (line.startsWith(':')) {
      const [name = '', policy] = line.slice(1).split(' ')
      if (name.startsWith(OURS)) at.own.set(name, [])
      else if (policy === '-') at.foreign.add(name)
      else at.hooks.set(name, [])
    }
    if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3)
      const name = line.slice(3, end)
      const rules = at.own.get(name) ?? at.hooks.get(name)
      rules?.push(line.slice(end + 1))
    }
  }
  return tables
}

export interface ChainChanges {
  /** For iptables-restore --noflush; empty where nothing changes. */
  readonly script: string
  /** One for each change, in words. */
  readonly said: readonly string[]
}

export const NO_CHANGE: ChainChanges = { script: '', said: [] }

/** Puts all chains of ours, with their jumps, that differ; leaves those alone that are no longer wanted. */
export const chainPuts = (seen: readonly SeenTable[], desired: readonly Chain[]): ChainChanges =>
  join(
    tablesOf(seen, desired).map((table) =>
      putTable(
        table,
        desired.filter((chain) => chain.table === table.table),
      ),
    ),
  )

/** Removes chains of ours that are not wanted, and every jump to them. */
export const chainDrops = (seen: readonly SeenTable[], desired: readonly Chain[]): ChainChanges =>
  join(
    seen.map((table) => dropTable(table, new Set<string>(desired.filter((chain) => chain.table === table.table).map(({ name }) => name)))),
  )

interface TableChanges {
  readonly table: string
  readonly lines: readonly string[]
  readonly said: readonly string[]
}
const join = (changes: readonly TableChanges[]): ChainChanges => ({
  script: changes.flatMap(({ table, lines }) => (lines.length === 0 ? [] : [`*${table}`, ...lines, 'COMMIT', ''])).join('\n'),
  said: changes.flatMap(({ said }) => said),
})

function tablesOf(seen: readonly SeenTable[], desired: readonly Chain[]): readonly SeenTable[] {
  const byName = new Map(seen.map((table) => [table.table, table]))
  const names: readonly IptablesTable[] = ['raw', 'mangle', 'nat', 'filter']
  return names
    .filter((name) => desired.some(({ table }) => table === name))
    .map((table) => byName.get(table) ?? { table, own: new Map(), hooks: new Map(), foreign: new Set() })
}

function putTable(seen: SeenTable, chains: readonly Chain[]): TableChanges {
  const wrong = chains.filter(({ name, rules }) => seen.own.get(name)?.join('\n') !== rules.join('\n'))
  const hooks = [...new Set(chains.flatMap(({ jumps }) => jumps.map(({ hook }) => hook)))]
  const names = new Set<string>(chains.map(({ name }) => name))
  const moves = hooks.map((hook) => ({ hook, lines: jumpLines(seen, hook, chains, names) })).filter(({ lines }) => lines.length > 0)
  return {
    table: seen.table,
    lines: [
      ...wrong.map(({ name }) => `:${name} - [0:0]`),
      ...wrong.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`)),
      ...moves.flatMap(({ lines }) => lines),
    ],
    said: [
      ...wrong.map(({ name }) => `chain ${name} of table ${seen.table} written`),
      ...moves.map(({ hook }) => `jumps of ${hook} in table ${seen.table} set`),
    ],
  }
}

function dropTable(seen: SeenTable, wanted: ReadonlySet<string>): TableChanges {
  const gone = [...seen.own.keys()].filter((name) => !wanted.has(name))
  const jumps = [...seen.hooks].flatMap(([hook, rules]) =>
    rules.filter((rule) => isOwnJump(rule) && !wanted.has(targetOf(rule))).map((rule) => `-D ${hook} ${rule}`),
  )
  return {
    table: seen.table,
    lines: [...jumps, ...gone.map((name) => `-F ${name}`), ...gone.map((name) => `-X ${name}`)],
    said: gone.map((name) => `chain ${name} of table ${seen.table} removed`),
  }
}

/** Empty where all jumps from the hook to the named chains stand as they should. */
function jumpLines(seen: SeenTable, hook: Hook, chains: readonly Chain[], names: ReadonlySet<string>): readonly string[] {
  const rules = seen.hooks.get(hook) ?? []
  const at = (place: 'first' | 'last'): readonly string[] =>
    chains.filter(({ jumps }) => jumps.some((jump) => jump.hook === hook && jump.place === place)).map(({ name }) => `-j ${name}`)
  const isLeft = isLeftToCalico(rules)
  const [first, last] = [at('first'), isLeft ? [] : at('last')]
  if (stand(seen, rules, first, last, names)) return []
  const moved = rules.filter((rule) => isOwnJump(rule) && names.has(targetOf(rule)))
  const rest = rules.filter((rule) => !moved.includes(rule))
  const top = isLeft ? 0 : rest.findIndex((rule) => !isBeforeUs(rule))
  const start = top === -1 ? rest.length : top
  const end = Math.max(start, endOf(seen, rest))
  return [
    ...moved.map((rule) => `-D ${hook} ${rule}`),
    ...first.map((rule, i) => `-I ${hook} ${start + i + 1} ${rule}`),
    ...last.map((rule, i) => `-I ${hook} ${end + first.length + i + 1} ${rule}`),
  ]
}

function stand(
  seen: SeenTable,
  rules: readonly string[],
  first: readonly string[],
  last: readonly string[],
  names: ReadonlySet<string>,
): boolean {
  const there = rules.filter((rule) => isOwnJump(rule) && names.has(targetOf(rule)))
  if ([...there].sort().join('\n') !== [...first, ...last].sort().join('\n')) return false
  const isHead = first.every((rule) => rules.slice(0, rules.indexOf(rule)).every((ahead) => isBeforeUs(ahead) || isOwnJump(ahead)))
  return (
    isHead &&
    last.every((rule) => endOf(seen, rules.slice(rules.indexOf(rule) + 1)) === 0 && !rules.slice(0, rules.indexOf(rule)).some(isEnd))
  )
}

/** How many rules stand up to the last jump into a chain of others, or up to a rule that ends all. */
function endOf({ foreign }: SeenTable, rules: readonly string[]): number {
  const stop = rules.findIndex(isEnd)
  const reachable = stop === -1 ? rules : rules.slice(0, stop)
  return reachable.findLastIndex((rule) => foreign.has(targetOf(rule))) + 1
}

const targetOf = (rule: string): string => /(?:^|\s)-[jg] (\S+)/.exec(rule)?.[1] ?? ''
const isOwnJump = (rule: string): boolean => targetOf(rule).startsWith(OURS)
/** Policy engines that insist on being first, and give way to nobody. */
const isBeforeUs = (rule: string): boolean => /^(cali-|KUBE-ROUTER-(INPUT|FORWARD|OUTPUT)$)/.test(targetOf(rule))
const isCalico = (rule: string): boolean => targetOf(rule).startsWith('cali-') || /--comment "?cali:/.test(rule)

/** Calico told to append insists on being last: an accept of ours would stand ahead of its policies again and again, so there is none. */
function isLeftToCalico(rules: readonly string[]): boolean {
  const at = rules.findIndex((rule) => targetOf(rule).startsWith('cali-'))
  return at > 0 && !isCalico(rules[0] ?? '') && rules.slice(at).every(isCalico)
}
const isEnd = (rule: string): boolean => /^-j (DROP|REJECT)\b/.test(rule)
