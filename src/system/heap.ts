import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Has V8 look through its whole heap once, after the time. From then on it lets garbage grow in proportion to what it found alive; before, up to a hundred
 * megabytes. For processes that run for days; it holds up nothing that ends before.
 */
export function collectOnce(afterMs: number): void {
  setTimeout(() => {
    // The flag must not stay: with it Node would not take the cache of its own code.
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    setFlagsFromString('--no-expose-gc')
    if (typeof collect === 'function') collect()
  }, afterMs).unref()
}
