import { describe, expect, it } from '@jest/globals'
import { gapsOf, parseAim, readFlow, readResult, writeAim } from '../../src/model/nettest.ts'

describe('parseAim()', () => {
  it.each(['tcp:10.2.0.5:8080:1000', 'udp:10.2.0.5:1:0', 'udp:[fd00::5]:8080:1200'])('reads what writeAim() writes: %s', (text) => {
    expect(writeAim(parseAim(text))).toBe(text)
  })
  it.each([
    '',
    'tcp:10.2.0.5:8080',
    'icmp:10.2.0.5:1:1',
    'tcp:10.2.0.256:1:1',
    'tcp:10.2.0.5:0:1',
    'tcp:10.2.0.5:65536:1',
    'udp:10.2.0.5:1:65508',
  ])('refuses "%s"', (text) => {
    expect(() => parseAim(text)).toThrow(RangeError)
  })
})

describe('gapsOf()', () => {
  const sentMs = [0, 20, 40, 60, 80, 100]
  it('finds no gap where all was answered', () => {
    expect(gapsOf(sentMs, new Set([0, 1, 2, 3, 4, 5]), 1000)).toEqual({ gaps: [] })
  })
  it('measures from the first that was lost to the next that was answered', () => {
    expect(gapsOf(sentMs, new Set([0, 3, 5]), 1000)).toEqual({
      gaps: [
        { first: 1, lost: 2, ms: 40 },
        { first: 4, lost: 1, ms: 20 },
      ],
    })
  })
  it('does not count what may still be answered, and says what is open', () => {
    expect(gapsOf(sentMs, new Set([0, 1]), 70)).toEqual({ gaps: [], open: { first: 2, lost: 2, ms: 30 } })
    expect(gapsOf(sentMs, new Set([0, 1]), 30)).toEqual({ gaps: [] })
  })
})

it('lines that are no results are passed over', () => {
  for (const line of ['', 'Killed', '{"done":true}', '{"aim":1}', `{"aim":"${'x'.repeat(2000)}","ok":true,"tries":1}`])
    expect([readResult(line), readFlow(line)]).toEqual([undefined, undefined])
})
