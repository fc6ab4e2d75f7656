import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Index } from '../../../src/discovery/dns/index.ts'
import { openIndex } from '../../../src/discovery/dns/index.ts'
import type { Resource } from '../../../src/model/resources.ts'
import { answerAt, completeIndex, export_, importObject, lines, questionBytes, responderOf, sliceObject, udp } from './world.ts'

const SERVICES = ['a', 'b']
const CLUSTERS = ['west', 'east']
const NAMESPACES = ['shop', 'bank']

type Step = { readonly what: 'import' | 'slice'; readonly gone: boolean; readonly object: Resource } | { readonly what: 'reset' }

const someImport = fc
  .record({
    service: fc.constantFrom(...SERVICES),
    namespace: fc.constantFrom(...NAMESPACES),
    type: fc.constantFrom('ClusterSetIP', 'Headless'),
    ips: fc.option(fc.constantFrom(['100.9.0.1'], ['100.9.0.2', 'fd00::9']), { nil: undefined }),
  })
  .map(({ service, namespace, type, ips }) => importObject(service, { namespace, type, ...(ips && { ips }) }))
const someSlice = fc
  .record({
    service: fc.constantFrom(...SERVICES),
    cluster: fc.constantFrom(...CLUSTERS),
    namespace: fc.constantFrom(...NAMESPACES),
    // Objects of one name may belong to one service now, and to another then.
    name: fc.constantFrom('s1', 's2', 's3'),
    endpoints: fc.array(fc.record({ ip: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'), ready: fc.boolean() }), { maxLength: 3 }),
  })
  .map(({ service, cluster, ...spec }) => sliceObject(service, cluster, spec))
const someStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constant('import' as const), gone: fc.boolean(), object: someImport }),
  fc.record({ what: fc.constant('slice' as const), gone: fc.boolean(), object: someSlice }),
  fc.constant({ what: 'reset' as const }),
)

const QUESTIONS = NAMESPACES.flatMap((namespace) =>
  ['', ...SERVICES, ...SERVICES.flatMap((service) => CLUSTERS.map((cluster) => `${cluster}.${service}`))].map((name) =>
    [...(name === '' ? [] : [name]), namespace, 'svc.clusterset.local'].join('.'),
  ),
)
const allAnswers = (index: Index) =>
  QUESTIONS.flatMap((name) => ['A', 'AAAA', 'SRV'].map((type) => sorted(lines(answerAt(index, [name, type])))))
/** Two indexes may have read slices in different orders. */
const sorted = (all: readonly string[]): string => [...all].sort().join('\n')

const keyOf = ({ metadata }: Resource): string => `${metadata.namespace}/${metadata.name}`

describe('an index', () => {
  it('says after any changes what one made of the last objects says, as does every answer kept along the way', () => {
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 30 }), (steps) => {
        const index = completeIndex()
        const responder = responderOf(index)
        const have = { import: new Map<string, Resource>(), slice: new Map<string, Resource>() }
        for (const step of steps) {
          if (step.what === 'reset') {
            index.imports.reset([...have.import.values()].map(index.imports.take))
            index.slices.reset([...have.slice.values()].map(index.slices.take))
          } else {
            const copy = step.what === 'import' ? index.imports : index.slices
            if (step.gone) have[step.what].delete(keyOf(step.object))
            else have[step.what].set(keyOf(step.object), step.object)
            copy[step.gone ? 'gone' : 'put'](step.object)
          }
          for (const name of QUESTIONS) responder.udp(questionBytes(name, 'A'))
        }
        const fresh = completeIndex()
        for (const object of have.import.values()) fresh.imports.put(object)
        for (const object of have.slice.values()) fresh.slices.put(object)
        expect(allAnswers(index)).toEqual(allAnswers(fresh))
        expect(index.size).toEqual(fresh.size)
        const other = responderOf(fresh)
        for (const name of QUESTIONS)
          expect(udp(responder, questionBytes(name, 'A')).rcode).toBe(udp(other, questionBytes(name, 'A')).rcode)
      }),
      { numRuns: 200 },
    )
  })
  it('makes nothing anew but the service whose object changed', () => {
    const index = completeIndex()
    export_(index, 'a', { east: '100.2.0.1' })
    export_(index, 'b', { east: '100.2.0.2' })
    const [a, b] = [index.service('shop', 'a'), index.service('shop', 'b')]
    index.slices.put(sliceObject('a', 'east', { endpoints: [{ ip: '100.2.0.3' }] }))
    expect([a?.isCurrent, b?.isCurrent, index.service('shop', 'b') === b]).toEqual([false, true, true])
    expect(index.names.isCurrent).toBe(true)
  })
  it('takes what it has already for no change', () => {
    const index = openIndex([])
    const object = importObject('a')
    expect([index.imports.put(object), index.imports.put(object), index.imports.reset([index.imports.take(object)])]).toEqual([
      true,
      false,
      false,
    ])
    expect([index.imports.gone(object), index.imports.gone(object)]).toEqual([true, false])
  })
})

