import { describe, expect, it } from '@jest/globals'
import { toJSONSchema, type ZodMiniType } from 'zod/mini'
import exportsText from '../../manifests/mcs/serviceexports.yaml'
import importsText from '../../manifests/mcs/serviceimports.yaml'
import { at, isRecord, listAt } from '../../src/install/tree.ts'
import { parseObjects } from '../../src/k8s/yaml.ts'
import { ServiceExportSchema, ServiceImportSchema, ServiceImportStatusSchema } from '../../src/model/mcs-decode.ts'

const [exportsCrd] = parseObjects(exportsText)
const [importsCrd] = parseObjects(importsText)
const schemaOf = (crd: unknown, ...path: readonly string[]): unknown =>
  at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', ...path)

/** What both ways of saying it have in common: types, fields, what must be there and what may be said. */
function shape(schema: unknown): unknown {
  const properties = at(schema, 'properties')
  const type = at(schema, 'type')
  const more = at(schema, 'additionalProperties')
  return {
    type: type === 'number' ? 'integer' : type,
    ...(isRecord(properties) && { properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, shape(child)])) }),
    ...(listAt(schema, 'required').length > 0 && { required: [...listAt(schema, 'required')].sort() }),
    ...(at(schema, 'items') !== undefined && { items: shape(at(schema, 'items')) }),
    ...(isRecord(more) && { table: shape(more) }),
  }
}
const zodShape = (schema: ZodMiniType): unknown => shape(toJSONSchema(schema, { unrepresentable: 'any' }))
const without = (value: unknown, ...fields: readonly string[]): unknown => {
  const properties = at(value, 'properties')
  return isRecord(value) && isRecord(properties)
    ? { ...value, properties: Object.fromEntries(Object.entries(properties).filter(([key]) => !fields.includes(key))) }
    : value
}

describe('the CRDs of services across clusters', () => {
  it('have the fields that the decoders know, and no others', () => {
    expect(zodShape(ServiceImportSchema)).toEqual(shape(schemaOf(importsCrd, 'spec')))
    expect(zodShape(ServiceImportStatusSchema)).toEqual(without(shape(schemaOf(importsCrd, 'status')), 'conditions'))
    expect(zodShape(ServiceExportSchema)).toEqual(shape(schemaOf(exportsCrd, 'spec')))
  })

  it.each([
    ['ServiceExport', exportsCrd],
    ['ServiceImport', importsCrd],
  ])('%s is stored as v1beta1 and served as v1alpha1 too, with the same fields, columns and status', (_, crd) => {
    const versions = listAt(crd, 'spec', 'versions')
    expect(versions.map((one) => [at(one, 'name'), at(one, 'served'), at(one, 'storage')])).toEqual([
      ['v1beta1', true, true],
      ['v1alpha1', true, false],
    ])
    for (const field of ['schema', 'additionalPrinterColumns', 'subresources'])
      expect(at(versions[1], field)).toEqual(at(versions[0], field))
    expect(at(versions[0], 'subresources')).toEqual({ status: {} })
  })

  it.each([
    ['ServiceExport', exportsCrd],
    ['ServiceImport', importsCrd],
  ])('%s is structural, and describes every field', (_, crd) => {
    const walk = (schema: unknown, path: string): void => {
      expect([path, typeof at(schema, 'type')]).toEqual([path, 'string'])
      if (!/(\[\]|apiVersion|kind|metadata|spec|status|table)$/.test(path))
        expect([path, typeof at(schema, 'description')]).toEqual([path, 'string'])
      for (const name of listAt(schema, 'required'))
        expect([path, name, isRecord(at(schema, 'properties', String(name)))]).toEqual([path, name, true])
      const properties = at(schema, 'properties')
      for (const [key, child] of Object.entries(isRecord(properties) ? properties : {})) walk(child, `${path}.${key}`)
      if (at(schema, 'items') !== undefined) walk(at(schema, 'items'), `${path}[]`)
      if (isRecord(at(schema, 'additionalProperties'))) walk(at(schema, 'additionalProperties'), `${path}.table`)
    }
    walk(at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema'), '')
  })
})
