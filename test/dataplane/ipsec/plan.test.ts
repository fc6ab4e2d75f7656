import { describe, expect, it } from '@jest/globals'
import type { Cable } from '../../../src/dataplane/cable.ts'
import { wantedConnections } from '../../../src/dataplane/ipsec/connection.ts'
import { planSteps } from '../../../src/dataplane/ipsec/plan.ts'
import { progressOf } from '../../../src/dataplane/ipsec/progress.ts'
import type { Step } from '../../../src/dataplane/ipsec/step.ts'
import { surplusSas } from '../../../src/dataplane/ipsec/tidy.ts'
import { connectionMessage } from '../../../src/dataplane/ipsec/vici/message.ts'
import type { SeenConnection, SeenSa } from '../../../src/dataplane/ipsec/vici/seen.ts'
import { parseIp } from '../../../src/model/net.ts'
import type { EndpointSpec } from '../../../src/model/resources.ts'

const spec = (cluster: string, number: number, more: Partial<EndpointSpec> = {}): EndpointSpec => ({
  cluster_id: cluster,
  cable_name: `submariner-cable-${cluster}-172-30-0-${number}`,
  hostname: cluster,
  subnets: [`100.${number}.0.0/16`, `10.${number}.0.0/16`],
  private_ip: `172.30.0.${number}`,
  public_ip: '',
  nat_enabled: false,
  backend: 'libreswan',
  backend_config: { 'udp-port': '4500', 'preferred-server': 'false' },
  ...more,
})
const cableTo = (remote: EndpointSpec, more: Partial<Cable> = {}): Cable => ({
  local: spec('west', 1),
  remote,
  address: parseIp(remote.private_ip),
  port: 4500,
  nat: false,
  ...more,
})
const east = cableTo(spec('east', 2))
const [connection] = wantedConnections([east], 'userspace')
if (connection === undefined) throw new Error('one cable makes one connection')

const asSeen = (wanted = connection): SeenConnection => ({
  name: wanted.name,
  local: wanted.cable.local.private_ip,
  remote: wanted.remoteAddresses,
  localId: wanted.localId,
  remoteId: wanted.remoteId,
  mark: wanted.mark,
  children: wanted.children,
})
const sa = (more: Partial<SeenSa> = {}): SeenSa => ({
  name: connection.name,
  id: '1',
  state: 'ESTABLISHED',
  isInitiator: true,
  ageSeconds: 100,
  spi: '0a',
  remoteHost: '172.30.0.2',
  tasks: [],
  children: connection.children.map((child, i) => ({ ...child, id: `${more.id ?? ''}${i}`, state: 'INSTALLED', spi: `c${i}` })),
  ...more,
})
const words = (steps: readonly Step[]): string[] =>
  steps.map((step) => `${step.what} ${step.what === 'load' ? step.connection.name : step.what === 'unload' ? step.name : step.id}`)

describe('connections of cables', () => {
  it('name children by the places of their networks, a gateway’s own address left out', () => {
    const remote = spec('east', 2, { subnets: ['172.30.0.2/32', '100.2.0.0/16', '10.2.0.0/16'] })
    const [only] = wantedConnections([cableTo(remote)], 'userspace')
    expect(only?.children.map(({ name, local, remote: to }) => [name.replace(remote.cable_name, ''), local, to])).toEqual([
      ['-0-0', '100.1.0.0/16', '100.2.0.0/16'],
      ['-0-1', '100.1.0.0/16', '10.2.0.0/16'],
      ['-1-0', '10.1.0.0/16', '100.2.0.0/16'],
      ['-1-1', '10.1.0.0/16', '10.2.0.0/16'],
    ])
  })
  it('have reqids of the fixed range, each its own and the same whatever the order of the cables', () => {
    const cables = Array.from({ length: 250 }, (_, i) => cableTo(spec(`c${i}`, 3)))
    const reqids = (list: readonly Cable[]): Map<string, number> =>
      new Map(wantedConnections(list, 'kernel').flatMap(({ children }) => children.map(({ name, reqid }) => [name, reqid] as const)))
    const found = reqids(cables)
    expect(new Set(found.values()).size).toBe(1000)
    for (const reqid of found.values()) expect(reqid >>> 24).toBe(0x53)
    expect(reqids(cables.toReversed())).toEqual(new Map([...found]))
  })
  it.each([
    ['kernel', false, 'no'],
    ['kernel', true, 'yes'],
    ['userspace', false, 'yes'],
  ] as const)('%s, translated %s: encapsulation is %s', (esp, nat, encap) => {
    const [wanted] = wantedConnections([cableTo(spec('east', 2), { nat })], esp)
    expect(wanted && connectionMessage(wanted, esp)[wanted.name]).toMatchObject({ encap })
  })
  it.each([
    [undefined, 'true', 'equal'],
    ['false', 'false', 'equal'],
    ['true', 'false', 'client'],
    ['false', 'true', 'server'],
    ['true', 'true', 'server'],
  ])('with the remote preferred %s and the local %s this side is %s', (remotePreferred, localPreferred, role) => {
    const preferring = (base: EndpointSpec, value: string | undefined): EndpointSpec => ({
      ...base,
      backend_config: { 'udp-port': '4500', ...(value === undefined ? {} : { 'preferred-server': value }) },
    })
    const cable = { ...cableTo(preferring(spec('east', 2), remotePreferred)), local: preferring(spec('west', 1), localPreferred) }
    const [first, ...others] = wantedConnections([cable], 'userspace')
    expect({ connections: others.length + 1, localId: first?.localId, isDialled: first?.isDialled }).toEqual(
      role === 'equal'
        ? { connections: 1, localId: '172.30.0.1', isDialled: true }
        : { connections: 4, localId: '172.30.0.1-0-0', isDialled: role === 'client' },
    )
  })
})

