import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Resource } from '../../src/model/resources.ts'
import { type Served, serve } from './serve.ts'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.stop())

const configMap = (name: string, data: Readonly<Record<string, string>> = {}): Resource & { data: Readonly<Record<string, string>> } => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})

describe('objects', () => {
  it('are made, read, changed and removed', async () => {
    const { admin } = served
    const made = await admin.create(configMap('a', { x: '1' }))
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect((await admin.get('ConfigMap', 'a', 'default'))?.data).toEqual({ x: '1' })
    const replaced = await admin.replace({ ...made, data: { x: '2' } })
    await expect(admin.replace({ ...made, data: { x: '3' } })).rejects.toMatchObject({ code: 409, reason: 'Conflict' })
    const patched = await admin.patch('ConfigMap', 'a', 'default', { data: { y: '1' } })
    expect(patched.data).toEqual({ x: '2', y: '1' })
    const applied = await admin.apply(configMap('a', { z: '1' }))
    expect(applied.data).toEqual({ x: '2', y: '1', z: '1' })
    expect(Number(applied.metadata.resourceVersion)).toBeGreaterThan(Number(replaced.metadata.resourceVersion))
    expect(await admin.remove('ConfigMap', 'a', 'default')).toBe(true)
    expect(await admin.remove('ConfigMap', 'a', 'default')).toBe(false)
  })

  it('are watched from the version of a list on', async () => {
    const { admin } = served
    const { version } = await admin.list('ConfigMap', { namespace: 'default' })
    const stop = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const event of admin.watch('ConfigMap', version, { namespace: 'default' }, stop.signal)) {
        if (event.type === 'bookmark') continue
        seen.push(`${event.type} ${event.object.metadata.name}`)
        if (seen.length === 3) stop.abort()
      }
    })()
    await admin.create(configMap('b'))
    await admin.patch('ConfigMap', 'b', 'default', { data: { y: '1' } })
    await admin.remove('ConfigMap', 'b', 'default')
    await watching
    expect(seen).toEqual(['put b', 'put b', 'gone b'])
  })
})
