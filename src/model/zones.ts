// The domains that names of the clusterset end in: `clusterset.local`, as KEP-1645 has it, and those that somebody wants besides.
import { isLabel } from './names.ts'

export const ZONE = 'clusterset.local'
const MOST_TEXT = 200

/** In small letters, without a dot at the end. Throws a RangeError for what is no domain, or is one of addresses. */
export function parseZone(text: string): string {
  const zone = text.trim().toLowerCase().replace(/\.$/, '')
  if (zone.length > MOST_TEXT || !zone.split('.').every(isLabel))
    throw new RangeError(`${JSON.stringify(text)} is no domain such as ${ZONE}`)
  if (/(^|\.)arpa$/.test(zone)) throw new RangeError(`${JSON.stringify(text)} is a domain of addresses`)
  return zone
}

/** All of them, each once. Throws a RangeError where one is no domain. */
export const zonesWith = (more: readonly string[]): readonly string[] => [...new Set([ZONE, ...more.map(parseZone)])]

/** Of a setting, a list with commas; clusterset.local alone where there is none. */
export const parseZones = (text: string): readonly string[] => zonesWith(text.split(',').filter((part) => part.trim() !== ''))
