import { RCODE } from '../../discovery/dns/records.ts'
import type { Responder } from '../../discovery/dns/responder.ts'
import type { HealthSources } from '../agent/health.ts'
import type { DnsSettings } from './settings.ts'
import { dnsMetrics, type Tally } from './tally.ts'
import type { Workers } from './workers.ts'

export interface HealthParts {
  readonly settings: DnsSettings
  readonly responder: Responder
  readonly tally: () => Tally
  readonly workers: Workers
  readonly isLeaving: () => boolean
}

/** Live while a question of its own gets an answer; ready once every process knows all services. */
export function healthOf({
  settings,
  responder,
  tally,
  workers,
  isLeaving,
}: HealthParts): Pick<HealthSources, 'notLive' | 'notReady' | 'metrics'> {
  const question = rootQuestion()
  return {
    notLive: () => (((responder.tcp(question)?.[3] ?? 0) & 15) === RCODE.REFUSED ? undefined : 'a question has the wrong answer'),
    notReady() {
      if (isLeaving()) return 'it is ending'
      if (!tally().isReady) return 'the services have not been read yet'
      const ready = workers.tallies().filter(({ isReady }) => isReady).length
      return ready < settings.workers - 1 ? `${settings.workers - 1 - ready} of ${settings.workers} processes are not ready` : undefined
    },
    metrics: () => dnsMetrics(tally(), workers.tallies()),
  }
}

/** For the root's SOA, which is always refused. */
const rootQuestion = (): Buffer => Buffer.from('000001000001000000000000' + '0000060001', 'hex')
