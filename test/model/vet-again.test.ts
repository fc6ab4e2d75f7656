import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseCidr, parseIp } from '../../src/model/net.ts'
import type { OwnNetworks } from '../../src/model/remote.ts'
import type { Cluster, Endpoint } from '../../src/model/resources.ts'
import { vet } from '../../src/model/vet.ts'
import { openVet } from '../../src/model/vet-again.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'

const OWN: OwnNetworks = {
  clusterId: 'west',
  podCidrs: [parseCidr('10.200.0.0/16')],
  serviceCidrs: [parseCidr('100.200.0.0/16')],
  addresses: [parseIp('192.168.7.10')],
}
const hundred = Array.from({ length: 100 }, (_, i) => ({ cluster: clusterOf(`c${i}`, { n: i }), endpoint: endpointOf(`c${i}`, { n: i }) }))
const clusters = hundred.map(({ cluster }) => cluster)
const endpoints = hundred.map(({ endpoint }) => endpoint)

it('with one of a hundred Endpoints changed the others’ clusters are not judged again, and all is as if they were', () => {
  const again = openVet()
  const before = again(OWN, clusters, endpoints)
  const changed = endpoints.with(7, endpointOf('c7', { n: 7, subnets: ['10.7.0.0/16'] }))
  const after = again(OWN, clusters, changed)
  expect(after).toEqual(vet(OWN, clusters, changed))
  expect(after.remotes.filter((remote, i) => remote !== before.remotes[i]).map(({ id }) => id)).toEqual(['c7'])
})

it('a claim on what another has is refused at once, and taken up again when the other gives way', () => {
  const again = openVet()
  const greedy = clusters.with(
    7,
    clusterOf('c7', { n: 7, cluster_cidr: ['10.8.0.0/16'], meta: { creationTimestamp: '2025-01-01T00:00:00Z' } }),
  )
  const meek = greedy.with(8, clusterOf('c8', { n: 8, cluster_cidr: ['10.108.0.0/16'] }))
  for (const list of [clusters, greedy, meek, clusters, clusters.with(9, clusterOf('c9', { n: 9, cluster_cidr: ['10.8.0.0/16'] }))])
    expect(again(OWN, list, endpoints)).toEqual(vet(OWN, list, endpoints))
  expect(again(OWN, greedy, endpoints).refused.map(({ reason }) => reason)).toContain('10.8.0.0/16 overlaps networks of cluster c7')
})

const n = fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) })
const change = fc.record({
  at: fc.nat({ max: 5 }),
  what: fc.constantFrom('cluster', 'endpoint', 'endpoint', 'second'),
  n,
  day: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) }),
  narrow: fc.boolean(),
  isGone: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  address: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('172.16.3.1', '10.4.0.9', '192.168.7.10', '127.0.0.1') },
  ),
})

it('any walk over objects that come, change, claim and go gives at each step what a judgement from the beginning gives', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const again = openVet()
      const there = new Map<string, Cluster | Endpoint>()
      for (let i = 0; i < 6; i += 1) {
        there.set(`cluster ${i}`, clusterOf(`c${i}`, { n: i }))
        there.set(`endpoint ${i}`, endpointOf(`c${i}`, { n: i }))
      }
      for (const { at, what, n: other, day, narrow, isGone, address } of changes) {
        const meta = { creationTimestamp: `2026-01-0${day}T00:00:00Z` }
        const number = other ?? at
        const subnets = narrow ? [`10.${number}.0.0/17`] : [`10.${number}.0.0/16`]
        const private_ip = address ?? (what === 'second' ? `172.17.${number}.1` : `172.16.${number}.1`)
        const object =
          what === 'cluster' ? clusterOf(`c${at}`, { n: number, meta }) : endpointOf(`c${at}`, { n: number, subnets, private_ip, meta })
        if (isGone) there.delete(`${what} ${at}`)
        else there.set(`${what} ${at}`, object)
        const all = [...there.values()]
        const lists = [all.filter(({ kind }) => kind === 'Cluster'), all.filter(({ kind }) => kind === 'Endpoint')] as const
        expect(again(OWN, ...lists)).toEqual(vet(OWN, ...lists))
      }
    }),
    { numRuns: 300 },
  )
})
