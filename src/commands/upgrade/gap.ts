// Whether tunnels will be down for a moment while charon is replaced, and what for.
import type { Change } from '../../install/apply/compare.ts'
import { isReady, nodeOf, podsOf } from '../../install/rollout/rollout.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, sanitise } from '../../model/names.ts'
import type { Pod } from '../../model/resources.ts'
import type { Context } from '../context.ts'
import { carriesTraffic, type GatewaySight, hasStandby, lameNodes, outdated } from './order.ts'
import { lookAtGateways } from './run.ts'

/** A standby that is there is given so long to say that it is well. */
const START_MS = 15_000
const LOOK_MS = 500

/** The gap in words; undefined where there need be none. */
export async function gapOf({ clock, signal }: Context, api: KubeApi, changes: readonly Change[]): Promise<string | undefined> {
  const set = changes.find(({ object }) => object.kind === 'DaemonSet' && object.metadata.name === CHARON_WORKLOAD)
  const isNewTemplate = set?.fields.some(({ path }) => path.startsWith('spec.template')) === true
  const deadline = clock.now() + START_MS
  for (;;) {
    const sight = await lookAtGateways(api, true)
    if (!isNewTemplate && outdated(sight, CHARON_WORKLOAD).length === 0) return undefined
    const active = sight.gateways.find(({ status }) => status?.haStatus === 'active')?.metadata.name
    if (active === undefined || hasStandby(sight, active) || mayStandBy(sight, active, isNewTemplate)) return undefined
    if (isNothingLost(sight, active)) return undefined
    if (isAlone(sight) || clock.now() >= deadline)
      return `${active} is the only gateway that can carry traffic: while its charon is replaced, a few seconds, no packet passes between the clusters`
    await clock.sleep(LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

const isAlone = ({ pods, downNodes }: GatewaySight): boolean =>
  podsOf(pods, GATEWAY_WORKLOAD).filter((pod) => !downNodes.has(nodeOf(pod))).length < 2

/** Whether another gateway, or its route agent, is broken now and gets new pods first: until these are well the active one is left alone. */
function mayStandBy(sight: GatewaySight, active: string, isNewTemplate: boolean): boolean {
  const lame = lameNodes(sight.pods)
  const isBroken = (pod: Pod): boolean => !isReady(pod) || lame.includes(nodeOf(pod))
  return [GATEWAY_WORKLOAD, CHARON_WORKLOAD].some((workload) => {
    const replaced = isNewTemplate ? podsOf(sight.pods, workload) : outdated(sight, workload)
    return replaced.some((pod) => sanitise(nodeOf(pod)) !== active && isBroken(pod) && !sight.downNodes.has(nodeOf(pod)))
  })
}

/** A charon that is not ready, of a gateway without a connection. */
const isNothingLost = ({ pods, gateways }: GatewaySight, active: string): boolean =>
  !carriesTraffic(gateways, active) && podsOf(pods, CHARON_WORKLOAD).some((pod) => sanitise(nodeOf(pod)) === active && !isReady(pod))
