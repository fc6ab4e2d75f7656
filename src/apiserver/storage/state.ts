// All objects in memory over the database, and what changed lately. Writes go one after another; those that come together share one transaction.
import { type Batch, openBatch } from './batch.ts'
import type { Database, RowChange } from './database.ts'
import { type History, openHistory } from './history.ts'
import type { Change, Draft, Item, Reader } from './item.ts'
import { openShelf, type Shelf } from './shelf.ts'

export interface State extends Reader {
  readonly version: number
  readonly history: History
  /** Settles when what the function wrote is on the disk. What it throws is thrown. */
  write<T>(act: (draft: Draft) => T): Promise<T>
  /** Why the last transaction failed; undefined after one that did not. */
  readonly fault: unknown
  /** Called after each transaction. Returns how to stop. */
  subscribe(onChange: (changes: readonly Change[]) => void): () => void
  /** Settles when the writes under way are done; later ones are refused. */
  close(): Promise<void>
}

export interface StateOptions {
  /** How many changes are kept for watches and pages; older versions are answered 410. */
  readonly mostChanges: number
  readonly mostHistoryBytes: number
}

interface Pending {
  /** Runs the write; true when it changed something. */
  run(batch: Batch): void
  settle(failure: unknown): void
}

/** A transaction is cut off after this many characters, so that it fits the log of the database. */
const MOST_BATCH = 16 * 1024 * 1024

export function openState(database: Database, options: StateOptions): State {
  const kinds = new Map<string, Shelf>()
  for (const row of database.rows()) shelf(kinds, row.kind).put({ ...row, labels: labelsOf(row.text) })
  const committed: Reader = {
    get: (kind, namespace, name) => kinds.get(kind)?.get(`${namespace}/${name}`),
    all: (kind, namespace) => kinds.get(kind)?.all(namespace) ?? [],
  }
  const history = openHistory(database.version, options)
  const listeners = new Set<(changes: readonly Change[]) => void>()
  const queue = openQueue(database, committed, {
    stored(changes) {
      for (const change of changes) {
        if (change.gone) shelf(kinds, change.after.kind).drop(change.after)
        else shelf(kinds, change.after.kind).put(change.after)
        history.add(change)
      }
    },
    tell(changes) {
      for (const listener of [...listeners]) listener(changes)
    },
  })
  return {
    ...committed,
    history,
    get version() {
      return database.version
    },
    get fault() {
      return queue.fault
    },
    write: (act) => queue.write(act),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => queue.close(),
  }
}

interface Queue extends Pick<State, 'write' | 'fault' | 'close'> {}
interface Stored {
  /** Called before the writes settle. */
  stored(changes: readonly Change[]): void
  /** And after. */
  tell(changes: readonly Change[]): void
}

/** Writes one after another; those that wait together are one transaction. */
function openQueue(database: Database, committed: Reader, { stored, tell }: Stored): Queue {
  let queue: Pending[] = []
  let fault: unknown
  let closed = false
  let idle: (() => void)[] = []
  const flush = (): void => {
    const { batch, done, left } = runAll(queue, openBatch(committed, database.version))
    queue = left
    const { changes } = batch
    fault = changes.length > 0 ? failureOf(() => database.commit(changes.map(rowChange), batch.version)) : fault
    const failed = changes.length > 0 && fault !== undefined
    if (!failed) stored(changes)
    for (const pending of done) pending.settle(failed ? fault : undefined)
    if (!failed && changes.length > 0) tell(changes)
    if (queue.length > 0) setImmediate(flush)
    else for (const settle of idle.splice(0)) settle()
  }
  return {
    get fault() {
      return fault
    },
    write: <T>(act: (draft: Draft) => T) =>
      new Promise<T>((resolve, reject) => {
        if (closed) throw new Error('the server is ending')
        // Writes that arrive while a transaction waits for the disk are in the queue when it is done.
        if (queue.length === 0) setImmediate(flush)
        queue.push(pendingOf(act, resolve, reject))
      }),
    async close() {
      closed = true
      if (queue.length > 0) await new Promise<void>((resolve) => idle.push(resolve))
      idle = []
    },
  }
}

/** Runs what is waiting into the batch, as far as one transaction takes it. */
function runAll(waiting: readonly Pending[], batch: Batch): { readonly batch: Batch; readonly done: Pending[]; readonly left: Pending[] } {
  const [done, left]: [Pending[], Pending[]] = [[], []]
  for (const pending of waiting) {
    if (batch.size > MOST_BATCH) left.push(pending)
    else {
      pending.run(batch)
      done.push(pending)
    }
  }
  return { batch, done, left }
}

function failureOf(act: () => void): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error ?? new Error('the transaction failed')
  }
}

function pendingOf<T>(act: (draft: Draft) => T, resolve: (value: T) => void, reject: (error: unknown) => void): Pending {
  let settle: (failure: unknown) => void = reject
  return {
    run(batch) {
      const mark = batch.mark()
      try {
        const value = act(batch)
        settle = (failure) => (failure === undefined ? resolve(value) : reject(failure))
      } catch (error) {
        batch.backTo(mark)
        settle = () => reject(error)
      }
    },
    settle: (failure) => settle(failure),
  }
}

const rowChange = ({ after, gone }: Change): RowChange => ({ ...after, text: gone ? undefined : after.text })

const shelf = (kinds: Map<string, Shelf>, kind: string): Shelf => {
  const found = kinds.get(kind) ?? openShelf()
  kinds.set(kind, found)
  return found
}

function labelsOf(text: string): Item['labels'] {
  const { metadata } = JSON.parse(text) as { metadata: { labels?: Item['labels'] } }
  return metadata.labels ?? {}
}
