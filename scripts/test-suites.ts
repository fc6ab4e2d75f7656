// The suites of scripts/test, and what has to be there for each.
import { bedMissing } from '../test/cluster/bed-missing.ts'

export interface Suite {
  /** Test files at a time. */
  readonly workers: number
  readonly limitMinutes: number
  readonly root: boolean
  /** Suites of different lanes run side by side; those of one lane one after the other. Without a lane: alone, before all others. */
  readonly lane?: 'namespaces' | 'apis' | 'beds' | 'links'
}
/** How long a link loses packets in the suite `loss`: SUBCTL_LOSS_MINUTES, which is 60 for the figure that is promised. */
export const lossMinutes = (): number => Number(process.env.SUBCTL_LOSS_MINUTES ?? 10)

export const SUITES: Readonly<Record<string, Suite>> = {
  unit: { workers: 2, limitMinutes: 5, root: false },
  kernel: { workers: 1, limitMinutes: 35, root: true, lane: 'namespaces' },
  api: { workers: 1, limitMinutes: 35, root: false, lane: 'apis' },
  lab: { workers: 1, limitMinutes: 45, root: true, lane: 'namespaces' },
  // Both goes, and a lab. It takes hardly any CPU.
  loss: { workers: 1, limitMinutes: 20 + 2 * lossMinutes(), root: true, lane: 'links' },
  // Beds wait most of their time: for pods to come, nodes to be missed, gateways to connect.
  cluster: { workers: 2, limitMinutes: 45, root: true, lane: 'beds' },
  full: { workers: 2, limitMinutes: 120, root: true, lane: 'beds' },
  vm: { workers: 1, limitMinutes: 90, root: true, lane: 'namespaces' },
  image: { workers: 1, limitMinutes: 30, root: true, lane: 'namespaces' },
}
const BY_DEFAULT = ['unit', 'kernel', 'api', 'lab', 'loss', 'cluster']
/** What is meant by a name besides itself: the full suite has the variants of what is in `cluster`. */
const WITH: Readonly<Record<string, readonly string[]>> = { full: ['cluster'] }

/** The suites that the arguments name, or the default ones. Throws where there is none of that name. */
export function suitesOf(args: readonly string[]): readonly string[] {
  const names = args.filter((arg) => arg !== '--suite').flatMap((arg) => arg.replace(/^--suite=/, '').split(','))
  const unknown = names.filter((name) => !(name in SUITES))
  if (unknown.length > 0) throw new Error(`no suite ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`)
  return names.length === 0 ? BY_DEFAULT : [...new Set(names.flatMap((name) => [...(WITH[name] ?? []), name]))]
}

/** Suites that run one after the other, for each of the lanes that run side by side; lanes after each other in turn. */
export function lanesOf(names: readonly string[]): readonly (readonly (readonly string[])[])[] {
  const inLane = (lane: Suite['lane']): readonly string[] => names.filter((name) => SUITES[name]?.lane === lane)
  const turns = [[inLane(undefined)], [inLane('namespaces'), inLane('apis'), inLane('links'), inLane('beds')]]
  return turns.map((lanes) => lanes.filter((lane) => lane.length > 0)).filter((lanes) => lanes.length > 0)
}

export interface Step {
  readonly argv: readonly string[]
  /** Why it is not needed; asked when its turn has come. */
  unless?(): string | undefined
}
/** What is done, in this order, before suites run. Unit tests need nothing. */
export function stepsFor(names: readonly string[]): readonly Step[] {
  if (names.every((name) => name === 'unit')) return []
  const onBeds = names.some((name) => SUITES[name]?.lane === 'beds')
  const real = names.some((name) => !['kernel', 'image'].includes(name))
  return [
    { argv: ['scripts/setup', 'lab', ...(onBeds ? ['cluster'] : [])] },
    { argv: ['scripts/build'] },
    ...(real ? [{ argv: ['scripts/kube-build'] }] : []),
    ...(onBeds ? ['cluster', 'kube-router', 'helm'].map((what) => ({ argv: ['scripts/kube-build', what] })) : []),
    // Where no bed can be made the tests are skipped, and say why.
    ...(onBeds ? [{ argv: ['scripts/image', '--cached'], unless: bedMissing }] : []),
  ]
}
