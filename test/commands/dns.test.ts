import { describe, expect, it } from '@jest/globals'
import { given } from '../../src/commands/cli/given.ts'
import { DNS_COMMANDS } from '../../src/commands/cli/specs/dns.ts'
import { dnsSettings } from '../../src/commands/dns/settings.ts'
import { dnsMetrics, readTally, type Tally } from '../../src/commands/dns/tally.ts'
import { openWorkers, workerFlags } from '../../src/commands/dns/workers.ts'
import { parseIp } from '../../src/model/net.ts'
import { silentLog } from '../../src/system/log.ts'
import { exposition } from '../../src/system/metrics.ts'
import { handClock } from '../fakes/clock.ts'

const of = (values: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}) =>
  given(DNS_COMMANDS[0]?.flags ?? [], values, [], env)
const settings = (values: Readonly<Record<string, unknown>>, env?: Readonly<Record<string, string>>) =>
  dnsSettings(of({ 'cluster-id': 'west', ...values }, env))

describe('settings', () => {
  it('have defaults for all but the cluster’s id', () => {
    expect(settings({})).toMatchObject({
      namespace: 'submariner',
      places: [{ host: '0.0.0.0', port: 53 }],
      answers: { clusterId: 'west', zones: [['clusterset', 'local']], ttlSeconds: 5, isLocalFirst: true, serverAddresses: [] },
      workers: 1,
      graceMs: 3_000,
    })
    expect(() => dnsSettings(of({}))).toThrow('--cluster-id is not given and SUBMARINER_CLUSTERID is not set')
  })
  it('come from the environment of upstream’s DNS server too', () => {
    expect(dnsSettings(of({}, { SUBMARINER_CLUSTERID: 'east', SUBMARINER_NAMESPACE: 'submariner-operator' }))).toMatchObject({
      namespace: 'submariner-operator',
      answers: { clusterId: 'east' },
    })
  })
  it('take zones, weights and places as often as they are given', () => {
    const { answers, places } = settings({
      zone: ['Corp.Example.', 'clusterset.local'],
      weight: ['east=3', 'north=0'],
      listen: ['10.0.0.53:53', '[fd00::53]:5353'],
    })
    expect(answers.zones).toEqual([
      ['corp', 'example'],
      ['clusterset', 'local'],
    ])
    expect([...answers.weights]).toEqual([
      ['east', 3],
      ['north', 0],
    ])
    expect(places).toEqual([
      { host: '10.0.0.53', port: 53 },
      { host: 'fd00::53', port: 5353 },
    ])
    expect(answers.serverAddresses).toEqual([parseIp('10.0.0.53'), parseIp('fd00::53')])
  })
  it.each([
    ['cluster-id', 'a.b'],
    ['listen', ['localhost:53']],
    ['listen', ['10.0.0.1:70000']],
    ['zone', ['a..b']],
    ['zone', ['']],
    ['weight', ['east']],
    ['weight', ['east=101']],
    ['weight', ['a.b=1']],
    ['ttl', '3601'],
    ['prefer', 'none'],
    ['workers', '0'],
  ] as const)('refuse --%s %s', (flag, value) => {
    expect(() => settings({ [flag]: value })).toThrow(`--${flag}`)
  })
})

it('a worker gets the flags of its server, and the port that it has', () => {
  const flags = workerFlags(
    of(
      { 'cluster-id': 'west', zone: ['a.b'], weight: ['east=2'], ttl: '9', prefer: 'all' },
      { KUBECONFIG: '/k', BROKER_K8S_REMOTENAMESPACE: 'brokers' },
    ),
    [
      { host: '0.0.0.0', port: 5353 },
      { host: '::1', port: 53 },
    ],
  )
  expect(flags.join(' ')).toBe(
    '--worker --grace 0ms --kubeconfig /k --cluster-id west --namespace submariner --broker-namespace brokers --ttl 9 --prefer all --most-per-client 10000 --zone a.b --weight east=2 --listen 0.0.0.0:5353 --listen [::1]:53',
  )
})

const codes = (noError: number) => [noError, ...Array.from({ length: 15 }, () => 0)]
const tally = (noError: number): Tally => ({
  isReady: true,
  services: 2,
  slices: 4,
  answers: { udp: codes(noError), tcp: codes(1) },
  ignored: 1,
  limited: 2,
})

describe('a tally', () => {
  it('comes through a line', () => {
    expect(readTally(JSON.stringify(tally(5)))).toEqual(tally(5))
  })
  it.each([
    '',
    '{',
    '{}',
    '[]',
    'null',
    JSON.stringify({ ...tally(1), ignored: 'x' }),
    JSON.stringify({ ...tally(1), answers: { udp: [1] } }),
  ])('is not the line %s', (line) => {
    expect(readTally(line)).toBeUndefined()
  })
  it('of all processes is added up', () => {
    const text = exposition(dnsMetrics(tally(5), [tally(7), { ...tally(0), isReady: false }]))
    expect(text).toContain('submariner_dns_answers{transport="udp",code="NOERROR"} 12\n')
    expect(text).toContain('submariner_dns_answers{transport="tcp",code="NOERROR"} 3\n')
    expect(text).toContain('submariner_dns_unanswered{reason="rate"} 6\n')
    expect(text).toContain('submariner_dns_services 2\n')
    expect(text).toContain('submariner_dns_processes 2\n')
  })
})

it('a worker that ends is started again, and what it said is forgotten', async () => {
  const clock = handClock()
  const ended = new AbortController()
  const running: (() => void)[] = []
  const workers = openWorkers({
    command: ['subctl', 'dns', '--worker'],
    count: 1,
    clock,
    log: silentLog,
    signal: ended.signal,
    follow: (_, { onLine }, signal) =>
      new Promise((resolve, reject) => {
        running.push(() => reject(new Error('killed')))
        signal.addEventListener('abort', () => resolve(), { once: true })
        onLine(JSON.stringify(tally(1)))
        onLine('noise')
      }),
  })
  expect(workers.tallies()).toEqual([tally(1)])
  running[0]?.()
  await clock.advance(500)
  expect(workers.tallies()).toEqual([])
  await clock.advance(600)
  expect([running.length, workers.tallies().length]).toEqual([2, 1])
  ended.abort()
  await workers.ended
})
