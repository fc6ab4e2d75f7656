import { expect, it } from '@jest/globals'
import { retireOrphans } from '../../../src/dataplane/ipsec/daemon/orphans.ts'
import type { Exec } from '../../../src/system/exec.ts'
import { silentLog } from '../../../src/system/log.ts'
import { handClock } from '../../fakes/clock.ts'

const REQID = 0x53_00_00_01
const state = (spi: string, reqid = REQID): string =>
  `src 172.30.0.1 dst 172.30.0.2\n\tproto esp spi 0x${spi}(1) reqid ${reqid} mode tunnel\n`
const policy = (dst: string, reqid: number): string => `src 10.1.0.0/16 dst ${dst}\n\tdir out\n\ttmpl reqid ${reqid}\n\tif_id 0x537562\n`

/** A kernel and a charon beside it, and what was removed. */
function bed() {
  const kernel = { states: new Set<string>(), policies: new Set<string>() }
  const [known, removed, clock, end] = [new Set<number>(), [] as string[], handClock(), new AbortController()]
  const exec: Exec = async (argv) => {
    const line = argv.join(' ')
    const spi = /^ip xfrm state delete .* spi 0x(\w+)$/.exec(line)?.[1]
    const dst = /^ip xfrm policy delete .* dst (\S+)/.exec(line)?.[1]
    if (spi !== undefined) for (const one of kernel.states) if (one.includes(`spi 0x${spi}(`)) kernel.states.delete(one)
    if (dst !== undefined) for (const one of kernel.policies) if (one.includes(`dst ${dst}\n`)) kernel.policies.delete(one)
    if (spi !== undefined || dst !== undefined) removed.push(spi ?? dst ?? '')
    return { code: 0, stdout: [...(line.endsWith(' state list') ? kernel.states : kernel.policies)].join(''), stderr: '' }
  }
  const ended = retireOrphans({ exec, clock, log: silentLog, knownSpis: async () => known, signal: end.signal })
  return { kernel, known, removed, clock, end, ended }
}

it('an SA of a charon before stays while nothing stands in its place, and goes soon after', async () => {
  const { kernel, known, removed, clock, end, ended } = bed()
  kernel.states.add(state('aa')).add(state('ee', 7))
  await clock.advance(60_000)
  expect(removed).toEqual([])
  kernel.states.add(state('bb'))
  known.add(0xbb)
  await clock.advance(10_000)
  expect(removed).toEqual(['aa'])
  expect(kernel.states).toEqual(new Set([state('ee', 7), state('bb')]))
  end.abort()
  await ended
})

it('one that nobody has made anew within 10 minutes goes, and a policy without an SA at the second look', async () => {
  const { kernel, removed, clock, end, ended } = bed()
  kernel.states.add(state('aa'))
  kernel.policies
    .add(policy('10.2.0.0/16', REQID))
    .add(policy('10.3.0.0/16', REQID + 1))
    .add(policy('10.4.0.0/16', 7))
  await clock.advance(5_000)
  expect(removed).toEqual([])
  await clock.advance(5_000)
  expect(removed).toEqual(['10.3.0.0/16'])
  await clock.advance(620_000)
  expect(removed).toEqual(['10.3.0.0/16', 'aa', '10.2.0.0/16'])
  end.abort()
  await ended
})

it('an SA that charon lists a moment after the kernel is nobody’s orphan; without any it ends by itself', async () => {
  const { kernel, known, removed, clock, ended } = bed()
  kernel.states.add(state('aa')).add(state('bb'))
  known.add(0xaa)
  await clock.advance(5_000)
  known.add(0xbb)
  await clock.advance(15_000)
  await ended
  expect(removed).toEqual([])
  expect(clock.sleeping).toBe(0)
})
