// A short run of what fuzz.kernel.ts does a million times.
import { expect, it } from '@jest/globals'
import { fuzz } from './fuzz.ts'

it('no packet is answered with what is no answer to it, and none stops the server', () => {
  const { answered, codes } = fuzz(40_000, Date.now())
  expect(answered).toBeGreaterThan(10_000)
  // Each kind of packet is among them, good names too.
  for (const code of [0, 1, 3, 4, 5]) expect(codes[code] ?? 0).toBeGreaterThan(0)
  expect(codes[2]).toBeUndefined()
})
