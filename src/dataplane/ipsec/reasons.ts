// Why a tunnel is down, from charon's log (vici's event "log"). Pure.
import type { Cable } from '../cable.ts'

const CAUSES: readonly (readonly [RegExp, (at: string, match: RegExpMatchArray) => string])[] = [
  [/MAC mismatched/, (at) => `authentication failed: the pre-shared key of ${at} is another one`],
  [/no shared key found/, () => 'authentication failed: charon has no pre-shared key for this peer'],
  [
    /received AUTHENTICATION_FAILED notify/,
    (at) => `authentication failed: ${at} does not know this gateway yet, or has another pre-shared key`,
  ],
  [/received NO_PROPOSAL_CHOSEN notify, no CHILD_SA/, (at) => `no proposal: ${at} accepts none of our ESP proposals`],
  [/received NO_PROPOSAL_CHOSEN notify/, (at) => `no proposal: ${at} accepts none of ours, or does not know this gateway yet`],
  [/received proposals unacceptable|no acceptable proposal/, (at) => `no proposal: none that ${at} offers is acceptable`],
  [/received TS_UNACCEPTABLE notify/, (at) => `${at} refused the networks`],
  [/received (\w+) notify error/, (at, [, name]) => `${at} answered ${name}`],
  [/retransmit \d+ of request|giving up after|peer not responding/, (at) => `no answer from ${at}`],
  [/error writing to socket: (.+)/, (at, [, why]) => `cannot send to ${at}: ${why}`],
  [/error installing route with policy (\S+) ===/, (_, [, network]) => `this gateway owns no address in ${network}`],
  [/unable to (add SAD entry|install IPsec policies|install inbound)/, () => 'the kernel refused the SA or its policies'],
]

/** The reason that a line of charon's log gives for a cable that is not up; undefined where it gives none. */
export function reasonOf(line: string, { address, port }: Pick<Cable, 'address' | 'port'>): string | undefined {
  const at = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  for (const [pattern, text] of CAUSES) {
    const match = pattern.exec(line)
    if (match !== null) return text(at, match)
  }
  return undefined
}
