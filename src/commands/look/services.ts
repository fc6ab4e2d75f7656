// `show services`: every service of the clusterset, as each cluster asked about has it.
import { stringify } from 'yaml'
import { STRANGER } from '../../checks/services/exchange.ts'
import { UserError } from '../../model/errors.ts'
import { type Condition, IMPORTED_IN_PART, IN_PART, type ServiceExport, type ServiceImport } from '../../model/mcs.ts'
import type { Given } from '../cli/given.ts'
import type { Run } from '../cli/run.ts'
import { checkName } from '../export/find.ts'
import { NO_AGENT } from './agent.ts'
import { type NamesSight, namesLine, namesSight } from './names.ts'
import { type Count, type ServiceSight, serviceSight } from './service-sight.ts'
import { subjects } from './subjects.ts'
import { printable, textTable } from './tables.ts'
import { tryOn, type Unasked, unaskedError, unaskedRecord } from './unasked.ts'

/** One service in one cluster. */
interface Place {
  readonly cluster: string
  readonly context: string
  readonly export: { readonly state: string; readonly messages: readonly string[]; readonly conflict: string | null }
  readonly import: { readonly state: string; readonly ips: readonly string[]; readonly messages: readonly string[] }
  /** Its own pods, where it exports the service. */
  readonly pods: Count | null
  readonly backends: readonly (Count & { readonly cluster: string })[]
}
interface Row {
  readonly namespace: string
  readonly name: string
  readonly type: string
  readonly clusters: readonly Place[]
}

export const showServices: Run = async (context, given) => {
  const namespace = given.text('namespace')
  const services = namespace === undefined ? {} : { namespace: checkName('namespace', namespace) }
  const found = await subjects(context, given)
  const asked = await Promise.all(
    found.map(async (subject) => {
      const sight = await tryOn(subject, () => serviceSight(subject, given.need('agents-namespace'), services))
      return sight instanceof UserError ? { subject, error: sight } : sight
    }),
  )
  context.signal.throwIfAborted()
  const sights = asked.filter((one) => 'clusterId' in one)
  const unasked = asked.filter((one) => 'error' in one)
  if (sights.length === 0) throw unaskedError(unasked)
  const without = sights.filter(({ isServed }) => !isServed).map(({ clusterId }) => clusterId)
  if (without.length === asked.length)
    throw new UserError('SUB0901', `No kinds ServiceExport and ServiceImport of multicluster.x-k8s.io/v1beta1 in: ${without.join(', ')}`)
  if (without.length > 0) context.stderr.write(`note: without the kinds of services across clusters: ${without.join(', ')}\n`)
  const names = await Promise.all(sights.map(namesSight))
  context.stdout.write(`${render({ rows: rowsOf(sights), names, unasked }, given)}\n`)
  if (unasked.length > 0) throw unaskedError(unasked)
  return undefined
}

function rowsOf(sights: readonly ServiceSight[]): readonly Row[] {
  const keys = [
    ...new Set(sights.flatMap(({ exports, imports, strangers }) => [...exports.keys(), ...imports.keys(), ...strangers.keys()])),
  ].sort()
  return keys.map((key) => {
    const [namespace = '', name = ''] = key.split('/')
    const type = sights.map(({ imports }) => imports.get(key)?.spec?.type).find((one) => one !== undefined) ?? '-'
    const isExported = sights.some(({ exports, hasAgent }) => hasAgent && isReady(exports.get(key)))
    return { namespace, name, type, clusters: sights.map((sight) => placeOf(sight, key, { namespace, isExported })) }
  })
}

interface Around {
  readonly namespace: string
  readonly isExported: boolean
}
function placeOf(sight: ServiceSight, key: string, { namespace, isExported }: Around): Place {
  const [exported, imported] = [sight.exports.get(key), sight.imports.get(key)]
  const conflict = conditionOf(exported, 'Conflict')
  return {
    cluster: sight.clusterId,
    context: sight.subject.name,
    export: {
      state: sight.hasAgent ? exportState(exported) : unlooked(exported),
      messages: sight.hasAgent ? messagesOf(exported) : exported === undefined ? [] : [NO_AGENT],
      conflict: conflict?.status === 'True' ? conflict.reason : null,
    },
    import: {
      ...importWords(sight, key, { namespace, isExported }),
      ips: imported?.spec?.ips ?? [],
    },
    pods: exported === undefined ? null : sight.own(key),
    backends: [...sight.behind(key)].map(([cluster, count]) => ({ cluster, ...count })),
  }
}

const conditionOf = (object: ServiceExport | ServiceImport | undefined, type: string): Condition | undefined =>
  object?.status?.conditions?.find((one) => one.type === type)
const isReady = (object: ServiceExport | ServiceImport | undefined): boolean => conditionOf(object, 'Ready')?.status === 'True'

