import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openTable, type Served } from '../../src/apiserver/kinds/served.ts'
import { hostility } from '../../src/apiserver/objects/json.ts'
import { judgeMeta, readObject } from '../../src/apiserver/objects/meta.ts'
import { checkStrategic, jsonPatch, merge } from '../../src/apiserver/objects/patch.ts'
import { judgeSchema, prune } from '../../src/apiserver/objects/schema.ts'
import { endpointOf } from '../fakes/clusters.ts'

const table = openTable('cluster')
const kind = (name: string): Served => {
  const served = table.of(name)
  if (served === undefined) throw new Error(name)
  return served
}
const endpoint = kind('Endpoint')

describe('merge()', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('RFC 7386: %j with %j is %j', (have, change, result) => {
    expect(merge(have, change)).toEqual(result)
  })
  it('changes neither what it is given', () => {
    fc.assert(
      fc.property(fc.object(), fc.object(), (have, change) => {
        const before = JSON.stringify([have, change])
        merge(have, change)
        expect(JSON.stringify([have, change])).toBe(before)
      }),
    )
  })
})

describe('jsonPatch()', () => {
  const run = (have: unknown, ...operations: readonly unknown[]): unknown => jsonPatch(endpoint, 'x', have, operations)
  it.each([
    [{ a: 1 }, { op: 'add', path: '/b', value: 2 }, { a: 1, b: 2 }],
    [{ a: [1, 3] }, { op: 'add', path: '/a/1', value: 2 }, { a: [1, 2, 3] }],
    [{ a: [1] }, { op: 'add', path: '/a/-', value: 2 }, { a: [1, 2] }],
    [{ a: [1, 2] }, { op: 'remove', path: '/a/0' }, { a: [2] }],
    [
      { 'a/b': 1, 'c~d': 1 },
      { op: 'replace', path: '/c~0d', value: 2 },
      { 'a/b': 1, 'c~d': 2 },
    ],
    [{ a: { b: 1 } }, { op: 'move', from: '/a/b', path: '/c' }, { a: {}, c: 1 }],
    [{ a: { b: 1 } }, { op: 'copy', from: '/a', path: '/c' }, { a: { b: 1 }, c: { b: 1 } }],
    [{ a: { c: 1, b: 2 } }, { op: 'test', path: '/a', value: { b: 2, c: 1 } }, { a: { c: 1, b: 2 } }],
  ])('%j by %j is %j', (have, operation, result) => {
    expect(run(have, operation)).toEqual(result)
  })
  it.each([
    [{ op: 'test', path: '/a', value: 2 }, 422],
    [{ op: 'remove', path: '/b' }, 422],
    [{ op: 'replace', path: '/b/c', value: 1 }, 422],
    [{ op: 'add', path: '/l/7', value: 1 }, 422],
    [{ op: 'add', path: '/l/01', value: 1 }, 422],
    [{ op: 'add', path: '/__proto__/x', value: 1 }, 400],
    [{ op: 'add', path: 'a', value: 1 }, 400],
    [{ op: 'what', path: '/a' }, 400],
    ['nonsense', 400],
  ])('refuses %j with %j', (operation, code) => {
    expect(() => run({ a: 1, l: [] }, operation)).toThrow(expect.objectContaining({ code }))
  })
  it('leaves what it was given as it was, also where it fails', () => {
    const have = { a: [1] }
    expect(() => run(have, { op: 'add', path: '/a/-', value: 2 }, { op: 'remove', path: '/b' })).toThrow()
    expect(have).toEqual({ a: [1] })
  })
})

describe('checkStrategic()', () => {
  it('takes what means the same as a merge patch', () => {
    expect(() => checkStrategic(kind('ConfigMap'), { data: { a: 'b', c: null } })).not.toThrow()
    expect(() => checkStrategic(kind('Role'), { rules: [{ verbs: ['get'] }] })).not.toThrow()
  })
  it('refuses lists that are merged item by item, directives, and custom kinds', () => {
    expect(() => checkStrategic(kind('Pod'), { spec: { containers: [{ name: 'a' }] } })).toThrow(/spec.containers/)
    expect(() => checkStrategic(kind('ConfigMap'), { data: { $patch: 'replace' } })).toThrow(/\$patch/)
    expect(() => checkStrategic(endpoint, { spec: {} })).toThrow(expect.objectContaining({ code: 415 }))
  })
})

