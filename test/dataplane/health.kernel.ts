// Echo requests, captures and the kernel's news with the real programs, between two namespaces on one link.
import { expect, it } from '@jest/globals'
import { openHealth } from '../../src/dataplane/health.ts'
import { echo } from '../../src/dataplane/probe/echo.ts'
import { watchKernel } from '../../src/dataplane/probe/monitor.ts'
import { watchWhile } from '../../src/dataplane/probe/watch.ts'
import { parseCidr, parseIp } from '../../src/model/net.ts'
import { realClock } from '../../src/system/clock.ts'
import { exec } from '../../src/system/exec.ts'
import { type Follow, follow } from '../../src/system/follow.ts'
import { silentLog } from '../../src/system/log.ts'
import { type NodeNs, withNamespaces } from './kernel/nodes.ts'

const HERE = parseIp('10.1.0.1')
const THERE = parseIp('10.2.0.1')
const NOBODY = parseIp('10.2.0.9')
const LIMIT_MS = 60_000

/** `a` has 10.1.0.1, `b` has 10.2.0.1 behind 172.31.0.2; 10.3.0.0/16 has no way, b refuses 10.4.0.0/16. */
async function wire(a: NodeNs, b: NodeNs): Promise<void> {
  await a.ip(`link add wire0 type veth peer name wire0 netns ${b.ns}`, 'addr add 172.31.0.1/24 dev wire0', 'link set wire0 up')
  await b.ip('addr add 172.31.0.2/24 dev wire0', 'link set wire0 up', `addr add ${THERE}/32 dev lo`, 'route add 10.1.0.0/16 via 172.31.0.1')
  await a.ip(`addr add ${HERE}/32 dev lo`, 'route add 10.2.0.0/16 via 172.31.0.2', 'route add 10.4.0.0/16 via 172.31.0.2')
  await a.ip('route add prohibit 10.3.0.0/16')
  await b.sh('sysctl -qw net.ipv4.ip_forward=1')
  await b.ip('route add prohibit 10.4.0.0/16', 'route add blackhole 10.2.0.0/24')
}
const followIn =
  ({ ns }: NodeNs): Follow =>
  (argv, events, signal) =>
    follow(['ip', 'netns', 'exec', ns, ...argv], events, signal)

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + LIMIT_MS / 2; !holds() && Date.now() < end; ) await realClock.sleep(50)
}

it(
  'the prober tells who answers from who does not, notices a cut and its end, and leaves no program behind',
  () =>
    withNamespaces(['a', 'b'], async (a, b) => {
      if (a === undefined || b === undefined) throw new Error('no namespaces')
      await wire(a, b)
      const end = new AbortController()
      const health = openHealth({
        follow: followIn(a),
        clock: realClock,
        log: silentLog,
        signal: end.signal,
        intervalMs: 100,
        mostLost: 5,
        source: () => HERE,
      })
      health.probe([THERE, NOBODY])
      await until(() => health.pulse(THERE).state === 'alive' && health.pulse(NOBODY).state === 'dead')
      expect([health.pulse(THERE).state, health.pulse(NOBODY).state]).toEqual(['alive', 'dead'])
      expect(health.pulse(THERE).rtt?.average).toMatch(/^[\d.]+(µs|ms)$/)
      await b.ip('link set wire0 down')
      await until(() => health.pulse(THERE).state === 'dead')
      expect(health.pulse(THERE).state).toBe('dead')
      await b.ip('link set wire0 up', 'route add 10.1.0.0/16 via 172.31.0.1')
      await until(() => health.pulse(THERE).state === 'alive')
      expect(health.pulse(THERE).state).toBe('alive')
      end.abort()
      await health.ended
      expect((await exec(['ip', 'netns', 'pids', a.ns])).stdout).not.toMatch(/\d/)
    }),
  LIMIT_MS,
)

/** As many requests as go out in ten minutes at the engine's pace, ten times as fast. */
const LOSSY_MS = 60_000

