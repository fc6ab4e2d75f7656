// One server: state over a database, behind HTTPS.
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import { randomBase64 } from '../system/random.ts'
import type { Admission } from './access/admission.ts'
import type { Readmission } from './access/readmission.ts'
import { startHttp } from './http/listen.ts'
import { openTable, type TableName } from './kinds/served.ts'
import { LIMITS, type Limits } from './limits.ts'
import { type Database, openDatabase } from './storage/database.ts'
import { openState, type State } from './storage/state.ts'
import type { KeyPair } from './tls/certificates.ts'
import type { World } from './writes/call.ts'
import { readmit } from './writes/readmit.ts'
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
  /** Which accounts come back after the data were lost, and the keys were not. Default: none. */
  readonly readmit?: Readmission
  /** Where the keys are kept besides. Default: in the data alone. */
  readonly keys?: KeyStore
  readonly clock: Clock
  readonly log: Log
  /** Of this program. */
  readonly version: string
  readonly limits?: Partial<Limits>
}
/** Keys as they are kept, base64: what tokens are signed with, and what the administrator's is made of. */
export interface KeptKeys {
  readonly signing: string
  readonly admin: string
}
/** A place for the keys that outlives the data. */
export interface KeyStore {
  readonly kept: KeptKeys | undefined
  /** Called where they differ from what is kept. */
  keep(keys: KeptKeys): Promise<void>
}
export interface ApiServer {
  readonly port: number
  /** A bearer token that may do everything. */
  readonly adminToken: string
  /** Whether the data were made anew over older keys: `now` at this start, `before` at an earlier one. */
  readonly madeAnew: 'now' | 'before' | undefined
  /** Lets the bearer of the token come back, as a request would. Whether it has. */
  readmit(token: string): Promise<boolean>
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
    const kept = options.keys?.kept
    const madeAnew = madeAnewOver(database, kept)
    const known = keysIn(database, kept)
    if (known.signing !== kept?.signing || known.admin !== kept.admin) await options.keys?.keep(known)
    state = openState(database, limits)
    const rule = madeAnew === undefined ? undefined : options.readmit
    const keys = { ca: authority.cert, signing: known.signing, admin: urlSafe(known.admin) }
    const world: World = { state, table, keys, admit, ...(rule !== undefined && { readmit: rule }), now: () => clock.now() }
    await seed(world)
    return running(await startHttp(world, { ...options, limits }), { world, database, madeAnew })
  } catch (error) {
    await state?.close()
    database.close()
    throw error
  }
}

interface Parts {
  readonly world: World
  readonly database: Database
  readonly madeAnew: ApiServer['madeAnew']
}
function running(http: Awaited<ReturnType<typeof startHttp>>, { world, database, madeAnew }: Parts): ApiServer {
  const { state, keys } = world
  return {
    port: http.port,
    adminToken: keys.admin,
    madeAnew,
    readmit: async (token) => (await readmit(world, token)) !== undefined,
    async close() {
      await http.close()
      await state.close()
      database.close()
    },
  }
}

const SIGNING = 'key.signing'
const ADMIN = 'key.admin'
const MADE_ANEW = 'made-anew'

/** Data that never had a key, where there are older ones, are data that were lost. They are marked before they get one. */
function madeAnewOver(database: Database, kept: KeptKeys | undefined): ApiServer['madeAnew'] {
  if (database.setting(MADE_ANEW) !== undefined) return database.setting(SIGNING) === undefined ? 'now' : 'before'
  if (kept === undefined || database.setting(SIGNING) !== undefined) return undefined
  database.setSetting(MADE_ANEW, 'true')
  return 'now'
}

/** The keys that the data have, or get: those that are kept, else new ones. */
function keysIn(database: Database, kept: KeptKeys | undefined): KeptKeys {
  const known = (name: string, older: string | undefined): string => {
    const there = database.setting(name)
    if (there !== undefined) return there
    const key = older ?? randomBase64(32)
    database.setSetting(name, key)
    return key
  }
  return { signing: known(SIGNING, kept?.signing), admin: known(ADMIN, kept?.admin) }
}

const urlSafe = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
