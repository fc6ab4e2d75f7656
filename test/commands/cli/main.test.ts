import { describe, expect, it } from '@jest/globals'
import { main } from '../../../src/commands/cli/main.ts'
import type { Runs } from '../../../src/commands/cli/run.ts'
import { infoRuns } from '../../../src/commands/info-runs.ts'
import { EXIT, UserError } from '../../../src/model/errors.ts'
import { fakeWorld } from '../../fakes/context.ts'

/** Runs a command line in a fresh world. */
async function run(line: string, runs: Runs = infoRuns, env: Readonly<Record<string, string>> = {}) {
  const world = fakeWorld({ env })
  const code = await main(line === '' ? [] : line.split(' '), world.context, runs)
  return { code, out: world.out(), err: world.err() }
}

/** Runs that say what they were given. */
const echo: Runs = {
  ...infoRuns,
  show: async (context, given) => {
    const flags = ['kubeconfig', 'context', 'output', 'color'].map((flag) => `${flag}=${given.text(flag)}`)
    context.stdout.write(`show ${given.args.join(',')} ${flags.join(' ')}`)
    return undefined
  },
}

describe('main', () => {
  it('prints the commands without a word, and for --help', async () => {
    const bare = await run('')
    expect(bare).toMatchObject({ code: EXIT.done, err: '' })
    expect(bare.out).toContain('Usage: subctl COMMAND [flags]')
    expect(await run('--help')).toEqual(bare)
    expect(await run('help')).toEqual(bare)
  })
  it('prints the help of a command, also where its arguments are missing', async () => {
    const asked = await run('help completion')
    expect(asked.out).toContain('Usage: subctl completion SHELL')
    expect(await run('completion --help')).toEqual(asked)
    expect(await run('--color never completion -h')).toEqual(asked)
  })
  it('suggests the command that was meant', async () => {
    const { code, out, err } = await run('shwo')
    expect({ code, out }).toEqual({ code: EXIT.usage, out: '' })
    expect(err).toBe("error SUB0101: unknown command 'shwo' (Did you mean show?)\nSee `subctl help`.\n")
  })
  it('suggests the flag that was meant', async () => {
    const { code, err } = await run('version --outptu json')
    expect(code).toBe(EXIT.usage)
    expect(err).toBe("error SUB0101: unknown option '--outptu' (Did you mean --output?)\nSee `subctl help version`.\n")
  })
  it.each([
    ['version extra', /too many arguments/],
    ['version -o', /argument missing/],
    ['version -o xml', /--output is "xml"; it can be table, json/],
    ['completion', /missing required argument 'shell'/],
    ['completion ksh', /Allowed choices are bash, zsh, fish/],
    ['--kubeconfig x', /--kubeconfig stands without a command/],
    ['help nothing', /there is no command "nothing"/],
    ['explain SUB9999', /there is no SUB9999/],
  ])('refuses %s', async (line, message) => {
    const { code, out, err } = await run(line)
    expect({ code, out }).toEqual({ code: EXIT.usage, out: '' })
    expect(err).toMatch(message)
  })
  it('takes flags on both sides of the verb, and a verb that is also a value', async () => {
    const { out } = await run('--context show --kubeconfig=a show -o json gateways --color never', echo)
    expect(out).toBe('show gateways kubeconfig=a context=show output=json color=never')
  })
  it('reads a flag from its environment variable where it is not given', async () => {
    const env = { KUBECONFIG: 'from-env' }
    expect((await run('show', echo, env)).out).toContain('kubeconfig=from-env')
    expect((await run('show --kubeconfig b', echo, env)).out).toContain('kubeconfig=b')
  })
  it.each([
    ['join a.subm --wait', 'a.subm true'],
    ['join --wait a.subm', 'a.subm true'],
    ['join --wait false a.subm', 'a.subm false'],
    ['join a.subm --wait true', 'a.subm true'],
    ['--wait false join a.subm', 'a.subm false'],
    ['join a.subm --wait=false', 'a.subm false'],
    ['join a.subm', 'a.subm undefined'],
  ])('takes a flag with and without its value: %s', async (line, out) => {
    const join: Runs[string] = async (context, given) => {
      context.stdout.write(`${given.args.join(',')} ${given.text('wait')}`)
      return undefined
    }
    expect(await run(line, { ...infoRuns, join })).toMatchObject({ code: EXIT.done, out })
  })
  it('says where the flags of a command of another part belong', async () => {
    const { code, err } = await run('show', infoRuns)
    expect(code).toBe(EXIT.usage)
    expect(err).toContain('the flags of show stand behind it')
  })
})

