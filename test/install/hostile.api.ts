// Brokers that are not there or not what they seem, files that are none, and joins that break off.
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeCredential } from '../../src/broker/credentials.ts'
import { readBrokerInfo, writeBrokerInfo } from '../../src/broker/info.ts'
import { brokerFileText, prepareBroker } from '../../src/commands/serve-broker/init.ts'
import { memberRule } from '../../src/commands/serve-broker/rule.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { realClock } from '../../src/system/clock.ts'
import { type Served, serve } from '../apiserver/serve.ts'
import { type Laptop, runOn } from '../cluster/plane-suite.ts'
import { fakeWorld } from '../fakes/context.ts'
import { BROKER_URL, centralBed, FILE, makeNode, SERVICES, versionsOf } from './beds.ts'

const LINE = `join --cluster-id west --context west --service-cidr ${SERVICES.west}`
const bed = centralBed()
const fileOf = (): string => bed().laptop.files.get(FILE) ?? ''
/** The laptop with another file, or with the broker's name leading elsewhere. */
const laptop = (change: { readonly file?: string; readonly server?: string }): Laptop => ({
  contexts: bed().laptop.contexts,
  hosts: { [BROKER_URL]: change.server ?? bed().laptop.hosts?.[BROKER_URL] ?? '' },
  files: new Map([[FILE, change.file ?? fileOf()]]),
})
const changed = (change: Partial<ReturnType<typeof readBrokerInfo>>): string => writeBrokerInfo({ ...readBrokerInfo(fileOf()), ...change })

/** What the command says, on one line with its exit code; nothing may have changed. */
async function refusal(on: Laptop, line = LINE): Promise<string> {
  const before = [await versionsOf(bed().broker), await versionsOf(bed().west)]
  const { code, out, err } = await runOn(on, line)
  expect([await versionsOf(bed().broker), await versionsOf(bed().west)]).toEqual(before)
  expect(out).toBe('')
  expect(err).not.toContain('a fault of subctl')
  return `${code} ${/^error .*$/m.exec(err)?.[0] ?? err}`
}

describe('a broker that cannot be used is told apart', () => {
  const servers: { stop(): Promise<unknown> }[] = []
  afterAll(() => Promise.all(servers.map((server) => server.stop())))
  const started = async (more: Parameters<typeof serve>[0] = {}): Promise<Served> => {
    const served = await serve(more)
    servers.push(served)
    return served
  }
  const plain = async (answer: string): Promise<string> => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined)
      if (answer !== '') socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
    servers.push({ stop: async () => server.close() })
    const at = server.address()
    return `https://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`
  }

  it('whose name nobody knows', async () => {
    // No resolver is asked for a label of more than 63 letters.
    const file = changed({ brokerUrl: `https://${'x'.repeat(64)}.example:6443` })
    expect(await refusal(laptop({ file }))).toMatch(/^69 error SUB0407: The broker.s host name is not found/)
  })
  it('whose port nobody listens on', async () =>
    expect(await refusal(laptop({ server: 'https://127.0.0.1:1' }))).toMatch(/^69 error SUB0408: .*does not answer \(TCP\).*ECONNREFUSED/))
  it('that takes the connection and says nothing', async () =>
    expect(await refusal(laptop({ server: await plain('') }), `${LINE} --timeout 500ms`)).toMatch(/^69 error SUB0408: .*no answer within/))
  it('that speaks no TLS', async () =>
    expect(await refusal(laptop({ server: await plain('HTTP/1.1 400 Bad Request\r\n\r\n') }))).toMatch(/^69 error SUB0409: .*\(TLS\)/))
  it('whose certificate is of another authority', async () => {
    const other = await started()
    expect(await refusal(laptop({ server: other.url }))).toMatch(/^69 error SUB0409: .*is not trusted \(TLS\)/)
  })
  it('whose certificate is for another name', async () => {
    const on = { ...laptop({}), certificateName: 'other.example' }
    expect(await refusal(on)).toMatch(/^69 error SUB0409: .*is not trusted \(TLS\)/)
  })
  it('that does not know the credential, as after it was made anew', async () => {
    const anew = await started({ table: 'broker', authority: bed().authority })
    expect(await refusal(laptop({ server: anew.url }))).toMatch(/^69 error SUB0410: .*does not know the credential/)
  })
  it('that knows the credential as a member’s only', async () => {
    const member = { clusterId: 'north', clusterUid: 'uid-north', namespace: 'submariner-k8s-broker' }
    const { token } = await makeCredential(bed().broker, member, { clock: realClock, signal: new AbortController().signal })
    expect(await refusal(laptop({ file: changed({ token }) }))).toMatch(/^69 error SUB0410: .*has not the rights/)
  })
  it('that is a cluster without a broker', async () => {
    const { ca, token, server } = bed().laptop.contexts.east ?? { ca: '', token: '', server: '' }
    expect(await refusal(laptop({ file: changed({ ca, token }), server }))).toMatch(/^69 error SUB0411: .*there is no broker in namespace/)
  })
})

