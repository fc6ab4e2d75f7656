import { parse } from 'yaml'
import { messageOf } from '../../model/errors.ts'
import { hostility } from '../objects/json.ts'
import { APPLY } from '../objects/patch.ts'
import { badRequest, unsupported } from '../objects/status.ts'

const YAML = 'application/yaml'

/** The media type alone, in lower case. */
export const mediaType = (header: string | undefined): string => (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

/** The value of a body; undefined for an empty one. Throws a StatusError for what cannot be read or is made to harm. */
export function readBody(text: string | undefined, type: string): unknown {
  if (text === undefined || text.trim() === '') return undefined
  const value = type === YAML || type === APPLY ? ofYaml(text) : ofJson(text)
  const fault = hostility(value)
  if (fault !== undefined) throw badRequest(fault)
  return value
}

/** As readBody, for an object in a request that makes or replaces it. */
export function readObjectBody(text: string | undefined, type: string): unknown {
  if (type !== '' && type !== 'application/json' && type !== YAML) throw unsupported(['application/json', YAML])
  return readBody(text, type)
}

function ofJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${messageOf(error).slice(0, 200)}`)
  }
}

function ofYaml(text: string): unknown {
  // What programs send as YAML is mostly JSON, which reads a hundred times faster.
  try {
    return JSON.parse(text)
  } catch {
    // YAML, then.
  }
  try {
    return parse(text, { maxAliasCount: 20, prettyErrors: false, logLevel: 'silent', schema: 'core' })
  } catch (error) {
    throw badRequest(`error parsing YAML: ${messageOf(error).slice(0, 200)}`)
  }
}
