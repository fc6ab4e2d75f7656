// The packaged server as its operator has it: prepared, started, killed, and spoken to by kubectl.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { readBrokerInfo } from '../../src/broker/info.ts'
import { fixedAccess } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { EXIT } from '../../src/model/errors.ts'
import type { ConfigMap } from '../../src/model/resources.ts'

const SUBCTL = 'dist/subctl'
const KUBECTL = join(process.env.SUBCTL_CACHE ?? join(homedir(), '.cache/subctl'), 'kube/v1.34.4/kubectl')
const NAMESPACE = 'submariner-k8s-broker'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'subctl-serve-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

interface Started {
  readonly child: ChildProcess
  readonly api: KubeApi
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** What it has logged. */
  said(): string
}

/** Starts a server on a free port, or the given one, and waits until it serves. */
async function start(data: string, ...args: string[]): Promise<Started> {
  const child = spawn(SUBCTL, ['serve-broker', '--data', data, ...args], { env: {}, stdio: ['ignore', 'ignore', 'pipe'] })
  running.push(child)
  const ended = new Promise<number | string>((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal ?? '')))
  let text = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('"serving"')) resolve()
    })
    child.on('exit', () => reject(new Error(`it ended: ${text}`)))
  })
  return { child, ended, said: () => text, api: adminApi(data, /"listen":"([^"]+)"/.exec(text)?.[1] ?? '') }
}

/** Where it listens, whatever it advertises. */
function adminApi(data: string, at: string): KubeApi {
  const { clusters, users } = parse(readFileSync(join(data, 'admin.kubeconfig'), 'utf8'))
  const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString()
  return openApi(fixedAccess(`https://${at}`, { ca, token: users[0].user.token }))
}

const init = (data: string, ...args: string[]) =>
  spawnSync(SUBCTL, ['serve-broker', '--init', '--data', data, ...args], { env: {}, encoding: 'utf8', timeout: 60_000 })
const fresh = (): string => mkdtempSync(join(folder, 'd-'))
const config = (name: string, text = ''): ConfigMap => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } },
  ...{ data: { text } },
})

describe('serve-broker --init', () => {
  it('writes a broker file that others can use, all of it for this user alone, and changes nothing when run again', () => {
    const data = join(fresh(), 'made')
    const file = join(data, 'info.subm')
    const args = ['--advertise', '192.0.2.7:7443', '--file', file]
    expect(init(data, ...args)).toMatchObject({ status: EXIT.done, stderr: '', stdout: expect.stringContaining('https://192.0.2.7:7443') })
    const info = readBrokerInfo(readFileSync(file, 'utf8'))
    expect(info).toMatchObject({ brokerUrl: 'https://192.0.2.7:7443', namespace: NAMESPACE })
    expect(Buffer.from(info.psk, 'base64')).toHaveLength(48)
    for (const name of readdirSync(data)) expect([name, (statSync(join(data, name)).mode & 0o077).toString(8)]).toEqual([name, '0'])
    const texts = () => readdirSync(data).map((name) => [name, name.startsWith('broker.db') ? '' : readFileSync(join(data, name), 'utf8')])
    const before = texts()
    expect(init(data, '--file', file).stdout).toContain('is unchanged')
    expect(texts()).toEqual(before)
  })
  it('keeps an older file aside, and refuses an address of this machine alone', () => {
    const data = fresh()
    const file = join(data, 'info.subm')
    init(data, '--advertise', '192.0.2.7', '--file', file)
    expect(init(data, '--advertise', '192.0.2.8', '--file', file).stdout).toMatch(/kept as .*info\.subm\.\d{4}-/)
    expect(init(data, '--advertise', '127.0.0.1', '--file', file)).toMatchObject({
      status: EXIT.failed,
      stderr: expect.stringContaining('SUB0706'),
    })
    expect(init(fresh(), '--listen', '127.0.0.1:6443', '--file', file).stderr).toContain('SUB0706')
  })
})