describe('a broker file that is none', () => {
  const cases = (): readonly (readonly [what: string, text: string])[] => {
    const text = fileOf()
    const json = Buffer.from(text, 'base64url').toString()
    const encoded = (value: string): string => Buffer.from(value).toString('base64url')
    return [
      ['nothing', ''],
      ['a kubeconfig', 'apiVersion: v1\nkind: Config\nclusters: []\n'],
      ['JSON as it is', json],
      ['bytes', '\u0000\u0001\ufffd'],
      ['base64 of something else', encoded('hello')],
      ['base64 of a list', encoded('[]')],
      ['base64 of null', encoded('null')],
      ['a deep tree', encoded(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
      ['a field of another type', encoded(json.replace('"brokerURL":"', '"brokerURL":["').replace('6443"', '6443"]'))],
      ['a URL with a password', encoded(json.replace('https://', 'https://user:secret@'))],
      ['a URL of another scheme', encoded(json.replace('https://', 'ftp://'))],
      [
        'a namespace that leads elsewhere',
        encoded(json.replace(/"namespace":"[A-Za-z0-9+/=]+"/, `"namespace":"${Buffer.from('../../etc').toString('base64')}"`)),
      ],
      [
        'a token with a line break',
        encoded(json.replace(/"token":"[A-Za-z0-9+/=]+"/, `"token":"${Buffer.from('abcdefgh\r\nX: y').toString('base64')}"`)),
      ],
    ]
  }

  it('is refused with the reason, whatever it is', async () => {
    for (const [what, file] of cases())
      expect([what, await refusal(laptop({ file }))]).toEqual([what, expect.stringMatching(/^1 error SUB030[12]: /)])
  })
  it('is refused wherever it was cut off', async () => {
    const text = fileOf().trim()
    for (let length = 0; length < text.length; length += 97) {
      const { code, err } = await runOn(laptop({ file: text.slice(0, length) }), LINE)
      expect([length, code, err]).toEqual([length, 1, expect.stringMatching(/^error SUB030[12]: /)])
    }
  })
  it('names the field, and tells nothing that stands in it', async () => {
    const { err } = await runOn(laptop({ file: changed({ psk: Buffer.from('short-secret').toString('base64') }) }), LINE)
    expect(err).toMatch(/^error SUB0302: The broker file is damaged: IPSecPSK\.data\.psk is shorter than 16 bytes/)
    expect(err).not.toContain('short-secret')
  })
})

describe('a join that breaks off', () => {
  const WRITES = ['create', 'apply', 'replace', 'patch'] as const
  /** Lets so many writes through; then the process is as good as dead. */
  const dyingAfter = (most: number): NonNullable<Laptop['between']> => {
    let left = most
    return (api) => {
      const dying: KubeApi = { ...api, within: () => dying }
      for (const verb of WRITES)
        Object.assign(dying, {
          [verb]: async (...args: unknown[]) => {
            const options = args.at(-1)
            const isDry = typeof options === 'object' && options !== null && 'dryRun' in options
            if (!isDry) left -= 1
            if (left < 0) throw new Error('killed')
            return Reflect.apply(api[verb], api, args)
          },
        })
      return dying
    }
  }
  const names = (versions: Readonly<Record<string, string>>): readonly string[] => Object.keys(versions).sort()

  let whole: readonly string[]
  let broker: Served
  let file: string
  beforeAll(async () => {
    broker = await serve({ table: 'broker', admit: memberRule })
    file = brokerFileText(await prepareBroker(fakeWorld().context, broker.admin), BROKER_URL)
    whole = await join(Number.POSITIVE_INFINITY, 'whole')
  })
  afterAll(() => broker.stop())

  /** Joins a new cluster, once with a death after so many writes and once to the end; the names of what is there then. */
  async function join(most: number, id: string): Promise<readonly string[]> {
    const cluster = await serve()
    try {
      const octet = 10 + ids.push(id)
      await makeNode(cluster.admin, { name: 'gw', address: `172.20.${octet}.1`, podCidr: `10.${octet}.0.0/24` })
      const line = `join --cluster-id ${id} --service-cidr 100.${octet}.0.0/16`
      const place = { server: cluster.url, ca: cluster.ca, token: cluster.server.adminToken }
      const on: Laptop = { contexts: { '': place }, hosts: { [BROKER_URL]: broker.url }, files: new Map([[FILE, file]]) }
      const first = await runOn({ ...on, between: dyingAfter(most) }, line)
      expect([most, first.code]).toEqual([most, most === Number.POSITIVE_INFINITY ? 0 : 1])
      const second = await runOn(on, line)
      expect([most, second.code, second.err]).toEqual([most, 0, expect.any(String)])
      const third = await runOn(on, `${line} --plan`)
      expect(third.out).toMatch(/^Plan: 0 to create, 0 to change, \d+ unchanged/m)
      const there = names(await versionsOf(broker.admin))
        .filter((name) => name.includes(id))
        .map((name) => name.replace(id, 'ID'))
      return [...names(await versionsOf(cluster.admin)), ...there]
    } finally {
      await cluster.stop()
    }
  }
  const ids: string[] = []

  it.each([0, 1, 2, 3, 4, 5, 8, 9, 14, 20, 22, 23])('after %i writes is completed by running it again', async (most) => {
    expect(await join(most, `cut-${most}`)).toEqual(whole)
  })

  it('by SIGTERM says so, and is completed by running it again', async () => {
    const cluster = await serve()
    await makeNode(cluster.admin, { name: 'gw', address: '172.21.1.1', podCidr: '10.201.0.0/24' })
    const place = { server: cluster.url, ca: cluster.ca, token: cluster.server.adminToken }
    const on: Laptop = { contexts: { '': place }, hosts: { [BROKER_URL]: broker.url }, files: new Map([[FILE, file]]) }
    const line = `join --cluster-id ended-${cluster.url.replace(/\D+/g, '')} --service-cidr 100.201.0.0/16`
    const ran = await runOn({ ...on, endAt: 'created Namespace submariner' }, line)
    expect(ran).toMatchObject({ code: 130, err: expect.stringMatching(/^interrupted\b.*run the same command again/ims) })
    expect(await cluster.admin.get('ConfigMap', 'submariner-settings', 'submariner')).toBeUndefined()
    expect((await runOn(on, line)).code).toBe(0)
    await cluster.stop()
  })
})
