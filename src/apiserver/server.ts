// One server: state over a database, behind HTTPS.
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import { randomBase64 } from '../system/random.ts'
import type { Admission } from './access/admission.ts'
import type { Keys } from './access/tokens.ts'
import { startHttp } from './http/listen.ts'
import { openTable, type TableName } from './kinds/served.ts'
import { LIMITS, type Limits } from './limits.ts'
import { type Database, openDatabase } from './storage/database.ts'
import { openState, type State } from './storage/state.ts'
import type { KeyPair } from './tls/certificates.ts'
import type { World } from './writes/call.ts'
import { seed } from './writes/seed.ts'

export interface ServerOptions {
  readonly table: TableName
  /** Path of the database; `:memory:` keeps nothing. */
  readonly database: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly authority: KeyPair
  /** Names and addresses of the server's certificate. */
  readonly names: readonly string[]
  readonly admit: Admission
  readonly clock: Clock
  readonly log: Log
  /** Of this program. */
  readonly version: string
  readonly limits?: Partial<Limits>
}
export interface ApiServer {
  readonly port: number
  /** A bearer token that may do everything. */
  readonly adminToken: string
  /** Ends in order: watches first, then requests under way, then the data. */
  close(): Promise<void>
}

/** Starts a server. Settles when it takes requests. Throws a UserError where its data or its port cannot be had. */
export async function startServer(options: ServerOptions): Promise<ApiServer> {
  const { clock, authority, admit } = options
  const limits = { ...LIMITS, ...options.limits }
  const database = openDatabase(options.database, clock.now())
  let state: State | undefined
  try {
    const table = openTable(options.table)
    const keys = keysOf(database, authority.cert)
    state = openState(database, limits)
    const world: World = { state, table, keys, admit, now: () => clock.now() }
    await seed(world)
    return running(await startHttp(world, { ...options, limits }), { state, database, keys })
  } catch (error) {
    await state?.close()
    database.close()
    throw error
  }
}

interface Parts {
  readonly state: State
  readonly database: Database
  readonly keys: Keys
}
function running(http: Awaited<ReturnType<typeof startHttp>>, { state, database, keys }: Parts): ApiServer {
  return {
    port: http.port,
    adminToken: keys.admin,
    async close() {
      await http.close()
      await state.close()
      database.close()
    },
  }
}

/** Secrets of the server, made once. */
function keysOf(database: Database, ca: string): Keys {
  const kept = (name: string): string => {
    const known = database.setting(name)
    if (known !== undefined) return known
    const made = randomBase64(32)
    database.setSetting(name, made)
    return made
  }
  return { ca, signing: kept('key.signing'), admin: kept('key.admin').replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '') }
}
