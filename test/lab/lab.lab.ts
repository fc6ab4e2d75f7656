// The lab itself: that it shows what the other tests look for, and leaves nothing behind.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exec } from '../../src/system/exec.ts'
import { capture } from './capture.ts'
import { startAs } from './daemons.ts'
import { dump, dumpDiff } from './dump.ts'
import { MINUTE } from './harness.ts'
import { bootNode, downLab, loseNode, sweep, upBare, upLab } from './lab.ts'
import { clusterOf, namespacesOf, nodeOf } from './layout.ts'
import { untilConnected } from './pairs.ts'
import { run } from './places.ts'
import { isRunning } from './processes.ts'
import { findLab, type Lab, listLabs, saveLab } from './state.ts'
import { aimOf, ask, podAim, program, stream } from './traffic.ts'

describe('a lab without agents', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await upBare({ name: 'bare', rpFilter: 1, forwardDrop: ['east'] })
  }, MINUTE)
  afterAll(() => downLab(lab), MINUTE)

  it(
    'connects the pods, hosts and services of one cluster',
    async () => {
      for (const from of ['west-w1-pod', 'west-gw1', 'east-w1-pod']) {
        const cluster = from.split('-')[0] ?? ''
        const aims = ['gw1-pod', 'w1-pod', 'gw2-service', 'w1'].map((name) => aimOf(lab, `${cluster}-${name}`))
        const answers = await ask(lab, from, [...aims, aimOf(lab, cluster)])
        expect(answers.filter(({ error }) => error !== undefined)).toEqual([])
      }
    },
    MINUTE,
  )
  it(
    'lets a packet for another cluster out in the clear, where the WAN shows it: what agents have to prevent',
    async () => {
      const wan = await capture(lab, 'wan', 'icmp or tcp')
      const [answer] = await ask(lab, 'east-w1-pod', [podAim(nodeOf(lab.layout, 'west-w1'))])
      expect(answer).toMatchObject({ name: 'west-w1-pod' })
      expect((await wan.stop()).some((line) => line.includes('10.1.3.10.8080'))).toBe(true)
    },
    MINUTE,
  )
  it(
    'counts the datagrams of a stream that are lost while a node is gone, and boots it again as it was',
    async () => {
      const before = await dump(lab, 'west-gw2')
      await run(lab, 'west-gw2', ['sh', '-c', 'touch /run/mark; ip route add unreachable 192.0.2.0/24'])
      const packets = stream(lab, 'west-w1-pod', aimOf(lab, 'west-gw2-pod'), 10)
      await packets.answered()
      await loseNode(lab, 'west-gw2')
      await new Promise((settle) => setTimeout(settle, 500))
      await bootNode(lab, 'west-gw2')
      const [answer] = await ask(lab, 'west-w1-pod', [aimOf(lab, 'west-gw2-pod')])
      const { sent, received, lost, gaps } = await packets.stop()
      expect(answer).toMatchObject({ name: 'west-gw2-pod' })
      expect(sent).toBe(received + lost)
      expect(lost).toBeGreaterThan(10)
      expect(gaps.length).toBeGreaterThan(0)
      expect((await run(lab, 'west-gw2', ['ls', '/run'])).stdout.trim()).toBe('secrets')
      expect(dumpDiff(before, await dump(lab, 'west-gw2')).filter((line) => line.includes('192.0.2'))).toEqual([])
    },
    MINUTE,
  )
})

it(
  'two labs with agents at once: both are connected, and one goes without the other noticing',
  async () => {
    const labs = await Promise.all([upLab({ name: 'two-c' }), upLab({ name: 'two-d' })])
    try {
      for (const lab of labs) await untilConnected(lab, 2 * MINUTE)
      const packets = stream(labs[1], 'west-w1-pod', podAim(nodeOf(labs[1].layout, 'east-w1')))
      await packets.answered()
      await downLab(labs[0])
      expect(await packets.stop()).toMatchObject({ lost: 0 })
    } finally {
      for (const lab of labs) await downLab(lab)
    }
  },
  5 * MINUTE,
)

it(
  'two labs at once do not see each other, and leave nothing when they go down',
  async () => {
    const [a, b] = await Promise.all([upBare({ name: 'two-a' }), upBare({ name: 'two-b' })])
    try {
      expect(a.layout.wan.cidr).not.toBe(b.layout.wan.cidr)
      const gone = await startAs(a, 'west-w1.sleep', { place: 'west-w1', argv: ['sleep', '1000'], env: {} })
      await run(b, 'west-w1', ['ip', 'addr', 'add', '10.1.99.1/32', 'dev', 'lo'])
      expect((await run(a, 'west-w1', ['ip', '-o', 'addr', 'show'])).stdout).not.toContain('10.1.99.1')
      await downLab(a)
      expect(isRunning(gone.process)).toBe(false)
      const [answer] = await ask(b, 'west-w1-pod', [podAim(clusterOf(b.layout, 'west').nodes[0] ?? nodeOf(b.layout, 'west-gw1'))])
      expect(answer).toMatchObject({ name: 'west-gw1-pod' })
    } finally {
      await downLab(a)
      await downLab(b)
    }
    const left = await exec(['ip', 'netns', 'list'])
    for (const ns of [...namespacesOf(a.layout), ...namespacesOf(b.layout)]) expect(left.stdout).not.toContain(ns)
    expect((await exec(['ip', '-o', 'link', 'show'])).stdout).not.toContain(a.layout.root.link)
  },
  2 * MINUTE,
)

it(
  'the next lab removes one whose owner has died, and `down` one that is half made',
  async () => {
    const orphan = await upBare({ name: 'orphan' })
    await saveLab({ ...orphan, owner: { pid: 1, started: 'never' } })
    await exec(['ip', 'netns', 'delete', orphan.layout.broker.ns])
    await startAs(orphan, 'west-w1.more', { place: 'west-w1', argv: program('echo', 'more', '9090'), env: {} })
    await sweep()
    await expect(findLab('orphan')).rejects.toThrow('there is no lab "orphan"')
    expect((await listLabs()).map(({ layout }) => layout.id)).not.toContain(orphan.layout.id)
    expect((await exec(['ip', 'netns', 'list'])).stdout).not.toContain(orphan.layout.id)
  },
  MINUTE,
)
