import { messageOf } from '../../model/errors.ts'
import { hostility } from '../objects/json.ts'
import { APPLY } from '../objects/patch.ts'
import { badRequest, unsupported } from '../objects/status.ts'

/** The media type alone, in lower case. */
export const mediaType = (header: string | undefined): string => (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

/** The value of a body; undefined for an empty one. Throws a StatusError for what cannot be read or is made to harm. */
export function readBody(text: string | undefined, type: string): unknown {
  if (text === undefined || text.trim() === '') return undefined
  const value = parsed(text, type)
  const fault = hostility(value)
  if (fault !== undefined) throw badRequest(fault)
  return value
}

/** As readBody, for an object in a request that makes or replaces it. */
export function readObjectBody(text: string | undefined, type: string): unknown {
  if (type !== '' && type !== 'application/json') throw unsupported(['application/json'])
  return readBody(text, type)
}

// An apply is YAML by its type, and JSON as every client sends it. Parsers of all YAML can be kept busy for minutes by a hundred bytes.
function parsed(text: string, type: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const what = type === APPLY ? 'error parsing YAML: this server takes JSON alone' : 'the object provided is unrecognized'
    throw badRequest(`${what}: ${messageOf(error).slice(0, 200)}`)
  }
}
