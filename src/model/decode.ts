// What another cluster wrote is hostile until it has passed here: unknown in, a wire type with known fields and plain texts out, or the field
// that is wrong. Patterns leave no room for the syntax of a shell, a configuration file or a terminal.
import {
  array,
  boolean,
  exactOptional,
  literal,
  maxLength,
  minLength,
  object,
  record,
  refine,
  regex,
  safeParse,
  string,
  type ZodMiniType,
} from 'zod/mini'
import { cableName, endpointName, sanitise } from './names.ts'
import { parseCidr, parseIp } from './net.ts'
import type { Cluster, Endpoint } from './resources.ts'

/** Why an object was refused: the field, such as `spec.subnets[0]`, and what is wrong with it. */
export interface Refusal {
  /** Kind and name, such as `Endpoint "east-1"`, fit for a log. */
  readonly object: string
  readonly field: string
  readonly reason: string
}
/** The refusal in a line. */
export const refusalText = ({ object, field, reason }: Refusal): string => `${object}: ${field}: ${reason}`

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

const MOST_NETWORKS = 64
const MOST_TEXT = 253

const parses = (parse: (text: string) => unknown) => (text: string) => {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
export const plain = (pattern: RegExp, what: string) =>
  string('must be text').check(maxLength(MOST_TEXT, `is longer than ${MOST_TEXT} characters`), regex(pattern, `is not ${what}`))
export const ip = () => string('must be text').check(maxLength(45, 'is not an IP address'), refine(parses(parseIp), 'is not an IP address'))
const ipOrNone = () =>
  string('must be text').check(
    maxLength(45, 'is not an IP address'),
    refine((text) => text === '' || parses(parseIp)(text), 'is not an IP address'),
  )
const networks = () =>
  array(
    string('must be text').check(maxLength(49, 'is not a network'), refine(parses(parseCidr), 'is not a network')),
    'must be a list',
  ).check(maxLength(MOST_NETWORKS, `has more than ${MOST_NETWORKS} networks`))
const dictionary = () => record(string(), string('must be text'), 'must be a table of texts')

/** The id of a cluster: what fits into a label's value, as upstream allows it. */
const clusterId = () =>
  string('must be text').check(
    minLength(1, 'is empty'),
    maxLength(63, 'is longer than 63 characters'),
    regex(/^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/, 'is not a cluster id'),
  )
export const metadata = object(
  {
    name: plain(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a name'),
    namespace: exactOptional(plain(/^[a-z0-9-]+$/, 'a namespace')),
    uid: exactOptional(plain(/^[A-Za-z0-9-]*$/, 'a uid')),
    resourceVersion: exactOptional(plain(/^[A-Za-z0-9]*$/, 'a version')),
    creationTimestamp: exactOptional(plain(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'a time')),
    labels: exactOptional(dictionary()),
    annotations: exactOptional(dictionary()),
  },
  'must be an object',
)

/** Endpoint.spec; a test compares it with the CRD. */
export const EndpointSchema = object(
  {
    cluster_id: clusterId(),
    cable_name: plain(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a name'),
    healthCheckIP: exactOptional(ipOrNone()),
    hostname: plain(/^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/, 'a host name'),
    subnets: networks(),
    private_ip: ip(),
    public_ip: ipOrNone(),
    nat_enabled: boolean('must be true or false'),
    backend: plain(/^[a-z][a-z0-9-]*$/, 'the name of a cable driver'),
    backend_config: exactOptional(
      record(
        string().check(regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/, 'is not the name of a setting')),
        plain(/^[A-Za-z0-9+/=:._,@ -]*$/, 'plain text'),
        'must be a table of texts',
      ).check(refine((config) => Object.keys(config).length <= 32, 'has more than 32 settings')),
    ),
  },
  'must be an object',
)

/** Cluster.spec; a test compares it with the CRD. */
export const ClusterSchema = object(
  {
    cluster_id: clusterId(),
    color_codes: exactOptional(
      array(plain(/^[A-Za-z0-9_.-]*$/, 'a colour'), 'must be a list').check(maxLength(MOST_NETWORKS, 'is too long')),
    ),
    cluster_cidr: networks(),
    service_cidr: networks(),
    global_cidr: networks(),
  },
  'must be an object',
)

const resource = <S extends ZodMiniType, K extends string>(kind: K, spec: S) =>
  object(
    { apiVersion: literal('submariner.io/v1', 'must be submariner.io/v1'), kind: literal(kind, `must be ${kind}`), metadata, spec },
    'must be an object',
  )

const endpointResource = resource('Endpoint', EndpointSchema)
const clusterResource = resource('Cluster', ClusterSchema)

/** Objects never change once they are read, so each is judged once: what was decoded of it lives as long as it does. */
export function once<T>(judge: (input: unknown) => Decoded<T>): (input: unknown) => Decoded<T> {
  const seen = new WeakMap<object, Decoded<T>>()
  return (input) => {
    if (typeof input !== 'object' || input === null) return judge(input)
    const known = seen.get(input)
    if (known !== undefined) return known
    const judged = judge(input)
    seen.set(input, judged)
    // What was decoded may stand for what it was decoded from.
    if (judged.ok && typeof judged.value === 'object' && judged.value !== null) seen.set(judged.value, judged)
    return judged
  }
}

/** An Endpoint with its known fields alone. Its cable and object names follow from its cluster id and address, so that none can take another's. */
export const decodeEndpoint = once((input: unknown): Decoded<Endpoint> => {
  const decoded = decode('Endpoint', endpointResource, input)
  if (!decoded.ok) return decoded
  const { metadata: meta, spec } = decoded.value
  const cable = cableName(spec.cluster_id, parseIp(spec.private_ip))
  if (spec.cable_name !== cable) return refuse('Endpoint', input, 'spec.cable_name', `must be ${cable}`)
  const name = endpointName(spec.cluster_id, cable)
  return meta.name === name ? decoded : refuse('Endpoint', input, 'metadata.name', `must be ${name}`)
})

/** A Cluster with its known fields alone, under the name that follows from its id. */
export const decodeCluster = once((input: unknown): Decoded<Cluster> => {
  const decoded = decode('Cluster', clusterResource, input)
  if (!decoded.ok) return decoded
  const name = sanitise(decoded.value.spec.cluster_id)
  return decoded.value.metadata.name === name ? decoded : refuse('Cluster', input, 'metadata.name', `must be ${name}`)
})

export function decode<S extends ZodMiniType>(kind: string, schema: S, input: unknown): Decoded<S['_zod']['output']> {
  const parsed = safeParse(schema, input)
  if (parsed.success) return { ok: true, value: parsed.data }
  const issue = parsed.error.issues[0]
  return refuse(kind, input, fieldOf(issue?.path ?? []), issue?.message ?? 'is not understood')
}

export const refuse = (kind: string, input: unknown, field: string, reason: string): { readonly ok: false; readonly refusal: Refusal } => ({
  ok: false,
  refusal: { object: nameOf(kind, input), field, reason },
})

/** `spec.subnets[0]`; keys of tables are quoted and cut, since they are as hostile as values. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((step) =>
    typeof step === 'number' ? `[${step}]` : /^\w{1,40}$/.test(String(step)) ? `.${String(step)}` : `[${quote(String(step))}]`,
  )
  return text.join('').replace(/^\./, '') || 'the object'
}

/** Kind and name of whatever that is, fit for a log. */
export function nameOf(kind: string, input: unknown): string {
  const meta = typeof input === 'object' && input !== null && 'metadata' in input ? input.metadata : undefined
  const name = typeof meta === 'object' && meta !== null && 'name' in meta ? meta.name : undefined
  return typeof name === 'string' ? `${kind} ${quote(name)}` : `${kind} without a name`
}

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text).replaceAll(/[^\x20-\x7e]/g, '?')
