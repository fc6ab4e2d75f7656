import { describe, expect, it } from '@jest/globals'
import { clusterName, questionsOf } from '../../../src/install/names/answers.ts'
import { type Ask, applyNames, makeEdit } from '../../../src/install/names/apply.ts'
import { planNames } from '../../../src/install/names/plan.ts'
import { readDns } from '../../../src/install/names/read.ts'
import { planTakeBack } from '../../../src/install/names/take-back.ts'
import type { DnsWish } from '../../../src/install/objects/settings.ts'
import { ApiError } from '../../../src/k8s/api.ts'
import type { NameResult } from '../../../src/model/nettest-name.ts'
import type { Resource } from '../../../src/model/resources.ts'
import { type HandClock, handClock } from '../../fakes/clock.ts'
import { type FakeApi, type FakeCluster, fakeCluster } from '../../fakes/kube.ts'
import { K3S, KUBEADM, NODE_LOCAL } from './corefiles.ts'

const ZONES = ['clusterset.local']
const SYSTEM = 'kube-system'

const configMap = (name: string, data: Readonly<Record<string, string>>): Resource & { readonly data: unknown } => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: SYSTEM } },
  data,
})
function workload(
  kind: 'Deployment' | 'DaemonSet',
  name: string,
  more: { image: string; maps: readonly (readonly [string, string])[] },
): Resource {
  const volumes = more.maps.map(([map]) => ({ name: map, configMap: { name: map } }))
  const volumeMounts = more.maps.map(([map, mountPath]) => ({ name: map, mountPath }))
  const labels = kind === 'Deployment' ? { 'k8s-app': 'kube-dns' } : { 'k8s-app': name }
  const spec = {
    template: { spec: { serviceAccountName: 'coredns', volumes, containers: [{ name: 'dns', image: more.image, volumeMounts }] } },
  }
  return { ...{ apiVersion: 'apps/v1', kind, metadata: { name, namespace: SYSTEM, labels } }, ...{ spec, status: { readyReplicas: 1 } } }
}

interface Bed {
  readonly cluster: FakeCluster
  readonly api: FakeApi
  readonly clock: HandClock
  readonly said: string[]
  text(name?: string, key?: string): string | undefined
  run(wish: DnsWish, ask: Ask, before?: Ask, timeoutMs?: number): Promise<unknown>
}

/** A cluster whose access reviews say yes, unless `isAllowed` says no. */
function bed(objects: readonly Resource[], isAllowed = (): boolean => true): Bed {
  const clock = handClock()
  const cluster = fakeCluster({ clock })
  for (const object of objects) cluster.put(object)
  const plain = cluster.api()
  const api: FakeApi = Object.create(plain, {
    create: {
      value: async (object: Resource) =>
        object.kind === 'SubjectAccessReview' ? { ...object, status: { allowed: isAllowed(), reason: 'no role' } } : plain.create(object),
    },
  })
  const said: string[] = []
  return {
    ...{ cluster, api, clock, said },
    text: (name = 'coredns', key = 'Corefile') => cluster.objects('ConfigMap').find(({ metadata }) => metadata.name === name)?.data?.[key],
    async run(wish, ask, before, timeoutMs = 300_000) {
      const facts = await readDns(api)
      const plan = planNames(facts, { wish, zones: ZONES, server: '10.96.0.53', brokers: ['submariner-k8s-broker'] })
      let isDone = false
      const options = {
        ask,
        before: before?.([...questionsOf(plan.zones, plan.domain)], new AbortController().signal),
        clock,
        signal: new AbortController().signal,
        deadline: clock.now() + timeoutMs,
        progress: (text: string) => said.push(text),
      }
      const end = applyNames(api, plan, options).finally(() => {
        isDone = true
      })
      const seen = end.catch(() => undefined)
      while (!isDone) await clock.advance(1_000)
      await seen
      return end
    },
  }
}

const COREDNS = [
  workload('Deployment', 'coredns', { image: 'coredns:v1.12.4', maps: [['coredns', '/etc/coredns']] }),
  configMap('coredns', { Corefile: KUBEADM }),
]

