import { parseAllDocuments, stringify } from 'yaml'
import type { Resource } from '../model/resources.ts'
import { isRecord } from './answers.ts'

/** The objects of a YAML text of one or more documents; a List counts as what it holds. Throws SyntaxError naming the document. */
export function parseObjects(text: string): Resource[] {
  return parseDocuments(text).flatMap((value, i) => {
    const items = isRecord(value) && value.kind === 'List' && Array.isArray(value.items) ? value.items : [value]
    return items.map((item: unknown) => resourceOf(item, i + 1))
  })
}

/** Values of a YAML text, empty documents left out. A syntax error says where it is, never what stands there: the text may hold secrets. */
export function parseDocuments(text: string): unknown[] {
  return parseAllDocuments(text, { prettyErrors: false, logLevel: 'error' }).flatMap((document, i) => {
    const fault = document.errors[0]
    if (fault !== undefined) throw new SyntaxError(`document ${i + 1}: ${fault.code} at line ${lineAt(text, fault.pos[0])}`)
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return value === null || value === undefined ? [] : [value]
  })
}

/** One document an object, as kubectl prints them; text that another YAML version reads as something else is quoted. */
export const printObjects = (objects: readonly unknown[]): string =>
  objects.map((object) => stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')

const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

function resourceOf(value: unknown, document: number): Resource {
  const named =
    isRecord(value) &&
    isRecord(value.metadata) &&
    (typeof value.metadata.name === 'string' || typeof value.metadata.generateName === 'string')
  if (!isRecord(value) || typeof value.apiVersion !== 'string' || typeof value.kind !== 'string' || !named)
    throw new SyntaxError(`document ${document}: an object needs apiVersion, kind and metadata.name`)
  return value as unknown as Resource
}
