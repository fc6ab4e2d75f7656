import { describe, expect, it } from '@jest/globals'
import { fieldAt } from '../../src/install/apply/field-path.ts'

const OBJECT = {
  metadata: { labels: { 'submariner.io/gateway': 'true', 'a.b': { c: 1 }, a: { b: { d: 2 } } }, finalizers: ['x', 'y.z/w]'] },
  spec: {
    containers: [
      { name: 'a', image: 'one' },
      {
        name: 'b',
        image: 'two',
        ports: [
          { containerPort: 80, protocol: 'TCP', name: 'http' },
          { containerPort: 80, protocol: 'UDP' },
        ],
      },
    ],
    none: null,
  },
}

describe('fieldAt() follows the paths that API servers write', () => {
  it.each([
    ['.spec.containers[name="b"].image', 'two'],
    ['.spec.containers[name="b"].ports[containerPort=80,protocol="TCP"].name', 'http'],
    ['.spec.containers[0].image', 'one'],
    ['.metadata.labels.submariner.io/gateway', 'true'],
    ['.metadata.labels.a.b.c', 1],
    ['.metadata.labels.a.b.d', 2],
    ['.metadata.finalizers[="y.z/w]"]', 'y.z/w]'],
    ['.spec.none', null],
  ])('%s', (path, value) => expect(fieldAt(OBJECT, path)).toEqual({ value }))

  it.each([
    '.spec.replicas',
    '.spec.containers[name="c"].image',
    '.spec.containers[7]',
    '.spec.containers[name="b"',
    'Apply failed',
    '.metadata.labels.a.b.e',
  ])('nothing is at %s', (path) => expect(fieldAt(OBJECT, path)).toBeUndefined())
})
