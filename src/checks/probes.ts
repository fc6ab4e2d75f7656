import { ApiError, type KubeApi } from '../k8s/api.ts'
import { messageOf } from '../model/errors.ts'
import { PROBE_ANSWER, PROBE_REQUEST, readProbeAnswer, writeProbeRequest } from '../model/probe.ts'
import type { RouteAgent } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { NodeProbe } from './subject.ts'

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

/** Asks every route agent to probe now and waits for the answers, 20 s at most. The request is taken back afterwards, whatever happened. */
export async function askProbes(options: ProbeOptions): Promise<readonly NodeProbe[]> {
  const { api, namespace, clock, signal, id, nodes } = options
  const agents = (await api.list('RouteAgent', { namespace })).items
    .map((agent) => agent.metadata.name)
    .filter((name) => nodes.includes(name))
  const failed = new Map<string, string>()
  const annotate = async (name: string, value: string | null): Promise<void> => {
    await api.patch('RouteAgent', name, namespace, { metadata: { annotations: { [PROBE_REQUEST]: value } } })
  }
  try {
    await Promise.all(
      agents.map((name) =>
        annotate(name, writeProbeRequest(id)).catch((error: unknown) => failed.set(name, `it could not be asked: ${messageOf(error)}`)),
      ),
    )
    const waiting = (answers: readonly NodeProbe[]): boolean => answers.some((answer) => 'silent' in answer && !failed.has(answer.node))
    const until = clock.now() + WAIT_MS
    let answers = read(agents, [], id, failed)
    while (waiting(answers) && clock.now() < until && !signal.aborted) {
      await clock.sleep(POLL_MS, signal)
      answers = read(agents, (await api.list('RouteAgent', { namespace })).items, id, failed)
    }
    return answers
  } finally {
    await Promise.all(agents.map((name) => annotate(name, null).catch(unlessGone)))
  }
}

const unlessGone = (error: unknown): void => {
  if (!(error instanceof ApiError)) throw error
}

function read(names: readonly string[], agents: readonly RouteAgent[], id: string, failed: ReadonlyMap<string, string>): NodeProbe[] {
  return names.map((node) => {
    const answer = readProbeAnswer(agents.find((agent) => agent.metadata.name === node)?.metadata.annotations?.[PROBE_ANSWER])
    if (answer?.id === id) return { node, answer }
    return { node, silent: failed.get(node) ?? `its route agent did not answer within ${WAIT_MS / 1000} s` }
  })
}
