// Names of services that are exported for the test, as pods of another cluster find them, and as they lose them.
import { isRight, type TriedName, type Waited } from '../../checks/services/tried.ts'
import type { NameResult } from '../../model/nettest-name.ts'
import { serviceSight } from '../look/service-sight.ts'
import { reasonOf, serviceOf } from '../resolve/reason.ts'
import { setUpOf } from '../resolve/setup.ts'
import { addressesOf, type Member, type Share } from './service-members.ts'
import { serviceName } from './service-objects.ts'
import { type Asker, awaitAnswers, startAskers } from './service-pods.ts'

/** Longer than a name that is not known is kept by any cache on the way. */
const ANSWER_MS = 20_000
/** Longer than an answer is kept by any cache on the way, NodeLocal DNSCache's among them. */
const FORGET_MS = 45_000
/** What a DNS says of a name that is not there. */
const GONE = ['NXDOMAIN', 'NODATA']

export interface Asked {
  readonly share: Share
  readonly asker: Asker
  readonly tried: TriedName
}
interface Question {
  readonly share: Share
  readonly name: string
  readonly isOfCluster: boolean
  readonly expected: readonly string[]
}

/** Has pods on each node of the importing cluster ask for all names, until they answer as they should or time is over. */
export async function askNames(importer: Member, shares: readonly Share[], signal: AbortSignal): Promise<readonly Asked[]> {
  const questions = shares.flatMap(questionsOf)
  const names = questions.map(({ name }) => name)
  const askers = await startAskers(importer.ground, names, signal)
  const found = await Promise.all(
    askers.map(async (asker): Promise<readonly Asked[]> => {
      const isWhole = (answers: ReadonlyMap<string, NameResult>): boolean =>
        questions.every(({ name, expected }) => isRight({ expected, result: answers.get(name) }))
      const answers = await awaitAnswers(importer.ground, asker, isWhole, { mostMs: ANSWER_MS, signal })
      const why = asker.problem ?? (answers.size === 0 ? await asker.complaint() : undefined)
      return questions.map(({ share, ...question }) => ({
        share,
        asker,
        tried: { ...question, node: asker.node, result: answers.get(question.name), ...(why !== undefined && { why }) },
      }))
    }),
  )
  return explained(importer, found.flat(), signal)
}

function questionsOf(share: Share): readonly Question[] {
  const { way, exporter, importer, ownIp } = share
  const expected = addressesOf(share)
  return importer.zones.flatMap((zone): readonly Question[] => {
    const name = `${serviceName(way.kind, way.place)}.${way.to.namespace}.svc.${zone}`
    const ofCluster = {
      share,
      name: `${exporter.clusterId}.${name}`,
      isOfCluster: true,
      expected: way.kind === 'headless' ? expected : [ownIp],
    }
    return [{ share, name, isOfCluster: false, expected }, ...(importer.hasClusterNames ? [ofCluster] : [])]
  })
}

/** Those that were not answered get a reason, from what the cluster has of the service. */
async function explained({ context }: Member, all: readonly Asked[], signal: AbortSignal): Promise<readonly Asked[]> {
  const isOpen = ({ tried: { result, why } }: Asked): boolean => result?.ok === false && why === undefined
  const [first] = all.filter(isOpen)
  if (first === undefined || signal.aborted) return all
  const { namespace } = first.share.way.to
  const sight = await serviceSight(context, context.namespace, { namespace }).catch(() => undefined)
  const setUp = sight && (await setUpOf(sight))
  return all.map((one) => {
    const { result, name } = one.tried
    const service = serviceOf(name)
    if (!isOpen(one) || sight === undefined || result === undefined || service === undefined) return one
    const others = [one.share.exporter.clusterId]
    return { ...one, tried: { ...one.tried, why: reasonOf(result, service, sight, { others, setUp }) } }
  })
}

/** Waits until no pod finds any name that it found before. Undefined where none was found. */
export async function awaitForgotten(asked: readonly Asked[], sinceMs: number, signal: AbortSignal): Promise<Waited | undefined> {
  const waits = await Promise.all(
    asked
      .filter(({ tried }) => tried.result?.ok === true)
      .map(async ({ share, asker, tried: { name } }): Promise<Waited> => {
        const { ground } = share.importer
        const isGone = (answers: ReadonlyMap<string, NameResult>): boolean => GONE.includes(answers.get(name)?.code ?? '')
        const answers = await awaitAnswers(ground, asker, isGone, { mostMs: FORGET_MS, signal })
        const ms = ground.cluster.clock.now() - sinceMs
        if (isGone(answers)) return { ms }
        const last = answers.get(name)
        return { why: `${asker.node}: ${name} still says ${last?.answers?.join(', ') ?? last?.code ?? 'nothing'} after ${ms} ms` }
      }),
  )
  const late = waits.find((one) => 'why' in one)
  return late ?? waits.reduce<Waited | undefined>((most, one) => (most !== undefined && msOf(most) > msOf(one) ? most : one), undefined)
}
const msOf = (waited: Waited): number => ('ms' in waited ? waited.ms : 0)
