import { expect, it } from '@jest/globals'
import { serveHealth } from '../../src/commands/agent/health.ts'
import { engineMetrics, secondsOf } from '../../src/commands/engine/metrics.ts'
import { gatewayObject } from '../../src/model/gateway-status.ts'
import { openHttp } from '../../src/system/http.ts'
import { type Log, silentLog } from '../../src/system/log.ts'
import { exposition } from '../../src/system/metrics.ts'
import { handClock } from '../fakes/clock.ts'
import { endpointOf } from '../fakes/clusters.ts'

const gateway = gatewayObject({
  hostname: 'west-gw1',
  namespace: 'submariner',
  version: 'test',
  isActive: true,
  endpoint: endpointOf('west').spec,
  failures: [],
  connections: [
    {
      status: 'connected',
      statusMessage: '',
      endpoint: endpointOf('east', { n: 2 }).spec,
      usingIP: '203.0.113.2',
      latencyRTT: { last: '1ms', min: '1ms', average: '1.5ms', max: '2ms', stdDev: '0s' },
    },
    { status: 'error', statusMessage: 'no answer', endpoint: endpointOf('north', { n: 3 }).spec },
  ],
  since: { 'submariner-cable-east-172-16-2-1': '2026-01-01T00:00:10Z' },
  nowMs: 0,
})

it('metrics have upstream’s names and labels, and no series of what is no more', () => {
  const text = exposition(engineMetrics({ gateway, isLeading: true, isReady: true, syncs: 7 }))
  const east =
    'cable_driver="libreswan",local_cluster="west",local_hostname="west-gw1",local_endpoint_ip="172.16.1.1",remote_cluster="east",remote_hostname="east-gw1",remote_endpoint_ip="203.0.113.2"'
  expect(text).toContain(`submariner_connections{${east},status="connected"} 1\n`)
  expect(text).toContain(`submariner_connection_latency_seconds{${east}} 0.0015\n`)
  expect(text).toContain(`submariner_connection_established_timestamp{${east}} ${Date.UTC(2026, 0, 1, 0, 0, 10) / 1000}\n`)
  expect(text).toContain('submariner_connections_short{cable_driver="libreswan",status="error"} 1\n')
  expect(text).toContain('# TYPE submariner_gateway_sync_iterations counter\nsubmariner_gateway_sync_iterations 7\n')
  expect(text.match(/^submariner_connection_latency_seconds\{/gm)).toHaveLength(1)
})

it.each([
  ['447.358µs', 0.000447358],
  ['1.2ms', 0.0012],
  ['2.5s', 2.5],
  ['1m3.5s', 63.5],
  ['95ns', 9.5e-8],
  ['0s', 0],
  ['', undefined],
  ['fast', undefined],
])('Go’s "%s" is %p seconds', (text, seconds) => {
  const found = secondsOf(text)
  if (seconds === undefined) expect(found).toBeUndefined()
  else expect(found).toBeCloseTo(seconds, 12)
})

it('a label’s text cannot end its line or its quotes', () => {
  const metrics = [{ name: 'm', help: 'h\\n', type: 'gauge' as const, samples: [{ labels: { a: 'x"\n\\y' }, value: 1 }] }]
  expect(exposition(metrics)).toContain('m{a="x\\"\\n\\\\y"} 1\n')
})

it('health and metrics are served over HTTP until the signal, and a port that is taken is no reason to fail, and is tried again', async () => {
  const end = new AbortController()
  const said: string[] = []
  const ports: number[] = []
  const log: Log = {
    ...silentLog,
    info: (_, fields) => ports.push(Number(fields?.port)),
    warn: (message) => said.push(message),
  }
  let problem: string | undefined = 'starting'
  const clock = handClock()
  const sources = { clock, log, signal: end.signal, notLive: () => undefined, notReady: () => problem, metrics: () => [] }
  await serveHealth({ host: '127.0.0.1', port: 0 }, sources)
  const [port = 0] = ports
  const get = (path: string) => openHttp().ask({ url: `http://127.0.0.1:${port}${path}` })
  expect(await get('/readyz')).toMatchObject({ status: 503, text: 'starting\n' })
  problem = undefined
  expect(await get('/readyz?verbose')).toMatchObject({ status: 200 })
  expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
  expect((await get('/metrics')).text).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(await get('/__proto__')).toMatchObject({ status: 404 })
  const later = new AbortController()
  const second = serveHealth({ host: '127.0.0.1', port }, { ...sources, signal: later.signal, notReady: () => 'the second' })
  while (said.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(said).toEqual(['metrics cannot be served'])
  end.abort()
  while (ports.length === 1) await clock.advance(1_000)
  await second
  expect(await get('/readyz')).toMatchObject({ status: 503, text: 'the second\n' })
  later.abort()
  await expect(get('/healthz')).rejects.toThrow()
})
