import { spawnSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { bashCompletion } from '../../../src/commands/cli/completion-bash.ts'
import { fishCompletion } from '../../../src/commands/cli/completion-fish.ts'
import { zshCompletion } from '../../../src/commands/cli/completion-zsh.ts'
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
  const syntax = (shell: string, script: string) => spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' })
  const zsh = has('zsh') ? it : it.skip
  const fish = has('fish') ? it : it.skip
  zsh('is a script that zsh can read', () => expect(syntax('zsh', zshCompletion(COMMANDS))).toMatchObject({ status: 0, stderr: '' }))
  fish('is a script that fish can read', () => expect(syntax('fish', fishCompletion(COMMANDS))).toMatchObject({ status: 0, stderr: '' }))
})