describe('a running server', () => {
  it('has the folder for itself, ends on SIGTERM with its watches, and comes back with all it had', async () => {
    const data = fresh()
    const { child, api, ended } = await start(data, '--listen', '127.0.0.1:0')
    expect(init(data)).toMatchObject({ status: EXIT.failed, stderr: expect.stringContaining('SUB0701') })
    const made = await api.create(config('a', 'kept'))
    const { version } = await api.list('ConfigMap')
    const watching = (async () => {
      for await (const _ of api.watch('ConfigMap', version, {}, new AbortController().signal));
    })()
    await new Promise((resolve) => setTimeout(resolve, 200))
    child.kill('SIGTERM')
    expect(await ended).toBe(EXIT.done)
    await watching
    expect(readdirSync(data).filter((name) => name.endsWith('-wal'))).toEqual([])
    const again = await start(data, '--listen', '127.0.0.1:0')
    expect(await again.api.get('ConfigMap', 'a', 'default')).toEqual(made)
    // What it has forgotten of the past it says, and versions go on.
    await expect(again.api.watch('ConfigMap', '1', {}, new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 410,
    })
    expect(Number((await again.api.create(config('b'))).metadata.resourceVersion)).toBeGreaterThan(Number(version))
  })

  it('loses nothing that it has acknowledged when it is killed, and its log of changes stays small', async () => {
    const data = fresh()
    const acknowledged = new Map<string, string>()
    let largest = 0
    for (let round = 0; round < 3; round++) {
      const { child, api, ended } = await start(data, '--listen', '127.0.0.1:0', '--kinds', 'cluster')
      const padding = 'x'.repeat(20_000)
      const write = async (writer: number): Promise<void> => {
        for (let i = 0; ; i++) {
          const object = config(`w${writer}-${i % 20}`, `${round}-${i}-${padding}`)
          try {
            await api.apply(object)
          } catch {
            return
          }
          acknowledged.set(object.metadata.name, object.data?.text ?? '')
        }
      }
      const writers = [0, 1, 2, 3].map(write)
      const goal = acknowledged.size === 0 ? 60 : 80
      for (let n = 0; n < 100 && (n < 20 || acknowledged.size < goal); n++) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        largest = Math.max(largest, statSync(join(data, 'broker.db-wal')).size)
      }
      child.kill('SIGKILL')
      expect(await ended).toBe('SIGKILL')
      await Promise.all(writers)
    }
    const { api } = await start(data, '--listen', '127.0.0.1:0', '--kinds', 'cluster')
    const { items } = await api.list('ConfigMap', { namespace: 'default' })
    const stored = new Map(items.map((item) => [item.metadata.name, item.data?.text ?? '']))
    const order = (text: string | undefined): number => {
      const [round, i] = (text ?? '').split('-')
      return text === undefined ? -1 : Number(round) * 1_000_000 + Number(i)
    }
    // What was on its way when it was killed may be there too.
    for (const [name, text] of acknowledged) expect([name, order(stored.get(name)) >= order(text)]).toEqual([name, true])
    expect(acknowledged.size).toBeGreaterThan(20)
    expect(largest).toBeLessThan(16 * 1024 * 1024)
  })
})

it('a server that was killed and has lost its database says so, and its administrator and broker file stay good', async () => {
  const data = fresh()
  const { child, api, ended } = await start(data, '--listen', '127.0.0.1:0', '--advertise', '192.0.2.7:6443')
  const file = readFileSync(join(data, 'broker-info.subm'), 'utf8')
  const psk = await api.get('Secret', 'submariner-ipsec-psk', NAMESPACE)
  await api.create(config('a'))
  child.kill('SIGKILL')
  expect(await ended).toBe('SIGKILL')
  // The log of changes beside it is of no use alone.
  rmSync(join(data, 'broker.db'))
  expect(readdirSync(data)).toContain('broker.db-wal')
  const again = await start(data, '--listen', '127.0.0.1:0', '--advertise', '192.0.2.7:6443')
  expect(again.said()).toContain('the data were gone or empty, the keys were not')
  expect(readFileSync(join(data, 'broker-info.subm'), 'utf8')).toBe(file)
  expect(await again.api.get('ConfigMap', 'a', 'default')).toBeUndefined()
  expect((await again.api.get('Secret', 'submariner-ipsec-psk', NAMESPACE))?.data).toEqual(psk?.data)
  again.child.kill('SIGTERM')
  expect(await again.ended).toBe(EXIT.done)
  rmSync(join(data, 'broker.db'))
  expect(init(data, '--advertise', '192.0.2.7:6443', '--file', join(data, 'broker-info.subm')).stdout).toMatch(
    /The data were gone or empty(.|\n)*is unchanged/,
  )
})

