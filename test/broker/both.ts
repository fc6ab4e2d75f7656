// A broker with two members, as a real API server and as the central one: what holds of rights holds of both.
import { afterAll, beforeAll, describe } from '@jest/globals'
import { prepareBroker } from '../../src/commands/serve-broker/init.ts'
import { memberRule } from '../../src/commands/serve-broker/rule.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import type { Resource } from '../../src/model/resources.ts'
import { type Served, serve } from '../apiserver/serve.ts'
import { describePlanes, openPlace, type Place, planes } from '../cluster/plane-suite.ts'
import { fakeWorld } from '../fakes/context.ts'
import { members, realBroker } from './attempts.ts'

export interface OpenBroker {
  readonly place: Place
  /** West's. */
  readonly token: string
  readonly admin: KubeApi
}

/** Describes the rights of members on each of them; `more` is what the real one has besides. */
export function describeBrokers(what: string, rights: (open: () => OpenBroker) => void, more: readonly Resource[] = []): void {
  describePlanes(`${what} on a real API server`, () => {
    const at = planes(['broker'])
    let token = ''
    beforeAll(async () => {
      token = await realBroker(at.broker, more)
    }, 120_000)
    rights(() => ({ place: at.broker, token, admin: openPlace(at.broker) }))
  })
  describe(`${what} on the central API server`, () => {
    let served: Served
    let token = ''
    beforeAll(async () => {
      served = await serve({ table: 'broker', admit: memberRule })
      await prepareBroker(fakeWorld().context, served.admin)
      token = await members(served.admin)
    })
    afterAll(() => served.stop())
    rights(() => ({ place: { server: served.url, ca: served.ca, token: '' }, token, admin: served.admin }))
  })
}
