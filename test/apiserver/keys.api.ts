// A broker whose database is gone, with and without its keys: who is known afterwards, and what the clusterset still shares.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { makeCredential, memberOwner } from '../../src/broker/credentials.ts'
import { type BrokerInfo, readBrokerInfo } from '../../src/broker/info.ts'
import { main } from '../../src/commands/cli/main.ts'
import { serverRuns } from '../../src/commands/runs/server.ts'
import { fixedAccess } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import { realClock } from '../../src/system/clock.ts'
import { realFiles } from '../../src/system/files.ts'
import type { Log } from '../../src/system/log.ts'
import { clusterOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'subctl-keys-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const ends: (() => Promise<void>)[] = []
const end = async (): Promise<void> => {
  for (const stop of ends.splice(0)) await stop()
}
afterEach(end)

interface Broker {
  readonly url: string
  readonly info: BrokerInfo
  /** All that was logged. */
  readonly said: readonly string[]
}

/** The command itself, on a free port; the advertised place is nobody's, and not used. */
async function start(data: string): Promise<Broker> {
  const { context, end: stop } = fakeWorld()
  const said: string[] = []
  let serving: (listen: string) => void = () => undefined
  const listening = new Promise<string>((resolve) => {
    serving = resolve
  })
  const say = (message: string, fields: unknown): void => void said.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log: Log = {
    ...{ debug: say, warn: say, error: (message) => say(message, {}), with: () => log },
    info(message, fields) {
      say(message, fields)
      if (message === 'serving') serving(String(fields?.listen))
    },
  }
  const ended = main(
    ['serve-broker', '--data', data, '--listen', '127.0.0.1:0', '--advertise', '192.0.2.7:6443'],
    { ...context, files: realFiles, log },
    serverRuns,
  )
  ends.push(async () => {
    stop()
    expect(await ended).toBe(0)
  })
  const url = `https://${await listening}`
  return { url, said, info: readBrokerInfo(readFileSync(join(data, 'broker-info.subm'), 'utf8')) }
}

const fresh = (): string => mkdtempSync(join(root, 'd-'))
const as = ({ url, info }: Broker, token = info.token): KubeApi => openApi(fixedAccess(url, { ca: info.ca, token }))
const joined = async (broker: Broker, clusterId: string): Promise<string> =>
  (
    await makeCredential(
      as(broker),
      { clusterId, clusterUid: `uid-${clusterId}`, namespace: BROKER_NAMESPACE },
      { clock: realClock, signal: new AbortController().signal },
    )
  ).token
const clusterIn = (id: string) => {
  const { creationTimestamp: _, ...metadata } = clusterOf(id, { meta: { namespace: BROKER_NAMESPACE } }).metadata
  return { ...clusterOf(id), metadata }
}
const drop = (data: string, ...names: readonly string[]): void => {
  for (const name of names) for (const suffix of ['', '-wal', '-shm']) rmSync(join(data, name + suffix), { force: true })
}
const REFUSED = { code: 401 }

describe('a broker whose database is gone while its keys are there', () => {
  it.each([
    ['gone', (data: string) => drop(data, 'broker.db')],
    ['cut to nothing', (data: string) => writeFileSync(join(data, 'broker.db'), '')],
  ])(
    '(%s) says so, keeps broker file and key, and members come back with their credentials and their own rights alone',
    async (_, lose) => {
      const data = fresh()
      const before = await start(data)
      const west = await joined(before, 'west')
      await as(before, west).create(clusterIn('west'))
      await end()
      lose(data)
      const after = await start(data)
      expect(after.said.join('\n')).toContain('beginning anew')
      expect(after.info).toEqual(before.info)
      const member = as(after, west)
      expect((await member.list('Cluster', { namespace: BROKER_NAMESPACE })).items).toEqual([])
      await member.create(clusterIn('west'))
      await expect(member.create(clusterIn('east'))).rejects.toMatchObject({ code: 422 })
      await expect(member.list('Secret', { namespace: BROKER_NAMESPACE })).rejects.toMatchObject({ code: 403 })
      expect(await memberOwner(as(after), 'west', BROKER_NAMESPACE)).toBe('uid-west')
      // The broker file joins others, and finds the members that are there.
      expect((await as(after).get('Secret', 'cluster-west-token', BROKER_NAMESPACE))?.data?.token).toBe(
        Buffer.from(west).toString('base64'),
      )
      const east = await joined(after, 'east')
      await as(after, east).create(clusterIn('east'))
      const secrets = [west, east, after.info.token, after.info.psk]
      for (const secret of secrets) expect(after.said.join('\n')).not.toContain(secret)
      // Shut out once, for good; also after another start.
      await as(after).remove('ServiceAccount', 'cluster-west', BROKER_NAMESPACE)
      await expect(member.list('Cluster', { namespace: BROKER_NAMESPACE })).rejects.toMatchObject(REFUSED)
      await end()
      const again = await start(data)
      expect(again.said.join('\n')).not.toContain('beginning anew')
      await expect(as(again, west).list('Cluster', { namespace: BROKER_NAMESPACE })).rejects.toMatchObject(REFUSED)
      expect((await as(again, east).list('Cluster', { namespace: BROKER_NAMESPACE })).items).toHaveLength(2)
    },
  )

  it('lets a member come back that comes only after another start', async () => {
    const data = fresh()
    const west = await joined(await start(data), 'west')
    await end()
    drop(data, 'broker.db')
    await start(data)
    await end()
    expect((await as(await start(data), west).list('Cluster', { namespace: BROKER_NAMESPACE })).items).toEqual([])
  })

  it('has the clusterset’s key from the broker file beside it where its own copy is gone too', async () => {
    const data = fresh()
    const before = await start(data)
    await end()
    drop(data, 'broker.db', 'clusterset.key')
    expect((await start(data)).info).toEqual(before.info)
  })
})

it('without its token key a broker has a new one: nobody comes back, and the clusterset’s key stays', async () => {
  const data = fresh()
  const before = await start(data)
  const west = await joined(before, 'west')
  await end()
  drop(data, 'broker.db', 'token.key')
  const after = await start(data)
  expect(after.info.psk).toBe(before.info.psk)
  expect(after.info.token).not.toBe(before.info.token)
  await expect(as(after, west).list('Cluster', { namespace: BROKER_NAMESPACE })).rejects.toMatchObject(REFUSED)
})

it('a broker that has its members takes back nobody whose account or Secret was deleted', async () => {
  const data = fresh()
  const before = await start(data)
  const [west, east] = [await joined(before, 'west'), await joined(before, 'east')]
  await as(before).remove('ServiceAccount', 'cluster-west', BROKER_NAMESPACE)
  await as(before).remove('Secret', 'cluster-east-token', BROKER_NAMESPACE)
  await end()
  const after = await start(data)
  for (const token of [west, east])
    await expect(as(after, token).list('Cluster', { namespace: BROKER_NAMESPACE })).rejects.toMatchObject(REFUSED)
})

it('a folder of before, whose keys are in its database alone, gets the files, and everybody stays', async () => {
  const data = fresh()
  const before = await start(data)
  const west = await joined(before, 'west')
  await end()
  drop(data, 'token.key', 'clusterset.key')
  const old = await start(data)
  expect(old.info).toEqual(before.info)
  expect((await as(old, west).list('Cluster', { namespace: BROKER_NAMESPACE })).items).toEqual([])
  for (const name of readdirSync(data)) expect([name, statSync(join(data, name)).mode & 0o077]).toEqual([name, 0])
  await end()
  const database = new DatabaseSync(join(data, 'broker.db'))
  const signing = database.prepare("SELECT value FROM settings WHERE name = 'key.signing'").get()?.value
  database.close()
  expect(JSON.parse(readFileSync(join(data, 'token.key'), 'utf8')).signing).toBe(signing)
})

it('a key that is damaged is told, not replaced', async () => {
  const data = fresh()
  await start(data)
  await end()
  for (const name of ['token.key', 'clusterset.key']) {
    const whole = readFileSync(join(data, name), 'utf8')
    writeFileSync(join(data, name), whole.slice(0, 20))
    const { context, err } = fakeWorld()
    const argv = ['serve-broker', '--data', data, '--listen', '127.0.0.1:0', '--advertise', '192.0.2.7:6443']
    expect(await main(argv, { ...context, files: realFiles }, serverRuns)).toBe(1)
    expect(err()).toContain('SUB0708')
    writeFileSync(join(data, name), whole)
  }
})
