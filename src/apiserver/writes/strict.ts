// Fields of a body that are left out as unknown: refused or told of, where the client asks for it.
import type { Served } from '../kinds/served.ts'
import { isRecord, type Json } from '../objects/json.ts'
import { META_FIELDS } from '../objects/meta.ts'
import { pruneFields } from '../objects/schema.ts'
import { badRequest } from '../objects/status.ts'

const MOST_TOLD = 16

/** Warnings for the client. Throws 400 instead where it wants strictness. */
export function unknownFields(served: Served, body: unknown, validation: string): readonly string[] {
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation))
    throw badRequest('fieldValidation: Unsupported value: supported values: "Ignore", "Strict", "Warn"')
  if ((validation !== 'Warn' && validation !== 'Strict') || !isRecord(body)) return []
  const { metadata = {}, ...rest } = body
  const inMeta = isRecord(metadata) ? Object.keys(metadata).filter((key) => !META_FIELDS.includes(key)) : []
  const found = [...missingIn(rest, pruneFields(served, rest), ''), ...inMeta.map((key) => `metadata.${key}`)].slice(0, MOST_TOLD)
  const warnings = found.map((field) => `unknown field ${JSON.stringify(field)}`)
  if (validation === 'Strict' && warnings.length > 0)
    throw badRequest(
      `${served.kind} in version "${served.version}" cannot be handled as a ${served.kind}: strict decoding error: ${warnings.join(', ')}`,
    )
  return warnings
}

function missingIn(given: unknown, taken: unknown, path: string): string[] {
  if (Array.isArray(given) && Array.isArray(taken)) return given.flatMap((item, i) => missingIn(item, taken[i], `${path}[${i}]`))
  if (!isRecord(given) || !isRecord(taken)) return []
  return Object.entries(given).flatMap(([key, value]) => lookAt(key, value, { taken, path }))
}

function lookAt(key: string, value: unknown, { taken, path }: { readonly taken: Json; readonly path: string }): string[] {
  const field = path === '' ? key : `${path}.${key}`
  if (Object.hasOwn(taken, key)) return missingIn(value, taken[key], field)
  // null is "not given", known or not.
  return value === null ? [] : [field]
}
