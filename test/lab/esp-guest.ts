// Runs in a virtual machine (esp.vm.ts) without jest: the lab, with ESP in the kernel. That machine is slow: a cluster has one gateway and one worker.
import { check, failures, progress } from '../vm/check.ts'
import { agentKey, agentsOf, endAgents, kill, restart, signalCharon, start } from './agents.ts'
import { capture, captureClear } from './capture.ts'
import { logTails } from './daemons.ts'
import { type Dump, dump, dumpDiff } from './dump.ts'
import {
  between,
  countPlainSas,
  EAST,
  ownSas,
  putStrangers,
  removeSas,
  restartWith,
  spiOf,
  strangersIn,
  told,
  WEST,
  whyNotEsp,
} from './esp-state.ts'
import { MINUTE, report } from './harness.ts'
import { downLab, upLab } from './lab.ts'
import { nodeOf, nodesOf } from './layout.ts'
import { addressSeen, allPairs, say, untilConnected } from './pairs.ts'
import { run } from './places.ts'
import { SUBCTL } from './subctl.ts'
import { ask, outageMs, podAim, stream, type Tally, untilAnswered } from './traffic.ts'
import { until, wait } from './until.ts'

/** Of an answer, in a machine that is slow on one that may be busy. */
const SLOW_MS = 20_000

const lab = await upLab({
  name: 'esp',
  gateways: 1,
  workers: 1,
  rpFilter: 1,
  forwardDrop: ['east'],
  stopAt: 'joined',
  say: progress,
})
const nodes = nodesOf(lab.layout)
const before = new Map<string, Dump>()
for (const { name } of nodes) {
  await putStrangers(lab, name)
  before.set(name, await dump(lab, name))
}
progress('agents on every node')
for (const node of nodes) for (const agent of agentsOf(node)) await start(lab, node.name, agent)

for (const { name } of nodes)
  await until(
    `${name} rejects what finds no tunnel`,
    async () => {
      const { stdout } = await run(lab, name, ['ip', 'route', 'show', 'table', '150'])
      return stdout.includes('unreachable 10.') && stdout.includes('unreachable 100.')
    },
    3 * MINUTE,
  )
progress('tunnels')

/** Runs the work under a stream each way between workers, and a while longer. */
async function under(work: () => Promise<void>, afterMs: number): Promise<readonly Tally[]> {
  const ways = (['west', 'east'] as const).map((from) =>
    stream(lab, `${from}-w1-pod`, podAim(nodeOf(lab.layout, from === 'west' ? 'east-w1' : 'west-w1')), 50),
  )
  try {
    await Promise.all(ways.map((way) => way.answered()))
    await work()
    await wait(afterMs)
  } finally {
    await Promise.all(ways.map((way) => way.stop()))
  }
  return Promise.all(ways.map((way) => way.stop()))
}
/** All four pairs of networks on both sides, and nothing else of ours. */
const untilAllSas = (): Promise<number> =>
  until('all SAs', async () => (await ownSas(lab, WEST)).length === 8 && (await ownSas(lab, EAST)).length === 8, 2 * MINUTE)
/** Does the work, and waits until all SAs are others than before. */
async function untilNewSas(work: () => Promise<void>): Promise<void> {
  const old = new Set((await ownSas(lab, WEST)).map(spiOf))
  await work()
  await until('other SAs', async () => (await ownSas(lab, WEST)).every((sa) => !old.has(spiOf(sa))), 2 * MINUTE)
  await untilAllSas()
}
/** Whether what was lost was not the end. */
const isBack = (tallies: readonly Tally[]): boolean =>
  tallies.every(({ gaps, sent }) => gaps.every(({ first, lost: n }) => first + n < sent))
const lost = (tallies: readonly Tally[]): string =>
  tallies.map((tally) => `${tally.lost} of ${tally.sent} (${outageMs(tally)} ms)`).join(' and ')

await check('both clusters are connected', async () => {
  report('until connected', await untilConnected(lab, 3 * MINUTE, SLOW_MS), 'ms')
})
await check('charon has found ESP in the kernel and uses it, in UDP, through the XFRM interface', async () => {
  await untilAllSas()
  return (await whyNotEsp(lab, WEST)) ?? (await whyNotEsp(lab, EAST))
})

const wan = await capture(lab, 'wan', between(lab))
const clear = await captureClear(lab)
await check('pods and hosts reach all pods, services and hosts of the other cluster, from gateways and workers, both ways', async () => {
  const { answers, missing } = await untilAnswered(lab, allPairs(lab.layout), { limitMs: MINUTE, timeoutMs: SLOW_MS })
  const hidden = answers.filter(({ from, seen }) => seen !== addressSeen(lab.layout, from))
  return missing.length + hidden.length === 0 || [...missing, ...hidden].map(say)
})
await check('large answers pass from worker to worker and from gateway to gateway: segments fit the tunnel', async () => {
  const wrong: string[] = []
  for (const [from, to] of [
    ['west-w1-pod', 'east-w1'],
    [EAST, WEST],
  ] as const) {
    const answers = await ask(lab, from, [podAim(nodeOf(lab.layout, to))], { bytes: 200_000, timeoutMs: 30_000 })
    wrong.push(...answers.filter(({ error }) => error !== undefined).map(say))
  }
  return wrong.length === 0 || wrong
})
await check('datagrams larger than the tunnel pass in pieces', async () => {
  for (const [from, to] of [
    ['west-w1-pod', '10.2.3.10'],
    [EAST, '10.1.3.10'],
  ] as const) {
    const { stdout } = await run(lab, from, ['ping', '-c2', '-W10', '-s', '4000', to], { okCodes: [0, 1] })
    if (!stdout.includes('2 received')) return `${from}: ${stdout}`
  }
})
await check('between the clusters the WAN carries nothing but ESP in UDP port 4500', async () => {
  const { esp, others } = await strangersIn(wan)
  report('packets of ESP seen on the WAN', esp)
  return (others.length === 0 && esp > 1000) || others.slice(0, 10)
})

