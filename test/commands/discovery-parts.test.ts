import { describe, expect, it } from '@jest/globals'
import { openGate } from '../../src/commands/discovery/gate.ts'
import { openMarks } from '../../src/commands/discovery/marks.ts'
import { ApiError } from '../../src/k8s/api.ts'

describe('openMarks()', () => {
  it('gives what has changed before what is due, each once', () => {
    const marks = openMarks(() => false)
    marks.due(['a', 'b', 'c'])
    for (const service of ['c', 'd', 'd']) marks.changed(service)
    marks.due(['d'])
    expect(marks.size).toBe(4)
    expect([marks.take(3, new Set(['d'])), marks.take(3, new Set()), marks.size]).toEqual([['c', 'a', 'b'], ['d'], 0])
  })

  it('gives what was begun before what comes new, also where it was marked before it was begun', () => {
    const begun = new Set<string>()
    const marks = openMarks((service) => begun.has(service))
    for (const service of ['a', 'b', 'c', 'd']) marks.changed(service)
    for (const service of marks.take(2, new Set())) begun.add(service)
    marks.changed('b')
    begun.add('d')
    for (const service of ['d', 'e', 'a']) marks.changed(service)
    begun.clear()
    marks.changed('b')
    marks.due(['a', 'f'])
    expect([marks.size, marks.take(9, new Set())]).toEqual([6, ['b', 'd', 'a', 'c', 'e', 'f']])
  })
})

describe('openGate()', () => {
  it('lets only so many calls be under way, and all of them in their order', async () => {
    const gate = openGate(2)
    const [ends, began]: [(() => void)[], number[]] = [[], []]
    const calls = [0, 1, 2, 3].map((i) =>
      gate.pass(async () => {
        began.push(i)
        await new Promise<void>((settle) => ends.push(settle))
        return i
      }),
    )
    await Promise.resolve()
    expect(began).toEqual([0, 1])
    ends[1]?.()
    await calls[1]
    await Promise.resolve()
    expect(began).toEqual([0, 1, 2])
    ends[0]?.()
    await calls[0]
    await Promise.resolve()
    for (const end of ends) end()
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3])
  })

  it('fails what waits once there is no answer, and nothing else for another failure', async () => {
    const gate = openGate(1)
    const fail = (code: number) => (): Promise<never> => Promise.reject(new ApiError(code, 'x', `code ${code}`))
    let calls = 0
    const call = async (): Promise<number> => {
      calls += 1
      return calls
    }
    const done = await Promise.allSettled([gate.pass(fail(403)), gate.pass(call), gate.pass(fail(0)), gate.pass(call)])
    expect(done.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'rejected'])
    expect(calls).toBe(1)
  })
})
