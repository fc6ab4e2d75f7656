import { describe, expect, it } from '@jest/globals'
import { given } from '../../src/commands/cli/given.ts'
import { INSTALL_COMMANDS } from '../../src/commands/cli/specs/install.ts'
import { chosenSettings, settingsOf, unusedNotes } from '../../src/commands/join/settings.ts'
import { environmentOf } from '../../src/install/objects/settings.ts'
import { parseZone, parseZones } from '../../src/model/zones.ts'
import { FULL_JOIN } from '../fakes/join-settings.ts'

const flags = INSTALL_COMMANDS.find(({ name }) => name === 'join')?.flags ?? []
const of = (zone: readonly string[]) => given(flags, zone.length === 0 ? {} : { zone }, [], {})
const networks = {
  pods: { value: FULL_JOIN.podCidrs, source: '' },
  services: { value: FULL_JOIN.serviceCidrs, source: '' },
  cni: { value: 'generic', source: '' },
} as unknown as Parameters<typeof settingsOf>[2]
const zonesOf = (zone: readonly string[], customDomains: readonly string[] = []): readonly string[] =>
  settingsOf(of(zone), 'west', networks, { url: 'https://broker:6443', namespace: 'b', customDomains }).zones

describe('the domains of a join', () => {
  it.each<[what: string, zone: readonly string[], custom: readonly string[], zones: readonly string[]]>([
    ['are clusterset.local', [], [], ['clusterset.local']],
    ['and those of the flag, each once', ['Apps.Example.', 'clusterset.local', 'apps.example'], [], ['clusterset.local', 'apps.example']],
    ['else those of the broker’s file', [], ['corp.example'], ['clusterset.local', 'corp.example']],
    ['which the flag takes the place of', ['apps.example'], ['corp.example', 'no domain'], ['clusterset.local', 'apps.example']],
  ])('%s', (_, zone, custom, zones) => expect(zonesOf(zone, custom)).toEqual(zones))

  it.each(['', 'local', 'com', 'Corp.', 'a..b', 'a b', 'a.b;c', '-a.example', '1.0.10.in-addr.arpa', 'x'.repeat(64)])(
    'are refused before anybody is asked: %j',
    (zone) => {
      expect(() => chosenSettings(of([zone]))).toThrow(/--zone/)
      expect(() => zonesOf([], [zone])).toThrow(/the broker’s file has it: give --zone/)
      expect(() => parseZone(zone)).toThrow(RangeError)
    },
  )

  it('with --service-discovery false are told as having no effect, with the other flags of services', () => {
    const notes = (values: Record<string, unknown>) => unusedNotes(chosenSettings(given(flags, values, [], {})))
    const all = { zone: ['a.b'], dns: 'own', balance: 'spread', 'allow-namespaces': 'kube-system' }
    expect(notes({ ...all, 'service-discovery': 'false' })).toEqual([
      expect.stringMatching(/^--dns, --zone, --balance, --allow-namespaces without effect, since --service-discovery is false/),
    ])
    expect(notes({ 'service-discovery': 'false', balance: 'spread' })).toEqual([expect.stringMatching(/^--balance without/)])
    expect([notes({ 'service-discovery': 'false' }), notes(all)]).toEqual([[], []])
  })

  it('come back out of the settings of the agents', () => {
    expect(parseZones(environmentOf(FULL_JOIN).SUBMARINER_DNS_ZONES ?? '')).toEqual(FULL_JOIN.zones)
    expect(parseZones('')).toEqual(['clusterset.local'])
    // An upgrade keeps what an earlier join took.
    expect(parseZones('clusterset.local,corp')).toEqual(['clusterset.local', 'corp'])
  })
})
