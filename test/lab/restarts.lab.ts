// The data path outlives everything above it: streams of datagrams between workers, both ways, while one thing after the other is killed.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readBrokerInfo } from '../../src/broker/info.ts'
import { fixedAccess } from '../../src/k8s/access.ts'
import { openApi } from '../../src/k8s/client.ts'
import { WANTED_PORT_ANNOTATION } from '../../src/model/charon-port.ts'
import { BROKER_NAMESPACE, NAMESPACE, PSK_SECRET, SETTINGS_CONFIGMAP } from '../../src/model/names.ts'
import { apiOf, brokerFile } from './access.ts'
import { activeGateway, leaseOf, standbyOf } from './active.ts'
import { kill, restart, signalCharon, start } from './agents.ts'
import { killApi, killBroker, startApi, startBroker } from './apis.ts'
import { type Capture, capture } from './capture.ts'
import { block } from './filters.ts'
import { MINUTE, report, testLab } from './harness.ts'
import { nodeOf, nodesOf } from './layout.ts'
import { untilConnected } from './pairs.ts'
import type { Lab } from './state.ts'
import { outageMs, podAim, stream, type Tally } from './traffic.ts'
import { until, wait } from './until.ts'

const { up, down, explained } = testLab({ name: 'restarts' })
const API_DOWN_MS = 60_000

/** Runs the work under a stream each way, and a while longer; gives what came of the streams. */
async function under(lab: Lab, work: () => Promise<void>, afterMs = 2000): Promise<readonly Tally[]> {
  const ways = [
    stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1'))),
    stream(lab, 'east-w1-pod', podAim(nodeOf(lab.layout, 'west-w1'))),
  ]
  await Promise.all(ways.map((way) => way.answered()))
  try {
    await work()
    await wait(afterMs)
  } catch (error) {
    await Promise.all(ways.map((way) => way.stop()))
    throw error
  }
  return Promise.all(ways.map((way) => way.stop()))
}

const losses = (tallies: readonly Tally[]): readonly unknown[] => tallies.flatMap(({ gaps }) => gaps)

/** Uids of all Endpoints that a cluster's API, or the broker's, holds. */
const endpointsOf = async (lab: Lab, name: string): Promise<readonly string[]> =>
  (await (await apiOf(lab, name)).list('Endpoint')).items.map(({ spec, metadata }) => `${spec?.cluster_id} ${metadata.name}`).sort()

/** Uids of the Clusters on the broker. */
const uidsOf = async (lab: Lab): Promise<readonly unknown[]> =>
  (await (await apiOf(lab, 'broker')).list('Cluster')).items.map(({ metadata }) => metadata.uid)

/** Marks the own Endpoint of a cluster, and waits for the mark in another's API. */
async function changeArrives(lab: Lab, from: string, to: string): Promise<void> {
  const own = async (name: string) =>
    (await (await apiOf(lab, name)).list('Endpoint', { namespace: NAMESPACE })).items.find(({ spec }) => spec.cluster_id === from)
  const { name } = (await own(from))?.metadata ?? { name: '' }
  await (await apiOf(lab, from)).patch('Endpoint', name, NAMESPACE, { metadata: { annotations: { 'after-the-loss': from } } })
  const mark = async (): Promise<unknown> => (await own(to))?.metadata.annotations?.['after-the-loss']
  await until(`a change of ${from}’s Endpoint is in ${to}’s API`, async () => (await mark()) === from)
}

/** The broker file that was handed out before is good still: its token, and the clusterset's key. */
async function joinsStill(shared: string): Promise<void> {
  const { brokerUrl, ca, token, psk } = readBrokerInfo(shared)
  const secret = await openApi(fixedAccess(brokerUrl, { ca, token })).get('Secret', PSK_SECRET, BROKER_NAMESPACE)
  expect(secret?.data?.psk).toBe(psk)
}

let clear: Capture | undefined
beforeAll(async () => {
  await up()
  await explained(async (lab) => {
    await untilConnected(lab, 2 * MINUTE)
    // Not what goes from pods to nodes: a connection that went in the clear before the agents started is ended by its server seconds later.
    clear = await capture(lab, 'wan', 'dst net 10.0.0.0/8 or dst net 100.0.0.0/8')
  })()
}, 4 * MINUTE)
afterAll(async () => {
  await clear?.stop()
  await down()
}, MINUTE)