await check('0 datagrams are lost when an engine is killed and starts again', async () => {
  const tallies = await under(() => restart(lab, WEST, 'engine'), 10_000)
  report('engine killed and started again', lost(tallies), 'lost', '0')
  return tallies.every((tally) => tally.lost === 0)
})
await check('0 datagrams are lost when the `subctl charon` that keeps charon is killed and starts again', async () => {
  const tallies = await under(() => restart(lab, WEST, 'charon'), 4000)
  report('keeper of charon killed and started again', lost(tallies), 'lost', '0')
  return tallies.every((tally) => tally.lost === 0)
})
await check('ESP in UDP, charon killed: it comes back by itself, and traffic with it', async () => {
  const tallies = await under(() => untilNewSas(() => signalCharon(lab, WEST, 'SIGKILL')), 5000)
  // The kernel takes ESP out of UDP at charon's socket.
  report('charon killed, ESP in UDP', lost(tallies), 'lost')
  return isBack(tallies) || lost(tallies)
})
await check('charon ends in order and starts again: traffic is back by itself', async () => {
  const tallies = await under(() => untilNewSas(() => restart(lab, WEST, 'charon', 'SIGTERM')), 5000)
  report('charon ended in order and started again', lost(tallies), 'lost')
  return isBack(tallies) || lost(tallies)
})
await check('plain ESP between the clusters once both engines have --plain-esp', async () => {
  // One after the other: a side that has not changed yet asks for UDP.
  for (const node of [WEST, EAST]) await untilNewSas(() => restartWith(lab, agentKey(node, 'engine'), ['--plain-esp']))
  const plain = [await countPlainSas(lab, WEST), await countPlainSas(lab, EAST)]
  if (plain.join() !== '8,8') return plain
  report('until connected by plain ESP', await untilConnected(lab, 3 * MINUTE, SLOW_MS), 'ms')
})
await check('plain ESP, charon dead: its SAs in the kernel carry on, 0 datagrams are lost', async () => {
  const tallies = await under(async () => {
    await kill(lab, WEST, 'charon')
    await signalCharon(lab, WEST, 'SIGKILL')
  }, 6000)
  report('6 s without charon, plain ESP', lost(tallies), 'lost', '0')
  return tallies.every((tally) => tally.lost === 0) || lost(tallies)
})
await check('plain ESP, charon starts again: what is lost until new SAs carry is little', async () => {
  const tallies = await under(() => untilNewSas(() => start(lab, WEST, 'charon')), 3000)
  report('charon started beside SAs of the one before', lost(tallies), 'lost', '0')
  return isBack(tallies) || lost(tallies)
})
await check('charon dead and its SAs gone: whoever sends there is told at once, nobody gets through', async () => {
  await kill(lab, WEST, 'charon')
  await signalCharon(lab, WEST, 'SIGKILL')
  await removeSas(lab, WEST)
  const answers = await told(lab)
  const through = answers.filter(({ answer }) => answer.includes('1 received'))
  const untold = answers.filter(({ from, answer }) => from.startsWith('west') && !/unreachable|no route to host/i.test(answer))
  return through.length + untold.length === 0 || [...through, ...untold]
})
await check('charon starts again: everybody is connected again', async () => {
  await untilNewSas(() => start(lab, WEST, 'charon'))
  report('connected again', await untilConnected(lab, 3 * MINUTE, SLOW_MS), 'ms')
})
await check('in all that time not one packet between pods left in the clear', async () => {
  const lines = await clear.stop()
  return lines.length === 0 || lines.slice(0, 10)
})
await check('killed agents and `route-agent --cleanup` leave every node as it was, a stranger’s SA and policy too', async () => {
  await kill(lab, WEST, 'engine')
  await kill(lab, WEST, 'charon')
  await signalCharon(lab, WEST, 'SIGKILL')
  await endAgents(
    lab,
    nodes.filter(({ name }) => name !== WEST),
  )
  await kill(lab, WEST, 'route-agent')
  if ((await ownSas(lab, WEST)).length === 0) return 'nothing was left to be cleaned'
  for (const { name } of nodes) {
    await run(lab, name, [SUBCTL, 'route-agent', '--cleanup'], { timeoutMs: MINUTE })
    const diff = dumpDiff(before.get(name) ?? {}, await dump(lab, name))
    if (diff.length > 0) return [name, ...diff]
  }
})
if (failures.length > 0) console.log((await logTails(lab, undefined, 60)).replace(/^/gm, 'log '))
await downLab(lab)
