// The rules of a CustomResourceDefinition: fields that it does not know are dropped, and what does not fit is named as a real API server names it.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Served } from '../kinds/served.ts'
import { type ApiObject, isRecord, type Json, recordAt } from './json.ts'
import type { Cause } from './status.ts'

/** The object with what the schema does not know left out and its defaults filled in. */
export function prune(served: Served, object: ApiObject): ApiObject {
  const schema = served.custom?.schema
  if (schema === undefined || recordAt(schema, 'properties').spec === recordAt(schema, 'properties').status) return object
  const { apiVersion, kind, metadata, ...rest } = object
  return { ...pruneFields(served, rest), apiVersion, kind, metadata }
}

/** What the schema knows of fields beside the metadata. */
export function pruneFields({ custom }: Served, fields: Json): Json {
  const schema = custom?.schema
  return schema === undefined ? fields : (pruned(schema, fields) as Json)
}

function pruned(schema: Json, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    return isRecord(items) ? value.map((item) => pruned(items, item)) : value
  }
  if (!isRecord(value)) return value
  const properties = recordAt(schema, 'properties')
  const { additionalProperties } = schema
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true
  const result: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : additionalProperties
    // null stands for "not given" unless the schema has a use for it.
    if (isRecord(known)) {
      if (item !== null || known.nullable === true) result[key] = pruned(known, item)
    } else if (keepsAll) result[key] = item
  }
  for (const [key, known] of Object.entries(properties))
    if (isRecord(known) && known.default !== undefined && result[key] === undefined) result[key] = structuredClone(known.default)
  return result
}

// A schema of Kubernetes has words of its own (x-kubernetes-*), and formats that say how a number is stored. Those that are served came with the program:
// they are not judged by the schema of schemas, which takes as long as all of them.
const ajv = (allErrors: boolean): Ajv =>
  new Ajv({ strict: false, allErrors, validateFormats: false, verbose: true, logger: false, meta: false, validateSchema: false })
const first = ajv(false)
const every = ajv(true)
/** Objects up to this size get all their errors listed, larger ones the first: a hostile one has millions. */
const MOST_LISTED = 64 * 1024

/** Does, a kind at a time, what the first write of each kind would have to wait for. `turn` lets other work go first. */
export async function prepareSchemas(all: readonly Served[], turn: () => Promise<void>): Promise<void> {
  for (const served of all) {
    const schema = served.custom?.schema
    if (schema === undefined) continue
    await turn()
    compiled(first, served, schema)
  }
}

/** What does not fit the kind's schema. */
export function judgeSchema(served: Served, object: ApiObject): Cause[] {
  const schema = served.custom?.schema
  if (schema === undefined) return []
  const { metadata: _, ...rest } = object
  const value = { ...rest, metadata: {} }
  const quick = compiled(first, served, schema)
  if (quick(value)) return []
  if (JSON.stringify(value).length > MOST_LISTED) return causesOf(quick.errors)
  const full = compiled(every, served, schema)
  full(value)
  return causesOf(full.errors)
}

function compiled(checker: Ajv, { plural, group }: Served, schema: Json): ValidateFunction {
  const key = `${plural}.${group}`
  return checker.getSchema(key) ?? checker.addSchema({ ...schema, $id: key }).getSchema(key) ?? checker.compile(schema)
}

const causesOf = (errors: ValidateFunction['errors']): Cause[] => (errors ?? []).slice(0, 32).map(causeOf)

function causeOf(error: ErrorObject): Cause {
  const { instancePath, keyword, params, data, message = 'is invalid' } = error
  const field = fieldOf(instancePath)
  const shown = JSON.stringify(data)?.slice(0, 200)
  if (keyword === 'required') {
    const missing = String(params.missingProperty)
    return { reason: 'FieldValueRequired', message: 'Required value', field: field === '' ? missing : `${field}.${missing}` }
  }
  if (keyword === 'type')
    return {
      reason: 'FieldValueTypeInvalid',
      message: `Invalid value: ${JSON.stringify(typeName(data))}: ${field} in body must be of type ${String(params.type)}: ${JSON.stringify(typeName(data))}`,
      field,
    }
  if (keyword === 'enum') {
    const allowed = (params.allowedValues as readonly unknown[]).map((value) => JSON.stringify(value)).join(', ')
    return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${shown}: supported values: ${allowed}`, field }
  }
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown}: ${field} in body ${message}`, field }
}

/** `/spec/subnets/0` as `spec.subnets[0]`. */
const fieldOf = (path: string): string =>
  path
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('')
    .replace(/^\./, '')

const typeName = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
