import { expect, it } from '@jest/globals'
import { childrenOf, cpuMsOf, memoryOf, parseCpuMs, parseMemory } from './cost.ts'

it('parseMemory() gives megabytes of a million bytes', () => {
  const status = 'Name:\tsubctl\nVmRSS:\t   60000 kB\nRssAnon:\t   20000 kB\n'
  const rollup = '00400000-7ffd r--p 00000000 00:00 0 [rollup]\nRss:  60000 kB\nPss:   40000 kB\nPss_Anon:  19000 kB\n'
  expect(parseMemory(status, rollup)).toEqual({ rss: 61.44, anon: 20.48, pss: 40.96 })
})

it('parseMemory() throws where the kernel says nothing', () => {
  expect(() => parseMemory('Name:\tkthreadd\n', '')).toThrow('the kernel does not say RssAnon')
})

it('parseCpuMs() adds user and system time, of ended children too, past any name', () => {
  const fields = ['S', '1', '1', '1', '0', '-1', '0', '0', '0', '0', '0', '5', '3', '2', '1', '20', '0', '11', '0', '12345']
  expect(parseCpuMs(`42 (a) b (c) ${fields.join(' ')}`)).toBe(110)
})

it('this process has memory, time and no child', async () => {
  const memory = await memoryOf(process.pid)
  expect(memory.anon).toBeGreaterThan(1)
  expect(memory.rss).toBeGreaterThan(memory.anon)
  expect(await cpuMsOf(process.pid)).toBeGreaterThan(0)
  expect(await childrenOf(process.pid)).toEqual(expect.any(Array))
})
