// The whole way on real clusters: three commands from nothing to verified, whatever can go wrong meanwhile, and no trace at the end. West has
// flannel and kube-proxy by iptables, east a bridge with routes and kube-proxy by nftables.
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { NAMESPACE } from '../../src/model/names.ts'
import { writeAim } from '../../src/model/nettest.ts'
import { apiOf, brokerFile } from '../lab/access.ts'
import { activeGateway, leaseOf } from '../lab/active.ts'
import { MINUTE, report } from '../lab/harness.ts'
import { deployArgs, joinArgs } from '../lab/subctl.ts'
import { until, wait } from '../lab/until.ts'
import { type Bed, execOn, kubectl, startPlace, stopPlace } from './bed.ts'
import { warmUp } from './bed-pods.ts'
import { expectSame, type Held, held } from './held.ts'
import { subctl } from './joined.ts'
import { describeImage, imageBed } from './joined-harness.ts'
import { askFrom, ipOf, podAim, removeNettest, serveBy, serviceAim, startEcho } from './nettest-pods.ts'
import { type Losses, podFlow } from './pod-flow.ts'
import { repair, untilVerified, verify } from './repair.ts'

const CLUSTERS = ['west', 'east'] as const
/** Of a planned hand-over and of a lost node, in datagrams of 50 a second: many times what is promised, for machines that are busy. */
const MOST_LOST = { planned: 5 * 50, lost: 60 * 50 }

/** Does something to the active gateway of west, or to its API, under datagrams between workers of west and east; gives what was lost. */
async function underFlow(bed: Bed, work: (active: string) => Promise<void>): Promise<Losses> {
  await using flow = await podFlow(bed, 'west-w1', 'east-w1')
  const { name } = await activeGateway(bed, 'west')
  await work(name)
  return await flow.losses()
}

