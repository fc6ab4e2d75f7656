import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Kept, type Mention, openKept } from '../../../src/discovery/copies/kept.ts'
import { lightSlice } from '../../../src/discovery/copies/light.ts'
import { pack, unpack } from '../../../src/discovery/copies/pack.ts'
import { openQuota } from '../../../src/discovery/copies/quota.ts'
import type { Resource } from '../../../src/model/resources.ts'
import { podOf, podsOf } from '../../fakes/services.ts'

describe('pack()', () => {
  it('loses nothing of any value, whatever its texts look like', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u0001!', '","uid":"', '"kind":"Service"', '\u0001', '\\u0001"'))
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any')),
        fc.dictionary(text, tie('any')),
      ),
    })).any
    fc.assert(
      fc.property(value, (one) => {
        expect(unpack(pack(one))).toEqual(JSON.parse(JSON.stringify(one)))
      }),
    )
  })

  it('makes an EndpointSlice less than half as long as its JSON', () => {
    const slice = lightSlice(podsOf('web', [podOf('10.1.0.5'), podOf('10.1.0.6')]))
    expect(pack(slice).length).toBeLessThan(JSON.stringify(slice).length / 2)
  })
})

describe('openKept()', () => {
  const object = (name: string, version: string, label = 'a'): Resource => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'shop', resourceVersion: version, labels: { label } },
  })
  const open = (): { readonly kept: Kept<Resource>; readonly heard: string[] } => {
    const heard: string[] = []
    const shown = (one: Mention | undefined): string => (one === undefined ? '-' : `${one.name}:${one.label}`)
    const kept = openKept<Resource>({
      light: (one) => one,
      labelOf: ({ metadata }) => metadata.labels?.label ?? '',
      changed: (before, now) => heard.push(`${shown(before)} ${shown(now)}`),
    })
    return { kept, heard }
  }
  const namesOf = (kept: Kept<Resource>, label: string): readonly string[] => kept.of(label).map(({ metadata }) => metadata.name)

  it('finds objects by name and by label, also after the label has changed', () => {
    const { kept, heard } = open()
    for (const name of ['y', 'x']) kept.copy.put(object(name, '1'))
    expect([namesOf(kept, 'a'), kept.get('x', 'shop'), kept.has('x')]).toEqual([['x', 'y'], object('x', '1'), false])
    kept.copy.put(object('x', '2', 'b'))
    expect([namesOf(kept, 'a'), namesOf(kept, 'b'), [...kept.labels()]]).toEqual([['y'], ['x'], ['a', 'b']])
    kept.copy.gone(object('y', '1'))
    expect([namesOf(kept, 'a'), [...kept.labels()], kept.size]).toEqual([[], ['b'], 1])
    expect(heard).toEqual(['- y:a', '- x:a', 'x:a x:b', 'y:a -'])
  })

  it('takes a new list for what there is, and says what is different', () => {
    const { kept, heard } = open()
    const reset = (...objects: readonly Resource[]): boolean => kept.copy.reset(objects.map((one) => kept.copy.take(one)))
    // The first list is news even where it is empty.
    expect([reset(), reset()]).toEqual([true, false])
    expect([reset(object('x', '1'), object('y', '1')), reset(object('x', '1'), object('y', '1'))]).toEqual([true, false])
    expect(reset(object('y', '2'), object('z', '1'))).toBe(true)
    expect(heard.slice(2)).toEqual(['y:a y:a', '- z:a', 'x:a -'])
  })

  it('takes the answer to a write only where a watch was not faster', () => {
    const { kept } = open()
    kept.copy.put(object('x', '1'))
    const first = kept.expect(object('x', '1'))
    first.put(object('x', '2'))
    expect(kept.get('x', 'shop')).toEqual(object('x', '2'))
    const second = kept.expect(object('x', '2'))
    kept.copy.put(object('x', '4'))
    second.put(object('x', '3'))
    second.gone()
    expect(kept.get('x', 'shop')).toEqual(object('x', '4'))
    kept.expect(object('x', '4')).gone()
    expect(kept.size).toBe(0)
  })
})

describe('openQuota()', () => {
  it('leaves out what comes after so many services, and lets it in when one of them has gone', () => {
    const admitted: string[] = []
    const quota = openQuota((service) => admitted.push(service), 2)
    for (const service of ['a', 'b', 'b', 'c']) quota.add('east', service)
    quota.add('north', 'c')
    expect([['a', 'b', 'c'].map((service) => quota.isOver('east', service)), quota.isOver('north', 'c'), quota.over()]).toEqual([
      [false, false, true],
      false,
      ['east'],
    ])
    quota.remove('east', 'b')
    expect(admitted).toEqual([])
    quota.remove('east', 'b')
    expect([admitted, quota.isOver('east', 'c'), quota.over()]).toEqual([['c'], false, []])
  })
})
