import { describe, expect, it } from '@jest/globals'
import { openTable } from '../../src/apiserver/kinds/served.ts'
import { fieldSelector, labelSelector, selectOf } from '../../src/apiserver/reads/select.ts'

const table = openTable('cluster')
const kind = (name: string) => {
  const served = table.of(name)
  if (served === undefined) throw new Error(name)
  return served
}
const item = (labels: Readonly<Record<string, string>>, more = {}) => ({
  kind: 'Secret',
  namespace: 'a',
  name: 'x',
  version: 1,
  labels,
  text: JSON.stringify({ metadata: { name: 'x' }, type: 'Opaque' }),
  ...more,
})

describe('labelSelector()', () => {
  const labels = { app: 'web', tier: 'front', 'example.com/zone': 'a' }
  it.each([
    ['', true],
    ['app', true],
    ['app=web', true],
    ['app==web,tier=front', true],
    ['app=db', false],
    ['app!=db', true],
    ['none!=db', true],
    ['!none', true],
    ['! app', false],
    ['app in (db, web)', true],
    ['app in (db),tier=front', false],
    ['app notin (db,cache)', true],
    ['none notin (a)', true],
    ['none in (a)', false],
    ['example.com/zone=a', true],
    ['app=', false],
  ])('%j holds: %j', (text, holds) => {
    expect(labelSelector(text)(labels)).toBe(holds)
  })
  it.each([['='], ['a=b=c'], ['a in b'], ['a in (b'], ['a,,b'], ['-a'], ['a>'], ['__proto__['], ['a'.repeat(20_000)]])(
    'refuses %.20j',
    (text) => {
      expect(() => labelSelector(text)).toThrow(/unable to parse requirement/)
    },
  )
  // A pattern that backtracks would not come to an end.
  it('refuses long hostile texts', () => {
    const hostile = `a${'-'.repeat(8000)}`
    expect(() => labelSelector(hostile)).toThrow()
    expect(() => labelSelector(`a in (${','.repeat(8000)}`)).toThrow()
  })
})

describe('fieldSelector()', () => {
  it('selects by name, namespace and the fields that the kind knows', () => {
    const secret = kind('Secret')
    expect(fieldSelector(secret, 'metadata.name=x,type=Opaque').select(item({}))).toBe(true)
    expect(fieldSelector(secret, 'type!=Opaque').select(item({}))).toBe(false)
    expect(fieldSelector(secret, 'metadata.name=x').name).toBe('x')
    expect(fieldSelector(secret, 'metadata.name!=x').name).toBeUndefined()
  })
  it('refuses fields that the kind does not know', () => {
    expect(() => fieldSelector(kind('Endpoint'), 'spec.hostname=a')).toThrow('field label not supported: spec.hostname')
    expect(() => fieldSelector(kind('Endpoint'), 'nonsense')).toThrow(/invalid field selector/)
  })
})

it('a selection is of one kind and, where it says so, of one namespace and name', () => {
  const all = { served: kind('Secret'), namespace: '', name: '', labelSelector: 'a=b', fieldSelector: '' }
  expect(selectOf(all)(item({ a: 'b' }))).toBe(true)
  expect(selectOf({ ...all, namespace: 'z' })(item({ a: 'b' }))).toBe(false)
  expect(selectOf({ ...all, name: 'z' })(item({ a: 'b' }))).toBe(false)
  expect(selectOf(all)(item({ a: 'b' }, { kind: 'ConfigMap' }))).toBe(false)
})
