import { describe, expect, it } from '@jest/globals'
import { diffLines, undo } from '../../../src/install/names/edit.ts'
import type { DnsFacts, KubeDns, OpenShiftDns } from '../../../src/install/names/facts.ts'
import { type NamesWish, planNames } from '../../../src/install/names/plan.ts'
import { namesState } from '../../../src/install/names/state.ts'
import { planTakeBack } from '../../../src/install/names/take-back.ts'
import type { UserError } from '../../../src/model/errors.ts'
import { AKS, coreDns, customMap, facts, GARDENER, K3S, KUBEADM, LIGHTHOUSE, mapText, NODE_LOCAL } from './corefiles.ts'

const ZONES = ['clusterset.local']
const wish = (mode: NamesWish['wish'], over: Partial<NamesWish> = {}): NamesWish => ({
  wish: mode,
  zones: ZONES,
  server: '10.96.0.53',
  brokers: ['submariner-k8s-broker'],
  ...over,
})
const OLD = coreDns({ version: [1, 11, 3], versionFrom: 'image coredns:1.11.3' })
const UNKNOWN = coreDns({ version: undefined, versionFrom: 'image coredns@sha256:aa has no version in its tag' })
const stubs = (over: Parameters<typeof mapText>[0] = {}): KubeDns => ({
  ...{ kind: 'kube-dns', title: 'Deployment kube-system/kube-dns' },
  stubs: mapText({ name: 'kube-dns', key: 'stubDomains', text: undefined, isThere: false, ...over }),
})
const openShift = (servers?: readonly unknown[]): OpenShiftDns => ({
  kind: 'openshift',
  title: 'OpenShift’s DNS operator',
  servers,
  domain: 'cluster.local',
})
const refusal = (seen: DnsFacts, mode: NamesWish['wish']): UserError => {
  try {
    planNames(seen, wish(mode))
  } catch (error) {
    return error as UserError
  }
  throw new Error('it was not refused')
}

