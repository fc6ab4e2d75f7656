import { describe, expect, it } from '@jest/globals'
import { type Argv, type Exec, ExecError, exec } from '../../src/system/exec.ts'
import { execByLibrary } from '../../src/system/execa.ts'

const failure = async (run: Promise<unknown>): Promise<ExecError> => {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ExecError)) throw new Error(`no ExecError but ${String(error)}`)
  return error
}

describe.each<readonly [string, Exec]>([
  ['as agents run programs', exec],
  ['as a laptop runs them', execByLibrary],
])('%s', (_, run) => {
  it('gives output and exit code, and hands over what is written to the program', async () => {
    expect(await run(['cat'], { input: 'ä\nb\n' })).toEqual({ code: 0, stdout: 'ä\nb\n', stderr: '' })
    const both: Argv = ['sh', '-c', 'echo out; echo err >&2; exit 3']
    expect(await run(both, { okCodes: [3] })).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' })
  })
  it('says the command, the code and the last line of a failure', async () => {
    const error = await failure(run(['sh', '-c', 'echo first >&2; echo last >&2; exit 4']))
    expect(error.message).toBe('sh -c echo first >&2; echo last >&2; exit 4: exit 4: last')
    expect(error.result.code).toBe(4)
  })
  it('says that a program is not there', async () => {
    const error = await failure(run(['no-such-program-anywhere']))
    expect(error.result.code).toBe(-1)
    expect(error.message).toContain('ENOENT')
  })
  it('kills a program at its time limit', async () => {
    const error = await failure(run(['sleep', '30'], { timeoutMs: 50 }))
    expect(error.message).toContain('no end within 50 ms')
  })
  it('ends a program that nobody waits for any more', async () => {
    const stop = new AbortController()
    const running = failure(run(['sleep', '30'], { signal: stop.signal }))
    stop.abort()
    expect((await running).result.code).toBe(-1)
  })
  it('does not mind a program that reads nothing of what it is given', async () => {
    expect(await run(['true'], { input: 'x'.repeat(1_000_000) })).toMatchObject({ code: 0 })
  })
  it('speaks the C locale', async () => {
    expect((await run(['sh', '-c', 'echo $LC_ALL $MORE'], { env: { MORE: 'more' } })).stdout).toBe('C more\n')
  })
})

it('waits for nobody who holds the output of a program that was killed', async () => {
  const error = await failure(exec(['sh', '-c', 'sleep 10 & sleep 10'], { timeoutMs: 50 }))
  expect(error.message).toContain('no end within 50 ms')
})
