// `subctl resolve NAME`: what the DNS of each cluster says of a name of the clusterset.
import { EXIT, UserError } from '../model/errors.ts'
import { SETTINGS_CONFIGMAP } from '../model/names.ts'
import { type NameResult, parseName, typeOf } from '../model/nettest-name.ts'
import { type Given, usage } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { namespaceOf } from './export/find.ts'
import { print, say } from './join/stage.ts'
import { marksFor } from './look/marks.ts'
import { type ServiceSight, serviceSight } from './look/service-sight.ts'
import { type Subject, subjects } from './look/subjects.ts'
import { printable } from './look/tables.ts'
import { tryOn, unaskedError } from './look/unasked.ts'
import { type Asking, askIn } from './resolve/ask.ts'
import { keyOf, mayBeShort, noteOf, type Owned, ownedText, ownerOf, reasonOf, serviceOf, wholeName } from './resolve/reason.ts'
import { type SetUp, setUpOf } from './resolve/setup.ts'
import { statusLine } from './verify/lines.ts'

/** Pods end by themselves so long after the last moment at which they could be needed. */
const POD_SPARE_MS = 30_000

interface Asked {
  readonly subject: Subject
  /** Undefined where the cluster is in no clusterset. */
  readonly sight: ServiceSight | undefined
  /** Text: why it could not be asked. */
  readonly result: NameResult | string
  readonly setUp: SetUp | undefined
  /** Where its API is not reached, or does not tell. */
  readonly error?: UserError
}
/** What one cluster says. */
interface Finding {
  readonly cluster: string
  readonly context: string
  readonly ok: boolean
  readonly code?: string
  readonly answers: readonly Owned[]
  readonly servers: readonly string[]
  readonly ms?: number
  readonly reason?: string
  /** Of a name that is answered, and leads nowhere. */
  readonly note?: string
  /** Where the cluster's API is not reached, or does not tell. */
  readonly error?: { readonly id: string; readonly message: string }
}

export const resolve: Run = async (context, given) => {
  const word = given.args[0] ?? ''
  const isBare = /^[a-z0-9-]+$/.test(word)
  const of = given.text('namespace')
  // A mistake comes before anybody is asked.
  if (isBare) nameOf(`${word}.${of ?? 'default'}`)
  else if (of === undefined) nameOf(word)
  else throw usage(`"${word}" names its namespace itself: -n is for a name of one word`, 'namespace')
  const timeoutMs = given.duration('timeout')
  const found = await subjects(context, given)
  const typed = isBare ? `${word}.${of ?? namespaceOf(found)}` : word
  const name = nameOf(typed, mayBeShort(parseName(typed)) ? await clustersOf(found, given.need('agents-namespace')) : undefined)
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([context.signal, deadline])
  const namespace = given.need('agents-namespace')
  const asking = {
    ...{ name, namespace, signal, clock: context.clock, when: 'true' as const },
    image: given.text('image'),
    lifeMs: timeoutMs + POD_SPARE_MS,
    tell: (left: string) => say(context, `note: ${left}`),
  }
  const status = statusLine(context.stderr)
  status.show(`a pod of ${found.map((one) => one.name).join(', ')} asks its DNS for ${name}`)
  const asked = await Promise.all(found.map((subject) => askOne(subject, asking))).finally(() => status.clear())
  context.signal.throwIfAborted()
  const unasked = asked.flatMap(({ subject, error }) => (error === undefined ? [] : [{ subject, error }]))
  if (unasked.length === asked.length) throw unaskedError(unasked)
  const findings = asked.map((one) => findingOf(name, one, asked))
  print(context, given, [name, ...findings.map((finding) => lineOf(context, given, finding))], {
    ...{ kind: 'Resolution', name, type: typeOf(name) },
    clusters: findings,
  })
  if (findings.every(({ ok }) => ok)) return undefined
  return deadline.aborted ? EXIT.timedOut : EXIT.checkFailed
}