describe('0 datagrams are lost', () => {
  it(
    'when the active engine is killed and starts again',
    explained(async (lab) => {
      const active = await activeGateway(lab, 'west')
      const tallies = await under(lab, () => restart(lab, active.name, 'engine'), 5000)
      expect(losses(tallies)).toEqual([])
    }),
    2 * MINUTE,
  )
  it(
    'when every route agent is killed and starts again',
    explained(async (lab) => {
      const tallies = await under(lab, async () => {
        for (const { name } of nodesOf(lab.layout)) await restart(lab, name, 'route-agent')
      })
      expect(losses(tallies)).toEqual([])
    }),
    2 * MINUTE,
  )
  it(
    'when the `subctl charon` that keeps charon is killed, and when it starts again',
    explained(async (lab) => {
      const active = await activeGateway(lab, 'west')
      const tallies = await under(lab, async () => {
        await kill(lab, active.name, 'charon')
        await wait(1000)
        await start(lab, active.name, 'charon')
      })
      expect(losses(tallies)).toEqual([])
    }),
    2 * MINUTE,
  )
  it(
    'when the standby gateway goes and comes',
    explained(async (lab) => {
      const standby = standbyOf(lab, await activeGateway(lab, 'west'))
      const tallies = await under(lab, async () => {
        for (const agent of ['engine', 'charon'] as const) await kill(lab, standby.name, agent, 'SIGTERM')
        for (const agent of ['charon', 'engine'] as const) await start(lab, standby.name, agent)
      })
      expect(losses(tallies)).toEqual([])
    }),
    2 * MINUTE,
  )
  it(
    'when the broker is killed and starts again',
    explained(async (lab) => {
      const tallies = await under(lab, async () => {
        await killBroker(lab)
        await wait(3000)
        await startBroker(lab)
      })
      expect(losses(tallies)).toEqual([])
    }),
    2 * MINUTE,
  )
  it(
    'when the broker comes back without its database: members come back by themselves, all objects with them, and changes go on',
    explained(async (lab) => {
      const [before, west] = [await endpointsOf(lab, 'broker'), await endpointsOf(lab, 'west')]
      const [uids, shared] = [await uidsOf(lab), await readFile(brokerFile(lab), 'utf8')]
      expect(before.length).toBe(2)
      const tallies = await under(lab, async () => {
        await killBroker(lab)
        await startBroker(lab, 'empty')
        await until('all objects are on the broker again', async () => (await endpointsOf(lab, 'broker')).join() === before.join())
        await until('both clusters are on the broker again', async () => (await uidsOf(lab)).length === 2)
        for (const [from, to] of [
          ['west', 'east'],
          ['east', 'west'],
        ] as const)
          await changeArrives(lab, from, to)
      })
      expect(losses(tallies)).toEqual([])
      expect(await endpointsOf(lab, 'west')).toEqual(west)
      for (const uid of await uidsOf(lab)) expect(uids).not.toContain(uid)
      await joinsStill(shared)
    }),
    4 * MINUTE,
  )
  it(
    'while a cluster’s API server is down for long; the same gateway leads afterwards, without a hand-over in between',
    explained(async (lab) => {
      const active = await activeGateway(lab, 'west')
      const before = await leaseOf(lab, 'west')
      const tallies = await under(
        lab,
        async () => {
          await killApi(lab, 'west')
          await wait(API_DOWN_MS)
          await startApi(lab, 'west')
        },
        8000,
      )
      expect(losses(tallies)).toEqual([])
      const after = await leaseOf(lab, 'west')
      expect(after?.spec?.holderIdentity).toBe(before?.spec?.holderIdentity)
      expect(after?.spec?.leaseTransitions ?? 0).toBe(before?.spec?.leaseTransitions ?? 0)
      expect((await activeGateway(lab, 'west')).name).toBe(active.name)
    }),
    4 * MINUTE,
  )
  it(
    'when engines start while API and broker are down: what they knew is in the kernel',
    explained(async (lab) => {
      const active = await activeGateway(lab, 'west')
      const tallies = await under(
        lab,
        async () => {
          await killBroker(lab)
          await killApi(lab, 'west')
          await restart(lab, active.name, 'engine')
          await restart(lab, active.name, 'route-agent')
          await wait(4000)
          await startApi(lab, 'west')
          await startBroker(lab)
        },
        5000,
      )
      expect(losses(tallies)).toEqual([])
    }),
    3 * MINUTE,
  )
})

