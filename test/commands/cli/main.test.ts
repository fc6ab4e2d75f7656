import { describe, expect, it } from '@jest/globals'
import { main } from '../../../src/commands/cli/main.ts'
import type { Run, Runs } from '../../../src/commands/cli/run.ts'
import { infoRuns } from '../../../src/commands/runs/info.ts'
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

describe('a flag that takes one value', () => {
  const ran: string[] = []
  const echoed: Runs = {
    show: async (context, given) => {
      ran.push(given.text('context') ?? '')
      context.stdout.write(`${given.text('context')} ${given.text('output')}`)
      return undefined
    },
  }
  it.each([
    ['show --context nope --context broker', '--context is given twice: "nope" and "broker"; it takes one value'],
    ['--context nope show --context=broker', '--context is given twice: '],
    ['show -o json --output json', '--output is given twice: "json" and "json"; it takes one value'],
    ['show --context= --context broker', '--context is given twice: "" and "broker"'],
  ])('is refused twice, and nothing is done: %s', async (line, message) => {
    ran.length = 0
    const { code, err } = await run(line, echoed)
    expect(code).toBe(EXIT.usage)
    expect(err).toContain(`error SUB0101: ${message}`)
    expect(ran).toEqual([])
  })
  it('is refused twice where it may stand without its value too', async () => {
    const { code, err } = await run('join --wait --wait false', { join: async () => undefined })
    expect(code).toBe(EXIT.usage)
    expect(err).toContain('--wait is given twice: "true" and "false"')
  })
  it('given twice beside --help is help', async () => {
    expect(await run('show --context a --context b --help', echoed)).toMatchObject({ code: EXIT.done, err: '' })
  })
  it('holds up neither flags that may repeat nor switches', async () => {
    const join: Runs[string] = async (context, given) => {
      context.stdout.write(`${given.many('gateway').join(',')} ${given.on('plan')}`)
      return undefined
    }
    expect(await run('join --gateway a --plan --gateway b --plan', { join })).toMatchObject({ code: EXIT.done, out: 'a,b true' })
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

describe('an error with -o json', () => {
  const late = new UserError('SUB0105', 'no broker within 30s', { hint: 'Try --timeout 2m.', exitCode: EXIT.timedOut })
  /** A run of join that says this on stdout, and then fails. */
  const join =
    (said: string, error: unknown): Run =>
    async ({ stdout, journal }) => {
      journal?.did({ what: 'Namespace submariner', state: 'ok', text: 'created' })
      journal?.saw({ what: 'leader', state: 'waiting', text: 'none yet' })
      journal?.saw({ what: 'leader', state: 'failing', text: 'no node has the label' })
      stdout.write(said)
      return Promise.reject(error)
    }
  const fail = (line: string, said = '', error: unknown = late) => run(`join ${line}`, { join: join(said, error) })

  it('is one object on stdout, with what was done, and the same text on stderr', async () => {
    const { code, out, err } = await fail('-o json')
    expect([code, err]).toEqual([75, 'error SUB0105: no broker within 30s\nTry --timeout 2m.\n'])
    expect(out).toMatchInlineSnapshot(`
"{
  "apiVersion": "subctl.submariner.io/v1",
  "kind": "Error",
  "error": {
    "id": "SUB0105",
    "message": "no broker within 30s",
    "hint": "Try --timeout 2m.",
    "exitCode": 75
  },
  "steps": [
    {
      "what": "Namespace submariner",
      "state": "ok",
      "text": "created"
    },
    {
      "what": "leader",
      "state": "failing",
      "text": "no node has the label"
    }
  ]
}
"
`)
  })
  it('is a field of the object that was printed already, whose steps count', async () => {
    const printed = { apiVersion: 'subctl.submariner.io/v1', kind: 'Join', steps: ['own'] }
    const { out } = await fail('--output=json', `${JSON.stringify(printed, null, 2)}\n`)
    expect(JSON.parse(out)).toEqual({ ...printed, error: { id: 'SUB0105', message: late.message, hint: late.hint, exitCode: 75 } })
  })
  it('is the same in YAML', async () => {
    expect((await fail('-o yaml', 'apiVersion: subctl.submariner.io/v1\nkind: Join\n')).out).toBe(
      'apiVersion: subctl.submariner.io/v1\nkind: Join\nerror: {"id":"SUB0105","message":"no broker within 30s","hint":"Try --timeout 2m.","exitCode":75}\n',
    )
  })
  it('prints nothing on stdout for people', async () => {
    expect((await fail('')).out).toBe('')
    expect((await fail('-o table', 'a line\n')).out).toBe('a line\n')
  })
  it('is told of a command line that is not understood, too', async () => {
    const { code, out } = await run('join --nonsense -o json')
    expect(code).toBe(EXIT.usage)
    expect(JSON.parse(out)).toMatchObject({ kind: 'Error', error: { id: 'SUB0101', exitCode: 64, hint: 'See `subctl help join`.' } })
    expect(JSON.parse((await run('shwo -ojson')).out)).toMatchObject({ kind: 'Error', error: { id: 'SUB0101' } })
  })
  it('has no id where subctl is at fault, and no stack', async () => {
    const { out, err } = await fail('-o json', '', new RangeError('odd'))
    expect(JSON.parse(out).error).toEqual({ message: 'a fault of subctl 1.2.3+abcdef12: odd', exitCode: 1 })
    expect(err).toMatch(/RangeError: odd\n {4}at /)
  })
  it('says of an interruption how far it had come', async () => {
    const world = fakeWorld()
    world.end()
    expect(await main(['join', '-o', 'json'], world.context, { join: join('', new Error('aborted')) })).toBe(130)
    const hint =
      'What was done stays: one step, the last of them Namespace submariner: created. Run the same command again: it goes on where it stopped.'
    expect(JSON.parse(world.out()).error).toEqual({ message: 'interrupted', hint, exitCode: 130 })
    expect(world.err()).toBe(`interrupted\n${hint}\n`)
  })
  it('has the next step of its id where the error brings none', async () => {
    const { err } = await fail('', '', new UserError('SUB0301', 'This is no broker file'))
    expect(err).toMatch(/^error SUB0301: This is no broker file\nTake the file that `subctl deploy-broker`/)
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
