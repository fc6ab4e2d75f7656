import type { Check, Verdict } from '../check.ts'
import { judging, verdictOf } from '../listing.ts'
import { nodeAddress } from '../look.ts'
import type { CheckContext } from '../subject.ts'
import { isLarge, isReached, type PodPath, sayFailed, suspect } from './pod-findings.ts'

/** Questions that pods of our own answer, as the users' pods would meet them: from this cluster to each other one. */
export const POD_CHECKS: readonly Check<CheckContext>[] = [
  {
    id: 'SUB0625',
    name: 'pods without rights run on a gateway and a worker node',
    ahead: (context, signal) => context.beginPods(signal),
    async run(context, signal) {
      const found = await context.pods(signal)
      const skipped = found.skipped.get(context.name)
      if (skipped !== undefined) return { is: 'skipped', reason: skipped }
      const failed = found.failed.get(context.name) ?? []
      if (failed.length > 0)
        return { is: 'failed', reason: failed.join('; '), hint: 'see `kubectl get events -A`; --pods false leaves these out' }
      const places = found.places.filter((place) => place.context === context.name)
      return { is: 'ok', note: places.map(({ node }) => node).join(', ') }
    },
  },
  reaching('SUB0626', 'pods reach pods of the other clusters by TCP', ({ via, aim }) => via === 'pod' && aim.protocol === 'tcp'),
  reaching(
    'SUB0627',
    'pods reach pods of the other clusters by UDP',
    (path) => path.via === 'pod' && path.aim.protocol === 'udp' && !isLarge(path),
  ),
  reaching(
    'SUB0628',
    'datagrams near the MTU and above it pass between pods',
    (path) => path.via === 'pod' && path.aim.protocol === 'udp' && isLarge(path),
  ),
  reaching('SUB0629', 'pods reach services of the other clusters', ({ via }) => via === 'service'),
  {
    id: 'SUB0630',
    name: 'servers see the address of the pod that asks',
    run: judging(pathsFrom, async (mine, context) => {
      const changed = mine.filter(({ from, result }) => result?.ok === true && result.seen !== from.ip)
      const between = changed.filter(({ via }) => via === 'pod')
      if (between.length > 0)
        return {
          is: 'failed',
          reason: [...new Set(between.map(saySeen))].join('; '),
          hint: 'something masquerades on the way, as a CNI does for addresses that it does not know: `iptables -t nat -S POSTROUTING` on the nodes',
        }
      if (changed.length === 0) return { is: 'ok', note: 'pod to pod, and pod to service' }
      return { is: 'ok', note: `from pod to pod; ${await exception(context, changed)}` }
    }),
  },
]

/** A check that every path of a kind was answered. */
function reaching(id: `SUB${string}`, name: string, isOfKind: (path: PodPath) => boolean): Check<CheckContext> {
  return {
    id,
    name,
    needs: ['SUB0610'],
    run: judging(pathsFrom, (all) => {
      const mine = all.filter(isOfKind)
      if (mine.length === 0) return { is: 'skipped', reason: 'there was nothing to ask: see SUB0625 of the other clusters' }
      const slowest = Math.max(...mine.map(({ result }) => result?.ms ?? 0))
      const note = `${mine.filter(isReached).length} questions to ${contextsOf(mine)}, ${slowest} ms at most`
      return verdictOf(sayFailed(mine), { note, hint: suspect(all) })
    }),
  }
}

const contextsOf = (paths: readonly PodPath[]): string => [...new Set(paths.map(({ to }) => to.context))].sort().join(', ')

async function pathsFrom({ name, pods }: CheckContext, signal: AbortSignal): Promise<readonly PodPath[] | Verdict> {
  const found = await pods(signal)
  const skipped = found.skipped.get(name)
  if (skipped !== undefined) return { is: 'skipped', reason: skipped }
  const paths = found.paths.filter(({ from }) => from.context === name)
  return paths.length > 0 ? paths : { is: 'skipped', reason: 'no pods ran here: see SUB0625' }
}

const saySeen = ({ from, to, result }: PodPath): string =>
  `the pod on ${to.node} of ${to.context} saw ${result?.seen} where the pod ${from.ip} on ${from.node} asked`

/** Whom services see instead: kube-proxy masquerades what it takes to come from outside its cluster. */
async function exception(context: CheckContext, changed: readonly PodPath[]): Promise<string> {
  const lines = await Promise.all(
    [...new Set(changed.map(({ to }) => to.context))].sort().map(async (name) => {
      const seen = [...new Set(changed.flatMap(({ to, result }) => (to.context === name ? (result?.seen ?? []) : [])))].sort()
      const nodes = (await context.all.find((other) => other.name === name)?.look())?.nodes ?? []
      const named = seen.map((ip) => {
        const node = nodes.find((one) => nodeAddress(one, 'InternalIP') === ip)
        return node === undefined ? ip : `${ip}, its node ${node.metadata.name}`
      })
      return `services of ${name} see ${named.join(' and ')} instead: kube-proxy there masquerades what comes from outside its cluster`
    }),
  )
  return lines.join('; ')
}
