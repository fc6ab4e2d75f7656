// The packaged binary by itself: no lab, no root.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { EXIT } from '../src/model/errors.ts'

const SUBCTL = 'dist/subctl'
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'subctl-binary-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the binary in an empty environment. */
const subctl = (...args: string[]) => spawnSync(SUBCTL, args, { env: {}, encoding: 'utf8', timeout: 60_000 })

describe('the packaged binary', () => {
  it('runs in an empty environment and knows its commit', () => {
    const { status, stdout, stderr } = subctl('version', '-o', 'json')
    expect({ status, stderr }).toEqual({ status: EXIT.done, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'Version', commit: expect.stringMatching(/^([0-9a-f]{8,}(-dirty)?|unknown)$/) })
  })
  it('runs the commands of each part', () => {
    expect(subctl('help').stdout).toContain('Usage: subctl COMMAND')
    expect(subctl('serve-broker', '--help').stdout).toContain('Usage: subctl serve-broker')
    expect(subctl('show', '--help').stdout).toContain('Usage: subctl show')
    expect(subctl('engine', '--help').stdout).toContain('Usage: subctl engine')
  })
  it('reads a kubeconfig by the part that has the client library', () => {
    const file = join(folder, 'kubeconfig')
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [],
      contexts: [{ name: 'a', context: { cluster: 'a' } }],
      'current-context': 'a',
    }
    writeFileSync(file, JSON.stringify(kubeconfig))
    expect(subctl('show', '--kubeconfig', file)).toMatchObject({
      status: EXIT.unreachable,
      stdout: '',
      stderr: expect.stringContaining('error SUB0211: The API server 127.0.0.1:1 refuses connections'),
    })
    expect(subctl('show', '--kubeconfig', file, '--context', 'b').stderr).toContain('error SUB0204')
  })
  it('says that its output could not be written, on a full disk', () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(SUBCTL, ['help'], { env: {}, encoding: 'utf8', timeout: 60_000, stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    expect({ status, stderr }).toEqual({ status: EXIT.failed, stderr: expect.stringContaining('error SUB0103') })
  })
  it('ends quietly where nobody reads its output', () => {
    const script = `set -o pipefail; ${SUBCTL} completion bash | true; echo "\${PIPESTATUS[0]}"`
    expect(spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 60_000 })).toMatchObject({ stdout: '0\n', stderr: '' })
  })
  it('refuses what it does not know with exit code 64', () => {
    expect(subctl('shwo')).toMatchObject({ status: EXIT.usage, stdout: '', stderr: expect.stringContaining('Did you mean show?') })
  })
})
