import { describe, expect, it } from '@jest/globals'
import type { Proposal } from '../../src/apiserver/access/admission.ts'
import { ADMIN, accountUser } from '../../src/apiserver/access/user.ts'
import { writeBrokerFile } from '../../src/commands/broker-file.ts'
import { main } from '../../src/commands/cli/main.ts'
import { serverRuns } from '../../src/commands/runs/server.ts'
import { openAuthority, rememberedPlace, rememberPlace } from '../../src/commands/serve-broker/data.ts'
import { certificateNames, hostPortText, memberUrl, parseHostPort } from '../../src/commands/serve-broker/place.ts'
import { memberRule } from '../../src/commands/serve-broker/rule.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'

const ANY = { host: '0.0.0.0', port: 6443 }
const MACHINE = { hostname: 'hub', outward: '192.168.1.5', addresses: ['172.17.0.1', '192.168.1.5'] }

describe('the rule that keeps members apart', () => {
  const west = accountUser(BROKER_NAMESPACE, 'cluster-west')
  const propose = (object: Resource | undefined, more: Partial<Proposal> = {}) =>
    memberRule({
      user: west,
      operation: object === undefined ? 'DELETE' : 'CREATE',
      group: 'submariner.io',
      resource: object?.kind === 'Cluster' ? 'clusters' : 'endpoints',
      namespace: BROKER_NAMESPACE,
      object: object as Proposal['object'],
      before: undefined,
      ...more,
    })
  const before = (object: Resource): Partial<Proposal> => ({ before: object as NonNullable<Proposal['before']> })

  it('lets a member write its own Cluster and Endpoint, and delete them', () => {
    expect(propose(clusterOf('west'))).toBeUndefined()
    expect(propose(endpointOf('west'))).toBeUndefined()
    expect(propose(endpointOf('west'), before(endpointOf('west')))).toBeUndefined()
    expect(propose(undefined, before(endpointOf('west')))).toBeUndefined()
  })
  it('holds for an address of IPv6 too', () => {
    expect(propose(endpointOf('west', { private_ip: 'fd00::1' }))).toBeUndefined()
  })
  it.each([
    ['another’s Cluster', clusterOf('east'), {}],
    ['another’s Endpoint', endpointOf('east'), {}],
    ['its own label on another’s spec', endpointOf('west', { cluster_id: 'east' }), {}],
    ['another’s label on its own spec', endpointOf('west', { meta: { labels: { 'submariner-io/clusterID': 'east' } } }), {}],
    ['no label at all', endpointOf('west', { meta: { labels: {} } }), {}],
    ['another’s name', { ...endpointOf('west'), metadata: { ...endpointOf('west').metadata, name: endpointOf('east').metadata.name } }, {}],
    ['a Cluster of another name', { ...clusterOf('west'), metadata: { ...clusterOf('west').metadata, name: 'east' } }, {}],
    ['another’s cable name', endpointOf('west', { cable_name: endpointOf('east').spec.cable_name }), {}],
    ['what was another’s before', endpointOf('west'), before(endpointOf('east'))],
    ['away what is another’s', undefined, before(endpointOf('east'))],
    ['an object without a spec', { apiVersion: 'submariner.io/v1', kind: 'Endpoint', metadata: { name: 'x' } }, {}],
    ['another kind of the group', { ...endpointOf('west'), kind: 'Gateway' }, { resource: 'gateways' }],
  ])('lets no member write %s', (_, object, more) => {
    expect(propose(object, more)).toMatch(/cluster west/)
  })
  it('is about members alone', () => {
    expect(propose(endpointOf('east'), { user: ADMIN })).toBeUndefined()
    expect(propose(endpointOf('east'), { user: accountUser('other', 'cluster-west') })).toBeUndefined()
    expect(propose(endpointOf('east'), { user: accountUser(BROKER_NAMESPACE, 'submariner-k8s-broker-admin') })).toBeUndefined()
  })
})

