// `verify` asks a node by an annotation of its RouteAgent object; the route agent answers by another one. Both are JSON text.
import { array, boolean, maxLength, number, object, optional, safeParse, string } from 'zod/mini'

/** Value: {"id": "..."}; the answer carries the same id. */
export const PROBE_REQUEST = 'submariner.io/probe-request'
export const PROBE_ANSWER = 'submariner.io/probe-answer'

const text = () => string().check(maxLength(1024))
const Answer = object({
  id: text(),
  /** When it was measured, RFC 3339. */
  at: text(),
  /** One for each remote cluster and size of packet. */
  results: array(
    object({
      cluster: text(),
      ip: text(),
      ok: boolean(),
      /** ICMP payload. */
      sizeBytes: number(),
      rttMs: optional(number()),
      /** Why it failed. */
      message: optional(text()),
    }),
  ),
  /** What of the node's protection is not in its kernel at this moment: one line each, none when all is in force. */
  unguarded: array(text()),
  /** Packets to remote networks seen leaving outside the tunnel while probing, one line each; undefined where nobody could look, `notWatched` says why. */
  leaks: optional(array(text())),
  notWatched: optional(text()),
})

export interface ProbeResult {
  readonly cluster: string
  readonly ip: string
  readonly ok: boolean
  readonly sizeBytes: number
  readonly rttMs?: number | undefined
  readonly message?: string | undefined
}
export interface ProbeAnswer {
  readonly id: string
  readonly at: string
  readonly results: readonly ProbeResult[]
  readonly unguarded: readonly string[]
  readonly leaks?: readonly string[] | undefined
  readonly notWatched?: string | undefined
}

export const writeProbeRequest = (id: string): string => JSON.stringify({ id })

/** The id of a request; undefined where the text is none. */
export function readProbeRequest(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const parsed = safeParse(object({ id: text() }), parseJson(value))
  return parsed.success ? parsed.data.id : undefined
}

/** An answer; undefined where the text is none. */
export function readProbeAnswer(value: string | undefined): ProbeAnswer | undefined {
  const parsed = safeParse(Answer, parseJson(value))
  return parsed.success ? parsed.data : undefined
}

function parseJson(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? '')
  } catch {
    return undefined
  }
}
