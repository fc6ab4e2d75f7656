// Values that came as JSON.
import type { Resource } from '../../model/resources.ts'

export type Json = { readonly [field: string]: unknown }
/** An object of the API whose metadata have been looked at. */
export interface ApiObject extends Resource {
  readonly [field: string]: unknown
}

export const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
/** The record in a field; an empty one where there is none. */
export const recordAt = (value: Json, field: string): Json => {
  const found = value[field]
  return isRecord(found) ? found : {}
}
/** The text in a field; "" where there is none. */
export const textAt = (value: Json, field: string): string => {
  const found = value[field]
  return typeof found === 'string' ? found : ''
}
export const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((item) => typeof item === 'string')

const DEEPEST = 256

/** Why the value is not taken: nested too deep, or with a key that stands for something else in this language. */
export function hostility(value: unknown, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > DEEPEST) return 'exceeded max depth'
  if (Object.hasOwn(value, '__proto__')) return 'a field must not be named __proto__'
  for (const item of Object.values(value)) {
    const found = hostility(item, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** The record with what is undefined left out. */
export const compact = <T extends Json>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T

/** The object of stored text. */
export const parseStored = (text: string): ApiObject => JSON.parse(text) as ApiObject
