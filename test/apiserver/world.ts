// A state in memory and a world over it, for tests without HTTP.
import { type Admission, admitAll } from '../../src/apiserver/access/admission.ts'
import { ADMIN, type User } from '../../src/apiserver/access/user.ts'
import { openTable, type Served, type TableName } from '../../src/apiserver/kinds/served.ts'
import { type ApiObject, parseStored } from '../../src/apiserver/objects/json.ts'
import { MERGE } from '../../src/apiserver/objects/patch.ts'
import { openDatabase } from '../../src/apiserver/storage/database.ts'
import { openState, type StateOptions } from '../../src/apiserver/storage/state.ts'
import type { Call, World, Written } from '../../src/apiserver/writes/call.ts'
import { seed } from '../../src/apiserver/writes/seed.ts'

export interface WorldOptions {
  readonly table?: TableName
  readonly admit?: Admission
  readonly limits?: Partial<StateOptions>
}

export const NOW = Date.parse('2026-01-01T00:00:00Z')
export const KEYS = { signing: Buffer.from('signing').toString('base64'), ca: 'CA', admin: 'admin-token' }

/** Has the namespaces default and kube-system. */
export async function openWorld({ table = 'cluster', admit = admitAll, limits = {} }: WorldOptions = {}): Promise<World> {
  const state = openState(openDatabase(':memory:', NOW), { mostChanges: 1000, mostHistoryBytes: 1_000_000, ...limits })
  const world: World = { state, table: openTable(table), keys: KEYS, admit, now: () => NOW }
  await seed(world)
  return world
}

export function kind(world: World, name: string): Served {
  const served = world.table.of(name)
  if (served === undefined) throw new Error(`${name} is not served`)
  return served
}

export interface Where {
  readonly namespace?: string
  readonly name?: string
  readonly user?: User
  readonly dryRun?: boolean
  readonly subresource?: 'status'
}
/** A call of an administrator in the namespace default, unless said. */
export function callOf(world: World, of: string, where: Where = {}): Call {
  const served = kind(world, of)
  const { name = '', user = ADMIN, dryRun = false, subresource } = where
  return { served, namespace: served.namespaced ? (where.namespace ?? 'default') : '', name, user, dryRun, subresource }
}

export const objectOf = ({ text }: Pick<Written, 'text'>): ApiObject => parseStored(text)

export const configMap = (name: string, more: Readonly<Record<string, unknown>> = {}, meta: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...meta },
  ...more,
})

/** What the promise fails with, as code and reason. */
export async function failure(work: Promise<unknown>): Promise<{ code: unknown; reason: unknown; message: string }> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { code: Reflect.get(error, 'code'), reason: Reflect.get(error, 'reason'), message: error.message }
  }
  throw new Error('it did not fail')
}

/** A merge patch, but for its body. */
export const MERGING = { type: MERGE, manager: 'me', force: true }
