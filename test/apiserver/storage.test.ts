import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openDatabase } from '../../src/apiserver/storage/database.ts'
import type { Change } from '../../src/apiserver/storage/item.ts'
import { openState, type State } from '../../src/apiserver/storage/state.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'subctl-storage-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const fresh = (): string => join(folder, `${++count}.db`)

const LIMITS = { mostChanges: 100, mostHistoryBytes: 1_000_000 }
const open = (path = ':memory:', limits = LIMITS): State => openState(openDatabase(path, 1000), limits)
const at = (name: string, namespace = 'n') => ({ kind: 'K', namespace, name })
const put = (state: State, name: string, value = 0) =>
  state.write((draft) => draft.put(at(name), (version) => ({ text: JSON.stringify({ metadata: { version }, value }), labels: {} })))
const drop = (state: State, name: string) =>
  state.write((draft) => draft.drop(at(name), (version) => JSON.stringify({ metadata: { version } })))
const names = (state: State): string[] => state.all('K').map(({ name }) => name)

describe('the state', () => {
  it('counts a version a write, and tells listeners of each transaction once it is stored', async () => {
    const state = open()
    const seen: Change[] = []
    state.subscribe((changes) => seen.push(...changes))
    await Promise.all([put(state, 'a'), put(state, 'b'), drop(state, 'a')])
    expect(seen.map(({ version, gone, after }) => [version, gone, after.name])).toEqual([
      [1001, false, 'a'],
      [1002, false, 'b'],
      [1003, true, 'a'],
    ])
    expect([names(state), state.version]).toEqual([['b'], 1003])
  })
  it('forgets all that a write did that throws, and nothing of the others of its transaction', async () => {
    const state = open()
    const failing = state.write((draft) => {
      draft.put(at('bad'), () => ({ text: '{"metadata":{}}', labels: {} }))
      throw new Error('no')
    })
    const all = await Promise.allSettled([put(state, 'a'), failing, put(state, 'b')])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(names(state)).toEqual(['a', 'b'])
    expect(state.version).toBe(1002)
  })
  it('shows a write what those before it in the transaction did', async () => {
    const state = open()
    const seen = await Promise.all([
      put(state, 'a').then(() => 0),
      state.write((draft) => draft.all('K').length),
      drop(state, 'a').then(() => 0),
      state.write((draft) => draft.all('K').length),
    ])
    expect(seen).toEqual([0, 1, 0, 0])
  })
  it('is after a restart what it was, whatever was written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), isDrop: fc.boolean(), value: fc.nat(9) }), { minLength: 1 }),
        async (steps) => {
          const path = fresh()
          const database = openDatabase(path, 1000)
          const state = openState(database, LIMITS)
          for (const { name, isDrop, value } of steps) await (isDrop ? drop : put)(state, name, value)
          const before = state.all('K').map(({ text }) => text)
          const { version } = state
          await state.close()
          database.close()
          const again = openDatabase(path, 5)
          const after = openState(again, LIMITS)
          expect([after.all('K').map(({ text }) => text), after.version]).toEqual([before, version])
          again.close()
        },
      ),
      { numRuns: 15 },
    )
  })
  it('keeps no more history than it may', async () => {
    const state = open(':memory:', { mostChanges: 10, mostHistoryBytes: 1_000_000 })
    for (let i = 0; i < 50; i++) await put(state, 'a', i)
    expect(state.history.since).toBe(state.version - 10)
    const small = open(':memory:', { mostChanges: 1000, mostHistoryBytes: 2000 })
    for (let i = 0; i < 50; i++) await put(small, 'a', i)
    expect(small.version - small.history.since).toBeLessThan(10)
  })
  it('takes no write any more when it is closed, and finishes those under way', async () => {
    const state = open()
    const last = put(state, 'a')
    await state.close()
    await expect(last).resolves.toBeDefined()
    await expect(put(state, 'b')).rejects.toThrow('the server is ending')
  })
})

describe('the database', () => {
  it('is one process’s alone', () => {
    const path = fresh()
    const first = openDatabase(path, 1)
    expect(() => openDatabase(path, 1)).toThrow(expect.objectContaining({ id: 'SUB0701' }))
    first.close()
    openDatabase(path, 1).close()
  })
  it('is told from what is none', () => {
    const path = fresh()
    writeFileSync(path, 'x'.repeat(5000))
    expect(() => openDatabase(path, 1)).toThrow(expect.objectContaining({ id: 'SUB0702' }))
    expect(() => openDatabase('/nonexistent/x.db', 1)).toThrow(expect.objectContaining({ id: 'SUB0704' }))
  })
  it('begins where the clock stands, and no earlier at any start, so that lost data and older copies show', async () => {
    const path = fresh()
    const database = openDatabase(path, 1_700_000_000_000)
    expect(database.version).toBe(1_700_000_000_000)
    await put(openState(database, LIMITS), 'a')
    database.close()
    const later = openDatabase(path, 1_700_000_005_000)
    expect(later.version).toBe(1_700_000_005_000)
    later.close()
    const earlier = openDatabase(path, 1)
    expect(earlier.version).toBe(1_700_000_000_001)
    earlier.close()
  })
})

describe('a disk that fails', () => {
  it('fails the writes of the transaction, which are not seen, and is said until one goes well', async () => {
    const database = openDatabase(':memory:', 1000)
    let isFull = true
    const state = openState(
      {
        ...database,
        get version() {
          return database.version
        },
        commit(changes, version) {
          if (isFull) throw new Error('the disk is full')
          database.commit(changes, version)
        },
      },
      LIMITS,
    )
    const outcomes = await Promise.allSettled([put(state, 'a'), put(state, 'b')])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect([names(state), state.version, String(state.fault)]).toEqual([[], 1000, 'Error: the disk is full'])
    isFull = false
    await put(state, 'a')
    expect([names(state), state.version, state.fault]).toEqual([['a'], 1001, undefined])
  })
})