async function askOne(subject: Subject, asking: Asking & { readonly namespace: string }): Promise<Asked> {
  const sight = await tryOn(subject, () => sightOf(subject, asking.namespace, serviceOf(asking.name)?.namespace))
  if (sight instanceof UserError) return { subject, sight: undefined, result: sight.message, setUp: undefined, error: sight }
  const result = await askIn(subject, asking)
  const hasFailed = typeof result !== 'string' && !result.ok
  return { subject, sight, result, setUp: hasFailed && sight !== undefined ? await setUpOf(sight) : undefined }
}

/** All that the clusters asked know: themselves, and those they have Endpoints of. One that does not tell is none of them. */
async function clustersOf(found: readonly Subject[], namespace: string): Promise<ReadonlySet<string>> {
  const ids = found.map(async ({ api }) => {
    const [settings, endpoints] = await Promise.all([
      api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace).catch(() => undefined),
      api.list('Endpoint', { namespace }).catch(() => ({ items: [] })),
    ])
    return [settings?.data?.SUBMARINER_CLUSTERID ?? '', ...endpoints.items.map(({ spec }) => spec.cluster_id)]
  })
  return new Set((await Promise.all(ids)).flat())
}

function nameOf(text: string, clusters?: ReadonlySet<string>): string {
  try {
    return wholeName(parseName(text), clusters)
  } catch (error) {
    if (error instanceof RangeError) throw usage(error.message)
    throw error
  }
}

/** A cluster that is in no clusterset can be asked all the same. */
async function sightOf(subject: Subject, agents: string, namespace: string | undefined): Promise<ServiceSight | undefined> {
  try {
    return await serviceSight(subject, agents, namespace === undefined ? {} : { namespace })
  } catch (error) {
    if (error instanceof UserError && error.id === 'SUB0602') return undefined
    throw error
  }
}

function findingOf(name: string, { subject, sight, result, setUp, error }: Asked, all: readonly Asked[]): Finding {
  const place = { cluster: sight?.clusterId ?? subject.name, context: subject.name }
  if (typeof result === 'string') {
    const why = error === undefined ? {} : { error: { id: error.id, message: error.message } }
    return { ...place, ok: false, answers: [], servers: [], reason: `not asked: ${result}`, ...why }
  }
  const { ok, code, servers, ms, answers = [] } = result
  const service = serviceOf(name)
  const known = service !== undefined && sight !== undefined ? { service, sight } : undefined
  const exporters =
    known === undefined ? [] : all.flatMap((one) => (one.sight?.exports.has(keyOf(known.service)) === true ? [one.sight.clusterId] : []))
  const reason = ok || known === undefined ? undefined : reasonOf(result, known.service, known.sight, { others: exporters, setUp })
  const owned = answers.map((value) =>
    known === undefined || value.includes(':') ? { value } : ownerOf(value, known.service, known.sight),
  )
  const note = ok && known !== undefined ? noteOf(owned, known.service, known.sight) : undefined
  return {
    ...{ ...place, ok, servers, ms },
    ...(code !== undefined && { code }),
    answers: owned,
    ...(note !== undefined && { note }),
    ...(reason !== undefined ? { reason } : !ok && sight === undefined ? { reason: 'the cluster has not joined a clusterset' } : {}),
  }
}

function lineOf(context: Context, given: Given, { cluster, ok, code, answers, servers, ms, reason, note }: Finding): string {
  const marks = marksFor(context.stdout, context, given)
  const what = ok ? answers.map(ownedText).join(', ') : code
  const whom = servers.length === 0 ? '' : ` from ${servers.join(', ')} in ${ms} ms`
  const why = reason === undefined ? '' : `${what === undefined ? '' : ': '}${reason}`
  return `  ${ok ? marks.ok : marks.failed} ${cluster}: ${printable(`${what ?? ''}${whom}${why}${note === undefined ? '' : `; ${note}`}`)}`
}
