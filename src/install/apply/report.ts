// What an install does or would do, as lines and as data. No secret is in either.
import { stringify } from 'yaml'
import type { Resource } from '../../model/resources.ts'
import type { Action, Change } from './compare.ts'

const MARKS: Readonly<Record<Action, string>> = { created: '+', changed: '~', unchanged: '=' }

/** `+ Secret submariner/name`, and under an object that changes a line for each field. */
export const changeLines = (changes: readonly Change[]): readonly string[] =>
  changes.flatMap(({ object, action, fields, conflicts = [] }) => [
    `${MARKS[action]} ${titleOf(object)}`,
    ...fields.map(({ path, from, to }) => `    ${path}: ${short(from)} -> ${short(to)}`),
    ...conflicts.map(({ manager, field }) => `    ! ${field} is of field manager "${manager}" by now: --force-conflicts takes it`),
  ])

/** `Secret submariner/name`. */
export const titleOf = ({ kind, metadata }: Resource): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

export const countOf = (changes: readonly Change[], action: Action): number => changes.filter((change) => change.action === action).length

/** The same as data, for -o json and -o yaml. */
export const changeRecords = (where: string, changes: readonly Change[]): readonly Readonly<Record<string, unknown>>[] =>
  changes.map(({ object, action, fields, conflicts = [] }) => ({
    where,
    action,
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }),
    name: object.metadata.name,
    ...(fields.length > 0 && { fields: fields.map(({ path, from, to }) => ({ path, from: from ?? null, to: to ?? null })) }),
    ...(conflicts.length > 0 && { conflicts }),
  }))

/** The objects as YAML documents. Of a secret only its keys are told, in a comment, unless they are asked for. */
export const emitYaml = (where: string, objects: readonly Resource[], { withSecrets = false } = {}): string =>
  objects
    .map((object) => {
      const isHidden = keysOf(object).length > 0 && !withSecrets
      return `---\n# on ${where}\n${isHidden ? hidden(object) : stringify(object, { version: '1.1', lineWidth: 0 })}`
    })
    .join('')

const hidden = (object: Resource): string =>
  `# ${titleOf(object)} with ${keysOf(object).join(', ')}: secret, so not written here; made when the command is run without --emit.\n`
/** Of a Secret; none where the server fills it. */
const keysOf = (object: Resource): readonly string[] =>
  object.kind === 'Secret' && 'data' in object && typeof object.data === 'object' && object.data !== null ? Object.keys(object.data) : []

const short = (value: unknown): string => {
  const text = value === undefined ? '(none)' : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
