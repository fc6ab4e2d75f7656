// Patches: RFC 7386 (merge), RFC 6902 (JSON patch), and Kubernetes' strategic merge where it means what a merge patch means.
import { canonical } from '../../model/canonical.ts'
import type { Served } from '../kinds/served.ts'
import { isRecord, type Json } from './json.ts'
import { badRequest, invalid, StatusError, unsupported } from './status.ts'

export const MERGE = 'application/merge-patch+json'
export const JSON_PATCH = 'application/json-patch+json'
export const STRATEGIC = 'application/strategic-merge-patch+json'
export const APPLY = 'application/apply-patch+yaml'

/** RFC 7386. */
export function merge(have: unknown, change: unknown): unknown {
  if (!isRecord(change)) return change
  const result: Record<string, unknown> = isRecord(have) ? { ...have } : {}
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

/** Refuses a strategic merge patch that would mean something else as a merge patch: one with directives, or with lists that are merged item by item. */
export function checkStrategic(served: Served, change: unknown): void {
  const accepted = [JSON_PATCH, MERGE, APPLY]
  if (served.custom !== undefined) throw unsupported(accepted)
  const walk = (value: unknown, path: readonly string[]): void => {
    if (Array.isArray(value) && !isWhole(served, path))
      throw unsupported([MERGE], `this server does not merge the list ${path.join('.')} item by item as a strategic merge patch does`)
    if (!isRecord(value)) return
    for (const [key, item] of Object.entries(value)) {
      // Client-side apply says the order of a map's own keys, which means nothing for a list that is replaced.
      if (key.startsWith('$')) throw unsupported([MERGE], `this server does not know the directive ${key} of a strategic merge patch`)
      walk(item, [...path, key])
    }
  }
  walk(change, [])
}

const isWhole = ({ wholeLists }: Served, path: readonly string[]): boolean =>
  wholeLists.some((pattern) => {
    const steps = pattern.split('.')
    return steps.length === path.length && steps.every((step, i) => step === '*' || step === path[i])
  })

const MOST_OPERATIONS = 10_000

/** RFC 6902. */
export function jsonPatch(served: Served, name: string, have: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest('error decoding patch: a JSON patch is a list of operations')
  if (operations.length > MOST_OPERATIONS)
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${operations.length}`,
    )
  let value: unknown = structuredClone(have)
  for (const operation of operations) {
    if (!isRecord(operation)) throw badRequest('error decoding patch: an operation is an object')
    try {
      value = operate(value, operation)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw invalid(served, name, [{ reason: 'FieldValueInvalid', message: error.message, field: '' }])
    }
  }
  return value
}

function operate(root: unknown, { op, path, from, value }: Json): unknown {
  const to = pointer(path)
  if (op === 'add') return changed(root, to, 'add', structuredClone(value))
  if (op === 'remove') return changed(root, to, 'remove', undefined)
  if (op === 'replace') return changed(root, to, 'replace', structuredClone(value))
  if (op === 'test') {
    if (canonical(lookUp(root, to)) !== canonical(value)) throw new RangeError(`testing path ${String(path)} value failed`)
    return root
  }
  if (op === 'copy') return changed(root, to, 'add', structuredClone(lookUp(root, pointer(from))))
  if (op === 'move') {
    const moved = lookUp(root, pointer(from))
    return changed(changed(root, pointer(from), 'remove', undefined), to, 'add', moved)
  }
  throw badRequest(`error decoding patch: unexpected kind: ${String(op)}`)
}

function pointer(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw badRequest('error decoding patch: a path begins with /')
  const steps = path.split('/').slice(1)
  if (steps.includes('__proto__')) throw badRequest('a field must not be named __proto__')
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const missing = (step: string): RangeError => new RangeError(`the path of the operation does not exist: ${step}`)

function lookUp(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value
  if (Array.isArray(value)) return lookUp(value[indexOf(step, value.length - 1)], rest)
  if (!isRecord(value) || !Object.hasOwn(value, step)) throw missing(step)
  return lookUp(value[step], rest)
}

type Act = 'add' | 'remove' | 'replace'
/** Changes the value in place and gives it. */
function changed(value: unknown, [step, ...rest]: readonly string[], act: Act, item: unknown): unknown {
  if (step === undefined) {
    if (act === 'remove') throw missing('/')
    return item
  }
  if (Array.isArray(value)) {
    const index =
      step === '-' && act === 'add' && rest.length === 0
        ? value.length
        : indexOf(step, act === 'add' && rest.length === 0 ? value.length : value.length - 1)
    if (rest.length > 0) value[index] = changed(value[index], rest, act, item)
    else if (act === 'replace') value[index] = item
    else value.splice(index, act === 'remove' ? 1 : 0, ...(act === 'add' ? [item] : []))
    return value
  }
  if (!isRecord(value)) throw missing(step)
  const fields = value as Record<string, unknown>
  if (rest.length > 0 || act !== 'add') if (!Object.hasOwn(fields, step)) throw missing(step)
  if (rest.length > 0) fields[step] = changed(fields[step], rest, act, item)
  else if (act === 'remove') delete fields[step]
  else fields[step] = item
  return fields
}

function indexOf(step: string, most: number): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : -1
  if (index < 0 || index > most) throw new RangeError(`no such item of a list: ${step}`)
  return index
}
