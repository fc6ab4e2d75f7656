import type { Check, Verdict } from '../check.ts'
import { firstOf, judging, verdictOf } from '../listing.ts'
import type { CheckContext } from '../subject.ts'
import { unsetNames } from './names.ts'
import { isRight, sayFetch, sayNames, type Tried, type TriedKind, type TriedName, type Waited } from './tried.ts'

/** Questions about services that each cluster, this one too, exports for the test: as users' pods of this cluster meet them. */
export const TRIED_CHECKS: readonly Check<CheckContext>[] = [
  {
    id: 'SUB0638',
    name: 'services that clusters export are imported',
    needs: ['SUB0610'],
    run: judging(triedBy, (all) => {
      const problems = all.flatMap((one) => ('why' in one.imported ? [`${one.service} of ${one.exporter}: ${one.imported.why}`] : []))
      const note = `${all.length} services of ${exporters(all)}, ${slowest(all.map(({ imported }) => imported))} ms at most`
      return verdictOf(firstOf(problems), { note, hint: AGENTS_HINT })
    }),
  },
  named('SUB0639', 'pods find services by name, those of other clusters and their own, and reach them', 'address'),
  named('SUB0640', 'pods find the pods of headless services by name, and reach them', 'headless'),
  {
    id: 'SUB0641',
    name: 'a service that is taken back is gone, and its names with it',
    needs: ['SUB0610'],
    run: judging(triedBy, (all) => {
      const problems = all.flatMap(({ service, exporter, dropped, forgotten }) =>
        [dropped, forgotten].flatMap((one) => (one !== undefined && 'why' in one ? [`${service} of ${exporter}: ${one.why}`] : [])),
      )
      const [imports, names] = [all.flatMap(({ dropped }) => dropped ?? []), all.flatMap(({ forgotten }) => forgotten ?? [])]
      if (imports.length === 0) return { is: 'skipped', reason: 'no service was taken back' }
      const ofNames = names.length === 0 ? '' : `, names after ${slowest(names)} ms`
      return verdictOf(firstOf(problems), { note: `imports after ${slowest(imports)} ms${ofNames} at most`, hint: AGENTS_HINT })
    }),
  },
]

const AGENTS_HINT = 'look into the logs of the agents of both clusters: `kubectl -n submariner logs -l app=submariner-discovery`'

/** Whether every name of a kind answers what it should, on every node, and every address that it gives does what it should. */
function named(id: `SUB${string}`, name: string, kind: TriedKind): Check<CheckContext> {
  return {
    id,
    name,
    needs: ['SUB0610'],
    run: judging(triedBy, async (all, context) => {
      const mine = all.filter((one) => one.kind === kind)
      const names = mine.flatMap((one) => one.names)
      const wrong = names.filter((one) => !isRight(one))
      const fetched = mine.flatMap(({ service, fetched: list }) => list.map((one) => ({ service, ...one })))
      const unreached = fetched.filter(({ result }) => result?.ok !== true).map((one) => sayFetch(one, one.service))
      const unset = unsetNames(await context.names())
      if (wrong.length > 0 && wrong.length === names.length && unreached.length === 0 && unset !== undefined)
        return { is: 'skipped', reason: `${unset}; by their addresses they are reached` }
      const [first] = wrong
      if (first !== undefined && unreached.length === 0 && wrong.every(isNotUnderstood))
        return { is: 'skipped', reason: `the pods’ image is older than this question (SUB0617): ${first.why}` }
      if (names.length + unreached.length === 0) return { is: 'skipped', reason: 'there was nothing to ask: see SUB0638' }
      const ofCluster = names.some(({ isOfCluster }) => isOfCluster) ? ', names of single clusters too' : ''
      const note = `${names.length} questions, ${fetched.length} addresses of ${exporters(mine.filter((one) => one.names.length > 0))}${ofCluster}`
      return verdictOf(firstOf([...sayNames(wrong), ...unreached]), { note, hint: wrong.length > 0 ? NAMES_HINT : REACH_HINT })
    }),
  }
}

/** Whether the pod did not know the flags that it was given. */
const isNotUnderstood = ({ result, why }: TriedName): boolean => result === undefined && why?.startsWith('error SUB0101') === true

const NAMES_HINT = 'see what this cluster’s DNS forwards or serves for clusterset.local: SUB0635, and `subctl resolve NAME`'
const REACH_HINT =
  'the name is right, the address is not reached: see SUB0626 and SUB0629, kube-proxy of this cluster, and its rules for the Service derived-...'

const exporters = (all: readonly Tried[]): string => [...new Set(all.map(({ exporter }) => exporter))].sort().join(', ')
const slowest = (waits: readonly Waited[]): number => Math.max(0, ...waits.map((one) => ('ms' in one ? one.ms : 0)))

async function triedBy(context: CheckContext, signal: AbortSignal): Promise<readonly Tried[] | Verdict> {
  const { skipped, failed, tried } = await context.services(signal)
  const [no, broken] = [skipped.get(context.name), failed.get(context.name)]
  if (no !== undefined) return { is: 'skipped', reason: no }
  const mine = tried.filter(({ importer }) => importer === context.name)
  if (mine.length > 0) return mine
  if (broken !== undefined) return { is: 'failed', reason: broken, hint: 'see `kubectl get events -A`; --pods false leaves this out' }
  return { is: 'skipped', reason: 'no other cluster of this run exports services' }
}