describe('a charon that is killed', () => {
  it(
    'is started again by itself, and all tunnels with it; what that costs is reported',
    explained(async (lab) => {
      const active = await activeGateway(lab, 'west')
      const tallies = await under(
        lab,
        async () => {
          await signalCharon(lab, active.name, 'SIGKILL')
          await wait(500)
          await untilConnected(lab, MINUTE)
        },
        3000,
      )
      report('outage when charon is killed', Math.max(...tallies.map(outageMs)), 'ms')
      for (const { gaps, sent } of tallies) expect(gaps.every(({ first, lost }) => first + lost < sent)).toBe(true)
    }),
    3 * MINUTE,
  )
  it(
    'that stops answering for 20 s carries traffic again without anybody’s help',
    explained(async (lab) => {
      const active = await activeGateway(lab, 'east')
      await signalCharon(lab, active.name, 'SIGSTOP')
      await wait(20_000)
      await signalCharon(lab, active.name, 'SIGCONT')
      report('back after a charon that did not answer for 20 s', await untilConnected(lab, 2 * MINUTE), 'ms')
      expect((await (await apiOf(lab, 'east')).list('Gateway', { namespace: NAMESPACE })).items.length).toBe(2)
    }),
    4 * MINUTE,
  )
})

it(
  'a firewall that drops UDP port 4500 for 20 s is named by the connection’s status; afterwards traffic is back by itself',
  explained(async (lab) => {
    const active = await activeGateway(lab, 'west')
    const statusOf = async (): Promise<string> => {
      const gateway = await (await apiOf(lab, 'west')).get('Gateway', active.name, NAMESPACE)
      return (gateway?.status?.connections ?? []).map(({ status, statusMessage }) => `${status}: ${statusMessage}`).join()
    }
    const packets = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')))
    await packets.answered()
    const firewall = await block(lab, 'west', ['-p', 'udp', '--dport', '4500'])
    try {
      await until('the connection is no longer connected', async () => !(await statusOf()).startsWith('connected'), MINUTE)
      await wait(10_000)
      report('the connection while UDP port 4500 is dropped', await statusOf())
    } finally {
      await firewall.lift()
    }
    report('back after the firewall was opened', await untilConnected(lab, 2 * MINUTE), 'ms')
    await until('the connection is connected', async () => (await statusOf()).startsWith('connected'), MINUTE)
    const { gaps, sent } = await packets.stop()
    expect(gaps.every(({ first, lost }) => first + lost < sent)).toBe(true)
  }),
  5 * MINUTE,
)

it(
  'another port of the tunnels in the settings takes no tunnel down: the engine goes on with charon’s until that is replaced, and then publishes the new one',
  explained(async (lab) => {
    const [active, api] = [await activeGateway(lab, 'west'), await apiOf(lab, 'west')]
    const setPort = (port: string) => api.patch('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE, { data: { CE_IPSEC_NATTPORT: port } })
    /** What the gateway publishes, and what it says that the settings want. */
    const ports = async (): Promise<string> => {
      const gateway = await api.get('Gateway', active.name, NAMESPACE)
      const published = gateway?.status?.localEndpoint?.backend_config?.['udp-port']
      return `${published} ${gateway?.metadata.annotations?.[WANTED_PORT_ANNOTATION]}`
    }
    expect(await ports()).toBe('4500 ')
    await setPort('4700')
    const tallies = await under(lab, async () => {
      await kill(lab, active.name, 'engine')
      await start(lab, active.name, 'engine')
      await until('the gateway names both ports', async () => (await ports()) === '4500 4700', MINUTE)
    })
    expect(losses(tallies)).toEqual([])
    for (const port of ['4700', '4500']) {
      await setPort(port)
      await kill(lab, active.name, 'charon', 'SIGTERM')
      await start(lab, active.name, 'charon')
      await until(`the gateway publishes ${port}`, async () => (await ports()).startsWith(`${port} `), MINUTE)
      report(`all tunnels by port ${port}`, await untilConnected(lab, 2 * MINUTE), 'ms')
    }
    await kill(lab, active.name, 'engine')
    await start(lab, active.name, 'engine')
    await until('the settings are as they were', async () => (await ports()) === '4500 ', MINUTE)
  }),
  6 * MINUTE,
)

it('in all that time not one packet between pods left in the clear', async () => {
  expect(await clear?.stop()).toEqual([])
})
