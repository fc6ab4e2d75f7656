// Answers of an API server become values here: what is not an object of the API is not passed on.
import { apiVersionOf, type Kind, type Of } from '../model/kinds.ts'
import type { HttpAnswer } from '../system/http.ts'
import { ApiError, ConflictError, type WatchEvent } from './api.ts'

/** Says once what was wrong with an object that is skipped. */
export type Complain = (kind: Kind, what: string) => void

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error that an answer of this status stands for. */
export function errorOf(answer: Pick<HttpAnswer, 'status' | 'text'>): ApiError {
  const status = parseJson(answer.text)
  if (isRecord(status) && status.kind === 'Status') return errorOfStatus(status, answer.status)
  const reason =
    answer.status === 404 ? NOT_SERVED : answer.status === 401 ? 'Unauthorized' : answer.status === 403 ? 'Forbidden' : 'NoStatus'
  return new ApiError(answer.status, reason, `HTTP ${answer.status}: ${firstLine(answer.text)}`)
}

/** Reason of a 404 without a Status: the path is not served, so the kind is unknown there, or it is no API server. */
export const NOT_SERVED = 'NotServed'
/** Reason of an answer that no API server gives. */
export const NOT_API = 'NotAnApiServer'

export function errorOfStatus(status: Readonly<Record<string, unknown>>, otherwise = 500): ApiError {
  const code = typeof status.code === 'number' ? status.code : otherwise
  const reason = typeof status.reason === 'string' ? status.reason : ''
  const message = typeof status.message === 'string' ? status.message : `HTTP ${code}`
  return code === 409 ? new ConflictError(code, reason, message) : new ApiError(code, reason, message)
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0]?.slice(0, 200) ?? ''

/** One object; its kind is filled in where the server leaves it out, as lists of built-in kinds do. */
export function decodeObject<K extends Kind>(kind: K, value: unknown): Of<K> | undefined {
  if (!isRecord(value) || !isRecord(value.metadata)) return undefined
  const { name = kind === 'SubjectAccessReview' ? '' : undefined, namespace, resourceVersion, labels } = value.metadata
  if (typeof name !== 'string' || !isTextOrNone(namespace) || !isTextOrNone(resourceVersion)) return undefined
  if (labels !== undefined && !(isRecord(labels) && Object.values(labels).every((label) => typeof label === 'string'))) return undefined
  if (value.kind !== undefined && value.kind !== kind) return undefined
  // Who wrote which field is of no use here, and often larger than the object.
  const metadata = { ...value.metadata, name, managedFields: undefined }
  return { apiVersion: apiVersionOf(kind), kind, ...value, metadata } as unknown as Of<K>
}
const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string'

export function decodeOne<K extends Kind>(kind: K, answer: HttpAnswer): Of<K> {
  const object = decodeObject(kind, parseJson(answer.text))
  if (object === undefined) throw new ApiError(answer.status, NOT_API, `the answer is no ${kind}: ${firstLine(answer.text)}`)
  return object
}

export interface Page<L> {
  readonly items: readonly L[]
  readonly version: string
  readonly next: string | undefined
}
export function decodePage<K extends Kind>(kind: K, answer: HttpAnswer, complain: Complain): Page<Of<K>> {
  const list = parseJson(answer.text)
  if (!isRecord(list) || !isRecord(list.metadata) || typeof list.metadata.resourceVersion !== 'string')
    throw new ApiError(answer.status, NOT_API, `the answer is no list of ${kind}: ${firstLine(answer.text)}`)
  // Go writes an empty list as null in places.
  const items = Array.isArray(list.items) ? list.items : []
  const next = list.metadata.continue
  return {
    items: items.map((item) => checked(kind, item, complain)).filter((item) => item !== undefined),
    version: list.metadata.resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  }
}

/** One line of a watch; undefined where it says nothing that can be used. An error event is thrown. */
export function decodeEvent<K extends Kind>(kind: K, line: string, complain: Complain): WatchEvent<Of<K>> | undefined {
  const event = parseJson(line)
  if (!isRecord(event)) throw new ApiError(200, NOT_API, `the watch of ${kind} sent what is no event: ${firstLine(line)}`)
  const { type, object } = event
  if (type === 'ERROR') throw errorOfStatus(isRecord(object) ? object : {})
  if (type === 'BOOKMARK') {
    const version = isRecord(object) && isRecord(object.metadata) ? object.metadata.resourceVersion : undefined
    return typeof version === 'string' ? { type: 'bookmark', version } : undefined
  }
  const item = checked(kind, object, complain)
  if (item === undefined) return undefined
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'put', object: item }
  return type === 'DELETED' ? { type: 'gone', object: item } : undefined
}

function checked<K extends Kind>(kind: K, value: unknown, complain: Complain): Of<K> | undefined {
  const object = decodeObject(kind, value)
  if (object === undefined) complain(kind, firstLine(JSON.stringify(value) ?? String(value)))
  return object
}