describe('an object is not taken', () => {
  const index = completeIndex()
  const marked = (object: Resource, more: Partial<Resource['metadata']>): Resource => ({
    ...object,
    metadata: { ...object.metadata, ...more },
  })
  it.each([
    ['a broker’s own ServiceImport', marked(importObject('b'), { annotations: { 'multicluster.kubernetes.io/service-name': 'web' } })],
    ['one cluster’s ServiceImport', marked(importObject('c'), { labels: { 'multicluster.kubernetes.io/source-cluster': 'east' } })],
    ['a name that is no label', importObject('a.b')],
  ])('%s', (_, object) => {
    index.imports.put(object)
    expect(index.size.services).toBe(0)
  })
  it.each([
    ['a slice of no service', marked(sliceObject('web', 'east', { endpoints: [] }), { labels: {} })],
    [
      'a broker’s copy of a slice, in its own namespace',
      marked(sliceObject('web', 'east', { endpoints: [] }), {
        labels: { ...sliceObject('web', 'east', { endpoints: [] }).metadata.labels, 'lighthouse.submariner.io/sourceNamespace': 'other' },
      }),
    ],
    ['a slice of a cluster whose id is no label', sliceObject('web', 'a.b', { endpoints: [] })],
  ])('%s', (_, object) => {
    index.slices.put(object)
    expect(index.size.slices).toBe(0)
  })
  it.each(['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::1', 'fe80::1', 'ff02::1', '10.0.0', 'web'])(
    'the address %s of a slice',
    (ip) => {
      const of = completeIndex()
      export_(of, 'web', { east: ip }, { ips: [ip] })
      for (const type of ['A', 'AAAA']) expect(answerAt(of, ['web.shop.svc.clusterset.local', type]).answers).toEqual([])
    },
  )
})

it('objects of any shape are survived', () => {
  const index = completeIndex()
  const any = fc.anything({ withNullPrototype: true, maxDepth: 4 })
  const slice = sliceObject('web', 'east', { endpoints: [] })
  const hostile = fc
    .record({ spec: any, endpoints: any, ports: any, annotations: any })
    .map(({ annotations, ...fields }) => ({ ...slice, ...fields, metadata: { ...slice.metadata, annotations } }))
  fc.assert(
    fc.property(hostile, ({ metadata, ...object }) => {
      const { resourceVersion, ...rest } = importObject('web').metadata
      index.slices.put({ ...object, metadata: { ...metadata, resourceVersion } } as unknown as Resource)
      index.imports.put({ ...object, metadata: { ...rest, resourceVersion } } as unknown as Resource)
      for (const type of ['A', 'SRV']) expect(answerAt(index, ['web.shop.svc.clusterset.local', type]).type).toBe('response')
    }),
    { numRuns: 500 },
  )
})
