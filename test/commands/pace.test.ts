import { expect, it } from '@jest/globals'
import { paceOf } from '../../src/commands/agent/pace.ts'

it('an object that names few gateways is written nearly at once, one that names hundreds once a second, details in half a minute', () => {
  expect(paceOf(0)).toEqual({ restMs: 0, detailMs: 5_000 })
  expect(paceOf(2)).toEqual({ restMs: 8, detailMs: 5_000 })
  expect(paceOf(250)).toEqual({ restMs: 1_000, detailMs: 30_000 })
  expect(paceOf(5_000)).toEqual({ restMs: 5_000, detailMs: 30_000 })
})
