import { describe, expect, it } from '@jest/globals'
import { chainDrops, chainPuts, parseSave } from '../../../src/dataplane/kernel/chains.ts'
import { backendOf } from '../../../src/dataplane/kernel/iptables.ts'
import { parseSets, setChanges } from '../../../src/dataplane/kernel/sets.ts'
import type { Chain } from '../../../src/dataplane/node/state.ts'
import { cidr } from '../node/views.ts'

const chain = (place: 'first' | 'last', ...rules: readonly string[]): Chain => ({
  table: 'filter',
  name: 'SUBMARINER-FORWARD',
  jumps: [{ hook: 'FORWARD', place }],
  rules,
})
const filter = (...lines: readonly string[]): string =>
  [
    '*filter',
    ':FORWARD DROP [0:0]',
    ':SUBMARINER-FORWARD - [0:0]',
    ':KUBE-FORWARD - [0:0]',
    ':cali-FORWARD - [0:0]',
    ':KUBE-ROUTER-FORWARD - [0:0]',
    ...lines,
    'COMMIT',
    '',
  ].join('\n')
const US = '-A FORWARD -j SUBMARINER-FORWARD'
/** As felix writes them: the jump at the top, or with `ChainInsertMode: Append` at the end; the other two at the end always. */
const CALI = '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD'
const CALI_ENDS = [
  '-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT',
  '-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" -j MARK --set-xmark 0x10000/0x10000',
] as const
const KUBE = '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD'
const ROUTER = '-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD'
const jumpOf = (place: 'first' | 'last', ...lines: readonly string[]): readonly string[] =>
  chainPuts(parseSave(filter(...lines)), [chain(place)])
    .script.split('\n')
    .filter((line) => /^-[DI] /.test(line))

describe('a jump that stands', () => {
  it.each([
    ['last', [US]],
    ['last', ['-A FORWARD -j KUBE-FORWARD', US]],
    ['last', ['-A FORWARD -j KUBE-FORWARD', '-A FORWARD -i docker0 -j ACCEPT', US, '-A FORWARD -i x -j ACCEPT']],
    ['last', ['-A FORWARD -j KUBE-FORWARD', US, '-A FORWARD -j REJECT --reject-with icmp-host-prohibited']],
    ['last', [US, '-A FORWARD -j DROP', '-A FORWARD -j KUBE-FORWARD']],
    ['first', [US, '-A FORWARD -j KUBE-FORWARD']],
    ['first', [CALI, US, '-A FORWARD -j KUBE-FORWARD']],
    ['first', [ROUTER, US, KUBE]],
    ['first', [US, ROUTER, KUBE]],
    ['last', [CALI, KUBE, US, ...CALI_ENDS]],
    ['last', [CALI, US, ...CALI_ENDS]],
    ['last', [KUBE, CALI, US, ...CALI_ENDS]],
    ['last', [ROUTER, KUBE, US]],
  ] as const)('%s is left alone: %j', (place, lines) => {
    expect(jumpOf(place, ...lines)).toEqual([])
  })
})

describe('a jump that does not stand', () => {
  it.each([
    ['last', [], ['-I FORWARD 1 -j SUBMARINER-FORWARD']],
    ['last', ['-A FORWARD -j KUBE-FORWARD', '-A FORWARD -i x -j ACCEPT'], ['-I FORWARD 2 -j SUBMARINER-FORWARD']],
    ['last', [US, '-A FORWARD -j KUBE-FORWARD'], ['-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 2 -j SUBMARINER-FORWARD']],
    [
      'last',
      ['-A FORWARD -j REJECT --reject-with icmp-host-prohibited', US],
      ['-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 1 -j SUBMARINER-FORWARD'],
    ],
    ['last', [US, US], ['-D FORWARD -j SUBMARINER-FORWARD', '-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 1 -j SUBMARINER-FORWARD']],
    ['first', ['-A FORWARD -j KUBE-FORWARD', US], ['-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 1 -j SUBMARINER-FORWARD']],
    ['first', ['-A FORWARD -j cali-FORWARD', '-A FORWARD -j KUBE-FORWARD'], ['-I FORWARD 2 -j SUBMARINER-FORWARD']],
    ['first', [KUBE, ROUTER, US], ['-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 1 -j SUBMARINER-FORWARD']],
    ['last', [US, CALI, KUBE, ...CALI_ENDS], ['-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 3 -j SUBMARINER-FORWARD']],
    ['last', [CALI, KUBE, ...CALI_ENDS], ['-I FORWARD 3 -j SUBMARINER-FORWARD']],
    ['last', [US, ROUTER, KUBE], ['-D FORWARD -j SUBMARINER-FORWARD', '-I FORWARD 3 -j SUBMARINER-FORWARD']],
    [
      'first',
      ['-A FORWARD -p udp -j SUBMARINER-FORWARD'],
      ['-D FORWARD -p udp -j SUBMARINER-FORWARD', '-I FORWARD 1 -j SUBMARINER-FORWARD'],
    ],
  ] as const)('%s is moved: %j', (place, lines, expected) => {
    expect(jumpOf(place, ...lines)).toEqual(expected)
  })
})