const describeKubectl = existsSync(KUBECTL) ? describe : describe.skip
describeKubectl(`kubectl${existsSync(KUBECTL) ? '' : ` (skipped: no ${KUBECTL}; scripts/setup lab builds it where Go is there)`}`, () => {
  const kubectl = (data: string, args: readonly string[], input = '') =>
    spawnSync(KUBECTL, ['--kubeconfig', join(data, 'admin.kubeconfig'), ...args], {
      input,
      encoding: 'utf8',
      timeout: 60_000,
      env: { HOME: data },
    })
  const endpoint = (hostname: string): string =>
    JSON.stringify({
      apiVersion: 'submariner.io/v1',
      kind: 'Endpoint',
      metadata: { name: 'west-cable', namespace: NAMESPACE, labels: { 'submariner-io/clusterID': 'west' } },
      spec: {
        ...{ cluster_id: 'west', cable_name: 'c', hostname, subnets: ['10.0.0.0/16'], private_ip: '10.0.0.1', public_ip: '' },
        ...{ nat_enabled: false, backend: 'libreswan' },
      },
    })

  it('applies, gets, watches, patches and deletes', async () => {
    const data = fresh()
    await start(data, '--listen', '127.0.0.1:0')
    const watch = spawn(KUBECTL, ['--kubeconfig', join(data, 'admin.kubeconfig'), 'get', 'endpoints.submariner.io', '-A', '-w'], {
      env: { HOME: data },
    })
    running.push(watch)
    let seen = ''
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
    })
    const apply = (hostname: string) => kubectl(data, ['apply', '--validate=false', '-f', '-'], endpoint(hostname)).stdout.trim()
    expect([apply('one'), apply('one'), apply('two')]).toEqual([
      'endpoint.submariner.io/west-cable created',
      'endpoint.submariner.io/west-cable unchanged',
      'endpoint.submariner.io/west-cable configured',
    ])
    // With its own checks too, which the server makes for it.
    expect(kubectl(data, ['apply', '-f', '-'], endpoint('three'))).toMatchObject({ status: 0 })
    const mistyped = endpoint('four').replace('"hostname"', '"hostnam":1,"hostname"')
    expect(kubectl(data, ['apply', '-f', '-'], mistyped).stderr).toContain('unknown field "spec.hostnam"')
    const got = kubectl(data, ['get', 'endpoints.submariner.io', '-A']).stdout
    expect(got).toMatch(/^NAMESPACE +NAME +CLUSTER.*AGE\n/)
    expect(got).toMatch(/submariner-k8s-broker +west-cable +west +three/)
    expect(kubectl(data, ['-n', NAMESPACE, 'get', 'endpoints.submariner.io', 'west-cable', '-o', 'jsonpath={.spec.hostname}']).stdout).toBe(
      'three',
    )
    expect(kubectl(data, ['-n', NAMESPACE, 'label', 'endpoints.submariner.io', 'west-cable', 'a=b'])).toMatchObject({ status: 0 })
    expect(kubectl(data, ['-n', NAMESPACE, 'delete', 'endpoints.submariner.io', 'west-cable'])).toMatchObject({ status: 0, stderr: '' })
    expect(kubectl(data, ['-n', NAMESPACE, 'get', 'endpoints.submariner.io', 'west-cable']).stderr).toContain('(NotFound)')
    for (let n = 0; n < 200 && !seen.includes('three'); n++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toMatch(/west-cable +west +one.*\n(.*\n)*.*west-cable +west +three/)
  })
})
