import { describe, expect, it } from '@jest/globals'
import { type ListAsk, listPage } from '../../src/apiserver/reads/list.ts'
import { selectOf } from '../../src/apiserver/reads/select.ts'
import { age, tableText } from '../../src/apiserver/reads/table.ts'
import { openCursor, plainEvent, type WatchAsk } from '../../src/apiserver/reads/watch.ts'
import type { World } from '../../src/apiserver/writes/call.ts'
import { createObject } from '../../src/apiserver/writes/create.ts'
import { patchObject } from '../../src/apiserver/writes/patch.ts'
import { removeObject } from '../../src/apiserver/writes/remove.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { callOf, configMap, kind, MERGING, NOW, openWorld } from './world.ts'

const make = (world: World, name: string, labels: Readonly<Record<string, string>> = {}) =>
  createObject(world, callOf(world, 'ConfigMap'), configMap(name, {}, { labels }))
const label = (world: World, name: string, labels: Readonly<Record<string, string | null>>) =>
  patchObject(world, callOf(world, 'ConfigMap', { name }), { ...MERGING, body: { metadata: { labels } } }, () => undefined)
const drop = (world: World, name: string) => removeObject(world, callOf(world, 'ConfigMap', { name }), {})

const listAsk = (world: World, more: Partial<ListAsk> = {}): ListAsk => {
  const served = kind(world, 'ConfigMap')
  const select = selectOf({ served, namespace: 'default', name: '', labelSelector: '', fieldSelector: '' })
  return { served, namespace: 'default', select, isSelective: false, limit: 0, next: '', version: '', match: '', ...more }
}
const names = ({ items }: { readonly items: readonly { readonly name: string }[] }) => items.map(({ name }) => name)

describe('a list', () => {
  it('shows in all its pages what there was at the first', async () => {
    const world = await openWorld()
    for (const name of ['a', 'b', 'c', 'd']) await make(world, name)
    const first = listPage(world.state, listAsk(world, { limit: 2 }))
    expect([names(first), first.remaining]).toEqual([['a', 'b'], 2])
    await drop(world, 'c')
    await make(world, 'bb')
    await label(world, 'd', { changed: 'yes' })
    const second = listPage(world.state, listAsk(world, { limit: 2, next: first.next ?? '' }))
    expect([names(second), second.version, second.next]).toEqual([['c', 'd'], first.version, undefined])
    expect(second.items.at(-1)?.labels).toEqual({})
    expect(names(listPage(world.state, listAsk(world)))).toEqual(['a', 'b', 'bb', 'd'])
  })
  it('is Expired, 410, where its version is forgotten', async () => {
    const world = await openWorld({ limits: { mostChanges: 3 } })
    for (const name of ['a', 'b']) await make(world, name)
    const { next = '' } = listPage(world.state, listAsk(world, { limit: 1 }))
    for (const name of ['c', 'd', 'e', 'f']) await make(world, name)
    expect(() => listPage(world.state, listAsk(world, { limit: 1, next }))).toThrow(
      expect.objectContaining({ code: 410, reason: 'Expired' }),
    )
  })
  it('of an exact version is of that one, and of one that is to come none', async () => {
    const world = await openWorld()
    await make(world, 'a')
    const { version } = listPage(world.state, listAsk(world))
    await make(world, 'b')
    expect(names(listPage(world.state, listAsk(world, { version: String(version), match: 'Exact' })))).toEqual(['a'])
    expect(names(listPage(world.state, listAsk(world, { version: String(version), match: 'NotOlderThan' })))).toEqual(['a', 'b'])
    expect(names(listPage(world.state, listAsk(world, { version: '0' })))).toEqual(['a', 'b'])
    const future = String(world.state.version + 1)
    expect(() => listPage(world.state, listAsk(world, { version: future }))).toThrow(
      expect.objectContaining({ code: 504, reason: 'Timeout' }),
    )
  })
  it.each([
    [{ next: 'nonsense' }],
    [{ next: Buffer.from('{"v":"subm/v1","rv":1.5,"after":"a"}').toString('base64url') }],
    [{ version: 'x' }],
    [{ version: '-1' }],
    [{ match: 'Exact' }],
    [{ version: '0', match: 'Exact' }],
    [{ version: '1', match: 'What' }],
  ])('%j is a bad request', async (more) => {
    const world = await openWorld()
    expect(() => listPage(world.state, listAsk(world, more))).toThrow(expect.objectContaining({ code: 400 }))
  })
})

