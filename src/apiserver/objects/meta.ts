// The metadata that every object has: read from a body, and judged.
import type { Meta } from '../../model/resources.ts'
import type { Served } from '../kinds/served.ts'
import { apiVersion } from '../kinds/served.ts'
import { type ApiObject, compact, isRecord, isTexts, type Json } from './json.ts'
import { badRequest, type Cause } from './status.ts'

/** An object out of a body. Throws a StatusError for what is none of this kind. */
export function readObject(served: Served, body: unknown): ApiObject {
  if (!isRecord(body)) throw badRequest(`the object provided is unrecognized: a ${served.kind} is a JSON object`)
  const { kind, apiVersion: version, metadata = {} } = body
  if (typeof kind !== 'string' || kind === '') throw badRequest("Object 'Kind' is missing in the body")
  if (typeof version !== 'string' || version === '') throw badRequest("Object 'apiVersion' is missing in the body")
  if (kind !== served.kind || version !== apiVersion(served))
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${served.kind}: the API version in the data (${version}, Kind=${kind}) does not match the expected API version (${apiVersion(served)}, Kind=${served.kind})`,
    )
  if (!isRecord(metadata)) throw malformed(served, 'metadata', 'object')
  return { ...body, apiVersion: version, kind, metadata: readMeta(served, metadata) }
}

type Shape = 'text' | 'texts' | 'number' | 'list'
const SHAPES: Readonly<Record<string, Shape>> = {
  name: 'text',
  generateName: 'text',
  namespace: 'text',
  uid: 'text',
  resourceVersion: 'text',
  generation: 'number',
  creationTimestamp: 'text',
  deletionTimestamp: 'text',
  deletionGracePeriodSeconds: 'number',
  labels: 'texts',
  annotations: 'texts',
  ownerReferences: 'list',
  finalizers: 'list',
  managedFields: 'list',
}
/** What metadata can have. */
export const META_FIELDS: readonly string[] = [...Object.keys(SHAPES), 'selfLink']
const FITS: Readonly<Record<Shape, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  texts: isTexts,
  number: (value) => Number.isSafeInteger(value),
  list: Array.isArray,
}

/** Metadata with the fields that are known, empty ones left out. */
function readMeta(served: Served, metadata: Json): Meta {
  const fields = Object.entries(SHAPES).flatMap(([field, shape]) => {
    const value = metadata[field]
    if (value === undefined || value === null) return []
    if (!FITS[shape](value)) throw malformed(served, `metadata.${field}`, shape)
    const isEmpty = value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
    return isEmpty ? [] : [[field, value]]
  })
  const { finalizers, ...rest } = Object.fromEntries(fields)
  if (finalizers !== undefined && !finalizers.every((item: unknown) => typeof item === 'string'))
    throw malformed(served, 'metadata.finalizers', 'texts')
  return { name: '', ...rest, ...(finalizers !== undefined && { finalizers }) }
}

const malformed = ({ kind, version }: Served, field: string, shape: string): Error =>
  badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${field}: it must be ${WANTED[shape]}`)
const WANTED: Readonly<Record<string, string>> = {
  text: 'a string',
  texts: 'strings',
  number: 'a number',
  list: 'an array',
  object: 'an object',
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
const KEY_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
const MOST_ANNOTATIONS = 256 * 1024

/** What is wrong with an object's metadata. */
export function judgeMeta(served: Served, { name, labels = {}, annotations = {} }: Meta): Cause[] {
  const causes = [...judgeName(served, name)]
  for (const [key, value] of Object.entries(labels)) {
    if (!isKey(key)) causes.push(invalidValue('metadata.labels', key, 'name part must consist of alphanumeric characters, "-", "_" or "."'))
    if (value !== '' && !KEY_NAME.test(value))
      causes.push(
        invalidValue(
          'metadata.labels',
          value,
          'a valid label must be an empty string or consist of alphanumeric characters, "-", "_" or "."',
        ),
      )
  }
  for (const key of Object.keys(annotations))
    if (!isKey(key))
      causes.push(invalidValue('metadata.annotations', key, 'name part must consist of alphanumeric characters, "-", "_" or "."'))
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (size > MOST_ANNOTATIONS)
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MOST_ANNOTATIONS} bytes`,
      field: 'metadata.annotations',
    })
  return causes.slice(0, 16)
}

const RIGHTS = 'rbac.authorization.k8s.io'
function judgeName(served: Served, name: string): Cause[] {
  if (name === '')
    return [{ reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' }]
  if (served.group === RIGHTS)
    return /[/%\s]|^\.\.?$/.test(name) || name.length > 253 ? [invalidValue('metadata.name', name, 'it may not contain "/" or "%"')] : []
  const isGood = served.kind === 'Namespace' ? LABEL.test(name) : name.length <= 253 && SUBDOMAIN.test(name)
  const rule = served.kind === 'Namespace' ? 'a lowercase RFC 1123 label must' : 'a lowercase RFC 1123 subdomain must'
  return isGood
    ? []
    : [
        invalidValue(
          'metadata.name',
          name,
          `${rule} consist of lower case alphanumeric characters and "-", and must start and end with an alphanumeric character`,
        ),
      ]
}

function isKey(key: string): boolean {
  const [first = '', second, more] = key.split('/')
  if (more !== undefined) return false
  return second === undefined ? KEY_NAME.test(first) : first.length <= 253 && SUBDOMAIN.test(first) && KEY_NAME.test(second)
}

export const invalidValue = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)?.slice(0, 200)}: ${why}`,
  field,
})
export const required = (field: string, why = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: `Required value${why === '' ? '' : `: ${why}`}`,
  field,
})

/** Metadata without what is undefined. */
export const compactMeta = (metadata: Meta): Meta => ({ ...compact({ ...metadata }), name: metadata.name })
