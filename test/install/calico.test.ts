import { expect, it } from '@jest/globals'
import { planPools } from '../../src/install/calico.ts'
import { parseCidr } from '../../src/model/net.ts'
import type { RemoteCluster } from '../../src/model/remote.ts'
import type { Resource } from '../../src/model/resources.ts'

const EAST: RemoteCluster = { id: 'east', networks: ['10.2.0.0/16', '100.2.0.0/28'].map(parseCidr), gateways: [] }
const calicos = (cidr: string, more: object = {}): Resource => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPPool',
  metadata: { name: 'default-ipv4-ippool' },
  ...{ spec: { cidr, natOutgoing: true, ...more } },
})
const OWN_PODS = calicos('10.1.0.0/16')
const names = (pools: readonly Resource[]): readonly string[] => pools.map(({ metadata }) => metadata.name)

it('each network of another cluster has a disabled pool without NAT, under upstream’s name', () => {
  const { put, drop } = planPools([EAST], [OWN_PODS])
  expect(names(put)).toEqual(['submariner-east-10.2.0.0-16', 'submariner-east-100.2.0.0-28'])
  expect(put[1]).toMatchObject({
    metadata: { labels: { 'submariner.io/ippool': 'true' } },
    spec: { cidr: '100.2.0.0/28', blockSize: 28, natOutgoing: false, disabled: true, disableBGPExport: true },
  })
  expect(drop).toEqual([])
})

it('what is as it should be stays, whatever Calico has added; what nobody needs goes; a changed one is put back', () => {
  const { put } = planPools([EAST], [OWN_PODS])
  const there = put.map((pool) => ({
    ...pool,
    metadata: { ...pool.metadata, resourceVersion: '7', uid: 'u' },
    spec: { ...Reflect.get(pool, 'spec'), assignmentMode: 'Automatic' },
  }))
  expect(planPools([EAST], [OWN_PODS, ...there])).toEqual({ put: [], drop: [], refused: [] })
  expect(names(planPools([], [OWN_PODS, ...there]).drop)).toHaveLength(2)
  const changed = there.map((pool) => ({ ...pool, spec: { ...pool.spec, natOutgoing: true } }))
  expect(planPools([EAST], [OWN_PODS, ...changed]).put[0]?.metadata).toMatchObject({ resourceVersion: '7', uid: 'u' })
})

it('nothing is made where Calico gives out no addresses, nor over a pool of somebody else', () => {
  expect(planPools([EAST], []).put).toEqual([])
  expect(planPools([EAST], [calicos('10.1.0.0/16', { disabled: true })]).put).toEqual([])
  const { put, drop, refused } = planPools([EAST], [OWN_PODS, calicos('10.0.0.0/14')])
  expect([names(put), drop, refused]).toEqual([['submariner-east-100.2.0.0-28'], [], ['10.2.0.0/16']])
})
