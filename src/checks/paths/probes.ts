import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import { PROBE_ANSWER, PROBE_REQUEST, type ProbeAnswer, readProbeAnswer, writeProbeRequest } from '../../model/probe.ts'
import type { Meta, RouteAgent } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { NodeProbe } from '../subject.ts'

const WAIT_MS = 20_000
const POLL_MS = 250

export interface ProbeOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Nodes that are there: what route agents of others left behind is not asked. */
  readonly nodes: readonly string[]
  /** Tells this request from earlier ones. */
  readonly id: string
}

/**
 * Asks every route agent to probe now and waits for the answers, 20 s at most. Where another `verify` asks at the same time, its request and this one
 * come after each other. Request and answer are taken back afterwards, whatever happened.
 */
export async function askProbes(options: ProbeOptions): Promise<readonly NodeProbe[]> {
  const { api, namespace, clock, signal, id, nodes } = options
  const failed = new Map<string, string>()
  const list = async (): Promise<readonly RouteAgent[]> =>
    (await api.list('RouteAgent', { namespace })).items.filter(({ metadata }) => nodes.includes(metadata.name))
  const ask = async ({ metadata: { name } }: RouteAgent): Promise<void> => {
    await annotate(options, name, { [PROBE_REQUEST]: writeProbeRequest(id) }).catch((error: unknown) =>
      failed.set(name, `it could not be asked: ${messageOf(error)}`),
    )
  }
  const isOpen = ({ metadata }: RouteAgent): boolean => answerOf(metadata, id) === undefined && !failed.has(metadata.name)
  let agents = await list()
  const names = agents.map(({ metadata }) => metadata.name)
  try {
    const began = clock.now()
    while (agents.some(isOpen) && clock.now() - began < WAIT_MS && !signal.aborted) {
      // What a verify that was killed has left is not waited for all the time.
      const isLate = clock.now() - began > WAIT_MS / 2
      await Promise.all(agents.filter((agent) => isOpen(agent) && mayAsk(agent, id, isLate)).map(ask))
      await clock.sleep(POLL_MS, signal)
      agents = await list()
    }
    return names.map((node) => {
      const answer = answerOf(agents.find(({ metadata }) => metadata.name === node)?.metadata, id)
      if (answer !== undefined) return { node, answer }
      return { node, silent: failed.get(node) ?? `its route agent did not answer within ${WAIT_MS / 1000} s` }
    })
  } finally {
    await Promise.all(names.map((name) => annotate(options, name, { [PROBE_REQUEST]: null, [PROBE_ANSWER]: null }).catch(unlessGone)))
  }
}

/** Where nobody's request stands, or that of another for too long. */
function mayAsk({ metadata }: RouteAgent, id: string, isLate: boolean): boolean {
  const standing = metadata.annotations?.[PROBE_REQUEST]
  return standing === undefined || (isLate && standing !== writeProbeRequest(id))
}

async function annotate(
  { api, namespace }: ProbeOptions,
  name: string,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  await api.patch('RouteAgent', name, namespace, { metadata: { annotations } })
}

function answerOf(meta: Meta | undefined, id: string): ProbeAnswer | undefined {
  const answer = readProbeAnswer(meta?.annotations?.[PROBE_ANSWER])
  return answer?.id === id ? answer : undefined
}

const unlessGone = (error: unknown): void => {
  if (!(error instanceof ApiError)) throw error
}
