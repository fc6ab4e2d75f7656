// The packaged `subctl dns`, with a central API server as its cluster's.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Resource } from '../../../src/model/resources.ts'
import { type Served, serve } from '../../apiserver/serve.ts'
import { childrenOf } from '../../bench/cost.ts'
import { SUBCTL } from '../../lab/subctl.ts'
import { ask, freePort, untilAnswered } from './client.ts'
import { importObject, lines, type SliceSpec, sliceObject } from './world.ts'

const WEB = 'web.shop.svc.clusterset.local'

interface Dns {
  readonly process: ChildProcess
  readonly port: number
  /** Path of the agent's own HTTP server to its status and text. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>
  log(): string
}

let api: Served
let isStopped = false
let folder = ''
const started: Dns[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'subctl-dns-'))
  api = await serve()
  isStopped = false
  await api.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  await api.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'submariner' } })
})
afterEach(async () => {
  for (const { process } of started.splice(0))
    if (process.exitCode === null && process.signalCode === null) {
      process.kill('SIGKILL')
      await once(process, 'exit')
    }
  await stopApi()
  rmSync(folder, { recursive: true, force: true })
})

async function stopApi(): Promise<void> {
  if (!isStopped) await api.stop()
  isStopped = true
}

function kubeconfig(): string {
  const file = join(folder, 'kubeconfig')
  const cluster = { server: api.url, 'certificate-authority-data': Buffer.from(api.ca).toString('base64') }
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'a', cluster }],
      users: [{ name: 'a', user: { token: api.server.adminToken } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  )
  return file
}

async function start(...more: readonly string[]): Promise<Dns> {
  const [port, metrics] = [await freePort(), await freePort()]
  const argv = ['dns', '--cluster-id', 'west', '--listen', `127.0.0.1:${port}`, '--metrics-listen', `127.0.0.1:${metrics}`, ...more]
  const log = join(folder, `log-${port}`)
  const process_ = spawn('sh', ['-c', 'exec "$0" "$@" 2>>"$LOG"', SUBCTL, ...argv], {
    env: { PATH: '/usr/bin:/bin', KUBECONFIG: kubeconfig(), LOG: log },
    stdio: 'ignore',
  })
  const dns: Dns = {
    process: process_,
    port,
    log: () => readFileSync(log, 'utf8'),
    async get(path) {
      const answer = await fetch(`http://127.0.0.1:${metrics}${path}`).catch(() => undefined)
      return { status: answer?.status ?? 0, text: (await answer?.text()) ?? '' }
    },
  }
  started.push(dns)
  return dns
}
async function untilReady(dns: Dns): Promise<void> {
  for (let tries = 0; (await dns.get('/readyz')).status !== 200; tries += 1) {
    if (tries > 600) throw new Error(`not ready: ${(await dns.get('/readyz')).text} ${dns.log()}`)
    await wait(100)
  }
}

/** As the importer writes them: without versions, which the server gives. */
const bare = ({ metadata: { resourceVersion: _, uid: __, ...metadata }, ...object }: Resource): Resource => ({ ...object, metadata })
const put = (object: Resource): Promise<Resource> => api.admin.apply(bare(object))
const slice = (cluster: string, spec: SliceSpec): Promise<Resource> => put(sliceObject('web', cluster, spec))
const gateway = (connected: readonly string[]): Resource =>
  ({
    apiVersion: 'submariner.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gw1', namespace: 'submariner' },
    status: {
      version: '1',
      haStatus: 'active',
      statusFailure: '',
      localEndpoint: endpointOf('west'),
      connections: connected.map((cluster) => ({ status: 'connected', statusMessage: '', endpoint: endpointOf(cluster) })),
    },
  }) as Resource
const endpointOf = (cluster: string): object => ({
  cluster_id: cluster,
  cable_name: `submariner-cable-${cluster}-10-0-0-1`,
  hostname: 'gw1',
  subnets: [],
  private_ip: '10.0.0.1',
  public_ip: '',
  nat_enabled: false,
  backend: 'libreswan',
})
const has =
  (...ips: readonly string[]) =>
  (answer: readonly string[]) =>
    answer.filter((line) => line.startsWith('an ')).length === ips.length &&
    ips.every((ip) => answer.some((line) => line.endsWith(` ${ip}`)))

