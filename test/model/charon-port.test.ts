import { describe, expect, it } from '@jest/globals'
import { writeCharonState } from '../../src/dataplane/ipsec/daemon/charon-state.ts'
import { oldPortOf, readCharonPort, WANTED_PORT_ANNOTATION } from '../../src/model/charon-port.ts'
import { gatewayObject } from '../../src/model/gateway-status.ts'
import { endpointOf } from '../fakes/clusters.ts'

describe('what a keeper writes of its charon', () => {
  it('is read back, and what a later keeper adds is no fault', () => {
    expect(readCharonPort(writeCharonState({ port: 4700 }))).toBe(4700)
    expect(readCharonPort('{"port": 4700, "more": {}}')).toBe(4700)
  })

  it.each(['', '{"port":', 'null', '[]', '4700', '{}', '{"port": "4700"}', '{"port": 0}', '{"port": 65536}', '{"port": 4700.5}'])(
    'is nothing where it is garbage: %s',
    (text) => expect(readCharonPort(text)).toBeUndefined(),
  )
})

describe('oldPortOf()', () => {
  const gatewayOf = (wantedPort?: number) =>
    gatewayObject({
      ...{ hostname: 'gw1', namespace: 'submariner', version: '1', isActive: true, failures: [], connections: [], since: {}, nowMs: 0 },
      endpoint: endpointOf('west', { n: 1 }).spec,
      wantedPort,
    })
  const annotated = (text: string) => ({ ...gatewayOf(), metadata: { name: 'gw1', annotations: { [WANTED_PORT_ANNOTATION]: text } } })

  it('tells both ports, and nothing where they agree', () => {
    expect(oldPortOf(gatewayOf(4700))).toEqual({ gateway: 'gw1', has: '4500', wanted: '4700' })
    expect(oldPortOf(gatewayOf())).toBeUndefined()
    expect(oldPortOf(gatewayOf(4500))).toBeUndefined()
  })

  it('believes no annotation that is no port', () => {
    for (const text of ['x', '4700; x', '-1', '0']) expect(oldPortOf(annotated(text))).toBeUndefined()
  })
})
