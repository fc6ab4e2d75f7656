// A service that is exported for the test, as another cluster gets it and loses it again.
import type { TriedKind, Waited } from '../../checks/services/tried.ts'
import type { Condition } from '../../model/mcs.ts'
import type { PodCluster } from './pod-cluster.ts'
import { ofImport, serviceName } from './service-objects.ts'

const POLL_MS = 200
/** Far beyond what agents need: a fraction of a second. */
const IMPORT_MS = 20_000

/** One service on its way from its cluster to another one. */
export interface Way {
  readonly kind: TriedKind
  /** Of the exporting cluster. */
  readonly place: number
  readonly exporter: string
  readonly from: PodCluster
  readonly to: PodCluster
  /** Backends that are to be ready: pods of a headless service, one address of any other. */
  readonly backends: number
  /** When it was exported. */
  readonly sinceMs: number
}

/** Waits until the import can be used; gives its addresses in that cluster (none where it is headless). */
export async function awaitImport(way: Way, signal: AbortSignal): Promise<{ readonly waited: Waited; readonly ips: readonly string[] }> {
  const { to, sinceMs } = way
  const { clock } = to
  const untilMs = clock.now() + IMPORT_MS
  for (;;) {
    const { lacks, ips } = await imported(way)
    if (lacks === undefined) return { waited: { ms: clock.now() - sinceMs }, ips }
    if (clock.now() > untilMs || signal.aborted) return { waited: { why: (await exportTrouble(way)) ?? lacks }, ips }
    await clock.sleep(POLL_MS, signal)
  }
}

async function imported({
  kind,
  place,
  to,
  backends,
}: Way): Promise<{ readonly lacks: string | undefined; readonly ips: readonly string[] }> {
  const name = serviceName(kind, place)
  const { api, namespace } = to
  const [object, slices] = await Promise.all([
    api.get('ServiceImport', name, namespace),
    api.list('EndpointSlice', { namespace, labels: ofImport(name) }),
  ])
  if (object === undefined) return { lacks: 'the broker has it, and the agent here has not imported it', ips: [] }
  const ips = object.spec.ips ?? []
  if (kind === 'address' && ips.length === 0) return { lacks: 'the import has no address', ips }
  const ready = slices.items.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready ?? true)
  return { lacks: ready.length < backends ? `${ready.length} of ${backends} of its backends are ready here` : undefined, ips }
}

/** What its own cluster says against the export. */
async function exportTrouble({ kind, place, exporter, from }: Way): Promise<string | undefined> {
  const object = await from.api.get('ServiceExport', serviceName(kind, place), from.namespace)
  if (object === undefined) return `its ServiceExport in ${exporter} is gone`
  const conditions: readonly Condition[] = object.status?.conditions ?? []
  if (conditions.length === 0) return `no agent of ${exporter} has looked at the export`
  const bad = conditions.find(({ type, status }) => (type === 'Valid' || type === 'Ready') && status === 'False')
  return bad === undefined ? undefined : `${exporter} does not export it: ${bad.message || bad.reason}`
}

/** Waits until the import is gone. */
export async function awaitDropped({ kind, place, to }: Way, sinceMs: number, signal: AbortSignal): Promise<Waited> {
  const { api, clock, namespace } = to
  const untilMs = clock.now() + IMPORT_MS
  for (;;) {
    if ((await api.get('ServiceImport', serviceName(kind, place), namespace)) === undefined) return { ms: clock.now() - sinceMs }
    if (clock.now() > untilMs || signal.aborted) return { why: `its import is still here after ${clock.now() - sinceMs} ms` }
    await clock.sleep(POLL_MS, signal)
  }
}