describe('subctl dns', () => {
  it('answers from what its cluster’s API has, as it changes, and goes on while the API is away', async () => {
    await put(importObject('web'))
    const dns = await start()
    await untilReady(dns)
    expect(lines((await ask(dns.port, WEB)) ?? failed())[0]).toBe('NOERROR aa')
    const took = [
      await slice('east', { endpoints: [{ ip: '100.2.0.10' }] }).then(() => untilAnswered(dns.port, WEB, has('100.2.0.10'))),
      await slice('east', { endpoints: [{ ip: '100.2.0.11' }] }).then(() => untilAnswered(dns.port, WEB, has('100.2.0.11'))),
      await put(gateway(['north'])).then(() => untilAnswered(dns.port, WEB, has())),
      await put(gateway(['north', 'east'])).then(() => untilAnswered(dns.port, WEB, has('100.2.0.11'))),
      await slice('west', { endpoints: [{ ip: '100.1.0.10' }] }).then(() => untilAnswered(dns.port, WEB, has('100.1.0.10'))),
    ]
    console.log(`from the write to the answer: ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`)
    await stopApi()
    await wait(1_000)
    for (let i = 0; i < 20; i += 1) expect(has('100.1.0.10')(lines((await ask(dns.port, WEB)) ?? failed()))).toBe(true)
    expect((await dns.get('/healthz')).status).toBe(200)
    expect((await dns.get('/readyz')).status).toBe(200)
  })
  it('says that it does not know yet, while it has never seen the API', async () => {
    await stopApi()
    const dns = await start()
    await untilAnswered(dns.port, WEB, ([first]) => first === 'SERVFAIL')
    expect((await dns.get('/readyz')).text).toContain('have not been read yet')
    expect(lines((await ask(dns.port, 'example.com')) ?? failed())).toEqual(['REFUSED'])
  })
  it('shares its port among processes, replaces one that ends, and counts what all answer', async () => {
    await put(importObject('web'))
    await slice('east', { endpoints: [{ ip: '100.2.0.10' }] })
    const dns = await start('--workers', '3')
    await untilReady(dns)
    const workers = await childrenOf(dns.process.pid ?? 0)
    expect(workers).toHaveLength(2)
    const asked = 200
    for (let i = 0; i < asked; i += 1) expect(has('100.2.0.10')(lines((await ask(dns.port, WEB)) ?? failed()))).toBe(true)
    const answered = async (): Promise<number> =>
      Number(/^submariner_dns_answers\{transport="udp",code="NOERROR"\} (\d+)$/m.exec((await dns.get('/metrics')).text)?.[1] ?? 0)
    // Workers tell once a second.
    for (let tries = 0; (await answered()) < asked && tries < 100; tries += 1) await wait(100)
    expect(await answered()).toBe(asked)
    process.kill(workers[0] ?? 0, 'SIGKILL')
    const isReplaced = async (): Promise<boolean> => {
      const now = await childrenOf(dns.process.pid ?? 0)
      return now.length === 2 && !now.includes(workers[0] ?? 0)
    }
    for (let tries = 0; !(await isReplaced()) && tries < 300; tries += 1) await wait(100)
    expect(await isReplaced()).toBe(true)
    dns.process.kill('SIGKILL')
    await once(dns.process, 'exit')
    for (let tries = 0; (await ask(dns.port, WEB)) !== undefined && tries < 100; tries += 1) await wait(100)
    expect(await ask(dns.port, WEB)).toBeUndefined()
  })
  it('answers for a while after SIGTERM, says that it is not ready, and ends with 0', async () => {
    await put(importObject('web', { ips: ['100.1.0.99'] }))
    const dns = await start('--grace', '2s')
    await untilReady(dns)
    dns.process.kill('SIGTERM')
    const exit = once(dns.process, 'exit')
    for (let tries = 0; (await dns.get('/readyz')).status === 200 && tries < 100; tries += 1) await wait(10)
    expect((await dns.get('/readyz')).text).toContain('ending')
    expect(has('100.1.0.99')(lines((await ask(dns.port, WEB)) ?? failed()))).toBe(true)
    expect(await exit).toEqual([0, null])
  })
  it('says who may have its port where it is taken', async () => {
    const first = await start()
    await untilReady(first)
    const again = spawnSync(SUBCTL, ['dns', '--cluster-id', 'west', '--listen', `127.0.0.1:${first.port}`], {
      env: { KUBECONFIG: kubeconfig() },
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('error SUB1001')])
  })
})

function failed(): never {
  throw new Error('no answer')
}
