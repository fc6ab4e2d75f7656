import type { Runs } from '../cli/run.ts'
import { dns } from '../dns.ts'
import { infoRuns } from './info.ts'

/** What the part of `subctl dns` runs. */
export const dnsRuns: Runs = { ...infoRuns, dns }
