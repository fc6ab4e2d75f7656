// Whether a cluster was left without a trace, and without damage: what was there before, and what is there now.

import { minus } from '../../model/diff.ts'
import { isRecord, listAt } from '../tree.ts'
import { type ApiDump, labelsIn } from './prove-api.ts'

/** What a comparison says, in lines. The first two must be empty. */
export interface Verdict {
  /** Ours, and still there. */
  readonly left: readonly string[]
  /** Others', and changed by uninstalling. */
  readonly damaged: readonly string[]
  /** Others', and changed by others meanwhile: `+` new, `-` gone, `~` changed. */
  readonly meanwhile: readonly string[]
  /** Where nothing can be said, and why. */
  readonly unproved: readonly string[]
}

/** What was done to one object: `labelled` where its labels alone were written. */
export type Act = 'labelled' | 'wrote' | 'removed'
export type Touched = ReadonlyMap<string, ReadonlySet<Act>>

/** What uninstalling did to an API. */
export interface Acts {
  /** By the keys of the objects that it wrote or removed. */
  readonly touched: Touched
  /** Namespaces and kinds that it removed whole: `Kind.apiVersion`. */
  readonly spaces: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
  /** By the keys of others' objects that our part was taken out of. */
  readonly undone: Touched
  /** Keys of what was meant to stay, though it is ours. */
  readonly kept: ReadonlySet<string>
}

export function judgeApi(before: ApiDump, after: ApiDump, acts: Acts): Verdict {
  const changes = changesOf(before.others, after.others).filter(
    ({ key, sign }) => !after.ours.has(key) && !before.ours.has(key) && !(sign === '~' && acts.undone.has(key)),
  )
  const isByUs = (change: Change): boolean =>
    causesOf(change).some((act) => acts.touched.get(change.key)?.has(act)) || (change.sign === '-' && isSwept(change.key, acts))
  return {
    left: [...after.ours.keys()].filter((key) => !acts.kept.has(key)).sort(),
    damaged: changes.filter(isByUs).map(lineOf),
    meanwhile: changes.filter((change) => !isByUs(change)).map(lineOf),
    unproved: [...new Set([...before.unread, ...after.unread])],
  }
}

interface Change {
  readonly sign: '+' | '-' | '~'
  readonly key: string
  /** Where it is changed: whether its labels are. */
  readonly hasOtherLabels?: boolean
}

/** What of ours can have done it: a Node gets taints of its controllers, or goes, while its label is taken away. */
function causesOf({ sign, hasOtherLabels }: Change): readonly Act[] {
  if (sign === '-') return ['removed']
  return hasOtherLabels === true ? ['wrote', 'removed', 'labelled'] : ['wrote', 'removed']
}
const lineOf = ({ sign, key }: Change): string => `${sign} ${key}`

function changesOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly Change[] {
  const all = [...new Set([...before.keys(), ...after.keys()])].sort()
  return all.flatMap((key): readonly Change[] => {
    if (!after.has(key)) return [{ sign: '-', key }]
    if (!before.has(key)) return [{ sign: '+', key }]
    const [old, now] = [before.get(key), after.get(key)]
    return old === now ? [] : [{ sign: '~', key, hasOtherLabels: labelsIn(old) !== labelsIn(now) }]
  })
}

/** Whether it went with its namespace or its kind. */
function isSwept(key: string, { spaces, kinds }: Acts): boolean {
  const [, kind = '', namespace, apiVersion = ''] = /^(\S+) (?:([^/ ]+)\/)?\S+ \((.*)\)$/.exec(key) ?? []
  return (namespace !== undefined && spaces.has(namespace)) || kinds.has(`${kind}.${apiVersion}`)
}

/** What `subctl route-agent --trace` printed. */
export interface Trace {
  readonly ours: Readonly<Record<string, readonly string[]>>
  readonly others: Readonly<Record<string, readonly string[]>>
  readonly restores: readonly string[]
  readonly unread: readonly string[]
}

/** How the line with a trace begins. */
const TRACE = '{"apiVersion":"subctl.submariner.io/v1","kind":"NodeTrace"'

/** The trace in a pod's log; undefined where there is none, as of a version that cannot trace. */
export function traceIn(log: string): Trace | undefined {
  const line = log.split('\n').findLast((one) => one.startsWith(TRACE))
  if (line === undefined) return undefined
  const value: unknown = parse(line)
  const section = (whose: 'ours' | 'others'): Trace['ours'] => {
    const lines = isRecord(value) ? value[whose] : undefined
    return Object.fromEntries(Object.keys(isRecord(lines) ? lines : {}).map((name) => [name, listAt(lines, name).map(String)]))
  }
  return {
    ours: section('ours'),
    others: section('others'),
    restores: listAt(value, 'restores').map(String),
    unread: listAt(value, 'unread').map(String),
  }
}
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `log` is what the node printed while it cleaned itself: each change on a line. */
export function judgeNode(before: Trace | undefined, after: Trace | undefined, log: string): Verdict {
  if (before === undefined || after === undefined)
    return { left: [], damaged: [], meanwhile: [], unproved: [`no trace from ${before === undefined ? 'before' : 'after'}`] }
  const changes = [...new Set([...Object.keys(before.others), ...Object.keys(after.others)])].flatMap((section) => {
    const [old, now] = [before.others[section] ?? [], after.others[section] ?? []]
    return [
      ...minus(old, now).map((line) => ({ section, sign: '-', line })),
      ...minus(now, old).map((line) => ({ section, sign: '+', line })),
    ]
  })
  const restored = new Set(before.restores.map((line) => line.split(' = ')[0]))
  const isRestored = ({ section, sign, line }: (typeof changes)[number]): boolean =>
    section === 'sysctls' && restored.has(line.split(' = ')[0]) && (sign === '-' || before.restores.includes(line))
  // A trace after the acts names what is still there: a route without carrier is the line of before and a word more.
  const acts = log.split('\n').filter((line) => !line.startsWith(TRACE))
  const isByUs = ({ line, sign }: (typeof changes)[number]): boolean => sign === '-' && acts.some((act) => act.includes(line))
  const told = changes.filter((change) => !isRestored(change))
  const textOf = ({ section, sign, line }: (typeof changes)[number]): string => `${sign} ${section}: ${line}`
  return {
    left: linesOf(after.ours),
    damaged: told.filter(isByUs).map(textOf),
    meanwhile: withoutEcho(told.filter((change) => !isByUs(change))).map(textOf),
    unproved: [...new Set([...before.unread, ...after.unread])],
  }
}

/** A device that comes or goes, as one of each pod does, is one change: what else names it follows from that. */
function withoutEcho<T extends { readonly section: string; readonly sign: string; readonly line: string }>(
  changes: readonly T[],
): readonly T[] {
  const devices = changes.flatMap(({ section, sign, line }) => {
    const name = section === 'links' ? /^\d+: ([^:@ ]+)/.exec(line)?.[1] : undefined
    return name === undefined ? [] : [{ name, sign }]
  })
  const isOf = (line: string, name: string): boolean => line.split(/[\s/]+/).includes(name)
  return changes.filter(
    ({ section, sign, line }) => section === 'links' || !devices.some((device) => device.sign === sign && isOf(line, device.name)),
  )
}

export const linesOf = (sections: Trace['ours']): readonly string[] =>
  Object.entries(sections).flatMap(([section, lines]) => lines.map((line) => `${section}: ${line}`))
