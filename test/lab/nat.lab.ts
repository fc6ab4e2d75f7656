// 1:1 NAT: west and east have the same private network, and gateways of the same private address; north is reached as it is.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { activeGateway, standbyOf } from './active.ts'
import { kill, start } from './agents.ts'
import { capture } from './capture.ts'
import { MINUTE, report, testLab } from './harness.ts'
import { nodeOf } from './layout.ts'
import { fewPairs, say, untilConnected } from './pairs.ts'
import { verify } from './subctl.ts'
import { outageMs, podAim, stream, untilAnswered } from './traffic.ts'
import { wait } from './until.ts'

const { up, down, explained } = testLab({ name: 'nat', clusters: 3, nat: ['west', 'east'] })

describe('three clusters, two of them behind 1:1 NAT with equal private addresses', () => {
  beforeAll(async () => {
    await up()
    await explained(async (lab) => {
      await untilConnected(lab, 2 * MINUTE)
    })()
  }, 5 * MINUTE)
  afterAll(down, MINUTE)

  it(
    'gateways of equal private address are told apart, and every pair of clusters stays connected',
    explained(async (lab) => {
      // The same gateway of both, so that their private addresses are equal for certain.
      for (const cluster of ['west', 'east']) {
        const active = await activeGateway(lab, cluster)
        if (active.name.endsWith('gw1')) continue
        await kill(lab, active.name, 'engine', 'SIGTERM')
        await activeGateway(lab, cluster, active.name)
        await start(lab, active.name, 'engine')
      }
      expect((await activeGateway(lab, 'west')).ip).toBe((await activeGateway(lab, 'east')).ip)
      await untilConnected(lab, 2 * MINUTE)
      const packets = ['east', 'north'].map((to) => stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, `${to}-w1`))))
      packets.push(stream(lab, 'north-w1-pod', podAim(nodeOf(lab.layout, 'east-w1'))))
      await Promise.all(packets.map((one) => one.answered()))
      await wait(20_000)
      const tallies = await Promise.all(packets.map((one) => one.stop()))
      expect(tallies.flatMap(({ gaps }) => gaps)).toEqual([])
      const { missing } = await untilAnswered(lab, fewPairs(lab.layout), { limitMs: MINUTE })
      expect(missing.map(say)).toEqual([])
    }),
    6 * MINUTE,
  )
  it(
    'they dial public addresses: between the clusters nothing but UDP port 4500 passes, and verify finds all in order',
    explained(async (lab) => {
      const outsiders = [lab.layout.broker.ip, ...lab.layout.clusters.map(({ api }) => api.ip)].map((ip) => `not host ${ip}`)
      const wan = await capture(lab, 'wan', ['ip', 'not udp port 4500', ...outsiders].join(' and '))
      expect(await verify(lab, ['west', 'east', 'north'])).toEqual({ code: 0, failed: [] })
      expect(await wan.stop()).toEqual([])
    }),
    4 * MINUTE,
  )
  it(
    'a gateway behind NAT hands over to the other one',
    explained(async (lab) => {
      const old = await activeGateway(lab, 'west')
      const packets = stream(lab, 'east-w1-pod', podAim(nodeOf(lab.layout, 'west-w1')))
      await packets.answered()
      await kill(lab, old.name, 'engine', 'SIGTERM')
      expect((await activeGateway(lab, 'west', old.name)).name).toBe(standbyOf(lab, old).name)
      await untilConnected(lab, 2 * MINUTE)
      await wait(1000)
      const tally = await packets.stop()
      report('planned hand-over behind NAT', outageMs(tally), 'ms', '< 1000')
      expect(tally.gaps.every(({ first, lost }) => first + lost < tally.sent)).toBe(true)
      await start(lab, old.name, 'engine')
    }),
    4 * MINUTE,
  )
})
