// What a kind makes of what it is given: fields filled in, and what cannot be.
import { ACCOUNT_NAME, TOKEN_TYPE } from '../access/tokens.ts'
import type { KindTable, Served } from '../kinds/served.ts'
import { type ApiObject, compact, isRecord, isTexts, type Json, listOf, recordAt, textAt } from '../objects/json.ts'
import { invalidValue, judgeMeta, required } from '../objects/meta.ts'
import { judgeSchema, prune } from '../objects/schema.ts'
import { badRequest, type Cause, invalid } from '../objects/status.ts'

/** The object as it would be stored. Throws 422 with all that is wrong with it. */
export function prepared(served: Served, object: ApiObject): ApiObject {
  const { managedFields: _, selfLink: __, ...metadata } = object.metadata as ApiObject['metadata'] & Json
  const taken = prune(served, fill(served, { ...object, metadata }))
  const causes = [...judgeMeta(served, taken.metadata), ...judgeSchema(served, taken), ...judgeKind(served, taken)]
  if (causes.length > 0) throw invalid(served, taken.metadata.name, causes)
  return taken
}

/** The state that a kind begins with, where its status is not the creator's to say. */
export function begun(served: Served, object: ApiObject, table: KindTable): ApiObject {
  if (served.kind === 'Namespace') {
    const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
    const metadata = { ...object.metadata, labels }
    return { ...object, metadata, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }
  }
  if (served.kind === 'CustomResourceDefinition') return { ...object, status: established(object, table) }
  if (served.kind === 'Pod') return { ...object, status: { phase: 'Pending' } }
  // A kubelet says its node's status as it registers it.
  if (!served.hasStatus || served.kind === 'Node') return object
  return compact({ ...object, status: undefined })
}

function established(object: ApiObject, table: KindTable): Json {
  const spec = recordAt(object, 'spec')
  const names = recordAt(spec, 'names')
  const known = table.of(textAt(names, 'kind'))
  const isServed = known?.group === textAt(spec, 'group') && known.plural === textAt(names, 'plural')
  const condition = (type: string, reason: string): Json => ({ type, status: isServed ? 'True' : 'False', reason, message: '' })
  return {
    acceptedNames: names,
    conditions: isServed
      ? [condition('NamesAccepted', 'NoConflicts'), condition('Established', 'InitialNamesAccepted')]
      : [condition('Established', 'NotServed')],
    storedVersions: listOf(spec.versions)
      .filter(isRecord)
      .filter(({ storage }) => storage === true)
      .map(({ name }) => name),
  }
}

function fill(served: Served, object: ApiObject): ApiObject {
  if (served.kind === 'Secret') return filledSecret(object)
  return object
}

function filledSecret(object: ApiObject): ApiObject {
  const { stringData, type = 'Opaque', data, ...rest } = object
  if (stringData !== undefined && stringData !== null && !isTexts(stringData)) throw unmarshal('Secret.stringData')
  const plain = isTexts(stringData) ? stringData : {}
  const encoded = Object.fromEntries(Object.entries(plain).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]))
  if (data !== undefined && data !== null && !isTexts(data)) throw unmarshal('Secret.data')
  const all = { ...(isTexts(data) ? data : {}), ...encoded }
  for (const [key, value] of Object.entries(all))
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0) throw badRequest(`illegal base64 data in Secret.data.${key}`)
  return { ...rest, ...(Object.keys(all).length > 0 && { data: all }), type }
}

const unmarshal = (field: string): Error => badRequest(`json: cannot unmarshal ${field}: it must be an object of strings`)

function judgeKind({ kind }: Served, object: ApiObject): Cause[] {
  if (kind === 'Secret') return judgeSecret(object)
  if (kind === 'ConfigMap' && object.data !== undefined && object.data !== null && !isTexts(object.data)) throw unmarshal('ConfigMap.data')
  if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') return judgeBinding(object)
  return []
}

function judgeSecret({ type, metadata: { annotations } }: ApiObject): Cause[] {
  if (typeof type !== 'string') throw badRequest('json: cannot unmarshal Secret.type: it must be a string')
  return type === TOKEN_TYPE && (annotations?.[ACCOUNT_NAME] ?? '') === '' ? [required(`metadata.annotations[${ACCOUNT_NAME}]`)] : []
}

function judgeBinding(object: ApiObject): Cause[] {
  const ref = recordAt(object, 'roleRef')
  const causes: Cause[] = []
  if (textAt(ref, 'name') === '') causes.push(required('roleRef.name'))
  const kinds = object.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole']
  if (!kinds.includes(textAt(ref, 'kind'))) causes.push(invalidValue('roleRef.kind', ref.kind, `supported values: ${kinds.join(', ')}`))
  listOf(object.subjects).forEach((subject, i) => {
    if (!isRecord(subject) || textAt(subject, 'name') === '') causes.push(required(`subjects[${i}].name`))
    else if (!['User', 'Group', 'ServiceAccount'].includes(textAt(subject, 'kind')))
      causes.push(invalidValue(`subjects[${i}].kind`, subject.kind, 'supported values: User, Group, ServiceAccount'))
  })
  return causes.slice(0, 16)
}

/** What must not change once an object is there. */
export function judgeChange({ kind }: Served, before: ApiObject, after: ApiObject): Cause[] {
  const fixed = FIXED[kind] ?? []
  return fixed
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => invalidValue(field, after[field], 'field is immutable'))
}
const FIXED: Readonly<Record<string, readonly string[]>> = {
  Secret: ['type'],
  RoleBinding: ['roleRef'],
  ClusterRoleBinding: ['roleRef'],
  EndpointSlice: ['addressType'],
}
