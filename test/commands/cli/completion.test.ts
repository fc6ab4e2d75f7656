import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { bashCompletion } from '../../../src/commands/cli/completion/bash.ts'
import { fishCompletion } from '../../../src/commands/cli/completion/fish.ts'
import { zshCompletion } from '../../../src/commands/cli/completion/zsh.ts'
import { COMMANDS } from '../../../src/commands/cli/table.ts'

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0
const bash = (script: string): string[] => {
  const done = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  expect(done.stderr).toBe('')
  return done.stdout.split('\n').filter((line) => line !== '')
}

/** What bash offers after the words, the last of which is being typed. */
const offered = (...words: string[]): string[] =>
  bash(`${bashCompletion(COMMANDS)}
COMP_WORDS=(subctl ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_subctl; printf '%s\\n' "\${COMPREPLY[@]}"`)

describe('completion in bash', () => {
  it('offers the commands', () => {
    expect(offered('')).toEqual(COMMANDS.map((spec) => spec.name))
    expect(offered('ver')).toEqual(['verify', 'version'])
  })
  it('offers the arguments and flags of a command', () => {
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish', '--help', '--color'])
    expect(offered('show', '--o')).toEqual(['--output'])
    expect(offered('help', 'expl')).toEqual(['explain'])
  })
  it('offers an argument once', () => {
    expect(offered('export', '').slice(0, 2)).toEqual(['service', 'namespace'])
    expect(offered('export', 'service', 's')).toEqual([])
    expect(offered('export', 'service', 'web', '--fo')).toEqual(['--force'])
    expect(offered('export', '-n', 'shop', 's')).toEqual(['service'])
  })
  it('offers the choices of a flag, also after = and in front of the verb', () => {
    expect(offered('version', '-o', '')).toEqual(['table', 'json'])
    expect(offered('version', '--output', 'j')).toEqual(['json'])
    expect(offered('version', '--output', '=', 'j')).toEqual(['json'])
    expect(offered('version', '--output', '=')).toEqual(['table', 'json'])
    expect(offered('--context', 'west', 'show', 'gate')).toEqual(['gateways'])
  })
  it('offers files where a file is wanted, and nothing where nobody knows', () => {
    expect(offered('show', '--kubeconfig', 'package')).toEqual(['package.json', 'package-lock.json'].sort())
    expect(offered('show', '--context', '')).toEqual([])
  })
  it('takes a command that was typed as a value for a value', () => {
    expect(offered('--context', 'show', 'ver')).toEqual(['verify', 'version'])
  })
})

describe('completion in other shells', () => {
  const each = COMMANDS.map((spec) => spec.name)
  it('names every command', () => {
    for (const name of each) {
      expect(zshCompletion(COMMANDS)).toContain(`'${name}:`)
      expect(fishCompletion(COMMANDS)).toContain(`-a '${name}'`)
    }
  })
  const syntax = (shell: string, script: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'subctl-completion-'))
    writeFileSync(join(folder, 'script'), script)
    const done = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    return done
  }
  const scripts = { zsh: zshCompletion(COMMANDS), fish: fishCompletion(COMMANDS) }
  for (const [shell, script] of Object.entries(scripts)) {
    if (has(shell)) it(`is a script that ${shell} can read`, () => expect(syntax(shell, script)).toMatchObject({ status: 0, stderr: '' }))
    else it.skip(`is a script that ${shell} can read (skipped: there is no ${shell} here)`, () => undefined)
  }
  const inFish = has('fish') ? it : it.skip
  inFish('offers commands and choices in fish (skipped where there is no fish)', () => {
    const asked = `${scripts.fish}\ncomplete -C 'subctl jo'; complete -C 'subctl show gatew'`
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', asked], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toBe('join\tJoin a cluster to a clusterset\ngateways\n')
  })
})
