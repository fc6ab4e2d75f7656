// A member's part of the ServiceImports that clusters share on a broker.
import { planUp } from '../../discovery/up/plan.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { openGate } from './gate.ts'
import { unheard, writeUp } from './write.ts'

const AT_ONCE = 8
/** Another member may write one at the same moment. */
const MOST_TRIES = 5

/** Takes the member's entries away; a service that nobody else exports goes. Throws where it cannot. */
export async function leaveShared(
  api: KubeApi,
  { clusterId, namespace }: { readonly clusterId: string; readonly namespace: string },
  progress: (text: string) => void,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { items } = await api.list('ServiceImport', { namespace })
    const view = { clusterId, brokerNamespace: namespace, exports: [], services: new Map(), broker: { imports: items, slices: [] } }
    const { leaves, ...rest } = planUp(view)
    if (leaves.length === 0) return
    if (tries === MOST_TRIES) throw new Error('others write the services that it shares again and again')
    const nothing = { put: [], drop: [] }
    const side = { api, gate: openGate(AT_ONCE), say: (line: string) => progress(`${line} on the broker`), expect: unheard }
    await writeUp(side, { ...rest, imports: nothing, slices: nothing, joins: [], leaves })
  }
}