describe('the plan', () => {
  it('loads what is missing and says nothing of what is there', () => {
    expect(words(planSteps({ connections: [], sas: [] }, [connection]))).toEqual([`load ${connection.name}`])
    expect(planSteps({ connections: [asSeen()], sas: [sa()] }, [connection])).toEqual([])
  })
  it('ends SAs of a connection that leads elsewhere now, and loads it', () => {
    const seen = asSeen({ ...connection, remoteAddresses: ['172.30.0.9', '0.0.0.0/0'] })
    expect(words(planSteps({ connections: [seen], sas: [sa()] }, [connection]))).toEqual(['end 1', `load ${connection.name}`])
  })
  it('loads a connection of another form again, and keeps its SAs', () => {
    const seen = { ...asSeen(), mark: connection.mark.replace(/-f\d+$/, '-f0') }
    expect(words(planSteps({ connections: [seen], sas: [sa()] }, [connection]))).toEqual([`load ${connection.name}`])
  })
  it('ends children alone whose networks are other ones', () => {
    const old = sa({ children: sa().children.map((child, i) => (i === 2 ? { ...child, remote: '10.99.0.0/16' } : child)) })
    expect(words(planSteps({ connections: [asSeen()], sas: [old] }, [connection]))).toEqual(['endChild 2'])
  })
  it('takes away what is no longer wanted, also of SAs that are half open', () => {
    const steps = planSteps({ connections: [asSeen()], sas: [sa(), sa({ id: '2', state: 'CONNECTING', children: [] })] }, [])
    expect(words(steps)).toEqual([`unload ${connection.name}`, 'end 1', 'end 2'])
  })
  it('ends a half open SA after a while when all is up by another one', () => {
    const half = sa({ id: 'half', state: 'CONNECTING', children: [] })
    expect(planSteps({ connections: [asSeen()], sas: [sa(), half] }, [connection])).toMatchObject([
      { what: 'end', id: 'half', when: 'later' },
    ])
    expect(planSteps({ connections: [asSeen()], sas: [half] }, [connection])).toEqual([])
  })
  it('leaves foreign connections and SAs alone', () => {
    const foreign = { ...asSeen(), name: 'office', mark: '' }
    const named = sa({ id: '7', children: sa().children.map((child) => ({ ...child, reqid: 3 })) })
    expect(planSteps({ connections: [foreign, { ...asSeen(), mark: '' }], sas: [sa({ name: 'office' }), named] }, [])).toEqual([])
  })
})

describe('of two SAs that carry the same', () => {
  const surplus = (...sas: SeenSa[]): string[] => surplusSas(connection, sas).map(({ id }) => id)
  // "submariner-cable-east" is lower than "submariner-cable-west", which is this side.
  it('the one stays that the lower cable name started, where both came at once', () => {
    expect(surplus(sa({ id: 'own', isInitiator: true, ageSeconds: 1 }), sa({ id: 'theirs', isInitiator: false, ageSeconds: 2 }))).toEqual([
      'own',
    ])
  })
  it('the newer stays where they came one after the other', () => {
    expect(surplus(sa({ id: 'old', isInitiator: false, ageSeconds: 60 }), sa({ id: 'new', ageSeconds: 1 }))).toEqual(['old'])
  })
  it('both sides choose the same where one side started both', () => {
    const [a, b] = [sa({ id: 'a', spi: '01', ageSeconds: 1 }), sa({ id: 'b', spi: '02', ageSeconds: 1 })]
    expect(surplus(a, b)).toEqual(['b'])
    expect(surplus({ ...b, isInitiator: false }, { ...a, isInitiator: false })).toEqual(['b'])
  })
  it('none is surplus where one child is seen in both, moving from the one to the other', () => {
    const { children } = sa()
    expect(surplus(sa({ id: 'old', children, ageSeconds: 9000 }), sa({ id: 'new', children, ageSeconds: 0 }))).toEqual([])
  })
  it('none is surplus where they have no child in common', () => {
    const [first, ...rest] = sa().children
    const [a, b] = [sa({ id: 'a', spi: '01', children: first ? [first] : [] }), sa({ id: 'b', spi: '02', children: rest })]
    expect(surplus(a, b)).toEqual([])
    // But one is enough in the long run.
    expect(planSteps({ connections: [asSeen()], sas: [a, b] }, [connection])).toMatchObject([{ what: 'end', id: 'b', when: 'sparingly' }])
  })
})

describe('progress', () => {
  it('is complete when every child is installed, and then nothing is missing', () => {
    const { up, missing } = progressOf(connection, [sa()])
    expect([up.size, missing]).toEqual([4, []])
  })
  it('misses all without an SA, none while one is being made or the peer has just begun', () => {
    expect(progressOf(connection, []).missing).toHaveLength(4)
    expect(progressOf(connection, [sa({ state: 'CONNECTING', children: [] })]).missing).toEqual([])
    expect(progressOf(connection, [sa({ isInitiator: false, ageSeconds: 0, children: [] })]).missing).toEqual([])
    expect(progressOf(connection, [sa({ isInitiator: false, ageSeconds: 9, children: [] })]).missing).toHaveLength(4)
  })
  it('misses none while an SA is being replaced by another one', () => {
    expect(progressOf(connection, [sa({ state: 'REKEYED', children: [] }), sa({ id: '2', ageSeconds: 0, children: [] })])).toMatchObject({
      isMoving: true,
      missing: [],
    })
  })
  it('does not count a child with other networks', () => {
    const old = sa({ children: sa().children.map((child) => ({ ...child, local: '10.99.0.0/16' })) })
    expect(progressOf(connection, [old]).up.size).toBe(0)
  })
})
