import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Looked at this often after the first time. */
const LOOK_MS = 15_000
/** Garbage may grow to this share of what was alive, and by so many bytes more, before it is collected. */
const GARBAGE = { share: 0.5, bytes: 8e6 }

/**
 * Has V8 look through its whole heap once, after the time, and later where it has grown much: by itself it lets garbage stand until somebody needs the room,
 * first up to a hundred megabytes, then up to four times what is alive. For processes that run for days; it holds up nothing that ends before.
 */
export function collectGarbage(afterMs: number): void {
  setTimeout(() => {
    // The flag must not stay: with it Node would not take the cache of its own code.
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    setFlagsFromString('--no-expose-gc')
    if (typeof collect !== 'function') return
    collect()
    let alive = getHeapStatistics().used_heap_size
    setInterval(() => {
      if (getHeapStatistics().total_heap_size < alive * (1 + GARBAGE.share) + GARBAGE.bytes) return
      collect()
      alive = getHeapStatistics().used_heap_size
    }, LOOK_MS).unref()
  }, afterMs).unref()
}
