import { diff } from '../../model/diff.ts'
import type { Cidr } from '../../model/net.ts'
import type { Exec } from '../../system/exec.ts'
import type { IpSet } from '../node/state.ts'

/** A set as it is: what it was made as, and its networks. */
export interface SeenSet {
  readonly name: string
  readonly type: string
  readonly networks: readonly string[]
}
export interface SetChanges {
  readonly put: readonly string[]
  readonly drop: readonly string[]
  /** Only once no rule names them. */
  readonly destroy: readonly string[]
  /** Whether a set of ours is of another type, as another version may have made it: then `put` wants no rule to name it. */
  readonly isStale: boolean
}

const OURS = 'SUBMARINER-'
const TYPE = 'hash:net family inet'
/** Room for 250 clusters of 256 networks each. */
const MAXELEM = 65_536

export async function readSets(exec: Exec): Promise<readonly SeenSet[]> {
  const { stdout } = await exec(['ipset', 'save'])
  return parseSets(stdout)
}

/** The sets of ours in what `ipset save` prints. */
export function parseSets(save: string): readonly SeenSet[] {
  const sets = new Map<string, { type: string; networks: string[] }>()
  for (const line of save.split('\n')) {
    const [verb, name = '', first = '', ...more] = line.split(' ')
    if (!name.startsWith(OURS)) continue
    if (verb === 'create') sets.set(name, { type: [first, ...more.slice(0, 2)].join(' '), networks: [] })
    if (verb === 'add') sets.get(name)?.networks.push(first.includes('/') ? first : `${first}/32`)
  }
  return [...sets].map(([name, set]) => ({ name, ...set }))
}

/** Lines for `ipset restore`. A network that changes hands is in the sets throughout: additions first. */
export function setChanges(actual: readonly SeenSet[], desired: readonly IpSet[]): SetChanges {
  const seen = new Map(actual.map((set) => [set.name, set]))
  const wanted = new Set<string>(desired.map(({ name }) => name))
  const changes = desired.map(({ name, networks }) => {
    const there = seen.get(name)
    if (there !== undefined && there.type !== TYPE) return renew(name, networks)
    const { put, drop } = diff<string>(there?.networks ?? [], networks, same, same)
    if (there === undefined) return { put: make(name, networks), drop: [] }
    return { put: put.map((network) => `add ${name} ${network}`), drop: drop.map((network) => `del ${name} ${network}`) }
  })
  return {
    put: changes.flatMap(({ put }) => put),
    drop: changes.flatMap(({ drop }) => drop),
    isStale: desired.some(({ name }) => (seen.get(name)?.type ?? TYPE) !== TYPE),
    destroy: actual.filter(({ name }) => !wanted.has(name)).map(({ name }) => `destroy ${name}`),
  }
}

const same = (text: string): string => text

/** A set that is being filled has another name: whoever reads it under its own has all of it. */
const NEW = 'SUBMARINER-NEW'
const make = (name: string, networks: readonly Cidr[]): readonly string[] => [
  `create ${NEW} ${TYPE} maxelem ${MAXELEM}`,
  `flush ${NEW}`,
  ...networks.map((network) => `add ${NEW} ${network}`),
  `rename ${NEW} ${name}`,
]

const renew = (name: string, networks: readonly Cidr[]): { readonly put: readonly string[]; readonly drop: readonly string[] } => ({
  put: [`destroy ${name}`, `create ${name} ${TYPE} maxelem ${MAXELEM}`, ...networks.map((network) => `add ${name} ${network}`)],
  drop: [],
})
