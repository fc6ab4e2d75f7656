import { sanitise } from '../../model/names.ts'
import { PROBE_ANSWER, PROBE_REQUEST, readProbeRequest, writeProbeRequest } from '../../model/probe.ts'
import type { Gateway, Node } from '../../model/resources.ts'
import type { ProbeOptions } from './probes.ts'

/** An engine looks once a second, and asks its charon. */
export const GATEWAY_WAIT_MS = 6_000
const POLL_MS = 250

/**
 * Asks the engine of every gateway for a sign of life, those that stand by too, and gives the names of those that gave none. Where another `verify` asks
 * at the same time the two come after each other. Request and answer are taken back afterwards.
 */
export async function askGateways({ api, namespace, clock, signal, id }: Omit<ProbeOptions, 'nodes'>): Promise<readonly string[]> {
  const list = async (): Promise<readonly Gateway[]> => (await api.list('Gateway', { namespace })).items
  const annotate = async ({ metadata }: Gateway, annotations: Readonly<Record<string, string | null>>): Promise<void> => {
    // What cannot be asked does not answer; the other checks say why the API refuses.
    await api.patch('Gateway', metadata.name, namespace, { metadata: { annotations } }).catch(() => undefined)
  }
  const answered = new Set<string>()
  const silent = (gateways: readonly Gateway[]): readonly Gateway[] => gateways.filter(({ metadata }) => !answered.has(metadata.name))
  const began = clock.now()
  let gateways = await list()
  const asked = gateways
  try {
    while (silent(gateways).length > 0 && clock.now() - began < GATEWAY_WAIT_MS && !signal.aborted) {
      const isLate = clock.now() - began > GATEWAY_WAIT_MS / 2
      const open = silent(gateways).filter((gateway) => mayAsk(gateway, id, isLate))
      await Promise.all(open.map((gateway) => annotate(gateway, { [PROBE_REQUEST]: writeProbeRequest(id) })))
      await clock.sleep(POLL_MS, signal)
      gateways = await list()
      for (const { metadata } of gateways) if (readProbeRequest(metadata.annotations?.[PROBE_ANSWER]) === id) answered.add(metadata.name)
    }
    return silent(asked).map(({ metadata }) => metadata.name)
  } finally {
    await Promise.all(asked.map((gateway) => annotate(gateway, { [PROBE_REQUEST]: null, [PROBE_ANSWER]: null })))
  }
}

/** Where nobody's request stands, or that of another for too long. */
function mayAsk({ metadata }: Gateway, id: string, isLate: boolean): boolean {
  const standing = readProbeRequest(metadata.annotations?.[PROBE_REQUEST])
  return standing === undefined || (isLate && standing !== id)
}

/** Whether a gateway's object is of this node, whose name need not be the hostname. */
export const isOf = ({ metadata, status }: Gateway, node: Node): boolean =>
  metadata.name === sanitise(node.metadata.name) ||
  (node.status?.addresses ?? []).some(({ address }) => address === status?.localEndpoint?.private_ip)
