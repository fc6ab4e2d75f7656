// What the agents run when all is done. An image's name tells nothing: under one tag nodes may have another build.
import { allPodsOf, isReady, nodeOf } from '../../install/rollout/rollout.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD, sanitise } from '../../model/names.ts'
import type { Pod } from '../../model/resources.ts'
import type { Context } from '../context.ts'

/** What a new agent has not said yet is waited for so long. */
const PATIENCE_MS = 10_000
const LOOK_MS = 500

/** Versions that the agents say they are of, of those whose pods are ready; once all are of this subctl's, or after some patience. */
export async function versionsAtLast({ clock, signal, version }: Context, api: KubeApi): Promise<readonly string[]> {
  const deadline = clock.now() + PATIENCE_MS
  for (;;) {
    const versions = await versionsNow(api)
    if (versions.every((text) => text === version) || clock.now() >= deadline) return versions
    await clock.sleep(LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

async function versionsNow(api: KubeApi): Promise<readonly string[]> {
  const inside = { namespace: NAMESPACE }
  const [gateways, agents, pods] = await Promise.all([api.list('Gateway', inside), api.list('RouteAgent', inside), api.list('Pod', inside)])
  const engines = nodesOf(pods.items, GATEWAY_WORKLOAD).map(sanitise)
  const nodes = nodesOf(pods.items, ROUTE_AGENT_WORKLOAD)
  const speaking = [
    ...gateways.items.filter(({ metadata }) => engines.includes(metadata.name)),
    ...agents.items.filter(({ metadata }) => nodes.includes(metadata.name)),
  ]
  return [...new Set(speaking.map(({ status }) => status?.version ?? '').filter((text) => text !== ''))].sort()
}

/** Nodes with a ready pod of the workload: what agents of other nodes have written is no news. */
const nodesOf = (pods: readonly Pod[], workload: string): readonly string[] => allPodsOf(pods, workload).filter(isReady).map(nodeOf)

/** That agents are of another version than this subctl, in words; undefined where none is. */
export function otherVersion(image: string, versions: readonly string[], own: string): string | undefined {
  const [first, ...more] = versions
  if (first === undefined || versions.every((text) => text === own)) return undefined
  const subctl = `this subctl is of ${own}`
  if (more.length === 0) return `the image ${image} has version ${first}, and ${subctl}`
  return `the agents of image ${image} are of ${versions.join(' and ')}, and ${subctl}`
}

/** Says it where the user has named the image; else the upgrade has not done what it is for, and an error is thrown. */
export function checkReached(what: string | undefined, isNamed: boolean, warn: (text: string) => void): void {
  if (what === undefined) return
  if (isNamed) {
    warn(`warning: ${what}`)
    return
  }
  throw new UserError('SUB0435', `The agents are not of this version: ${what}`, {
    hint: 'Bring this version’s image to the nodes or the registry under a name of its own, then: subctl upgrade --image NAME.',
  })
}