describe('the schema of a definition', () => {
  const good = readObject(endpoint, endpointOf('west'))
  it('is kept by what engines write', () => {
    expect(judgeSchema(endpoint, prune(endpoint, good))).toEqual([])
  })
  it('names the field that does not fit, as an API server does', () => {
    const bad = { ...good, spec: { ...endpointOf('west').spec, subnets: 'all', hostname: undefined } }
    const causes = judgeSchema(endpoint, JSON.parse(JSON.stringify(bad)))
    expect(causes).toContainEqual({ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.hostname' })
    expect(causes).toContainEqual({
      reason: 'FieldValueTypeInvalid',
      message: 'Invalid value: "string": spec.subnets in body must be of type array: "string"',
      field: 'spec.subnets',
    })
  })
  it('drops what it does not know, deep down too, and keeps maps whole', () => {
    const more = { ...good, extra: 1, spec: { ...endpointOf('west').spec, extra: { a: 1 }, backend_config: { any: 'thing' } } }
    const taken = prune(endpoint, more)
    expect(taken).not.toHaveProperty('extra')
    expect(taken).not.toHaveProperty('spec.extra')
    expect(taken).toHaveProperty('spec.backend_config', { any: 'thing' })
  })
})

describe('metadata', () => {
  const judge = (name: string, of = endpoint, more = {}) => judgeMeta(of, { name, ...more }).map(({ field }) => field)
  it.each(['a', 'a.b', 'a-1', 'west-submariner-cable-west-172-16-1-1'])('takes the name %s', (name) => expect(judge(name)).toEqual([]))
  it.each(['', 'A', 'a/b', '-a', 'a..b', 'a'.repeat(254), '../x', 'a b', 'ä'])('refuses the name %j', (name) =>
    expect(judge(name)).toEqual(['metadata.name']),
  )
  it('lets roles have names with colons, and namespaces no dots', () => {
    expect(judge('system:node', kind('ClusterRole'))).toEqual([])
    expect(judge('a.b', kind('Namespace'))).toEqual(['metadata.name'])
  })
  it('refuses labels and annotations that no API takes', () => {
    expect(judge('a', endpoint, { labels: { 'a/b/c': 'x', ok: 'not ok!' } })).toEqual(['metadata.labels', 'metadata.labels'])
    expect(judge('a', endpoint, { annotations: { big: 'x'.repeat(300_000) } })).toEqual(['metadata.annotations'])
  })
  it.each([
    [null],
    [[]],
    ['text'],
    [{}],
    [{ apiVersion: 'v1', kind: 'Endpoint' }],
    [{ apiVersion: 'submariner.io/v1', kind: 'Cluster' }],
    [{ apiVersion: 'submariner.io/v1', kind: 'Endpoint', metadata: [] }],
    [{ apiVersion: 'submariner.io/v1', kind: 'Endpoint', metadata: { name: 7 } }],
    [{ apiVersion: 'submariner.io/v1', kind: 'Endpoint', metadata: { name: 'a', labels: { a: 1 } } }],
    [{ apiVersion: 'submariner.io/v1', kind: 'Endpoint', metadata: { name: 'a', finalizers: [{}] } }],
  ])('%j is no Endpoint: 400', (body) => {
    expect(() => readObject(endpoint, body)).toThrow(expect.objectContaining({ code: 400 }))
  })
})

it('a value that is nested too deep, or names __proto__, is not taken', () => {
  const deep = JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`)
  expect(hostility(deep)).toBe('exceeded max depth')
  expect(hostility(JSON.parse('{"a":[{"__proto__":{"x":1}}]}'))).toContain('__proto__')
  expect(hostility({ a: [{ b: null }] })).toBeUndefined()
})