describe('who answers is chosen by what the cluster’s DNS can do', () => {
  it.each([
    ['CoreDNS 1.12.4', facts(), 'multicluster', /1\.12\.4 \(image registry/],
    ['an older CoreDNS', facts(OLD), 'own', /1\.11\.3 is older than 1\.12\.2/],
    ['a CoreDNS of which nobody knows the version', facts(UNKNOWN), 'own', /no version in its tag/],
    ['a CRD that comes with the join', facts(coreDns(), { servesAlpha: undefined }), 'multicluster', /itself/],
    ['a CRD without v1alpha1', facts(coreDns(), { servesAlpha: false }), 'own', /does not serve v1alpha1/],
    ['kube-dns', facts(stubs()), 'own', /kube-dns knows no ServiceImports/],
    ['OpenShift', facts(openShift()), 'own', /no options of CoreDNS/],
  ] as const)('%s', (_, seen, mode, why) => {
    const plan = planNames(seen, wish('auto'))
    expect(plan.mode).toBe(mode)
    expect(plan.why).toMatch(why)
    expect(plan.edits).toHaveLength(1)
    expect(plan.hand).toEqual([])
  })
  it('stays multicluster where our lines for that are there and nothing says which CoreDNS it is, as with no pod of it', () => {
    const [edit] = planNames(facts(), wish('auto')).edits
    const corefile = mapText({ text: String(edit?.after) })
    const noPod = { corefile, version: undefined, versionFrom: 'it has no running pod that would say it' }
    for (const mode of ['auto', 'multicluster'] as const)
      expect(planNames(facts(coreDns(noPod)), wish(mode))).toMatchObject({
        ...{ mode: 'multicluster', edits: [], hand: [] },
        why: expect.stringMatching(/as its Corefile says already: .* cannot be seen now \(it has no running pod/),
      })
    expect(planNames(facts(coreDns({ ...noPod, version: [1, 11, 3] })), wish('auto')).mode).toBe('own')
    expect(planNames(facts(coreDns(noPod), { servesAlpha: false }), wish('auto')).mode).toBe('own')
    const forwards = mapText({ text: String(planNames(facts(), wish('own')).edits[0]?.after) })
    expect(planNames(facts(coreDns({ ...noPod, corefile: forwards })), wish('auto')).mode).toBe('own')
  })
  it.each(['cluster.local', 'svc.cluster.local', 'local'])('%s is a mistake where the cluster’s own names are in cluster.local', (zone) => {
    for (const mode of ['auto', 'own', 'none'] as const) {
      const plan = (): unknown => planNames(facts(), wish(mode, { zones: ['clusterset.local', zone] }))
      expect(plan).toThrow(expect.objectContaining({ id: 'SUB1009', exitCode: 64 }))
    }
  })
  it.each(['example.com', 'k8s.corp.example.com', 'corp.example.com'])('%s is one where they are in k8s.corp.example.com', (zone) => {
    const text = KUBEADM.replaceAll('cluster.local', 'k8s.corp.example.com')
    const seen = facts(coreDns({ corefile: mapText({ text }) }))
    expect(() => planNames(seen, wish('own', { zones: ['clusterset.local', zone] }))).toThrow(/own names are in k8s\.corp\.example\.com/)
    expect(planNames(seen, wish('own', { zones: ['clusterset.local', 'apps.corp.example.com'] })).edits).toHaveLength(1)
  })
  it('own is own with any CoreDNS, and brings no right', () => {
    const plan = planNames(facts(), wish('own'))
    expect([plan.mode, plan.rights, plan.account]).toEqual(['own', [], undefined])
  })
  it.each([facts(OLD), facts(UNKNOWN), facts(stubs()), facts(openShift())])(
    'multicluster by name is refused where it cannot be',
    (seen) => {
      expect(refusal(seen, 'multicluster')).toMatchObject({ id: 'SUB1002', message: expect.stringMatching(/cannot be: /) })
    },
  )
  it('none changes nothing and says what to do', () => {
    const plan = planNames(facts(OLD), wish('none'))
    expect([plan.mode, plan.edits, plan.rights]).toEqual(['none', [], []])
    expect(plan.hand).toEqual([expect.stringMatching(/join again with --dns auto/)])
  })
  it('where the cluster’s DNS is not known our server comes by name alone, and a person forwards to it', () => {
    const seen = facts({ kind: 'unknown', title: 'nothing' })
    expect(planNames(seen, wish('auto'))).toMatchObject({ mode: 'none', edits: [], hand: [expect.stringMatching(/--dns own/)] })
    expect(planNames(seen, wish('own'))).toMatchObject({ mode: 'own', edits: [], hand: [expect.stringMatching(/to 10\.96\.0\.53/)] })
  })
})

describe('the text that CoreDNS gets', () => {
  const textOf = (seen: DnsFacts, mode: NamesWish['wish'], over: Partial<NamesWish> = {}): unknown =>
    planNames(seen, wish(mode, over)).edits[0]?.after
  it('a block of its own before the rest, for the option multicluster', () => {
    expect(textOf(facts(), 'auto')).toBe(
      `# BEGIN subctl: written by "subctl join", taken away by "subctl uninstall"
clusterset.local:53 {
    errors
    kubernetes clusterset.local {
        multicluster clusterset.local
        ttl 5
        namespace_labels kubernetes.io/metadata.name notin (submariner-k8s-broker)
    }
    loadbalance
}
# END subctl
${KUBEADM}`,
    )
  })
  it('a forwarding, for own; several zones share it', () => {
    expect(textOf(facts(), 'own', { zones: ['clusterset.local', 'corp.example'] })).toBe(
      `# BEGIN subctl: written by "subctl join", taken away by "subctl uninstall"
clusterset.local:53 corp.example:53 {
    errors
    forward . 10.96.0.53
}
# END subctl
${KUBEADM}`,
    )
  })
  it('where the cluster’s block has a port, an address and an API of its own, ours has the same', () => {
    const text = textOf(facts(coreDns({ corefile: mapText({ text: GARDENER }) })), 'auto')
    expect(text).toContain('clusterset.local:8053 {\n    errors\n    bind 10.0.0.1 10.0.0.2\n')
    expect(text).toContain(
      '        endpoint https://api.corp.example\n        kubeconfig /etc/coredns/kubeconfig "a context"\n        ttl 5\n',
    )
  })
  it.each([
    ['k3s', K3S],
    ['AKS', AKS],
  ])('on %s it is a key of our own in coredns-custom, and the Corefile stays', (_, text) => {
    const custom = customMap({ isThere: true, others: { 'log.override': 'log\n' } })
    const [edit, ...more] = planNames(facts(coreDns({ corefile: mapText({ text }), custom })), wish('auto')).edits
    expect(more).toEqual([])
    expect(edit).toMatchObject({ name: 'coredns-custom', path: ['data', 'submariner.server'], before: undefined })
    expect(edit?.after).toMatch(/^# BEGIN subctl.*\nclusterset\.local:53 \{\n[\s\S]*\}\n# END subctl\n$/)
  })
  it('NodeLocal DNSCache sends the zone where it sends the cluster’s names', () => {
    const nodeLocal = mapText({ name: 'node-local-dns', text: NODE_LOCAL })
    const plan = planNames(facts(coreDns(), { nodeLocal }), wish('auto'))
    expect(plan.edits.map(({ name }) => name)).toEqual(['coredns', 'node-local-dns'])
    expect(plan.edits[1]?.after).toContain(`clusterset.local:53 {
    errors
    cache 1
    reload
    bind 169.254.20.10 10.96.0.10
    forward . __PILLAR__CLUSTER__DNS__ {
        force_tcp
    }
}
`)
  })
})

it.each([
  ['cluster.local', /cluster’s own names are in cluster\.local/],
  ['svc.cluster.local', /cluster’s own names are in cluster\.local/],
  ['clusterset.cluster.example', undefined],
] as const)('a domain that the cluster has for its own names is refused: %s', (zone, why) => {
  const plan = (): unknown => planNames(facts(), wish('auto', { zones: [...ZONES, zone] })).hand
  if (why === undefined) expect(plan()).toEqual([])
  else expect(plan).toThrow(why)
})

describe('what others have is left alone', () => {
  it.each([
    ['Lighthouse', mapText({ text: LIGHTHOUSE }), /upstream’s Lighthouse/],
    ['a block of the user', mapText({ text: `clusterset.local {\n  forward . 1.2.3.4\n}\n${KUBEADM}` }), /forwards to 1\.2\.3\.4/],
    ['a text that is not understood', mapText({ text: `${KUBEADM}}\n` }), /not understood/],
    ['marks that do not match', mapText({ text: `# BEGIN subctl\n${KUBEADM}` }), /marks .* do not match/],
    ['a Corefile that is not read again', mapText({ text: KUBEADM.replace('    reload\n', '') }), /no "reload"/],
    ['a Corefile without the cluster’s own block', mapText({ text: '.:53 {\n forward . 1.1.1.1\n reload\n}\n' }), /plugin kubernetes/],
    ['no Corefile', mapText({ text: undefined }), /has a Corefile/],
  ])('%s', (_, corefile, why) => {
    const seen = facts(coreDns({ corefile }))
    const plan = planNames(seen, wish('auto'))
    expect([plan.mode, plan.edits, plan.rights]).toEqual(['none', [], []])
    expect(plan.why).toMatch(why)
    expect(refusal(seen, 'multicluster')).toMatchObject({ id: 'SUB1003', message: expect.stringMatching(why) })
  })
  it('the addon of EKS: right and mode are ours, the text is handed over by the command that is named; then all is done', () => {
    const keeper = { kind: 'eks', name: 'the EKS addon coredns' } as const
    const plan = planNames(facts(coreDns({ corefile: mapText({ keeper }) })), wish('auto'))
    expect([plan.mode, plan.edits, plan.rights.length]).toEqual(['multicluster', [], 2])
    const text = plan.hand.join('\n')
    expect(text).toContain('aws eks update-addon --cluster-name CLUSTER --addon-name coredns')
    const lines = plan.hand.filter((line) => line.startsWith('    ')).map((line) => line.slice(4))
    const handed = mapText({ keeper, text: `${lines.join('\n')}\n${KUBEADM}` })
    expect(planNames(facts(coreDns({ corefile: handed })), wish('auto'))).toMatchObject({ edits: [], hand: [] })
  })
  it('a key of Lighthouse in coredns-custom', () => {
    const custom = customMap({ isThere: true, others: { 'lighthouse.server': 'clusterset.local:53 {\n    forward . 10.1.1.1\n}\n' } })
    expect(planNames(facts(coreDns({ custom })), wish('auto')).why).toMatch(/coredns-custom serves these names already.*Lighthouse/)
  })
  it('a stub domain, and a server of the DNS operator', () => {
    expect(planNames(facts(stubs({ text: '{"clusterset.local":["1.1.1.1"]}', isThere: true })), wish('auto')).why).toMatch(
      /forwards clusterset\.local already/,
    )
    expect(planNames(facts(openShift([{ name: 'lighthouse', zones: ZONES }])), wish('auto')).why).toMatch(/server "lighthouse"/)
  })
  it('who keeps the ConfigMap, and may write it again, is said', () => {
    const corefile = mapText({ keeper: { kind: 'other', name: 'Helm’s release dns' } })
    expect(planNames(facts(coreDns({ corefile })), wish('auto')).notes).toEqual([
      'ConfigMap kube-system/coredns is in the keeping of Helm’s release dns: where that writes it anew, run join again',
    ])
  })
})

/** The facts after the edits. */
function after(seen: DnsFacts, edits: ReturnType<typeof planNames>['edits']): DnsFacts {
  const changed = (map: ReturnType<typeof mapText>): ReturnType<typeof mapText> => {
    const edit = edits.find(({ name, path }) => name === map.name && path[1] === map.key)
    if (edit === undefined) return map
    const marks = Object.entries(edit.annotations ?? {})
    const annotations = Object.fromEntries([
      ...Object.entries(map.annotations).filter(([key]) => !marks.some(([mark]) => mark === key)),
      ...marks.flatMap(([key, [, to]]) => (to === null ? [] : [[key, to]])),
    ])
    return { ...map, text: edit.after as string | undefined, annotations, isThere: edit.object !== 'remove' }
  }
  const { server, nodeLocal } = seen
  const own = edits.find(({ kind }) => kind === 'DNS')
  return {
    ...seen,
    nodeLocal: nodeLocal && changed(nodeLocal),
    server:
      server.kind === 'coredns'
        ? { ...server, corefile: server.corefile && changed(server.corefile), custom: server.custom && changed(server.custom) }
        : server.kind === 'kube-dns'
          ? { ...server, stubs: changed(server.stubs) }
          : server.kind === 'openshift'
            ? { ...server, servers: own === undefined ? server.servers : (own.after as readonly unknown[] | undefined) }
            : server,
  }
}

describe('every change can be undone, and is made once', () => {
  const CASES: readonly (readonly [string, DnsFacts])[] = [
    ['a Corefile', facts()],
    ['a Corefile without a last line’s end', facts(coreDns({ corefile: mapText({ text: KUBEADM.trimEnd() }) }))],
    ['coredns-custom that is not there', facts(coreDns({ custom: customMap() }))],
    ['coredns-custom that is empty', facts(coreDns({ custom: customMap({ isThere: true }) }))],
    ['coredns-custom with others’ keys', facts(coreDns({ custom: customMap({ isThere: true, others: { 'a.server': 'a {\n}\n' } }) }))],
    ['a cache on the nodes', facts(coreDns(), { nodeLocal: mapText({ name: 'node-local-dns', text: NODE_LOCAL }) })],
    ['kube-dns without ConfigMap', facts(stubs())],
    ['kube-dns with another stub domain', facts(stubs({ text: '{\n  "corp.example": ["1.1.1.1"]\n}', isThere: true }))],
    ['kube-dns with other settings', facts(stubs({ isThere: true, others: { upstreamNameservers: '["1.1.1.1"]' } }))],
    ['OpenShift', facts(openShift())],
    ['OpenShift with another server', facts(openShift([{ name: 'corp', zones: ['corp.example'] }]))],
  ]
  it.each(CASES)('%s', (_, seen) => {
    for (const mode of ['auto', 'own'] as const) {
      const { edits } = planNames(seen, wish(mode))
      const done = after(seen, edits)
      expect(done).not.toEqual(seen)
      expect(planNames(done, wish(mode)).edits).toEqual([])
      expect(after(done, planTakeBack(done).edits)).toEqual(seen)
      expect(after(done, edits.map(undo))).toEqual(seen)
      expect(planTakeBack(seen)).toEqual({ edits: [], hand: [] })
      expect(planNames(done, wish('none')).edits).toEqual(planTakeBack(done).edits)
    }
  })
  it.each(CASES)('a change of mode, or of our server’s address, replaces what was there: %s', (_, seen) => {
    const first = after(seen, planNames(seen, wish('own')).edits)
    const second = after(first, planNames(first, wish('own', { server: '10.96.0.99' })).edits)
    expect(second).toEqual(after(seen, planNames(seen, wish('own', { server: '10.96.0.99' })).edits))
    expect(after(second, planTakeBack(second).edits)).toEqual(seen)
  })
  it.each(CASES)('domains that come and go leave what a join without them leaves, and all of them are taken back: %s', (_, seen) => {
    for (const mode of ['auto', 'own'] as const) {
      const plain = after(seen, planNames(seen, wish(mode)).edits)
      const more = wish(mode, { zones: [...ZONES, 'apps.example'] })
      const wide = after(plain, planNames(plain, more).edits)
      expect(JSON.stringify(wide)).toContain('apps.example')
      expect(planNames(wide, more).edits).toEqual([])
      expect(wide).toEqual(after(seen, planNames(seen, more).edits))
      expect(after(wide, planNames(wide, wish(mode)).edits)).toEqual(plain)
      expect(after(wide, planTakeBack(wide).edits)).toEqual(seen)
    }
  })
  it('a ConfigMap that came with us stays where others have put something into it', () => {
    const seen = facts(coreDns({ custom: customMap() }))
    const done = after(seen, planNames(seen, wish('auto')).edits)
    if (done.server.kind !== 'coredns' || done.server.custom === undefined) throw new Error('no custom')
    const [edit] = planTakeBack({
      ...done,
      server: { ...done.server, custom: { ...done.server.custom, others: { 'b.server': 'b {\n}\n' } } },
    }).edits
    expect(edit).toMatchObject({ after: undefined, annotations: { 'submariner.io/dns-created': ['map', null] } })
    expect(edit?.object).toBeUndefined()
    expect(planTakeBack(done).edits[0]?.object).toBe('remove')
  })
  it('marks that do not match are left to a person', () => {
    const seen = facts(coreDns({ corefile: mapText({ text: `# BEGIN subctl\n${KUBEADM}` }) }))
    expect(planTakeBack(seen)).toMatchObject({ edits: [], hand: [expect.stringMatching(/kubectl edit configmap coredns/)] })
  })
  it('a diff shows our lines alone', () => {
    const [edit] = planNames(facts(), wish('own')).edits
    expect(edit && diffLines(edit)).toEqual([
      '+ # BEGIN subctl: written by "subctl join", taken away by "subctl uninstall"',
      '+ clusterset.local:53 {',
      '+     errors',
      '+     forward . 10.96.0.53',
      '+ }',
      '+ # END subctl',
    ])
    expect(edit && diffLines(undo(edit))).toHaveLength(6)
  })
})

describe('namesState() says who answers now', () => {
  const done = (seen: DnsFacts, mode: NamesWish['wish']): DnsFacts => after(seen, planNames(seen, wish(mode)).edits)
  it.each([
    ['CoreDNS itself', done(facts(), 'auto'), 'multicluster', /CoreDNS 1\.12\.4 itself/],
    ['our server', done(facts(OLD), 'auto'), 'own', /subctl dns at 10\.96\.0\.53, which CoreDNS 1\.11\.3 forwards to/],
    ['our server by the platform’s hook', done(facts(coreDns({ custom: customMap() })), 'own'), 'own', /coredns-custom/],
    ['our server by kube-dns', done(facts(stubs()), 'auto'), 'own', /kube-dns forwards/],
    ['our server by the DNS operator', done(facts(openShift()), 'auto'), 'own', /operator/],
    ['Lighthouse', facts(coreDns({ corefile: mapText({ text: LIGHTHOUSE }) })), 'others', /10\.43\.99\.88, which is not ours/],
    ['another stub domain', facts(stubs({ text: '{"clusterset.local": []}' })), 'others', /not ours/],
    ['nobody', facts(), 'nobody', /subctl join --dns auto/],
    ['nobody that is known', facts({ kind: 'unknown', title: 'nothing' }), 'nobody', /nobody that is known/],
  ] as const)('%s', (_, seen, mode, text) => {
    expect(namesState(seen, ZONES)).toMatchObject({ mode, text: expect.stringMatching(text) })
  })
})