describe('a watch', () => {
  const watchAsk = (world: World, more: Partial<WatchAsk> & { labelSelector?: string } = {}): WatchAsk => {
    const { labelSelector = '', ...rest } = more
    const served = kind(world, 'ConfigMap')
    const select = selectOf({ served, namespace: 'default', name: '', labelSelector, fieldSelector: '' })
    return { served, namespace: 'default', select, version: String(world.state.version), initial: false, write: plainEvent, ...rest }
  }
  const events = ({ cursor, first }: ReturnType<typeof openCursor>): string[] => {
    const lines = [...first]
    for (let line = cursor.next(); line !== undefined; line = cursor.next()) if (line !== '') lines.push(line)
    return lines.map((line) => {
      const { type, object } = JSON.parse(line)
      return `${type} ${object.metadata.name ?? ''}`.trim()
    })
  }

  it('tells each change after its version once, in order', async () => {
    const world = await openWorld()
    await make(world, 'before')
    const watch = openCursor(world.state, watchAsk(world))
    await make(world, 'a')
    await label(world, 'a', { x: 'y' })
    await createObject(world, callOf(world, 'ConfigMap', { namespace: 'kube-system' }), configMap('elsewhere'))
    await drop(world, 'a')
    expect(events(watch)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
    expect(events(watch)).toEqual([])
  })
  it('by label tells what enters and what leaves, each with the version of the change', async () => {
    const world = await openWorld()
    await make(world, 'a')
    const watch = openCursor(world.state, watchAsk(world, { labelSelector: 'x=y' }))
    await label(world, 'a', { x: 'y' })
    await label(world, 'a', { x: null })
    const [entered, left] = [watch.cursor.next(), watch.cursor.next()].map((line) => JSON.parse(line ?? ''))
    expect([entered.type, left.type]).toEqual(['ADDED', 'DELETED'])
    expect(left.object.metadata).toMatchObject({ labels: { x: 'y' }, resourceVersion: String(world.state.version) })
  })
  it('without a version begins with what is there; with sendInitialEvents it says when that is over', async () => {
    const world = await openWorld()
    await make(world, 'a')
    expect(events(openCursor(world.state, watchAsk(world, { version: '' })))).toEqual(['ADDED a'])
    const { first } = openCursor(world.state, watchAsk(world, { version: '', initial: true }))
    expect(JSON.parse(first.at(-1) ?? '')).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    })
  })
  it('is refused with 410 from a version that is forgotten, and ends with it where it falls that far behind', async () => {
    const world = await openWorld({ limits: { mostChanges: 2 } })
    const old = String(world.state.version)
    const watch = openCursor(world.state, watchAsk(world))
    for (const name of ['a', 'b', 'c']) await make(world, name)
    expect(() => openCursor(world.state, watchAsk(world, { version: old }))).toThrow(expect.objectContaining({ code: 410 }))
    expect(() => watch.cursor.next()).toThrow(expect.objectContaining({ code: 410, reason: 'Expired' }))
  })
  it('bookmarks say how far it has come', async () => {
    const world = await openWorld()
    const { cursor } = openCursor(world.state, watchAsk(world))
    await make(world, 'a')
    cursor.next()
    expect(JSON.parse(cursor.bookmark())).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { resourceVersion: String(world.state.version) } },
    })
  })
})

describe('a Table', () => {
  it('has the columns of the definition and a row an object', async () => {
    const world = await openWorld()
    await createObject(world, callOf(world, 'Endpoint'), endpointOf('west'))
    const served = kind(world, 'Endpoint')
    const table = JSON.parse(
      tableText(
        world.state.all('Endpoint'),
        { served, now: NOW + 90_000, include: 'Metadata' },
        { version: 1, next: undefined, remaining: undefined },
      ),
    )
    const columns = table.columnDefinitions.map(({ name }: { name: string }) => name)
    expect(columns).toEqual(expect.arrayContaining(['Name', 'Cluster', 'Age']))
    const cells = Object.fromEntries(columns.map((name: string, i: number) => [name, table.rows[0].cells[i]]))
    expect(cells).toMatchObject({ Name: endpointOf('west').metadata.name, Cluster: 'west', Age: '90s' })
    expect(table.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { namespace: 'default' } })
  })
  it.each([
    [0, '0s'],
    [119, '119s'],
    [200, '3m20s'],
    [3600, '60m'],
    [5 * 3600 + 600, '5h10m'],
    [47 * 3600, '47h'],
    [3 * 86_400, '3d'],
    [100 * 86_400, '100d'],
    [800 * 86_400, '2y70d'],
  ])('says %d seconds as %s', (seconds, text) => {
    expect(age('2026-01-01T00:00:00Z', NOW + seconds * 1000)).toBe(text)
  })
})
