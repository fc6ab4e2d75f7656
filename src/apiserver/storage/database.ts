// The data on disk: one table of objects, one of settings. A transaction is on the disk when commit() returns.
import { DatabaseSync } from 'node:sqlite'
import { messageOf, UserError } from '../../model/errors.ts'

/** One object as it is stored: its JSON, and where it stands. `namespace` is "" for kinds without one. */
export interface Row {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly version: number
  readonly text: string
}
/** What one object becomes; without a text it is gone. */
export type RowChange = Omit<Row, 'text'> & { readonly text: string | undefined }

export interface Database {
  /** The version of the last write. */
  readonly version: number
  rows(): Row[]
  setting(name: string): string | undefined
  setSetting(name: string, value: string): void
  /** Writes all of it or, throwing, nothing. */
  commit(changes: readonly RowChange[], version: number): void
  close(): void
}

/** Of the file: "subm". */
const APPLICATION_ID = 0x7375626d
const FORMAT = 1
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS objects (kind TEXT, namespace TEXT, name TEXT, version INTEGER, text TEXT, PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};`
// Exclusive locking is the lock of the data folder: the kernel frees it when the process ends, however it ends.
// The log of changes (WAL) is written back at 4 MB and cut to 8 after a burst.
const PRAGMAS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = 8388608;
  PRAGMA trusted_schema = OFF;`

/**
 * Opens or makes the database at the path (`:memory:` keeps nothing). At each start its versions are at the time in milliseconds or later, so that no version is
 * given twice and clients notice data that were lost or are an older copy.
 */
export function openDatabase(path: string, now: number): Database {
  try {
    return overConnection(connect(path), now)
  } catch (error) {
    throw faultOf(error, path)
  }
}

function connect(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: 1000, enableDoubleQuotedStringLiterals: false })
  try {
    connection.exec(PRAGMAS)
    const { application_id: id } = connection.prepare('PRAGMA application_id').get() ?? {}
    const { user_version: format } = connection.prepare('PRAGMA user_version').get() ?? {}
    if (id !== 0 && id !== APPLICATION_ID) throw new UserError('SUB0702', `${path} is a database of another program`)
    if (Number(format) > FORMAT) throw new UserError('SUB0703', `${path} was written by a newer version of subctl (format ${format})`)
    connection.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`)
    const { quick_check: verdict } = connection.prepare('PRAGMA quick_check(1)').get() ?? {}
    if (verdict !== 'ok') throw new UserError('SUB0702', `The database ${path} is damaged: ${String(verdict)}`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function overConnection(connection: DatabaseSync, now: number): Database {
  const put = connection.prepare('INSERT OR REPLACE INTO objects (kind, namespace, name, version, text) VALUES (?, ?, ?, ?, ?)')
  const drop = connection.prepare('DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?')
  const set = connection.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)')
  const get = connection.prepare('SELECT value FROM settings WHERE name = ?')
  const all = connection.prepare('SELECT kind, namespace, name, version, text FROM objects')
  const setting = (name: string): string | undefined => {
    const value = get.get(name)?.value
    return typeof value === 'string' ? value : undefined
  }
  let version = Math.max(Number(setting('version') ?? 0), now)
  return {
    get version() {
      return version
    },
    rows: () => all.all().map(rowOf),
    setting,
    setSetting: (name, value) => void set.run(name, value),
    commit(changes, next) {
      connection.exec('BEGIN IMMEDIATE')
      try {
        // run() alone: a statement that is not read to its end keeps the log of changes from being written back.
        for (const { kind, namespace, name, version: at, text } of changes) {
          if (text === undefined) drop.run(kind, namespace, name)
          else put.run(kind, namespace, name, at, text)
        }
        set.run('version', String(next))
        connection.exec('COMMIT')
        version = next
      } catch (error) {
        // SQLite may have rolled back by itself, as it does on a full disk.
        if (connection.isTransaction) connection.exec('ROLLBACK')
        throw error
      }
    },
    close: () => connection.close(),
  }
}

const rowOf = (row: Readonly<Record<string, unknown>>): Row => ({
  kind: String(row.kind),
  namespace: String(row.namespace),
  name: String(row.name),
  version: Number(row.version),
  text: String(row.text),
})

// SQLite's result codes, of which the low byte is the kind of error.
const BUSY = 5
const READONLY = 8
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

function faultOf(error: unknown, path: string): unknown {
  const result: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'errcode') : undefined
  const kind = typeof result === 'number' ? result & 0xff : undefined
  const what = messageOf(error)
  if (kind === BUSY) return new UserError('SUB0701', `The data at ${path} is in use by another process`, { cause: error })
  if (kind === CORRUPT || kind === NOTADB) return new UserError('SUB0702', `The database ${path} is damaged: ${what}`, { cause: error })
  if (kind === CANTOPEN || kind === READONLY || kind === FULL)
    return new UserError('SUB0704', `The database ${path} cannot be written: ${what}`, { cause: error })
  return error
}
