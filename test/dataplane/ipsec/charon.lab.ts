// `subctl charon` of the packaged binary, in a network namespace of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectVici } from '../../../src/dataplane/ipsec/vici/vici.ts'
import { EXIT } from '../../../src/model/errors.ts'
import { exec } from '../../../src/system/exec.ts'
import { openLocalSocket } from '../../../src/system/unix-socket.ts'
import { bedName, until } from './gateways.ts'

interface Keeper {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  log(): string
}

describe('subctl charon', () => {
  const ns = bedName()
  let runDir = ''
  const keepers: Keeper[] = []
  beforeEach(async () => {
    runDir = join(await mkdtemp(join(tmpdir(), 'charon-')), 'run')
    await exec(['ip', 'netns', 'add', ns])
    await exec(['ip', '-n', ns, 'link', 'set', 'lo', 'up'])
  })
  afterEach(async () => {
    for (const { child } of keepers.splice(0)) child.kill('SIGKILL')
    const { stdout } = await exec(['ip', 'netns', 'pids', ns])
    for (const pid of stdout.split('\n').filter((line) => line !== '')) await exec(['kill', '-9', pid], { okCodes: [0, 1] })
    await exec(['ip', 'netns', 'del', ns])
    await rm(join(runDir, '..'), { recursive: true })
  })

  const keep = (...flags: string[]): Keeper => {
    const child = spawn('ip', ['netns', 'exec', ns, 'dist/subctl', 'charon', '--run-dir', runDir, '--esp', 'userspace', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
    const keeper = { child, ended: new Promise<number | null>((resolve) => child.on('exit', resolve)), log: () => text }
    keepers.push(keeper)
    return keeper
  }
  const charonPids = async (): Promise<string[]> => {
    const { stdout } = await exec(['ip', 'netns', 'pids', ns])
    return stdout.split('\n').filter((pid) => pid !== '' && comm(pid).startsWith('charon'))
  }
  const comm = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8')
    } catch {
      return ''
    }
  }
  const untilUp = (keeper: Keeper): Promise<void> => until('charon is up', async () => /charon is up|is kept/.test(keeper.log()))
  const version = async (): Promise<unknown> => {
    using vici = await connectVici({ path: join(runDir, 'charon.vici'), openSocket: openLocalSocket })
    return (await vici.request('version')).daemon
  }

  /** What an engine is told of charon. */
  const told = (): unknown => JSON.parse(readFileSync(join(runDir, 'charon.json'), 'utf8'))

  it('starts charon, and ends it on SIGTERM with all that it made', async () => {
    const keeper = keep()
    await untilUp(keeper)
    expect(await version()).toBe('charon-systemd')
    expect(statSync(runDir).mode & 0o777).toBe(0o700)
    expect(statSync(join(runDir, 'strongswan.conf')).mode & 0o777).toBe(0o600)
    expect(told()).toEqual({ port: 4500 })
    expect(statSync(join(runDir, 'charon.json')).mode & 0o777).toBe(0o600)
    const { stdout } = await exec(['ip', 'netns', 'exec', ns, 'ss', '-Huln'])
    expect(stdout).toContain(':4500 ')
    expect(stdout).not.toContain(':500 ')
    keeper.child.kill('SIGTERM')
    expect(await keeper.ended).toBe(EXIT.done)
    expect(await charonPids()).toEqual([])
    expect(await readdir(runDir)).toEqual([])
    expect((await exec(['ip', '-n', ns, 'rule'])).stdout).not.toContain('151')
  }, 60_000)

  it('takes over the charon of a keeper that was killed', async () => {
    const first = keep()
    await untilUp(first)
    const before = await charonPids()
    expect(before).toHaveLength(1)
    first.child.kill('SIGKILL')
    await first.ended
    const second = keep()
    await untilUp(second)
    expect(await charonPids()).toEqual(before)
    expect(told()).toEqual({ port: 4500 })
    process.kill(Number(before[0]), 'SIGKILL')
    await until('another charon', async () => (await charonPids()).some((pid) => pid !== before[0]))
    await until('it answers', async () => (await version().catch(() => '')) !== '')
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(EXIT.done)
    expect(await charonPids()).toEqual([])
  }, 60_000)

  it('takes over a charon that answers late, as on a node that has too much to do', async () => {
    const first = keep()
    await untilUp(first)
    const before = await charonPids()
    first.child.kill('SIGKILL')
    await first.ended
    process.kill(Number(before[0]), 'SIGSTOP')
    const second = keep()
    // Longer than one try to reach it takes.
    await new Promise((go) => setTimeout(go, 6_000))
    process.kill(Number(before[0]), 'SIGCONT')
    await untilUp(second)
    expect(second.log()).toContain('is kept')
    expect(await charonPids()).toEqual(before)
  }, 60_000)

  it('starts a charon anew that answers nobody any more', async () => {
    const keeper = keep()
    await untilUp(keeper)
    const before = await charonPids()
    process.kill(Number(before[0]), 'SIGSTOP')
    await until(
      'another charon answers',
      async () => (await charonPids())[0] !== before[0] && (await version().catch(() => '')) !== '',
      90_000,
    )
    expect(keeper.log()).toContain('no answer for 30 s')
    expect(await charonPids()).toHaveLength(1)
  }, 120_000)

  it('ends the charon of a keeper that was killed where its settings are other ones', async () => {
    const first = keep()
    await untilUp(first)
    const before = await charonPids()
    first.child.kill('SIGKILL')
    await first.ended
    const second = keep('--natt-port', '4501')
    await untilUp(second)
    const after = await charonPids()
    expect(after).toHaveLength(1)
    expect(after).not.toEqual(before)
    expect(told()).toEqual({ port: 4501 })
  }, 60_000)

  it('refuses to be the second keeper of a run directory', async () => {
    await untilUp(keep())
    const second = keep()
    expect(await second.ended).toBe(EXIT.failed)
    expect(second.log()).toContain('SUB0504')
    expect(await charonPids()).toHaveLength(1)
  }, 60_000)
})