/** Whatever its conditions say: they are what an agent said that has gone. */
const unlooked = (object: ServiceExport | ServiceImport | undefined): string => (object === undefined ? 'no' : 'no agent')

function exportState(exported: ServiceExport | undefined): string {
  if (exported === undefined) return 'no'
  if (exported.metadata.deletionTimestamp !== undefined) return 'ending'
  if (conditionOf(exported, 'Valid')?.status === 'False') return 'not valid'
  if (isReady(exported)) return isInPart(conditionOf(exported, 'Ready')) ? 'in part' : 'ready'
  return conditionOf(exported, 'Ready') === undefined ? 'no answer' : 'not ready'
}

function importWords(sight: ServiceSight, key: string, { namespace, isExported }: Around): Pick<Place['import'], 'state' | 'messages'> {
  const [imported, stranger] = [sight.imports.get(key), sight.strangers.get(key)]
  if (!sight.hasAgent) return { state: unlooked(imported ?? stranger), messages: [] }
  if (stranger !== undefined) return { state: 'in the way', messages: [STRANGER] }
  const state = importState(imported, sight.namespaces.has(namespace), isExported)
  if (state !== 'missing') return { state, messages: messagesOf(imported) }
  if (sight.ending.has(namespace))
    return { state: 'namespace ending', messages: [`namespace ${namespace} is being removed in this cluster`] }
  const why = sight.keptOut(namespace)
  return why === undefined ? { state, messages: [] } : { state: 'not allowed', messages: [why] }
}

/** Upstream's agents say nothing of an import's being ready. */
function importState(imported: ServiceImport | undefined, hasNamespace: boolean, isExported: boolean): string {
  const ready = conditionOf(imported, 'Ready')
  if (imported !== undefined) return ready?.status === 'False' ? 'not ready' : isInPart(ready) ? 'in part' : 'ready'
  if (!hasNamespace) return 'no namespace'
  return isExported ? 'missing' : 'no'
}

const isInPart = (ready: Condition | undefined): boolean => ready?.status === 'True' && [IN_PART, IMPORTED_IN_PART].includes(ready.reason)

/** What stands in the way, what clusters leave out, and what they disagree about. */
const messagesOf = (object: ServiceExport | ServiceImport | undefined): readonly string[] =>
  (object?.status?.conditions ?? [])
    .filter((one) => (one.type === 'Conflict' ? one.status === 'True' : one.status === 'False' || (one.type === 'Ready' && isInPart(one))))
    .map(({ type, message, reason }) => `${type}: ${message === '' ? reason : message.replaceAll('\n', '; ')}`)

const COLUMNS = ['service', 'type', 'cluster', 'export', 'import', 'vip', 'own pods', 'ready behind it', 'conflict']
const WIDE = ['context', 'messages']

interface Seen {
  readonly rows: readonly Row[]
  readonly names: readonly NamesSight[]
  readonly unasked: readonly Unasked[]
}

function render({ rows, names, unasked }: Seen, given: Given): string {
  const format = given.need('output')
  const value = {
    ...{ apiVersion: 'subctl.submariner.io/v1', kind: 'ServiceList', items: rows, names },
    ...(unasked.length > 0 && { notAsked: unasked.map(unaskedRecord) }),
  }
  if (format === 'json') return JSON.stringify(value, null, 2)
  if (format === 'yaml') return stringify(value, { version: '1.1' }).trimEnd()
  if (format === 'name') return rows.map(({ namespace, name }) => printable(`${namespace}/${name}`)).join('\n')
  const lines = names.map(namesLine).join('\n')
  const namespace = given.text('namespace')
  if (rows.length === 0)
    return `No service${namespace === undefined ? '' : ` of namespace ${namespace}`} is exported or imported.\n${lines}`
  const columns = format === 'wide' ? [...COLUMNS, ...WIDE] : COLUMNS
  const table = textTable(
    columns,
    rows.flatMap((row) => row.clusters.map((place) => cells(row, place).slice(0, columns.length))),
  )
  return `${table}\n\n${lines}`
}

const or = (text: string): string => (text === '' ? '-' : text)
const share = ({ ready, all }: Count): string => `${ready}/${all}`

const cells = ({ namespace, name, type }: Row, place: Place): readonly string[] => [
  `${namespace}/${name}`,
  type,
  place.cluster,
  place.export.state,
  place.import.state,
  or(place.import.ips.join(',')),
  place.pods === null ? '-' : share(place.pods),
  or(place.backends.map((one) => `${one.cluster} ${share(one)}`).join(', ')),
  or(place.export.conflict ?? ''),
  place.context,
  or([...place.export.messages, ...place.import.messages.map((text) => `import: ${text}`)].join('; ')),
]
