// What a cluster has of services and exports; what is not there is an error that says so.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { IMPORTED, type ServiceExport } from '../../model/mcs.ts'
import { isLabel } from '../../model/names.ts'
import type { Service } from '../../model/resources.ts'
import { type Given, usage } from '../cli/given.ts'
import type { Subject } from '../look/subjects.ts'

/** A name from the command line as an object may have it. Throws a usage error. */
export function checkName(what: 'service' | 'namespace', name: string): string {
  if (isLabel(name)) return name
  throw usage(`"${name}" is no name of a ${what}: up to 63 lower-case letters, digits and hyphens, no hyphen at the ends`)
}

export interface Aim {
  /** Undefined: that of the contexts. */
  readonly namespace: string | undefined
  readonly name: string | undefined
}

/** The namespace that the contexts name, as kubectl has it: `default` where they name none. Throws where they differ: a service is the same in one namespace alone. */
export function namespaceOf(found: readonly Subject[]): string {
  const named = found.map(({ name, api: { namespace = 'default' } }) => [name, namespace] as const)
  const [first, ...others] = new Set(named.map(([, namespace]) => namespace))
  if (others.length > 0)
    throw usage(
      `the contexts name different namespaces (${named.map((pair) => pair.join(': ')).join(', ')}): give one with -n`,
      'namespace',
    )
  return checkName('namespace', first ?? 'default')
}

/** What the command line is about; `name` is undefined where all services of the namespace are meant. Throws usage errors. */
export function aimOf(given: Given): Aim {
  const [what, word = ''] = given.args
  const namespace = given.text('namespace')
  if (what === 'service')
    return { name: checkName('service', word), namespace: namespace === undefined ? undefined : checkName('namespace', namespace) }
  if (namespace !== undefined) throw usage('--namespace is for one service: the namespace stands behind the word `namespace`', 'namespace')
  return { name: undefined, namespace: checkName('namespace', word) }
}

const isMissing = (error: unknown): boolean => error instanceof ApiError && error.code === 404

/** The exports of a namespace by name; undefined where the cluster does not have the kind. */
export async function exportsOf(api: KubeApi, namespace: string): Promise<ReadonlyMap<string, ServiceExport> | undefined> {
  try {
    const { items } = await api.list('ServiceExport', { namespace })
    return new Map(items.map((one) => [one.metadata.name, one]))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** As exportsOf(), but an error where the kind is missing. */
export async function needExports(subject: Subject, namespace: string): Promise<ReadonlyMap<string, ServiceExport>> {
  const found = await exportsOf(subject.api, namespace)
  if (found !== undefined) return found
  throw new UserError('SUB0901', `The cluster of ${contextTitle(subject)} has no kind ServiceExport of multicluster.x-k8s.io/v1beta1`, {
    hint: `subctl join brings it (without --service-discovery false). What is there: kubectl${contextFlag(subject)} get --raw /apis/multicluster.x-k8s.io`,
  })
}

/** For sentences. */
export const contextTitle = ({ name }: Subject): string => (name === 'current' ? 'the current context' : `context "${name}"`)

/** For commands to type. */
export const contextFlag = ({ name }: Subject): string => (name === 'current' ? '' : ` --context ${name}`)

const MOST_NAMED = 5

/** The Service. Throws where there is none, with the names of those that are there. */
export async function needService(subject: Subject, namespace: string, name: string): Promise<Service> {
  const service = await subject.api.get('Service', name, namespace)
  if (service !== undefined) return service
  const names = (await servicesOf(subject, namespace)).map(({ metadata }) => metadata.name).sort()
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  throw new UserError('SUB0902', `There is no Service "${name}" in namespace "${namespace}" of ${contextTitle(subject)}`, {
    hint: names.length === 0 ? emptyHint(subject) : `There are: ${names.slice(0, MOST_NAMED).join(', ')}${more}.`,
  })
}

/** The Services of a namespace, without those that imports have made. Throws where there are none. */
export async function needServices(subject: Subject, namespace: string): Promise<readonly Service[]> {
  const found = await servicesOf(subject, namespace)
  if (found.length > 0) return found
  throw new UserError('SUB0902', `Namespace "${namespace}" of ${contextTitle(subject)} has no Service of its own, or is not there`, {
    hint: emptyHint(subject),
  })
}

const servicesOf = async ({ api }: Subject, namespace: string): Promise<readonly Service[]> =>
  (await api.list('Service', { namespace })).items.filter(({ metadata }) => metadata.labels?.[IMPORTED] === undefined)

const emptyHint = (subject: Subject): string => `See what is there: kubectl${contextFlag(subject)} get services -A`