const answers = (names: readonly string[], cluster: boolean, zone: string, other = 'NXDOMAIN'): readonly NameResult[] =>
  names.map((ask) => {
    const base = { ask, type: 'A', servers: ['10.96.0.10'], ms: 1 }
    if (ask === clusterName('cluster.local'))
      return cluster ? { ...base, ok: true, answers: ['10.96.0.1'] } : { ...base, ok: false, code: 'TIMEOUT' }
    return { ...base, ok: false, code: ZONES.includes(ask) ? zone : other }
  })
/** Answers of each look; the last goes on. */
const asks = (...looks: readonly ((names: readonly string[]) => readonly NameResult[] | string)[]): Ask => {
  let count = 0
  return async (names) => {
    const look = looks[Math.min(count, looks.length - 1)]
    count += 1
    return look?.(names) ?? 'nothing'
  }
}
const NOT_YET = (names: readonly string[]): readonly NameResult[] => answers(names, true, 'NXDOMAIN')
const SERVED = (names: readonly string[]): readonly NameResult[] => answers(names, true, 'NODATA')
const UNSYNCED = (names: readonly string[]): readonly NameResult[] => answers(names, true, 'NODATA', 'SERVFAIL')
const DOWN = (names: readonly string[]): readonly NameResult[] => answers(names, false, 'TIMEOUT', 'TIMEOUT')

