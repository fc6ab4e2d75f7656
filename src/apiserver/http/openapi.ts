// What kubectl reads before it explains or applies: one document a group and version, with no more in it than it asks for.
import type { KindTable, Served } from '../kinds/served.ts'
import type { Json } from '../objects/json.ts'

const ROOT = '/openapi/v3'

/** The document at a path below /openapi/v3; undefined where there is none. */
export function openapi(path: string, table: KindTable): Json | undefined {
  if (path === ROOT) {
    const places = [...new Set(table.all.map(placeOf))]
    return { paths: Object.fromEntries(places.map((place) => [place, { serverRelativeURL: `${ROOT}/${place}` }])) }
  }
  const kinds = table.all.filter((served) => path === `${ROOT}/${placeOf(served)}`)
  if (kinds.length === 0) return undefined
  return {
    openapi: '3.0.0',
    info: { title: 'subctl serve-broker', version: 'v1' },
    paths: Object.fromEntries(kinds.map((served) => [objectPath(served), operations(served)])),
    components: { schemas: Object.fromEntries(kinds.map((served) => [schemaName(served), schemaOf(served)])) },
  }
}

const placeOf = ({ group, version }: Served): string => (group === '' ? `api/${version}` : `apis/${group}/${version}`)
const objectPath = (served: Served): string =>
  `/${placeOf(served)}/${served.namespaced ? 'namespaces/{namespace}/' : ''}${served.plural}/{name}`
const schemaName = ({ group, version, kind }: Served): string => `${(group || 'core').split('.').reverse().join('.')}.${version}.${kind}`
const gvkOf = ({ group, version, kind }: Served): Json => ({ group, version, kind })

/** By these kubectl knows that unknown fields are found here (fieldValidation), so that it need not look for them itself. */
function operations(served: Served): Json {
  const gvk = { 'x-kubernetes-group-version-kind': gvkOf(served) }
  const parameter = (name: string): Json => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } })
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map(parameter)
  const ref = { $ref: `#/components/schemas/${schemaName(served)}` }
  const responses = { 200: { description: 'OK', content: { 'application/json': { schema: ref } } } }
  return {
    get: { ...gvk, 'x-kubernetes-action': 'get', responses },
    put: { ...gvk, 'x-kubernetes-action': 'put', parameters, responses },
    patch: { ...gvk, 'x-kubernetes-action': 'patch', parameters, responses },
  }
}

function schemaOf(served: Served): Json {
  const { custom } = served
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return { ...(custom?.schema ?? open), 'x-kubernetes-group-version-kind': [gvkOf(served)] }
}
