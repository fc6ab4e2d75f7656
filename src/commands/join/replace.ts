// A change of what charon reads, such as the port: its pods go on as they are until they are replaced. A join that waits does that as an upgrade would.
import type { Change } from '../../install/compare.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { CHARON_WORKLOAD, NAMESPACE, SETTINGS_ANNOTATION } from '../../model/names.ts'
import type { Gateway } from '../../model/resources.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { runUpgrade } from '../upgrade/run.ts'
import { say } from './stage.ts'
import { teller } from './up.ts'

/** Whether charon's own settings change, in a cluster that runs it already. */
export const changesCharon = (changes: readonly Change[]): boolean =>
  changes.some(
    ({ object, action, fields }) =>
      action === 'changed' &&
      object.kind === 'DaemonSet' &&
      object.metadata.name === CHARON_WORKLOAD &&
      fields.some(({ path }) => path.endsWith(`.annotations.${SETTINGS_ANNOTATION}`)),
  )

/** For those who do not wait. */
export const CHARON_STAYS =
  'note: charon goes on with the settings it has until its pods are replaced: subctl upgrade, or join --wait, does it one gateway at a time'

/** Applies the changes and replaces the gateways' pods one by one, those that stand by first. */
export async function applyReplacing(context: Context, given: Given, api: KubeApi, changes: readonly Change[]): Promise<void> {
  const { clock, signal } = context
  const { items } = await api.list('Gateway', { namespace: NAMESPACE })
  if (items.length < 2) say(context, 'note: there is one gateway, so its tunnels are down for a moment while charon is replaced')
  await runUpgrade({
    ...{ api, changes, clock, signal, withCharon: true },
    expected: connectedTo(items),
    timeoutMs: given.duration('timeout'),
    say: (text) => say(context, text),
    tell: teller(context, given),
  })
}

/** The clusters that the active gateway is connected to. */
const connectedTo = (gateways: readonly Gateway[]): readonly string[] => [
  ...new Set(
    gateways
      .filter(({ status }) => status?.haStatus === 'active')
      .flatMap(({ status }) => status.connections.filter((connection) => connection.status === 'connected'))
      .map(({ endpoint }) => endpoint.cluster_id),
  ),
]
