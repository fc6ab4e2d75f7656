// The domains that names of the clusterset end in: `clusterset.local`, as KEP-1645 has it, and those that somebody wants besides.
import { isLabel } from './names.ts'

export const ZONE = 'clusterset.local'
const MOST_TEXT = 200

/** In small letters, without a dot at the end. Throws a RangeError for what is no domain, or is one of addresses. */
export function readZone(text: string): string {
  const zone = text.trim().toLowerCase().replace(/\.$/, '')
  if (zone.length > MOST_TEXT || !zone.split('.').every(isLabel))
    throw new RangeError(`${JSON.stringify(text)} is no domain such as ${ZONE}`)
  if (/(^|\.)arpa$/.test(zone)) throw new RangeError(`${JSON.stringify(text)} is a domain of addresses`)
  return zone
}

/** The same of what somebody wishes for: one label is a domain of others, such as `local`, which cluster.local is in. */
export function parseZone(text: string): string {
  const zone = readZone(text)
  if (!zone.includes('.'))
    throw new RangeError(
      `${JSON.stringify(text)} is one label, which all names below it would be taken from: give one such as apps.example`,
    )
  return zone
}

/** Whether one is the other, or lies in it: names of both would be asked of one server. */
export const zonesOverlap = (one: string, other: string): boolean => one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)

/** All of them, each once. Throws a RangeError where one is no domain. */
export const zonesWith = (more: readonly string[]): readonly string[] => [...new Set([ZONE, ...more.map(parseZone)])]

/** Of a setting, a list with commas; clusterset.local alone where there is none. What an earlier join took is taken here too. */
export const parseZones = (text: string): readonly string[] => [
  ...new Set([ZONE, ...text.split(',').flatMap((part) => (part.trim() === '' ? [] : [readZone(part)]))]),
]
