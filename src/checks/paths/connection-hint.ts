// What to do about connections that are not up, by the reasons that the gateways give.
import { oldPortOf, oldPortText, replaceCharon } from '../../model/charon-port.ts'
import { suffersFrom } from '../../model/gateway-status.ts'
import { ONE_KEY } from '../installed/key.ts'
import { activeGateways, type Look } from '../look.ts'
import type { ConnectionProblem } from './connections.ts'

/** By what a connection says of itself. Charon and the engine have these words. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/authentication failed|pre-shared key/, `compare the keys of both ends (SUB0642 does, with both contexts), and ${ONE_KEY}`],
  [
    /no proposal/,
    'the two ends have no cipher in common, or one does not know the other yet: compare their versions (SUB0617) and `subctl show gateways` of both, and upgrade the older one',
  ],
  [/the cable driver/, 'both ends need one cable driver: let the other cluster join with one that this one has'],
  [
    /refused the networks/,
    'the two ends do not agree about networks: see whether they overlap (SUB0608), and compare `subctl show endpoints` of both',
  ],
]
const SILENT = /no answer from (\S+):(\d+)/

/** One hint for each kind of reason: a port that nobody answers on is named, with both its ends. */
export function connectionHint(seen: Look, problems: readonly ConnectionProblem[]): string {
  const gateways = activeGateways(seen)
  const names = gateways.map(({ metadata }) => metadata.name).join(', ')
  if (gateways.length > 0 && gateways.every((gateway) => suffersFrom(gateway, 'SUB0501'))) return `see the log of charon on ${names}`
  if (problems.every(({ isRefused }) => isRefused))
    return 'what they publish on the broker is to be mended there; `subctl forget ID` takes a cluster out that is no member'
  const texts = problems.flatMap(({ text, isRefused }) => (isRefused ? [] : [text]))
  const hints = texts.map((text) => {
    const known = KNOWN.find(([pattern]) => pattern.test(text))
    if (known !== undefined) return known[1]
    return SILENT.test(text) ? silentHint(seen, texts) : `see the logs of the engine and of charon on ${names || 'the gateway nodes'}`
  })
  return [...new Set(hints)].join('; ')
}

function silentHint(seen: Look, texts: readonly string[]): string {
  const silent = [...new Set(texts.flatMap((text) => SILENT.exec(text)?.slice(1).join(' port ') ?? []))]
  const from = activeGateways(seen).map(({ metadata, status }) => `${metadata.name} (${status.localEndpoint?.private_ip})`)
  const hint = `open UDP between ${from.join(', ')} and ${silent.join(', ')}, both ways: nothing comes back from there`
  // What was opened for the port of the settings does not help a charon that still has another one.
  const old = seen.gateways.flatMap((gateway) => oldPortOf(gateway) ?? [])
  return old.length === 0 ? hint : `${hint}; ${old.map(oldPortText).join('; ')}: ${replaceCharon()}`
}
