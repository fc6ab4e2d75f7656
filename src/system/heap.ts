import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Looked at this often after the first time. */
const LOOK_MS = 15_000
const SOON_MS = 2_000
/** Garbage may grow to this share of what was alive, and by so many bytes more, before it is collected. */
const GARBAGE = { share: 0.5, bytes: 8e6 }
/** What stands while the heap grows no more is of a storm that is over: of that so much may stay. */
const LEFT_BYTES = 3e6

type Gc = (how?: object) => void
/** Of a process that has asked for it. */
const state = { isWanted: false, alive: 0, after: 0, gc: undefined as Gc | undefined }

/**
 * Has V8 look through its whole heap once, after the time, and later where it has grown much: by itself it lets garbage stand until somebody needs the room,
 * first up to a hundred megabytes, then up to four times what is alive. For processes that run for days; it holds up nothing that ends before.
 */
export function collectGarbage(afterMs: number): void {
  state.isWanted = true
  setTimeout(() => {
    collect()
    let before = state.after
    setInterval(() => {
      const { total_heap_size: now } = getHeapStatistics()
      const isOver = now <= before && now >= state.after + LEFT_BYTES
      if (isOver || now >= state.alive * (1 + GARBAGE.share) + GARBAGE.bytes) collect()
      before = now
    }, LOOK_MS).unref()
  }, afterMs).unref()
}

/**
 * More of the same soon, once, where collectGarbage() was asked for: a start that has read much takes longer than the time, and what it leaves over would
 * stand. Pages that are half empty are put together too, and what only the start has needed of compiled code goes: twice the work of another collection.
 */
export function collectSoon(): void {
  // What was just read is let go first.
  if (state.isWanted) setTimeout(() => collect(THOROUGH), SOON_MS).unref()
}

const THOROUGH = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const

function collect(how?: typeof THOROUGH): void {
  state.gc ??= exposedGc()
  state.gc(how)
  const { used_heap_size, total_heap_size } = getHeapStatistics()
  Object.assign(state, { alive: used_heap_size, after: total_heap_size })
}

function exposedGc(): Gc {
  // The flag must not stay: with it Node would not take the cache of its own code.
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return typeof gc === 'function' ? (how) => void (how === undefined ? gc() : gc(how)) : () => undefined
}