describe('applyNames() changes the cluster’s DNS and looks whether it was good', () => {
  it('the right comes before the Corefile; done when all is answered', async () => {
    const { run, api, text, cluster, said } = bed(COREDNS)
    await run('auto', asks(NOT_YET, NOT_YET, UNSYNCED, SERVED))
    expect(text()).toContain('multicluster clusterset.local')
    expect(cluster.objects('ClusterRoleBinding')).toMatchObject([{ subjects: [{ name: 'coredns', namespace: SYSTEM }] }])
    const writes = api.calls.filter((call) => /^(apply|patch)/.test(call)).map((call) => call.split(' ').slice(0, 2).join(' '))
    expect(writes).toEqual(['apply ClusterRole', 'apply ClusterRoleBinding', 'patch ConfigMap'])
    expect(said.at(-1)).toMatch(/clusterset\.local answered, after 2 s/)
  })
  it('a look that was begun earlier is not made again, unless it says nothing good', async () => {
    const early = bed(COREDNS)
    await early.run('auto', asks(SERVED), asks(NOT_YET))
    expect(early.said.at(-1)).toMatch(/answered, after 0 s/)
    const late = bed(COREDNS)
    await late.run(
      'auto',
      asks(NOT_YET, SERVED),
      asks(() => 'the pod on node w1 does not run'),
    )
    expect(late.said.at(-1)).toMatch(/answered, after 0 s/)
    const down = bed(COREDNS)
    await expect(down.run('auto', asks(DOWN), asks(DOWN))).rejects.toMatchObject({ id: 'SUB1005' })
    expect(down.text()).toBe(KUBEADM)
  })
  it('a second time nothing is written and nothing is asked', async () => {
    const { run, api } = bed(COREDNS)
    await run('auto', asks(NOT_YET, SERVED))
    const before = api.calls.length
    expect(
      await run(
        'auto',
        asks(() => 'nobody may ask'),
      ),
    ).toBe(false)
    expect(api.calls.slice(before).filter((call) => /^(apply|patch|create|remove|replace)/.test(call))).toEqual([])
  })
  it('pods of the DNS are touched, so that kubelets bring the change at once, and nothing of that stays', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'coredns-1', namespace: SYSTEM, labels: { 'k8s-app': 'kube-dns' } } }
    const { run, api, cluster } = bed([...COREDNS, pod])
    await run('own', asks(NOT_YET, SERVED))
    expect(api.calls.filter((call) => call.startsWith('patch Pod'))).toHaveLength(2)
    expect(cluster.objects('Pod')[0]?.metadata.annotations ?? {}).toEqual({})
  })
  it('where CoreDNS does not get the right, the Corefile stays', async () => {
    const { run, text } = bed(COREDNS, () => false)
    await expect(run('auto', asks(NOT_YET, SERVED))).rejects.toMatchObject({ id: 'SUB1004', message: expect.stringMatching(/no role/) })
    expect(text()).toBe(KUBEADM)
  })
  it.each([
    ['no pod can ask', () => 'ErrImagePull', /no pod can look names up: ErrImagePull/],
    ['the cluster’s DNS is down as it is', DOWN, /own names as it is/],
  ])('nothing is changed where %s', async (_, look, why) => {
    const { run, text } = bed(COREDNS)
    await expect(run('own', asks(look))).rejects.toMatchObject({ id: 'SUB1005', message: expect.stringMatching(why) })
    expect(text()).toBe(KUBEADM)
  })
  it('the cluster’s own names are gone after it: the change is taken back', async () => {
    const { run, text, said } = bed(COREDNS)
    await expect(run('own', asks(NOT_YET, DOWN))).rejects.toMatchObject({ id: 'SUB1006', hint: expect.not.stringContaining('--dns own') })
    expect(text()).toBe(KUBEADM)
    expect(said).toContain(`took the change of ConfigMap ${SYSTEM}/coredns back`)
  })
  it('one look without an answer is no reason', async () => {
    const { run, text } = bed(COREDNS)
    await run('own', asks(NOT_YET, DOWN, NOT_YET, DOWN, SERVED))
    expect(text()).toContain('forward . 10.96.0.53')
  })
  it('it never answers: the change is taken back, and more time may do it', async () => {
    const { run, text, said, cluster } = bed(COREDNS)
    await expect(run('auto', asks(NOT_YET, UNSYNCED))).rejects.toMatchObject({
      id: 'SUB1007',
      exitCode: 75,
      message: expect.stringMatching(/SERVFAIL/),
      hint: expect.stringContaining('--dns own, or --dns none'),
    })
    expect(text()).toBe(KUBEADM)
    expect(cluster.objects('ClusterRoleBinding')).toEqual([])
    expect(said.filter((line) => line.startsWith('waiting')).length).toBeGreaterThan(5)
  })
  it('the time for the whole command is all that it takes: the change is taken back then, and more time is asked for', async () => {
    const { run, text, clock } = bed(COREDNS)
    const began = clock.now()
    const late = { id: 'SUB1007', exitCode: 75, hint: expect.stringContaining('longer --timeout') }
    await expect(run('auto', asks(NOT_YET, UNSYNCED), undefined, 9_000)).rejects.toMatchObject(late)
    expect(clock.now() - began).toBeLessThan(12_000)
    expect(text()).toBe(KUBEADM)
    await run('own', asks(NOT_YET, SERVED))
    const before = text()
    await expect(run('multicluster', asks(SERVED), undefined, 20_000)).rejects.toMatchObject({
      ...late,
      message: expect.stringContaining('had not read the change'),
    })
    expect(text()).toBe(before)
  })
  it('what somebody else writes meanwhile is not written over, nor by the way back', async () => {
    const { run, text, cluster, said } = bed(COREDNS)
    const ask: Ask = async (names) => {
      const now = text() ?? ''
      if (!now.includes('BEGIN subctl')) return NOT_YET(names)
      if (!now.includes('# other')) cluster.put(configMap('coredns', { Corefile: `# other\n${now}` }))
      return DOWN(names)
    }
    await expect(run('own', ask)).rejects.toMatchObject({ id: 'SUB1006' })
    expect(text()).toMatch(/^# other\n/)
    expect(said.some((line) => /could not be put back: .*changed by somebody else/.test(line))).toBe(true)
  })
  it('a write that fails in between takes the ones before it back', async () => {
    const cache = [
      workload('DaemonSet', 'node-local-dns', { image: 'node-cache:1', maps: [['node-local-dns', '/etc/coredns']] }),
      configMap('node-local-dns', { Corefile: NODE_LOCAL }),
    ]
    const { run, text, api } = bed([...COREDNS, ...cache])
    api.failNext(new ApiError(403, 'Forbidden', 'no'), (call) => call.startsWith('patch') && call.includes('node-local-dns'))
    await expect(run('own', asks(NOT_YET, SERVED))).rejects.toMatchObject({ code: 403 })
    expect([text(), text('node-local-dns')]).toEqual([KUBEADM, NODE_LOCAL])
    await run('own', asks(NOT_YET, SERVED))
    expect(text('node-local-dns')).toMatch(/^# BEGIN subctl/)
  })
  it('on k3s the ConfigMap that imports come from is made, and goes with what it was made for', async () => {
    const k3s = [
      workload('Deployment', 'coredns', {
        image: 'rancher/mirrored-coredns-coredns:1.12.3',
        maps: [
          ['coredns', '/etc/coredns'],
          ['coredns-custom', '/etc/coredns/custom'],
        ],
      }),
      configMap('coredns', { Corefile: K3S, NodeHosts: '' }),
    ]
    const { run, text, api, cluster } = bed(k3s)
    await run('auto', asks(NOT_YET, SERVED))
    expect(text()).toBe(K3S)
    expect(text('coredns-custom', 'submariner.server')).toContain('multicluster')
    for (const edit of planTakeBack(await readDns(api)).edits) await makeEdit(api, edit)
    expect(cluster.objects('ConfigMap').map(({ metadata }) => metadata.name)).toEqual(['coredns'])
  })
  it('where names were answered before, it looks for as long as a change may take to be read', async () => {
    const { run, text, said } = bed(COREDNS)
    await run('own', asks(NOT_YET, SERVED))
    const before = text()
    await expect(run('multicluster', asks(SERVED, SERVED, SERVED, DOWN))).rejects.toMatchObject({ id: 'SUB1006' })
    expect(text()).toBe(before)
    await run('multicluster', asks(SERVED))
    expect(said.at(-1)).toMatch(/answered, after 6[0-9] s/)
  })
  it('another mode lets go of the right, and none of all', async () => {
    const { run, text, cluster } = bed(COREDNS)
    await run('multicluster', asks(NOT_YET, SERVED))
    await run('own', asks(NOT_YET, SERVED))
    expect([cluster.objects('ClusterRole'), cluster.objects('ClusterRoleBinding')]).toEqual([[], []])
    await run('none', asks(DOWN))
    expect(text()).toBe(KUBEADM)
  })
})

