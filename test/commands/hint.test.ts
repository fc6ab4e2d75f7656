import { describe, expect, it } from '@jest/globals'
import { placeFlags, pointed } from '../../src/commands/cli/hint.ts'
import { parse } from '../../src/commands/cli/parse.ts'
import { COMMANDS } from '../../src/commands/cli/table.ts'

const flagsOf = (line: string, env: Record<string, string> = {}): string => {
  const parsed = parse(line.split(' '), COMMANDS, env)
  return parsed.what === 'run' ? placeFlags(parsed.spec, parsed.given, env) : 'no run'
}

describe('what a command line says of the cluster', () => {
  it.each([
    ['join --cluster-id west --context east', ' --context east'],
    ['show gateways --kubeconfig k --context east', ' --kubeconfig k --context east'],
    ['show gateways', ''],
    // The context of these is the broker's.
    ['forget west --context hub', ''],
    ['deploy-broker --context hub', ''],
  ])('%s', (line, flags) => expect(flagsOf(line)).toBe(flags))
  it('leaves out what the environment says to the next command as well', () => {
    expect(flagsOf('show gateways --context east', { KUBECONFIG: 'k' })).toBe(' --context east')
  })
})

describe('a hint of a command for a cluster', () => {
  it.each([
    ['take it out first: subctl uninstall', 'take it out first: subctl uninstall --context east'],
    ['Run `subctl join broker-info.subm --cluster-id NAME`.', 'Run `subctl join --context east broker-info.subm --cluster-id NAME`.'],
    [
      'Read `subctl show gateways -o wide`; then `subctl verify`.',
      'Read `subctl show gateways --context east -o wide`; then `subctl verify --context east`.',
    ],
    ['Choose another. Gone for good: subctl forget west', 'Choose another. Gone for good: subctl forget west'],
    [
      'Others: subctl uninstall --contexts A,B; or subctl upgrade',
      'Others: subctl uninstall --contexts A,B; or subctl upgrade --context east',
    ],
    ['Make it: `subctl deploy-broker --context BROKER`', 'Make it: `subctl deploy-broker --context BROKER`'],
  ])('%s', (text, wanted) => {
    expect(pointed(text, ' --context east')).toBe(wanted)
    expect(pointed(text, '')).toBe(text)
  })
})
