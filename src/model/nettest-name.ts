// What `subctl nettest client --ask` asks the DNS, and the JSON line that it prints.
import { array, boolean, maxLength, number, object, optional, safeParse, string } from 'zod/mini'

/** The name as DNS has it: lower case, no dot at the end. Throws RangeError. */
export function parseName(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '')
  const isName = name.length <= 253 && name.split('.').every((label) => /^_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  if (!isName) throw new RangeError(`"${text}" is no DNS name`)
  return name
}

/** A and no more where the name is one of a host, SRV where it begins as one of a service's port. */
export const typeOf = (name: string): 'A' | 'SRV' => (name.startsWith('_') ? 'SRV' : 'A')

const text = () => string().check(maxLength(1024))
const Result = object({
  ask: text(),
  type: text(),
  ok: boolean(),
  /** Addresses, or `target:port`. */
  answers: optional(array(text()).check(maxLength(1000))),
  /** NXDOMAIN, NODATA, SERVFAIL, REFUSED, TIMEOUT or another word for why there is none. */
  code: optional(text()),
  /** The DNS servers of the pod. */
  servers: array(text()).check(maxLength(10)),
  ms: number(),
})

/** What came of one name. */
export interface NameResult {
  readonly ask: string
  readonly type: string
  readonly ok: boolean
  readonly answers?: readonly string[] | undefined
  readonly code?: string | undefined
  readonly servers: readonly string[]
  readonly ms: number
}

export function readNameResult(line: string): NameResult | undefined {
  try {
    const parsed = safeParse(Result, JSON.parse(line))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
