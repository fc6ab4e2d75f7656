// Answers `verify`: probes every remote cluster now, looks at the kernel, and watches for packets outside the tunnels meanwhile.
import { tunnelDevices } from '../../dataplane/node/routing.ts'
import { VX_DEVICE } from '../../dataplane/node/state.ts'
import { messageOf } from '../../model/errors.ts'
import type { Ip } from '../../model/net.ts'
import { PROBE_ANSWER, PROBE_REQUEST, type ProbeAnswer, type ProbeResult, readProbeAnswer, readProbeRequest } from '../../model/probe.ts'
import type { RemoteCluster } from '../../model/remote.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { isKnown, type RouteAgentState, sourceOf } from './state.ts'
import type { ProbeOrder, ProbeOutcome } from './world.ts'

/** ICMP payloads: a small packet, and one as full as an ordinary network carries it. */
const SIZES_BYTES = [56, 1400] as const

/** An answer about 250 clusters that all fail still fits into the annotations of an object (256 KiB). */
const MOST_MESSAGE = 200

/** The address of each remote cluster that is probed: its newest gateway's. Clusters without one are left out. */
export const probedIps = (remotes: readonly RemoteCluster[]): ReadonlyMap<string, Ip> =>
  new Map(
    remotes.flatMap(({ id, gateways }) => {
      const ip = gateways.find(({ healthCheckIp }) => healthCheckIp !== undefined)?.healthCheckIp
      return ip === undefined ? [] : [[id, ip] as const]
    }),
  )

export function runAnswers(state: RouteAgentState): Loop {
  const { world, stores } = state
  const { clock, log, signal, settings, local } = world
  const pass = async (): Promise<void> => {
    const annotations = stores.mine.get(settings.nodeName, settings.namespace)?.metadata.annotations
    const id = readProbeRequest(annotations?.[PROBE_REQUEST])
    if (id === undefined || readProbeAnswer(annotations?.[PROBE_ANSWER])?.id === id) return
    const answer = await answerOf(state, id)
    await local.patch('RouteAgent', settings.nodeName, settings.namespace, {
      metadata: { annotations: { [PROBE_ANSWER]: JSON.stringify(answer) } },
    })
  }
  const loop = runLoop(pass, { name: 'answers', clock, log, signal, resyncMs: 60_000, backoff: { firstMs: 1_000, mostMs: 15_000 } })
  state.onChange.mine = loop.kick
  return loop
}

async function answerOf(state: RouteAgentState, id: string): Promise<ProbeAnswer> {
  const { world, view, plan } = state
  const at = new Date(world.clock.now()).toISOString()
  if (!isKnown(state) || view === undefined || plan === undefined)
    return {
      id,
      at,
      results: [],
      unguarded: [state.failure || 'the agent has made no pass yet'],
      notWatched: 'the agent knows no other cluster yet',
    }
  const remotes = state.remoteView().remotes
  const ips = probedIps(remotes)
  const order: ProbeOrder = {
    targets: [...new Set(ips.values())],
    sizesBytes: SIZES_BYTES,
    source: sourceOf(state),
    networks: remotes.flatMap(({ networks }) => networks),
    devices: [...tunnelDevices(view), VX_DEVICE],
    gateways: remotes.flatMap(({ gateways }) => gateways.map(({ address }) => address)),
  }
  const outcome = await world.probe(order).catch((error: unknown) => notSent(order, messageOf(error)))
  const unguarded = await world.node.unguarded(plan)
  return { id, at, results: resultsOf(remotes, ips, outcome), unguarded, ...outcome.watched }
}

const notSent = ({ targets, sizesBytes }: ProbeOrder, message: string): ProbeOutcome => ({
  rounds: sizesBytes.map((sizeBytes) => ({ sizeBytes, results: targets.map((target) => ({ target, sent: 0, answered: 0, message })) })),
  watched: { notWatched: message.slice(0, MOST_MESSAGE) },
})

const resultsOf = (remotes: readonly RemoteCluster[], ips: ReadonlyMap<string, Ip>, { rounds }: ProbeOutcome): readonly ProbeResult[] =>
  rounds.flatMap(({ sizeBytes, results }) =>
    remotes.flatMap(({ id, gateways }): ProbeResult[] => {
      const ip = ips.get(id)
      if (ip === undefined)
        return gateways.length > 0 ? [] : [{ cluster: id, ip: 'no address', ok: false, sizeBytes, message: 'no gateway of it is known' }]
      const result = results.find(({ target }) => target === ip)
      const isOk = result !== undefined && result.answered > 0
      return [
        {
          cluster: id,
          ip,
          ok: isOk,
          sizeBytes,
          ...(result?.rttMs !== undefined && { rttMs: result.rttMs }),
          ...(!isOk && { message: (result?.message ?? 'not probed').slice(0, MOST_MESSAGE) }),
        },
      ]
    }),
  )