describe('an accept of ours where Calico insists on being last', () => {
  it.each([
    [[KUBE, CALI, ...CALI_ENDS], []],
    [[KUBE, CALI], []],
    [[KUBE, US, CALI, ...CALI_ENDS], ['-D FORWARD -j SUBMARINER-FORWARD']],
    [[US, CALI, ...CALI_ENDS], ['-D FORWARD -j SUBMARINER-FORWARD']],
  ])('is not there: %j', (lines, expected) => {
    expect(jumpOf('last', ...lines)).toEqual(expected)
  })
})

it('a chain that differs is written whole, and one that is as planned is not touched', () => {
  const save = filter('-A SUBMARINER-FORWARD -i a -j ACCEPT', US)
  expect(chainPuts(parseSave(save), [chain('last', '-i a -j ACCEPT')]).script).toBe('')
  expect(chainPuts(parseSave(save), [chain('last', '-i b -j ACCEPT')]).script).toBe(
    '*filter\n:SUBMARINER-FORWARD - [0:0]\n-A SUBMARINER-FORWARD -i b -j ACCEPT\nCOMMIT\n',
  )
})

it('a chain of ours that is not wanted goes with every jump to it, of whatever version', () => {
  const { script } = chainDrops(parseSave(filter('-A SUBMARINER-FORWARD -j ACCEPT', '-A FORWARD -i x -j SUBMARINER-FORWARD', US)), [])
  expect(script).toBe(
    '*filter\n-D FORWARD -i x -j SUBMARINER-FORWARD\n-D FORWARD -j SUBMARINER-FORWARD\n-F SUBMARINER-FORWARD\n-X SUBMARINER-FORWARD\nCOMMIT\n',
  )
})

it('the kind of iptables is the one with the kubelet’s chain, else the one with more rules of others, else nft', () => {
  const hint = '*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n'
  const canary = '*mangle\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n'
  const rules = '*filter\n-A FORWARD -j ACCEPT\n-A FORWARD -j DROP\n'
  const ours = '*filter\n-A FORWARD -j SUBMARINER-FORWARD\n-A SUBMARINER-FORWARD -j DROP\n-A SUBMARINER-FORWARD -j DROP\n'
  expect(backendOf('', '')).toBe('nft')
  expect(backendOf(hint, hint)).toBe('nft')
  expect(backendOf(rules, canary)).toBe('legacy')
  expect(backendOf('', rules)).toBe('legacy')
  expect(backendOf(rules, '')).toBe('nft')
  expect(backendOf(ours, rules)).toBe('legacy')
})

describe('sets', () => {
  const save =
    'create OTHERS hash:ip family inet hashsize 1024 maxelem 65536\nadd OTHERS 10.9.0.1\ncreate SUBMARINER-REMOTE hash:net family inet hashsize 2048 maxelem 65536 bucketsize 12 initval 0x1\nadd SUBMARINER-REMOTE 10.2.0.0/16\nadd SUBMARINER-REMOTE 10.3.0.7\n'
  const want = (...networks: readonly string[]) => [{ name: 'SUBMARINER-REMOTE', networks: networks.map(cidr) } as const]

  it('are read with single addresses as networks, and those of others are passed over', () => {
    expect(parseSets(save)).toEqual([{ name: 'SUBMARINER-REMOTE', type: 'hash:net family inet', networks: ['10.2.0.0/16', '10.3.0.7/32'] }])
  })
  it('change by what differs alone', () => {
    expect(setChanges(parseSets(save), want('10.2.0.0/16', '10.3.0.7/32'))).toEqual({ put: [], drop: [], destroy: [], isStale: false })
    expect(setChanges(parseSets(save), want('10.2.0.0/16', '10.4.0.0/16'))).toMatchObject({
      put: ['add SUBMARINER-REMOTE 10.4.0.0/16'],
      drop: ['del SUBMARINER-REMOTE 10.3.0.7/32'],
    })
  })
  it('that another version made otherwise are made anew, and those not wanted go', () => {
    const old = parseSets(
      'create SUBMARINER-REMOTE hash:ip family inet hashsize 1024\ncreate SUBMARINER-OLD hash:net family inet hashsize 1024\n',
    )
    expect(setChanges(old, want('10.2.0.0/16'))).toEqual({
      put: [
        'destroy SUBMARINER-REMOTE',
        'create SUBMARINER-REMOTE hash:net family inet maxelem 65536',
        'add SUBMARINER-REMOTE 10.2.0.0/16',
      ],
      drop: [],
      destroy: ['destroy SUBMARINER-OLD'],
      isStale: true,
    })
  })
})
