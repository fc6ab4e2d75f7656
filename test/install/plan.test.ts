import { describe, expect, it } from '@jest/globals'
import { differences } from '../../src/install/apply/compare.ts'
import { addressClaims, claimsFor, claimsOf, collisions, ownFaults } from '../../src/install/claims.ts'
import { bestGateways, candidates, settledGateways, spreadNote } from '../../src/install/gateways.ts'
import { planInstall } from '../../src/install/objects/plan.ts'
import { UserError } from '../../src/model/errors.ts'
import { kindOf } from '../../src/model/kinds.ts'
import { parseCidr, parseIp } from '../../src/model/net.ts'
import type { Node, Resource } from '../../src/model/resources.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'

const SETTINGS = PLAIN_JOIN
const SECRETS = { broker: { token: 'dG9rZW4=' }, psk: { psk: 'cHNr' } }

describe('planInstall()', () => {
  const objects = planInstall(SETTINGS, ['gw1'], SECRETS)

  it('puts kinds first, then the namespace, then what is in it', () => {
    const kinds = objects.map((object) => object.kind)
    expect(kinds.lastIndexOf('CustomResourceDefinition')).toBeLessThan(kinds.indexOf('Namespace'))
    expect(kinds.indexOf('Namespace')).toBeLessThan(kinds.indexOf('ServiceAccount'))
    expect(kinds.indexOf('Namespace')).toBe(kinds.lastIndexOf('CustomResourceDefinition') + 1)
  })

  it('names every object once, of a kind that the API port knows', () => {
    const names = objects.map((object) => `${kindOf(object)} ${object.metadata.namespace ?? ''}/${object.metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it('marks all but the node as ours, and touches a single label of the node', () => {
    for (const object of objects) {
      if (object.kind === 'Node')
        expect(object).toEqual({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'gw1', labels: { 'submariner.io/gateway': 'true' } } })
      else expect(object.metadata.labels).toMatchObject({ 'app.kubernetes.io/managed-by': 'subctl' })
    }
  })

  it('keeps secrets out of everything but the secrets', () => {
    const rest = JSON.stringify(objects.filter((object) => object.kind !== 'Secret'))
    expect(rest).not.toContain('dG9rZW4=')
    expect(rest).not.toContain('cHNr')
  })

  it('is a function of its input alone', () => expect(planInstall(SETTINGS, ['gw1'], SECRETS)).toEqual(objects))
})

describe('claims on networks', () => {
  const east: Resource = {
    apiVersion: 'submariner.io/v1',
    kind: 'Cluster',
    metadata: { name: 'east' },
    ...{ spec: { cluster_id: 'east', cluster_cidr: ['10.0.0.0/14', 'rubbish', 7], service_cidr: null, global_cidr: [] } },
  }
  const gateway: Resource = {
    apiVersion: 'submariner.io/v1',
    kind: 'Endpoint',
    metadata: { name: 'east-x' },
    ...{ spec: { cluster_id: 'east', subnets: ['10.0.0.0/14'], private_ip: '172.16.5.5', public_ip: '' } },
  }

  it('overlap of a pod network is a sentence that names both sides', () => {
    expect(collisions(claimsFor('pods', [parseCidr('10.1.0.0/16')]), claimsOf([east], [gateway], 'west'))).toEqual([
      'pods 10.1.0.0/16 overlap pods of cluster "east" (10.0.0.0/14)',
    ])
  })

  it('a gateway address in our networks, and our nodes in theirs, count as well', () => {
    const others = claimsOf([east], [gateway], 'west')
    expect(collisions(claimsFor('services', [parseCidr('172.16.0.0/12')]), others)).toEqual([
      'services 172.16.0.0/12 overlap a gateway of cluster "east" (172.16.5.5)',
    ])
    expect(collisions(addressClaims('node', [parseIp('10.2.0.9')]), others)).toEqual([
      'node 10.2.0.9 overlaps pods of cluster "east" (10.0.0.0/14)',
    ])
  })

  it('our own from an earlier join do not count', () => expect(claimsOf([east], [gateway], 'east')).toEqual([]))

  it('another cluster’s id is text of unknown origin, and quoted', () => {
    const evil = { ...east, spec: { cluster_id: '\u001b[2J', cluster_cidr: ['10.0.0.0/14'] } }
    expect(claimsOf([evil], [], 'west')[0]?.owner).toBe('pods of cluster "\\u001b[2J"')
  })

  it.each([
    ['0.0.0.0/0', '100.1.0.0/16', /wider than \/8/],
    ['127.4.0.0/16', '100.1.0.0/16', /loopback/],
    ['240.1.0.0/16', '100.1.0.0/16', /tunnels/],
    ['10.0.0.0/8', '10.96.0.0/12', /pods 10.0.0.0\/8 overlap services \(10.96.0.0\/12\)/],
    ['fd00::/48', '100.1.0.0/16', /not an IPv4 network/],
  ])('pods %s with services %s are refused', (pods, services, reason) =>
    expect(ownFaults([parseCidr(pods)], [parseCidr(services)]).join('; ')).toMatch(reason),
  )

  it('ordinary networks have no fault', () => expect(ownFaults(SETTINGS.podCidrs, SETTINGS.serviceCidrs)).toEqual([]))
})

describe('gateway nodes', () => {
  const node = (
    name: string,
    { labels = {}, ready = true, cordoned = false }: { labels?: Record<string, string>; ready?: boolean; cordoned?: boolean } = {},
  ): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: cordoned ? { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] } : {},
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
  })
  const controlPlane = { labels: { 'node-role.kubernetes.io/control-plane': '' } }

  it('the best candidate is a worker that is ready', () => {
    const nodes = [node('a', controlPlane), node('b', { ready: false }), node('d'), node('c', { cordoned: true }), node('e')]
    expect(candidates(nodes).map(({ name }) => name)).toEqual(['d', 'e', 'a', 'b', 'c'])
    expect(bestGateways(nodes)).toEqual({ nodes: ['d'], reason: 'chosen: worker, ready; --gateway NODE takes another' })
  })

  it('the control plane does where it is alone', () =>
    expect(bestGateways([node('a', controlPlane)]).reason).toMatch(/control plane, ready/))
  it('Windows nodes do not', () =>
    expect(() => bestGateways([node('w', { labels: { 'kubernetes.io/os': 'windows' } })])).toThrow(UserError))

  const zoned = (name: string, zone: string, more: Parameters<typeof node>[1] = {}): Node =>
    node(name, { ...more, labels: { ...more?.labels, 'topology.kubernetes.io/zone': zone } })
  it('several are spread over zones, those that are there counted in', () => {
    const nodes = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b'), zoned('c1', 'c', { ready: false })]
    expect(bestGateways(nodes, 2)).toEqual({
      nodes: ['a1', 'b1'],
      reason: 'chosen: a1: worker, ready, zone a; b1: worker, ready, zone b; --gateway NODE takes another',
    })
    expect(bestGateways(nodes, 3).nodes).toEqual(['a1', 'a2', 'b1'])
    expect(bestGateways(nodes, 2, ['b1']).nodes).toEqual(['a1', 'b1'])
    expect(bestGateways(nodes, 9).nodes).toHaveLength(4)
    expect(bestGateways([node('x'), node('y')], 2).nodes).toEqual(['x', 'y'])
    expect(settledGateways(nodes, ['b1'], 2)).toBeUndefined()
  })
  it('a choice that one loss would end is said, with the node that would outlast it', () => {
    const nodes = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b')]
    expect(spreadNote(nodes, ['a1'])).toMatch(/^one gateway: .*\(b1, zone b\).*: --gateway b1$/)
    expect(spreadNote(nodes, ['a1', 'a2'])).toMatch(/^all gateways are in zone a: .*--gateway b1$/)
    expect(spreadNote(nodes, ['a1', 'b1'])).toBeUndefined()
    expect(spreadNote([node('x')], ['x'])).toBeUndefined()
    expect(spreadNote([node('x'), node('y'), node('z')], ['x', 'y'])).toBeUndefined()
  })

  it('nodes labelled already stay, those named join them', () => {
    const nodes = [node('a', { labels: { 'submariner.io/gateway': 'true' } }), node('b')]
    expect(settledGateways(nodes, [])?.nodes).toEqual(['a'])
    expect(settledGateways(nodes, ['b'])?.nodes).toEqual(['a', 'b'])
    expect(settledGateways([node('b')], [])).toBeUndefined()
    expect(() => settledGateways(nodes, ['c'])).toThrow('This cluster has no node "c"')
  })
})

describe('differences()', () => {
  it('names the fields that change and leaves out what servers write', () =>
    expect(
      differences(
        { metadata: { name: 'a', uid: '1', resourceVersion: '7' }, data: { x: '1', gone: 'y' }, status: { a: 1 } },
        { metadata: { name: 'a', uid: '1', resourceVersion: '9' }, data: { x: '2', more: 'z' } },
      ),
    ).toEqual([
      { path: 'data.gone', from: 'y', to: undefined },
      { path: 'data.more', from: undefined, to: 'z' },
      { path: 'data.x', from: '1', to: '2' },
    ]))

  it('tells that a secret changes, not what it is', () =>
    expect(differences({ data: { psk: 'b2xk' } }, { data: { psk: 'bmV3' } }, true)).toEqual([
      { path: 'data.psk', from: '(hidden)', to: '(hidden)' },
    ]))
})
