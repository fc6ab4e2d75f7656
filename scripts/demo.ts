// The story that scripts/demo tells; exit code 1 when a step fails.
import { messageOf } from '../src/model/errors.ts'
import { activeGateway } from '../test/lab/active.ts'
import { capture } from '../test/lab/capture.ts'
import { logTails } from '../test/lab/daemons.ts'
import { downLab, loseNode, upLab } from '../test/lab/lab.ts'
import { nodeOf } from '../test/lab/layout.ts'
import { fewPairs, untilConnected } from '../test/lab/pairs.ts'
import type { Lab } from '../test/lab/state.ts'
import { subctl } from '../test/lab/subctl.ts'
import { ask, outageMs, podAim, stream } from '../test/lab/traffic.ts'
import { wait } from '../test/lab/until.ts'
import { abortOf, quote, say, tell, title } from './story.ts'

async function main(stop: AbortSignal): Promise<void> {
  title('Two clusters on this machine, each with two gateways and a worker')
  const lab = await upLab({ name: `demo-${process.pid}`, say: (what) => say(`   ${what}`), signal: stop })
  try {
    await Promise.race([story(lab), abortOf(stop)])
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${stop.aborted ? '' : await logTails(lab)}`)
  } finally {
    title('The lab goes, and leaves nothing behind')
    await downLab(lab)
  }
}

async function story(lab: Lab): Promise<void> {
  say(`   connected ${(await untilConnected(lab, 120_000)) / 1000} s after the agents were started`)
  await talk(lab)
  title('subctl verify: every node of both clusters proves it')
  const { code, stdout } = await subctl(lab, ['verify', '--contexts', 'west,east'], { okCodes: [0, 2, 75] })
  quote(stdout)
  if (code !== 0) throw new Error(`verify ended with ${code}`)
  await gatewayDies(lab)
}

/** Pods of gateways and workers, both ways, to pods and services, while the WAN is captured. */
async function talk(lab: Lab): Promise<void> {
  title('Pods of west ask pods and services of east, and the other way round')
  const [west, east] = [await activeGateway(lab, 'west'), await activeGateway(lab, 'east')]
  const wan = await capture(lab, 'wan', `ip and not host ${lab.layout.broker.ip}`)
  for (const [from, aims] of fewPairs(lab.layout))
    for (const { to, name, seen, error } of await ask(lab, from, aims)) {
      if (error !== undefined) throw new Error(`${from} -> ${to}: ${error}`)
      say(`   ${from} -> ${to}: answered by ${name}, which saw ${seen}`)
    }
  const apis = lab.layout.clusters.map(({ api }) => api.ip)
  const lines = (await wan.stop()).filter((line) => !apis.some((ip) => line.includes(`${ip}.`)))
  title('What the network between the clusters saw of it')
  for (const line of lines.slice(0, 4)) say(`   ${line.slice(line.indexOf('IP '))}`)
  const others = lines.filter((line) => !(line.includes(`${west.ip}.4500`) && line.includes(`${east.ip}.4500`)))
  if (lines.length === 0 || others.length > 0) throw new Error(`in the clear: ${others[0] ?? 'nothing was captured'}`)
  say(`   ... ${lines.length} packets, all of them ESP in UDP, port 4500 of the two gateways. Not one in the clear.`)
}

async function gatewayDies(lab: Lab): Promise<void> {
  const active = await activeGateway(lab, 'west')
  title(`${active.name} carries west's tunnels. It is killed, with everything on it, and its cable pulled`)
  const packets = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')))
  await packets.answered()
  await wait(1000)
  await loseNode(lab, active.name)
  const next = await activeGateway(lab, 'west', active.name)
  // Datagrams that are on their way tell that traffic is back; the stream counts how long it was not.
  const back = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')), 50)
  await back.answered(60_000)
  await back.stop()
  const tally = await packets.stop()
  if (tally.gaps.some(({ first, lost }) => first + lost === tally.sent)) throw new Error('traffic did not come back')
  say(`   ${next.name} took over. Traffic stood still for ${outageMs(tally)} ms; ${tally.lost} of ${tally.sent} datagrams were lost.`)
}

await tell(main)
