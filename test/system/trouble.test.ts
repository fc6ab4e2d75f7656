import { expect, it } from '@jest/globals'
import { ApiError } from '../../src/k8s/api.ts'
import { openLog } from '../../src/system/log.ts'
import { openTrouble } from '../../src/system/trouble.ts'
import { handClock } from '../fakes/clock.ts'

interface Line {
  readonly level: string
  readonly msg: string
  readonly error?: string
  readonly stack?: string
}

function setting() {
  const lines: Line[] = []
  const clock = handClock()
  const log = openLog({ write: (text) => lines.push(JSON.parse(text)) })
  return { clock, lines, trouble: openTrouble('sync', { clock, log }) }
}
const refused = (reason: string) => new Error(`Endpoint x: ${reason}`, { cause: new ApiError(401, 'Unauthorized', reason) })

it('an answer that stays the same is said once, without a stack, and again after five minutes', async () => {
  const { clock, lines, trouble } = setting()
  for (let i = 0; i < 120; i += 1) {
    trouble.failed(refused('Unauthorized'), i + 1)
    await clock.advance(5_000)
  }
  expect(lines.map(({ level, error, stack }) => [level, error, stack])).toEqual([
    ['warn', 'Endpoint x: Unauthorized', undefined],
    ['warn', 'Endpoint x: Unauthorized', undefined],
  ])
})

it('another reason is said at once, two that alternate are said once each, and the end of it is said', () => {
  const { lines, trouble } = setting()
  trouble.ended()
  for (const reason of ['a', 'b', 'a', 'b']) trouble.failed(refused(reason), 1)
  trouble.ended()
  trouble.ended()
  expect(lines.map(({ level, error }) => [level, error])).toEqual([
    ['warn', 'Endpoint x: a'],
    ['warn', 'Endpoint x: b'],
    ['info', undefined],
  ])
})

it('a fault of the program keeps its stack', () => {
  const { lines, trouble } = setting()
  trouble.failed(new TypeError('x is not a function'), 1)
  expect(lines).toMatchObject([{ level: 'error', stack: expect.stringContaining('trouble.test.ts') }])
})