it(
  'a link that loses 5 % each way is never called dead, one that is cut is',
  () =>
    withNamespaces(['a', 'b'], async (a, b) => {
      if (a === undefined || b === undefined) throw new Error('no namespaces')
      await wire(a, b)
      for (const chain of ['INPUT', 'OUTPUT'])
        await b.sh(`iptables -w -A ${chain} -p icmp -m statistic --mode random --probability 0.05 -j DROP`)
      const end = new AbortController()
      let [quick, deaths] = [0, 0]
      const counting: Follow = (argv, events, signal) => {
        if (argv.includes('--count')) quick += 1
        return followIn(a)(argv, events, signal)
      }
      const common = { clock: realClock, log: silentLog, signal: end.signal, source: () => HERE }
      const health = openHealth({ ...common, follow: counting, intervalMs: 100, mostLost: 5, quickMs: 10 })
      health.onChange(() => {
        if (health.pulse(THERE).state === 'dead') deaths += 1
      })
      health.probe([THERE])
      await until(() => health.pulse(THERE).state === 'alive')
      await realClock.sleep(LOSSY_MS)
      expect({ deaths, state: health.pulse(THERE).state }).toEqual({ deaths: 0, state: 'alive' })
      // Some answers were missed, or nothing was lost and nothing was tested.
      expect(quick).toBeGreaterThan(0)
      await b.ip('link set wire0 down')
      await until(() => deaths > 0)
      expect({ deaths, state: health.pulse(THERE).state }).toEqual({ deaths: 1, state: 'dead' })
      end.abort()
      await health.ended
    }),
  LOSSY_MS + LIMIT_MS,
)

it(
  'probes say why nothing came back: no way from here, refused on the way, or silence',
  () =>
    withNamespaces(['a', 'b'], async (a, b) => {
      if (a === undefined || b === undefined) throw new Error('no namespaces')
      await wire(a, b)
      const targets = [THERE, NOBODY, parseIp('10.3.0.1'), parseIp('10.4.0.1')]
      const results = await echo({ exec: a.exec, targets, sizeBytes: 1400, source: HERE, signal: new AbortController().signal })
      expect(results[0]).toMatchObject({ target: THERE, sent: 3, answered: 3 })
      expect(results.map(({ message }) => message)).toEqual([
        undefined,
        'no answer to 3 requests',
        'rejected on this node: it has no tunnel there (Permission denied)',
        'unreachable (communication administratively prohibited), says 172.31.0.2',
      ])
    }),
  LIMIT_MS,
)

it(
  'a watch sees what leaves by a device that is no tunnel, and nothing else',
  () =>
    withNamespaces(['a', 'b'], async (a, b) => {
      if (a === undefined || b === undefined) throw new Error('no namespaces')
      await wire(a, b)
      const { signal } = new AbortController()
      const options = { exec: a.exec, follow: followIn(a), clock: realClock, signal, networks: [parseCidr('10.2.0.0/16')], gateways: [] }
      const ping = (): Promise<unknown> => a.exec(['ping', '-q', '-c', '2', '-i', '0.2', '-I', HERE, THERE])
      const other = (): Promise<unknown> => a.exec(['ping', '-q', '-c', '1', '172.31.0.2'])
      const watched = async (devices: readonly string[], work: () => Promise<unknown>) =>
        (await watchWhile({ ...options, devices }, work)).watched
      expect(await watched(['ipsec0'], ping)).toEqual({ leaks: ['10.1.0.1 > 10.2.0.1 (ICMP) left by wire0'] })
      expect(await watched(['wire0'], ping)).toEqual({ leaks: [] })
      expect(await watched(['ipsec0'], other)).toEqual({ leaks: [] })
    }),
  LIMIT_MS,
)

it('a watch that cannot be kept says why, and the work is done all the same', async () => {
  const { signal } = new AbortController()
  const broken: Follow = async () => Promise.reject(new Error('tcpdump: not started'))
  const options = { follow: broken, clock: realClock, signal, networks: [parseCidr('10.2.0.0/16')], devices: [], gateways: [] }
  const noLinks = async () => ({ code: 0, stdout: '[]', stderr: '' })
  expect(await watchWhile({ ...options, exec: noLinks }, async () => 'done')).toEqual({
    result: 'done',
    watched: { notWatched: 'tcpdump: not started' },
  })
})

it(
  'news of the kernel come for routes and rules of any table, once a second at most',
  () =>
    withNamespaces(['a'], async (a) => {
      if (a === undefined) throw new Error('no namespace')
      const end = new AbortController()
      let news = 0
      const options = { follow: followIn(a), clock: realClock, log: silentLog, signal: end.signal, isNews: () => true }
      const ended = watchKernel(options, () => {
        news += 1
      })
      await realClock.sleep(500)
      await a.ip('rule add priority 150 lookup 150', 'route add unreachable 10.2.0.0/16 table 150', 'rule del priority 150')
      await until(() => news > 0)
      expect(news).toBe(1)
      await a.ip('route del unreachable 10.2.0.0/16 table 150')
      await until(() => news > 1)
      expect(news).toBe(2)
      end.abort()
      await ended
    }),
  LIMIT_MS,
)
