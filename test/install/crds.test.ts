import { describe, expect, it } from '@jest/globals'
import { memberCrds } from '../../src/install/objects/manifests.ts'
import { at, isRecord, listAt } from '../../src/install/tree.ts'

const schemaOf = (kind: string): unknown => {
  const crd = memberCrds().find((object) => at(object, 'spec', 'names', 'kind') === kind)
  return at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema')
}

/** Every schema of the tree with its path. */
function walk(schema: unknown, path: string): readonly (readonly [path: string, schema: unknown])[] {
  const properties = at(schema, 'properties')
  const children = isRecord(properties) ? Object.entries(properties).map(([key, child]) => [`${path}.${key}`, child] as const) : []
  const items = at(schema, 'items')
  return [[path, schema], ...children.flatMap(([key, child]) => walk(child, key)), ...(items === undefined ? [] : walk(items, `${path}[]`))]
}

describe.each(['Cluster', 'Endpoint', 'Gateway', 'RouteAgent'])('the CRD of %s', (kind) => {
  const schemas = walk(schemaOf(kind), kind)

  it('is structural: every schema has a type, and every field that is required is described by one', () => {
    for (const [path, schema] of schemas) {
      expect([path, typeof at(schema, 'type')]).toEqual([path, 'string'])
      for (const name of listAt(schema, 'required'))
        expect([path, name, isRecord(at(schema, 'properties', String(name)))]).toEqual([path, name, true])
    }
  })

  it('describes every field', () => {
    const bare = schemas
      .filter(([path, schema]) => at(schema, 'description') === undefined && !/\[\]$|\.(apiVersion|kind|metadata|spec|status)$/.test(path))
      .map(([path]) => path)
    expect(bare).toEqual([])
  })
})

it('the CRDs have no status subresource, as upstream’s have none: Gateway and RouteAgent are written by ordinary updates', () => {
  for (const crd of memberCrds()) expect(at(crd, 'spec', 'versions', 0, 'subresources')).toBeUndefined()
})

it('Gateway and RouteAgent hold the very endpoint that Endpoint has', () => {
  const endpoint = at(schemaOf('Endpoint'), 'properties', 'spec')
  const bare = (schema: unknown): unknown => (isRecord(schema) ? { ...schema, description: undefined } : schema)
  const gateway = ['properties', 'status', 'properties']
  expect(bare(at(schemaOf('Gateway'), ...gateway, 'localEndpoint'))).toEqual(bare(endpoint))
  expect(bare(at(schemaOf('Gateway'), ...gateway, 'connections', 'items', 'properties', 'endpoint'))).toEqual(bare(endpoint))
  expect(bare(at(schemaOf('RouteAgent'), ...gateway, 'remoteEndpoints', 'items', 'properties', 'spec'))).toEqual(bare(endpoint))
})