describe('readDns() finds out what the cluster’s DNS is', () => {
  it('the version of an image without one is asked of a running pod', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'coredns-1', namespace: SYSTEM, labels: { 'k8s-app': 'kube-dns' } },
      status: { phase: 'Running' },
    }
    const { cluster, api } = bed([
      workload('Deployment', 'coredns', { image: 'coredns@sha256:aa', maps: [['coredns', '/etc/coredns']] }),
      configMap('coredns', { Corefile: KUBEADM }),
      pod,
    ])
    const { api: quiet } = bed([
      workload('Deployment', 'coredns', { image: 'coredns@sha256:aa', maps: [['coredns', '/etc/coredns']] }),
      configMap('coredns', { Corefile: KUBEADM }),
    ])
    expect((await readDns(quiet)).server).toMatchObject({ versionFrom: expect.stringMatching(/it has no running pod/) })
    expect((await readDns(api)).server).toMatchObject({ version: undefined, versionFrom: expect.stringMatching(/no version in its tag/) })
    cluster.answer(`/api/v1/namespaces/${SYSTEM}/pods/coredns-1:9153/proxy/metrics`, 'coredns_build_info{version="1.12.4"} 1\n')
    expect((await readDns(api)).server).toMatchObject({ version: [1, 12, 4], versionFrom: 'metrics of pod coredns-1' })
  })
  it('kube-dns, OpenShift and nothing', async () => {
    expect((await readDns(bed([]).api)).server.kind).toBe('unknown')
    const kubeDns = workload('Deployment', 'kube-dns', { image: 'k8s-dns-kube-dns:1.24', maps: [] })
    expect((await readDns(bed([kubeDns]).api)).server).toMatchObject({
      kind: 'kube-dns',
      stubs: { name: 'kube-dns', key: 'stubDomains', isThere: false },
    })
    const operator = {
      apiVersion: 'operator.openshift.io/v1',
      kind: 'DNS',
      metadata: { name: 'default' },
      status: { clusterDomain: 'corp.example' },
    }
    expect((await readDns(bed([operator]).api)).server).toMatchObject({ kind: 'openshift', domain: 'corp.example', servers: undefined })
  })
  it('one that is scaled to nothing counts less than one that runs', async () => {
    const idle = { ...workload('Deployment', 'coredns', { image: 'coredns:1.13.0', maps: [] }), status: {} }
    const { api } = bed([idle, workload('Deployment', 'kube-dns', { image: 'k8s-dns-kube-dns:1.24', maps: [] })])
    expect((await readDns(api)).server.kind).toBe('kube-dns')
  })
})

it('each zone is asked for more often than servers can hide behind an address', () => {
  const names = questionsOf(['a.local', 'b.local'], 'cluster.local')
  expect(names.filter((name) => name === 'b.local')).toHaveLength(6)
  expect(names[0]).toBe('kubernetes.default.svc.cluster.local')
})