it('a flag with choices is checked before the command runs', async () => {
  const ran: string[] = []
  const show: Runs = { show: async () => void ran.push('ran') as undefined }
  expect(await run('show -o xml', show)).toMatchObject({ code: 64, err: expect.stringContaining('--output is "xml"') })
  expect(ran).toEqual([])
})

describe('an error of a run', () => {
  const failing = (error: unknown): Runs => ({ version: () => Promise.reject(error) })

  it('is printed with id and hint, and has its exit code, where the user can mend it', async () => {
    const error = new UserError('SUB0105', 'no broker within 30s', { hint: 'Try --timeout 2m.', exitCode: EXIT.timedOut })
    expect(await run('version', failing(error))).toEqual({
      code: EXIT.timedOut,
      out: '',
      err: 'error SUB0105: no broker within 30s\nTry --timeout 2m.\n',
    })
  })
  it('is a fault of subctl with its stack otherwise', async () => {
    const { code, err } = await run('version', failing(new RangeError('odd')))
    expect(code).toBe(EXIT.failed)
    expect(err).toMatch(/^a fault of subctl 1\.2\.3\+abcdef12: RangeError: odd\n {4}at /)
  })
  it.each([
    ["EROFS: read-only file system, open 'x'", 'EROFS', 'open', 'error SUB0103: EROFS'],
    ['ENOSPC: no space left on device, write', 'ENOSPC', 'write', 'error SUB0103: ENOSPC'],
    ['connect EACCES 10.0.0.1:1', 'EACCES', 'connect', 'a fault of subctl'],
    ["ENOENT: no such file or directory, open 'x'", 'ENOENT', 'open', 'a fault of subctl'],
  ])('%s is for the user where a disk or its rights are to blame', async (message, code, syscall, start) => {
    const { err } = await run('version', failing(Object.assign(new Error(message), { code, syscall })))
    expect(err.startsWith(start)).toBe(true)
  })
  it('is an interruption after SIGINT', async () => {
    const world = fakeWorld()
    world.end()
    expect(await main(['version'], world.context, failing(new Error('aborted')))).toBe(EXIT.interrupted)
    expect(world.err()).toBe('interrupted\n')
  })
})

describe('version', () => {
  it('is a line, or an object with apiVersion and kind', async () => {
    expect((await run('version')).out).toMatch(/^subctl 1\.2\.3\+abcdef12 \(linux\/(amd64|arm64)\)\n$/)
    expect(await run('--version')).toEqual(await run('version'))
    expect(JSON.parse((await run('version -o json')).out)).toMatchObject({
      apiVersion: 'subctl.submariner.io/v1',
      kind: 'Version',
      version: '1.2.3',
      commit: 'abcdef12',
    })
  })
})

describe('explain', () => {
  it('tells the meaning of an id, however it is written', async () => {
    const { out } = await run('explain SUB0102')
    expect(out).toMatch(/^SUB0102: A setting is missing\n\nCause: .+\nNext: {2}.+\n$/)
    expect((await run('explain sub0102')).out).toBe(out)
    expect((await run('explain 0102')).out).toBe(out)
  })
  it('lists all ids in order', async () => {
    const ids = (await run('explain')).out
      .trim()
      .split('\n')
      .map((line) => line.slice(0, 7))
    expect(ids.length).toBeGreaterThan(5)
    expect(ids).toEqual([...ids].sort())
  })
})
