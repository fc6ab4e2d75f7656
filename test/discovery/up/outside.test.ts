import { describe, expect, it } from '@jest/globals'
import { servicesOf } from '../../../src/discovery/service/services.ts'
import { type Say, sayings } from '../../../src/discovery/up/conditions.ts'
import { type OwnExport, ownExport } from '../../../src/discovery/up/export.ts'
import { planUp } from '../../../src/discovery/up/plan.ts'
import { IN_PART } from '../../../src/model/mcs.ts'
import { parseCidr } from '../../../src/model/net.ts'
import type { Service } from '../../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../../fakes/services.ts'

const networks = ['10.1.0.0/16', '100.1.0.0/16'].map(parseCidr)
const guard = { allowed: new Set<string>(), own: 'submariner' }
const exported = (spec: Service['spec'], addresses: readonly string[]): OwnExport =>
  ownExport({
    ...{ clusterId: 'east', guard, networks, wish: exportOf('web') },
    service: serviceOf('web', spec),
    slices: [
      podsOf(
        'web',
        addresses.map((address) => podOf(address)),
      ),
    ],
  })

/** What the export says once the broker has all of it. */
function readyOf(own: OwnExport): Say | undefined {
  const services = servicesOf([own], new Map())
  const view = { clusterId: 'east', brokerNamespace: 'submariner-k8s-broker', exports: [own], services }
  const { imports, joins, slices } = planUp({ ...view, broker: { imports: [], slices: [] } })
  const broker = { imports: [...imports.put, ...joins.map(({ object }) => object)], slices: slices.put }
  return planUp({ ...view, broker })
    .verdicts.flatMap(sayings)
    .find(({ type }) => type === 'Ready')
}

describe('an export whose backends no other cluster takes', () => {
  const CASES: readonly (readonly [what: string, spec: Service['spec'], pods: readonly string[], status: string, text: RegExp])[] = [
    [
      'is Ready where all lie in its cluster’s networks',
      { clusterIP: 'None' },
      ['10.1.0.5', '10.1.0.6'],
      'True Exported',
      /^the broker has the service$/,
    ],
    ['is Ready while it has none', { clusterIP: 'None' }, [], 'True Exported', /^the broker has the service$/],
    ['is Ready by its Service’s address wherever its pods are', {}, ['192.0.2.7'], 'True Exported', /^the broker has the service$/],
    [
      'is Ready in part where one pod has its node’s address, and names pod, networks and what to do',
      { clusterIP: 'None' },
      ['10.1.0.5', '172.16.1.9'],
      `True ${IN_PART}`,
      /leave out a part of its backends: 172\.16\.1\.9 \(pod pod-172-16-1-9\) lies in none of the networks .*\(10\.1\.0\.0\/16, 100\.1\.0\.0\/16\): .*hostNetwork/,
    ],
    [
      'is not Ready where all do, of which it names the first few',
      { clusterIP: 'None' },
      ['172.16.1.1', '172.16.1.2', '172.16.1.3', '172.16.1.4', '172.16.1.5'],
      'False Failed',
      /no other cluster takes any of its backends; .*172\.16\.1\.3 \(pod pod-172-16-1-3\) and 2 more lie in none/,
    ],
    [
      'is not Ready where its Service’s address is of another network',
      { clusterIP: '100.9.0.1', clusterIPs: ['100.9.0.1'] },
      ['10.1.0.5'],
      'False Failed',
      /100\.9\.0\.1 lies in none of the networks .*--service-cidr/,
    ],
  ]
  it.each(CASES)('%s', (_, spec, pods, status, text) => {
    const ready = readyOf(exported(spec, pods))
    expect(`${ready?.status} ${ready?.reason}`).toBe(status)
    expect(ready?.message).toMatch(text)
  })
})

it('an export whose nodes use their own backends alone says that other clusters do not reach it', () => {
  const ready = readyOf(exported({ internalTrafficPolicy: 'Local' }, ['10.1.0.5']))
  expect(`${ready?.status} ${ready?.message}`).toBe(
    'True the broker has the service; internalTrafficPolicy is Local, so that clusters use their own backends alone and none of another’s',
  )
})
