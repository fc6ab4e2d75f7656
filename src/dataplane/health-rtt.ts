import type { LatencyRtt } from '../model/resources.ts'

/** Round-trip times of one target, the latest of them. */
export interface RttWindow {
  add(ms: number): void
  /** Undefined before the first. */
  summary(): LatencyRtt | undefined
}

export function openRttWindow(size = 256): RttWindow {
  const times: number[] = []
  let next = 0
  let last = 0
  let known: LatencyRtt | undefined
  return {
    add(ms) {
      last = ms
      known = undefined
      times[next] = ms
      next = (next + 1) % size
    },
    summary() {
      if (times.length === 0 || known !== undefined) return known
      const average = times.reduce((sum, ms) => sum + ms, 0) / times.length
      const variance = times.reduce((sum, ms) => sum + (ms - average) ** 2, 0) / times.length
      known = {
        last: goDuration(last),
        min: goDuration(Math.min(...times)),
        average: goDuration(average),
        max: goDuration(Math.max(...times)),
        stdDev: goDuration(Math.sqrt(variance)),
      }
      return known
    },
  }
}

/** A time as Go's programs write it: `0s`, `95ns`, `447.358µs`, `1.2ms`, `2.5s`, `1m3.5s`. */
export function goDuration(ms: number): string {
  const ns = Math.round(ms * 1e6)
  if (ns === 0) return '0s'
  if (ns < 1e3) return `${ns}ns`
  if (ns < 1e6) return `${ns / 1e3}µs`
  if (ns < 1e9) return `${ns / 1e6}ms`
  const minutes = Math.floor(ns / 60e9)
  const seconds = `${(ns - minutes * 60e9) / 1e9}s`
  return minutes === 0 ? seconds : `${Math.floor(minutes / 60) > 0 ? `${Math.floor(minutes / 60)}h` : ''}${minutes % 60}m${seconds}`
}