const west = (bed: Bed, ...args: readonly string[]): Promise<string> => kubectl(bed, ['--context', 'west', ...args])
const leader = async (bed: Bed): Promise<string> => (await leaseOf(bed, 'west'))?.spec?.holderIdentity ?? ''
async function isReady(bed: Bed, node: string): Promise<boolean> {
  const status = await west(bed, 'get', 'node', node, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
  return status.trim() === 'True'
}

describeImage('from nothing to verified, and to nothing again', () => {
  const test = imageBed({ name: 'e2e', gateways: 2, cni: { west: 'flannel' }, proxy: { west: 'iptables', east: 'nftables' } })
  let before: Held
  /** Since a test has left the clusters as it should; before that none has joined. */
  let state: 'empty' | 'whole' | 'unknown' = 'empty'
  /** A test at whose end the clusters are verified. */
  const leavesWhole = (work: (bed: Bed) => Promise<void>): (() => Promise<void>) =>
    test.explained(async (bed) => {
      await work(bed)
      state = 'whole'
    })
  beforeAll(async () => {
    await test.up()
    await warmUp(test.site, 'east')
    // What happens to nodes of west while these tests run changes them: one boots, one is drained.
    before = await held(test.site, ['east'])
  }, 5 * MINUTE)
  afterAll(() => test.down(), 2 * MINUTE)
  beforeEach(async () => {
    if (state === 'unknown') await test.explained(repair)()
    if (state === 'whole') state = 'unknown'
  }, 6 * MINUTE)

  it(
    'deploy-broker, two joins and verify are all that a user types',
    leavesWhole(async (bed) => {
      const from = Date.now()
      await subctl(bed, deployArgs(bed))
      for (const cluster of bed.layout.clusters) await subctl(bed, [...joinArgs(bed, cluster), '--wait', '--timeout', '4m'])
      const { code, stdout, stderr } = await verify(bed)
      expect([code, code === 0 ? '' : `${stderr}${stdout}`]).toEqual([0, ''])
      report('from nothing to verified', Math.round((Date.now() - from) / 1000), 's', '< 60 s')
    }),
    9 * MINUTE,
  )

  it(
    'servers see the address of the pod that asks, but services of kube-proxy by nftables; verify says whom those see',
    leavesWhole(async (bed) => {
      const { stdout } = await verify(bed, '--test SUB0630 -o json')
      const { clusters } = JSON.parse(stdout) as {
        clusters: { context: string; checks: { id: string; result: string; note?: string }[] }[]
      }
      const said = (name: string) => clusters.find(({ context }) => context === name)?.checks.find(({ id }) => id === 'SUB0630')
      const [ofWest, ofEast] = [await seenBy(bed, 'west', 'east'), await seenBy(bed, 'east', 'west')]
      for (const { ip, pod } of [...ofWest, ...ofEast]) expect(pod).toBe(ip)
      for (const { ip, service } of ofWest) expect(service).toBe(ip)
      expect(said('east')).toMatchObject({ result: 'ok', note: 'pod to pod, and pod to service' })
      for (const { ip, service } of ofEast) {
        expect(service).not.toBe(ip)
        expect(said('west')?.note).toMatch(new RegExp(`^from pod to pod; services of east see .*${service}.* instead`))
      }
      report('source address', said('west')?.note ?? '')
    }),
    6 * MINUTE,
  )

  it(
    'the pod of the active engine is deleted: another gateway carries on',
    leavesWhole(async (bed) => {
      const losses = await underFlow(bed, async (active) => {
        await west(bed, '-n', NAMESPACE, 'delete', 'pod', '-l', 'app=submariner-gateway', '--field-selector', `spec.nodeName=${active}`)
        await untilVerified(bed)
      })
      report('pod of the active engine deleted', `${losses.lost} of ${losses.sent} datagrams lost, ${losses.ms} ms`, '', '< 1000 ms')
      expect(losses.lost).toBeLessThan(MOST_LOST.planned)
    }),
    8 * MINUTE,
  )

  it(
    'the node of the active gateway is drained: it hands over to the other one, and both are well',
    leavesWhole(async (bed) => {
      const losses = await underFlow(bed, async (active) => {
        await west(bed, 'drain', active, '--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=120s')
        await activeGateway(bed, 'west', active, MINUTE)
        await untilVerified(bed)
        await west(bed, 'uncordon', active)
      })
      report('node of the active gateway drained', `${losses.lost} of ${losses.sent} datagrams lost, ${losses.ms} ms`, '', '< 1000 ms')
      expect(losses.lost).toBeLessThan(MOST_LOST.planned)
    }),
    8 * MINUTE,
  )

  it(
    'the kubelet of the active gateway is away until its node counts as lost, and comes back: the same leader, and nothing is lost',
    leavesWhole(async (bed) => {
      const before = await leader(bed)
      const losses = await underFlow(bed, async (active) => {
        await stopPlace(bed, active, 'kubelet')
        await until('the node is seen to be down', async () => !(await isReady(bed, active)), 3 * MINUTE)
        await wait(5000)
        await startPlace(bed, active, 'kubelet')
        await until('the node is back', () => isReady(bed, active), 2 * MINUTE)
        await untilVerified(bed)
      })
      report('kubelet of the active gateway away', `${losses.lost} of ${losses.sent} datagrams lost`)
      expect([losses.lost, await leader(bed)]).toEqual([0, before])
    }),
    9 * MINUTE,
  )

  it(
    'the node of the active gateway loses power: traffic comes back by the other one, and the node boots as standby',
    leavesWhole(async (bed) => {
      let now = ''
      const losses = await underFlow(bed, async (active) => {
        await stopPlace(bed, active)
        now = (await activeGateway(bed, 'west', active, 2 * MINUTE)).name
        const { ip, results } = await answerFromEast(bed)
        expect(results).toEqual([expect.objectContaining({ ok: true, seen: ip })])
        await startPlace(bed, active)
        await until('the node is back', () => isReady(bed, active), 3 * MINUTE)
        await untilVerified(bed)
      })
      report('node of the active gateway lost', `${losses.lost} of ${losses.sent} datagrams lost, ${losses.ms} ms`, '', '< 5000 ms')
      expect(losses.lost).toBeLessThan(MOST_LOST.lost)
      expect((await activeGateway(bed, 'west')).name).toBe(now)
      const { items } = await (await apiOf(bed, 'west')).list('Gateway', { namespace: NAMESPACE })
      expect(items.map(({ status }) => status?.haStatus).sort()).toEqual(['active', 'passive'])
    }),
    9 * MINUTE,
  )

  it(
    'the control plane of west, which is the broker too, is away for a minute: the same leader, and nothing is lost',
    leavesWhole(async (bed) => {
      const before = await leader(bed)
      const losses = await underFlow(bed, async () => {
        await stopPlace(bed, 'west-api')
        await wait(MINUTE)
        await startPlace(bed, 'west-api')
        await untilVerified(bed)
      })
      report('control plane away', `${losses.lost} of ${losses.sent} datagrams lost`, '', '0')
      expect([losses.lost, await leader(bed)]).toEqual([0, before])
    }),
    9 * MINUTE,
  )

  it(
    'uninstall with --prove leaves nothing on any cluster, also where charon was killed',
    test.explained(async (bed) => {
      state = 'empty'
      // Its keeper goes with it: nobody tidies up.
      await execOn(bed, 'east-gw1', ['pkill', '-9', '-f', 'charon'], { okCodes: [0, 1] })
      const { stdout } = await subctl(bed, `uninstall ${brokerFile(bed)} --all --broker --yes --prove`)
      expect(stdout.match(/Proof: no trace is left.* nothing else was changed\./g)).toHaveLength(CLUSTERS.length)
    }),
    6 * MINUTE,
  )

  it(
    'after it nodes and API of east are as they were before the first join',
    test.explained((bed) => expectSame(bed, before)),
    6 * MINUTE,
  )
})

/** What a pod of west gets from one of east. */
async function answerFromEast(bed: Bed): ReturnType<typeof askFrom> {
  const echo = await startEcho(bed, 'east-w1')
  const answer = await askFrom(bed, 'west-w1', [podAim(await ipOf(bed, echo))])
  await removeNettest(bed, echo)
  return answer
}

/** The address that servers in a cluster saw where pods of another one asked, on a worker and on the active gateway's node. */
async function seenBy(bed: Bed, there: string, here: string) {
  const echo = await startEcho(bed, `${there}-w1`)
  const aims = [podAim(await ipOf(bed, echo)), serviceAim(await serveBy(bed, echo))]
  const all = []
  for (const node of [`${here}-w1`, (await activeGateway(bed, here)).name]) {
    const { ip, results } = await askFrom(bed, node, aims)
    const [pod, service] = aims.map((aim) => results.find((result) => result.aim === writeAim(aim))?.seen)
    all.push({ ip, pod, service })
  }
  await removeNettest(bed, echo)
  return all
}
