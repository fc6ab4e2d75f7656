import { beforeEach, describe, expect, it } from '@jest/globals'
import { applySysctls, planSysctls } from '../../../src/dataplane/kernel/sysctls.ts'
import type { Sysctl } from '../../../src/dataplane/node/state.ts'
import { memoryFiles } from '../../fakes/context.ts'

const path = (device: string, name = 'rp_filter'): string => `/proc/sys/net/ipv4/conf/${device}/${name}`
const loose = (device: string, when: Sysctl['when'] = 'always'): Sysctl => ({ device, name: 'rp_filter', value: '2', when })
const MEMORY = '/run/submariner/sysctls.json'
let disk = new Map<string, string>()

beforeEach(() => {
  disk = new Map([
    [path('all'), '0\n'],
    [path('cni0'), '1\n'],
    [path('vx-submariner'), '1\n'],
  ])
})

/** One pass of a process of its own. */
async function pass(...desired: readonly Sysctl[]): Promise<readonly string[]> {
  const files = memoryFiles(disk)
  const devices = new Set([...disk.keys()].flatMap((name) => /conf\/([^/]+)\//.exec(name)?.[1] ?? []))
  return applySysctls(files, await planSysctls(files, '/run/submariner', desired, devices))
}
const setting = (device: string): string | undefined => disk.get(path(device))?.trim()

describe('settings of devices', () => {
  it('are put back as they were found, by whichever process comes later', async () => {
    expect(await pass(loose('cni0'))).toEqual(['net/ipv4/conf/cni0/rp_filter set to 2'])
    expect([setting('cni0'), await pass(loose('cni0'))]).toEqual(['2', []])
    await pass()
    expect([setting('cni0'), disk.has(MEMORY)]).toEqual(['1', false])
  })
  it('are remembered as they were first found, whatever others do in between', async () => {
    await pass(loose('cni0'))
    disk.set(path('cni0'), '0')
    await pass(loose('cni0'))
    await pass()
    expect(setting('cni0')).toBe('1')
  })
  it('that somebody else has set since are his', async () => {
    await pass(loose('cni0'))
    disk.set(path('cni0'), '0')
    await pass()
    expect([setting('cni0'), disk.has(MEMORY)]).toEqual(['0', false])
  })
  it('of our own device are not remembered', async () => {
    await pass(loose('vx-submariner'))
    expect([setting('vx-submariner'), disk.has(MEMORY)]).toEqual(['2', false])
  })
  it('of a device that is gone are nobody’s care, until it is there again', async () => {
    await pass(loose('cni0'))
    disk.delete(path('cni0'))
    expect(await pass(loose('cni0'))).toEqual([])
    disk.set(path('cni0'), '1')
    await pass(loose('cni0'))
    await pass()
    expect([setting('cni0'), disk.has(MEMORY)]).toEqual(['1', false])
  })
  it.each([
    ['0', '0', '0'],
    ['0', '1', '2'],
    ['1', '0', '2'],
    ['2', '1', '1'],
  ])('loosened only where strict: all %s and the device %s make %s', async (all, own, expected) => {
    disk.set(path('all'), all)
    disk.set(path('cni0'), own)
    await pass(loose('cni0', 'strict'))
    expect(setting('cni0')).toBe(expected)
  })
  it('a memory that names anything else is not believed', async () => {
    disk.set(MEMORY, JSON.stringify({ '/etc/passwd': { found: 'x', put: 'y' } }))
    disk.set('/etc/passwd', 'y')
    await pass()
    expect(disk.get('/etc/passwd')).toBe('y')
  })
})