describe('where the server is', () => {
  it.each([
    ['10.0.0.1:7443', '10.0.0.1:7443'],
    ['broker.example', 'broker.example:6443'],
    [':7443', '0.0.0.0:7443'],
    ['[fd00::1]:7443', '[fd00::1]:7443'],
    ['[fd00::1]', '[fd00::1]:6443'],
  ])('%s is %s', (text, full) => {
    expect(hostPortText(parseHostPort(text, 'listen', ANY))).toBe(full)
  })
  it.each(['a:b', 'a:99999', 'fd00::1', 'a b:1', '[x]:1', 'http://a:1'])('%s is refused', (text) => {
    expect(() => parseHostPort(text, 'listen', ANY)).toThrow(expect.objectContaining({ id: 'SUB0101' }))
  })
  it('is told to members by the first --advertise, else by an address that others reach', () => {
    const advertised = [{ host: 'broker.example', port: 443 }]
    expect(memberUrl(ANY, advertised, MACHINE).url).toBe('https://broker.example')
    expect(memberUrl({ host: '10.0.0.1', port: 7443 }, [], MACHINE).url).toBe('https://10.0.0.1:7443')
    expect(memberUrl(ANY, [], MACHINE).url).toBe('https://192.168.1.5:6443')
    expect(memberUrl(ANY, [], { ...MACHINE, outward: undefined }).url).toBe('https://172.17.0.1:6443')
  })
  it('is never told as a loopback address', () => {
    expect(() => memberUrl({ host: '127.0.0.1', port: 6443 }, [], MACHINE)).toThrow(expect.objectContaining({ id: 'SUB0706' }))
    expect(() => memberUrl(ANY, [], { ...MACHINE, outward: undefined, addresses: [] })).toThrow(expect.objectContaining({ id: 'SUB0706' }))
    expect(() => memberUrl(ANY, [{ host: 'localhost', port: 1 }], MACHINE)).toThrow(
      expect.objectContaining({ id: 'SUB0706', hint: expect.stringContaining('--advertise') }),
    )
  })
  it('is told to members with a port that can be dialled', () => {
    expect(() => parseHostPort('hub:0', 'advertise', ANY)).toThrow(expect.objectContaining({ id: 'SUB0101' }))
    expect(parseHostPort('hub:0', 'listen', ANY)).toEqual({ host: 'hub', port: 0 })
  })
  it('has a certificate for each way to it', () => {
    const names = certificateNames(ANY, [{ host: 'broker.example', port: 443 }], MACHINE)
    expect(names).toEqual(['broker.example', '172.17.0.1', '192.168.1.5', 'hub', 'localhost', '127.0.0.1', '::1'])
  })
})

describe('its folder', () => {
  it('keeps the authority that it has, and refuses half of one', async () => {
    const { context, files } = fakeWorld()
    const made = await openAuthority(context, 'd')
    expect(await openAuthority(context, 'd')).toEqual(made)
    files.delete('d/ca.key')
    await expect(openAuthority(context, 'd')).rejects.toMatchObject({ id: 'SUB0707' })
    files.set('d/ca.key', 'nonsense')
    await expect(openAuthority(context, 'd')).rejects.toMatchObject({ id: 'SUB0707' })
  })
  it('makes an authority whose making was broken off, and keeps one that data rest on', async () => {
    const { context, files } = fakeWorld()
    files.set('d/ca.key', 'half')
    const made = await openAuthority(context, 'd')
    expect(files.get('d/ca.key')).toBe(made.key)
    files.delete('d/ca.crt')
    files.set('d/broker.db', '')
    await expect(openAuthority(context, 'd')).rejects.toMatchObject({ id: 'SUB0707' })
  })
  it('remembers where --init was told to be', async () => {
    const { context, files } = fakeWorld()
    expect(await rememberedPlace(context, 'd')).toBeUndefined()
    await rememberPlace(context, 'd', { listen: ANY, advertise: [{ host: 'fd00::1', port: 1 }] })
    expect(await rememberedPlace(context, 'd')).toEqual({ listen: '0.0.0.0:6443', advertise: ['[fd00::1]:1'] })
    files.set('d/place.json', '[]')
    await expect(rememberedPlace(context, 'd')).rejects.toMatchObject({ id: 'SUB0704' })
  })
  it('a broker file that cannot be written leaves the one that is there where it is', async () => {
    const { context, files } = fakeWorld({ files: { b: 'old' } })
    const full = { ...context.files, write: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) }
    await expect(writeBrokerFile({ ...context, files: full }, 'b', 'new')).rejects.toMatchObject({ code: 'ENOSPC' })
    expect([...files]).toEqual([['b', 'old']])
  })
  it('a broker file that differs is kept aside, one that is the same not touched', async () => {
    const { context, files } = fakeWorld({ files: { b: 'old' } })
    const { kept } = await writeBrokerFile(context, 'b', 'new')
    expect(kept).toMatch(/^b\.\d{4}-\d\d-\d\dT\d\d_\d\d_\d\dZ$/)
    expect([files.get('b'), files.get(kept ?? '')]).toEqual(['new', 'old'])
    expect(await writeBrokerFile(context, 'b', 'new')).toEqual({ path: 'b', action: 'unchanged' })
  })
})

it('serve-broker asks for the folder of its data', async () => {
  const { context, err } = fakeWorld()
  expect(await main(['serve-broker', '--init'], context, serverRuns)).toBe(64)
  expect(err()).toContain('--data is not given')
})

it('serve-broker --init refuses a loopback address before it writes anything', async () => {
  const { context, err, files } = fakeWorld()
  expect(await main('serve-broker --init --data d --advertise 127.0.0.1:6443'.split(' '), context, serverRuns)).toBe(1)
  expect(err()).toMatch(/^error SUB0706: .*\n.*--advertise HOST:PORT/)
  expect([...files]).toEqual([])
})
