import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { PART_OF_WORD } from '../../../src/commands/cli/parts.ts'
import { GLOBAL_FLAGS } from '../../../src/commands/cli/specs/spec.ts'
import { COMMANDS } from '../../../src/commands/cli/table.ts'
import { discoveryRuns } from '../../../src/commands/runs/discovery.ts'
import { dnsRuns } from '../../../src/commands/runs/dns.ts'
import { engineRuns } from '../../../src/commands/runs/engine.ts'
import { laptopRuns } from '../../../src/commands/runs/laptop.ts'
import { lightRuns } from '../../../src/commands/runs/light.ts'
import { routeAgentRuns } from '../../../src/commands/runs/route-agent.ts'
import { serverRuns } from '../../../src/commands/runs/server.ts'
import { PROBLEMS } from '../../../src/model/problems.ts'

const RUNS = {
  ...{ engine: engineRuns, 'route-agent': routeAgentRuns, discovery: discoveryRuns, dns: dnsRuns },
  ...{ server: serverRuns, laptop: laptopRuns, light: lightRuns },
}

describe('the table of commands', () => {
  it.each(COMMANDS.map((spec) => [spec.name, spec] as const))('%s has a run in its part, and the launcher sends it there', (name, spec) => {
    expect(Object.keys(RUNS[spec.part])).toContain(name)
    expect(PART_OF_WORD[name.split(' ')[0] ?? ''] ?? 'laptop').toBe(spec.part)
  })
  it.each(COMMANDS.map((spec) => [spec.name, spec] as const))('%s has examples, and flags that are told apart', (name, spec) => {
    const flags = [...spec.flags, ...GLOBAL_FLAGS]
    const words = flags.flatMap((flag) => [flag.name, ...(flag.short === undefined ? [] : [flag.short])])
    expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([])
    // commander reads --no-x as the negation of --x.
    expect(words.filter((word) => word.startsWith('no-'))).toEqual([])
    expect(spec.examples.length).toBeGreaterThan(0)
    for (const [line] of spec.examples) expect(line).toContain(`subctl ${name}`)
    expect(spec.brief).not.toMatch(/\.$/)
  })
  it('names a command once, and has one for every run and for every word of the launcher', () => {
    const names = COMMANDS.map((spec) => spec.name)
    expect(new Set(names).size).toBe(names.length)
    const runs = Object.values(RUNS).flatMap((table) => Object.keys(table))
    expect(runs.filter((name) => !names.includes(name))).toEqual([])
    const words = Object.keys(PART_OF_WORD).filter((word) => !word.startsWith('-'))
    expect(words.filter((word) => !names.includes(word))).toEqual([])
  })
})

describe('problem ids', () => {
  const ROOMS = {
    commands: '01',
    kube: '02',
    broker: '03',
    install: '04',
    node: '05',
    checks: '06',
    server: '07',
    remove: '08',
    services: '09',
  }
  const sources = globSync('src/**/*.ts').filter((file) => !file.includes('model/problems'))
  const used = new Set(sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/['"`](SUB\d{4})['"`:]/g)].map((m) => m[1])))

  it.each(Object.entries(ROOMS))('of %s are in its range, SUB%s..', (room, range) => {
    const text = readFileSync(`src/model/problems/${room}.ts`, 'utf8')
    const ids = [...text.matchAll(/^ {2}(\w+): \{/gm)].map((m) => m[1] ?? '')
    expect(ids.filter((id) => !id.startsWith(`SUB${range}`) || id.length !== 7)).toEqual([])
    expect(ids).toEqual([...new Set(ids)].sort())
  })
  it('are each used somewhere', () => {
    expect(Object.keys(PROBLEMS).filter((id) => !used.has(id))).toEqual([])
  })
  it('that are used are each explained', () => {
    expect([...used].filter((id) => id !== undefined && !(id in PROBLEMS))).toEqual([])
  })
})
