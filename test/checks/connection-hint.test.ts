import { expect, it } from '@jest/globals'
import type { Look } from '../../src/checks/look.ts'
import { connectionHint } from '../../src/checks/paths/connection-hint.ts'
import { gatewayObject } from '../../src/model/gateway-status.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { make } from '../fakes/kube.ts'

const status = { version: '', haStatus: 'active' as const, localEndpoint: endpointOf('west').spec, statusFailure: '', connections: [] }
const seen = { settings: {}, gateways: [make('Gateway', 'west-gw1', { status })] } as unknown as Look
const hint = (...texts: readonly string[]): string =>
  connectionHint(
    seen,
    texts.map((text) => ({ text, isRefused: false })),
  )

it.each([
  ['east: error, authentication failed: the pre-shared key of 172.16.2.1:4500 is another one', /compare the keys .*SUB0642.*subctl join/],
  ['east: error, authentication failed: charon has no pre-shared key for this peer', /compare the keys/],
  ['east: error, no proposal: 172.16.2.1:4500 accepts none of our ESP proposals', /versions \(SUB0617\)/],
  ['east: error, cluster east uses the cable driver wireguard, this cluster libreswan', /one cable driver/],
  ['east: error, 172.16.2.1:4500 refused the networks', /overlap \(SUB0608\)/],
  ['east: error, the kernel refused the SA or its policies', /^see the logs of the engine and of charon on west-gw1$/],
  ['east: connecting', /^see the logs/],
])('of %j leads to what the reason is, and to no port', (text, expected) => {
  expect(hint(text)).toMatch(expected)
  expect(hint(text)).not.toContain('UDP')
})

it('names the port, with both its ends, where nobody answers, and says each thing once', () => {
  const silent = 'east: error, no answer from 172.16.2.1:4500'
  expect(hint(silent)).toMatch(/^open UDP between west-gw1 \([0-9.]+\) and 172.16.2.1 port 4500, both ways/)
  const both = hint(silent, 'north: error, no answer from 172.16.3.1:4501', 'south: error, 172.16.4.1:4500 refused the networks')
  expect(both.match(/open UDP/g)).toHaveLength(1)
  expect(both).toContain('172.16.2.1 port 4500, 172.16.3.1 port 4501')
  expect(both).toContain('SUB0608')
})

it('names a gateway whose charon still has an old port where nobody answers, and never the port of the settings', () => {
  const facts = { hostname: 'west-gw1', namespace: 'submariner', version: '1', isActive: true, endpoint: endpointOf('west').spec }
  const told = (wantedPort: number | undefined): string => {
    const gateways = [gatewayObject({ ...facts, wantedPort, failures: [], connections: [], since: {}, nowMs: 0 })]
    const look = { settings: { CE_IPSEC_NATTPORT: '4700' }, gateways } as unknown as Look
    return connectionHint(look, [{ text: 'east: error, no answer from 172.16.2.1:4500', isRefused: false }])
  }
  expect(told(4700)).toMatch(/; charon on west-gw1 still has port 4500, the settings say 4700: replace it: `subctl upgrade`/)
  expect(told(undefined)).not.toContain('4700')
})
