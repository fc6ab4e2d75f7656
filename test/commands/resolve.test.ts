import { afterEach, describe, expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { multiclusterRights } from '../../src/install/names/rights.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { DONE_LINE } from '../../src/model/nettest.ts'
import { type NameResult, parseName, readNameResult } from '../../src/model/nettest-name.ts'
import type { DaemonSet, Pod } from '../../src/model/resources.ts'
import { handClock } from '../fakes/clock.ts'
import { type FakeWorld, fakeWorld } from '../fakes/context.ts'
import { AGENTS, type Site, type Sites, sites } from '../fakes/discovery.ts'
import { type FakeApi, make } from '../fakes/kube.ts'
import { podOf } from '../fakes/services.ts'
import { KUBEADM } from '../install/names/corefiles.ts'

let open: Sites | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

type Dns = (name: string, site: Site) => Pick<NameResult, 'answers' | 'code'> | string

/** Three clusters whose agents run as pods; west exports web, and north lacks the namespace. What their DNS says is the test's. */
async function scene(dns: Dns) {
  const clock = handClock()
  const all = sites(clock, ['west', 'east', 'north'])
  open = all
  const each = ['west', 'east', 'north'].map((id) => all.site(id))
  const apis: Record<string, FakeApi> = {}
  for (const site of each) {
    furnish(site)
    apis[site.id] = site.api.api('laptop')
    site.start()
  }
  all.site('north').dropNamespace('shop')
  all.site('west').serve('web')
  all.site('west').wish('web')
  await all.turn(6_000)
  const resolve = async (line: string, during: (world: FakeWorld) => void = () => undefined, isTty = false) => {
    const world = fakeWorld({ apis, clock, env: { LANG: 'C' }, isTty })
    const state = { isOver: false }
    const run = main(['resolve', ...line.split(' ')], world.context, laptopRuns).finally(() => {
      state.isOver = true
    })
    while (!state.isOver) {
      await all.turn(20)
      during(world)
      for (const site of each) runPods(site, dns)
    }
    return { code: await run, out: world.out(), err: world.err() }
  }
  const leftovers = (): readonly string[] =>
    each.flatMap((site) =>
      site.api.objects('Namespace').flatMap(({ metadata }) => (metadata.name.includes('verify') ? [metadata.name] : [])),
    )
  return { all, apis, resolve, leftovers }
}

function furnish({ api, id }: Site): void {
  const containers = [{ name: 'agent', image: 'localhost/subctl:1' }]
  const spec: Omit<DaemonSet, 'apiVersion' | 'kind' | 'metadata'> = { spec: { template: { spec: { containers } } } }
  api.put(make('DaemonSet', 'submariner-route-agent', spec, { namespace: AGENTS }))
  api.put(make('ConfigMap', 'submariner-settings', { data: { SUBMARINER_CLUSTERID: id } }, { namespace: AGENTS }))
  api.put(make('Node', `${id}-w1`, {}))
}

/** The node: a pod that is new runs, and has said what its DNS answers. */
function runPods(site: Site, dns: Dns): void {
  for (const pod of site.api.objects('Pod')) {
    if (pod.status !== undefined) continue
    const args = pod.spec?.containers?.[0]?.args ?? []
    const name = args[args.indexOf('--ask') + 1] ?? ''
    const answer = dns(name, site)
    const running: Pod = { ...pod, status: { phase: 'Running', podIP: `10.${site.n}.9.9` } }
    site.api.put(running)
    const line = typeof answer === 'string' ? answer : resultLine(name, answer, site)
    const done = typeof answer === 'string' ? '' : `${DONE_LINE}\n`
    site.api.answer(`/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/log`, `${line}\n${done}`)
    if (typeof answer === 'string') site.api.put({ ...running, status: { phase: 'Failed' } } as Pod)
  }
}

const resultLine = (ask: string, answer: Pick<NameResult, 'answers' | 'code'>, { n }: Site): string =>
  JSON.stringify({
    ask,
    type: ask.startsWith('_') ? 'SRV' : 'A',
    ok: answer.answers !== undefined,
    ...answer,
    servers: [`10.96.${n}.10`],
    ms: 3,
  })

const vip = ({ api }: Site): string => api.objects('ServiceImport')[0]?.spec.ips?.[0] ?? ''
const gone: Dns = () => ({ code: 'NXDOMAIN' })

describe('subctl resolve', () => {
  it('shows what each cluster answers, whose address it is, and why one does not', async () => {
    const { resolve, leftovers } = await scene((_, site) => (site.id === 'north' ? { code: 'NXDOMAIN' } : { answers: [vip(site)] }))
    const { code, out, err } = await resolve('web.shop --contexts west,east,north')
    expect([code, out, err]).toMatchInlineSnapshot(`
[
  2,
  "web.shop.svc.clusterset.local
  ok west: 100.1.9.2 (the service’s own address in this cluster) from 10.96.1.10 in 3 ms
  ok east: 100.2.9.1 (the service’s own address in this cluster) from 10.96.2.10 in 3 ms
  FAILED north: NXDOMAIN from 10.96.3.10 in 3 ms: there is no namespace shop here, so its services are not imported
",
  "",
]
`)
    expect(leftovers()).toEqual([])
  })

  it('ends with 0 where all answer, and names the cluster that an address is of', async () => {
    const { resolve } = await scene(() => ({ answers: ['100.1.0.10'] }))
    const { code, out } = await resolve('west.web.shop.svc.clusterset.local. --context east')
    expect([code, out]).toEqual([0, 'west.web.shop.svc.clusterset.local\n  ok east: 100.1.0.10 (west) from 10.96.2.10 in 3 ms\n'])
  })

  it('notes that nothing is ready behind an address that is answered', async () => {
    const { all, resolve } = await scene((name, site) => ({ answers: [name.startsWith('_') ? `web.shop:80` : vip(site)] }))
    all.site('east').connections({ west: 'error' })
    await all.turn(3_000)
    const { code, out } = await resolve('web.shop --contexts west,east')
    expect(code).toBe(0)
    expect(out).toMatch(/ok west: .* ms\n {2}ok east: .* ms; nothing behind it is ready: west 0\/1\n$/)
    expect((await resolve('_http._tcp.web.shop --context east')).out).toContain('; nothing behind it is ready: west 0/1\n')
    const { clusters } = JSON.parse((await resolve('web.shop --contexts west,east -o json')).out)
    expect(clusters.map(({ ok, note }: Record<string, unknown>) => [ok, note])).toEqual([
      [true, undefined],
      [true, 'nothing behind it is ready: west 0/1'],
    ])
  })

  it('shows what the others answer where the API of one is down or refuses', async () => {
    const { apis, resolve, leftovers } = await scene((_, site) => ({ answers: [vip(site)] }))
    const { east, north } = apis
    if (east !== undefined) east.link = 'refused'
    north?.failNext(new ApiError(403, 'Forbidden', 'user "dev" may not'), (call) => call === 'list ServiceImport', Number.POSITIVE_INFINITY)
    const { code, out, err } = await resolve('web.shop --contexts west,east,north')
    expect([code, out, err]).toMatchInlineSnapshot(`
[
  2,
  "web.shop.svc.clusterset.local
  ok west: 100.1.9.2 (the service’s own address in this cluster) from 10.96.1.10 in 3 ms
  FAILED east: not asked: The API server 10.255.2.1:6443 refuses connections
  FAILED north: not asked: The API server 10.255.3.1:6443 forbids it: user "dev" may not
",
  "",
]
`)
    const { clusters } = JSON.parse((await resolve('west.web.shop --contexts east,west -o json')).out)
    expect(clusters).toMatchObject([
      { context: 'east', ok: false, error: { id: 'SUB0211', message: 'The API server 10.255.2.1:6443 refuses connections' } },
      { context: 'west', ok: true },
    ])
    apis.west?.failNext(new ApiError(403, 'Forbidden', 'no namespaces'), (call) => call.startsWith('create Namespace'))
    expect((await resolve('web.shop --context west')).out).toContain(
      'FAILED west: not asked: The API server 10.255.1.1:6443 forbids it: no namespaces',
    )
    const none = await resolve('web.shop --contexts north,east')
    expect([none.code, none.out, none.err]).toMatchInlineSnapshot(`
[
  69,
  "",
  "error SUB0211: context "east": The API server 10.255.2.1:6443 refuses connections
context "north": The API server 10.255.3.1:6443 forbids it: user "dev" may not
Try \`curl -k https://HOST:PORT/version\` from this machine.
",
]
`)
    expect(leftovers()).toEqual([])
  })

  it('takes no ServiceImport that is not ours for the service, whether or not it is answered', async () => {
    const answers: Record<string, string> = {}
    const { all, resolve } = await scene(() => (answers.vip === undefined ? { code: 'NXDOMAIN' } : { answers: [answers.vip] }))
    const east = all.site('east')
    const ours = east.import('web')
    if (ours !== undefined) east.api.put({ ...ours, metadata: { ...ours.metadata, labels: {} } })
    await all.turn(3_000)
    const why = 'the ServiceImport web in namespace shop is not ours, so nothing of the service is imported here: remove or rename it'
    expect(await resolve('web.shop --contexts west,east')).toMatchObject({
      code: 2,
      out: expect.stringContaining(`FAILED east: NXDOMAIN from 10.96.2.10 in 3 ms: ${why}\n`),
    })
    answers.vip = vip(east)
    expect((await resolve('web.shop --context east')).out).toContain(
      `ok east: ${answers.vip} (of a ServiceImport that is not ours) from 10.96.2.10 in 3 ms; ${why}\n`,
    )
  })

  it.each([
    ['with no backends', true],
    ['with backends that are ready', false],
  ])('says what the agent says of an import that is not ready, %s', async (_, isBare) => {
    const answers: Record<string, string> = {}
    const { all, resolve } = await scene(() => (answers.vip === undefined ? { code: 'NXDOMAIN' } : { answers: [answers.vip] }))
    const { api } = all.site('east')
    await all.end()
    const [web] = api.objects('ServiceImport')
    const message = 'its backends could not be written: exceeded quota: slices'
    const why = `the import is not ready: ${message}`
    const ready = { type: 'Ready', status: 'False', reason: 'Pending', message, lastTransitionTime: '2026-01-01T00:00:00Z' } as const
    if (web !== undefined) api.put({ ...web, status: { ...web.status, conditions: [ready] } } as typeof web)
    if (isBare) for (const { metadata } of api.objects('EndpointSlice')) api.drop('EndpointSlice', metadata.name, metadata.namespace)
    expect((await resolve('web.shop --context east')).out).toContain(`NXDOMAIN from 10.96.2.10 in 3 ms: ${why}\n`)
    answers.vip = vip(all.site('east'))
    expect((await resolve('web.shop --context east')).out).toContain(
      `(the service’s own address in this cluster) from 10.96.2.10 in 3 ms; ${why}\n`,
    )
  })

  it('says both what is behind an import, and that the agent cannot write the rest', async () => {
    const { all, resolve } = await scene(gone)
    const east = all.site('east')
    east.connections({ west: 'error' })
    await all.turn(3_000)
    await all.end()
    const web = east.import('web')
    const ready = { type: 'Ready', status: 'False', reason: 'Pending', message: 'a quota\nis full', lastTransitionTime: '' } as const
    if (web !== undefined) east.api.put({ ...web, status: { ...web.status, conditions: [ready] } } as typeof web)
    expect((await resolve('web.shop --context east')).out).toContain(
      ': nothing of the service is ready: west 0/1; the import is not ready: a quota; is full\n',
    )
  })

  it('says why: the namespace is being removed', async () => {
    const { all, resolve } = await scene(gone)
    const { api } = all.site('east')
    await all.end()
    api.drop('ServiceImport', 'web', 'shop')
    api.put(make('Namespace', 'shop', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))
    expect((await resolve('web.shop --contexts west,east')).out).toContain(': namespace shop is being removed in this cluster, so its')
  })

  it('says so where an answer is no address of the service', async () => {
    const { resolve } = await scene(() => ({ answers: ['192.0.2.1'] }))
    expect((await resolve('web.shop --context east')).out).toContain('192.0.2.1 (not known as an address of the service)')
  })

  it('takes the namespace of a name of one word with -n, as kubectl does, and of no other', async () => {
    const { resolve } = await scene((_, site) => ({ answers: [vip(site)] }))
    expect((await resolve('web -n shop --context east')).out).toMatch(/^web\.shop\.svc\.clusterset\.local\n {2}ok east: /)
    expect((await resolve('web --context east')).out).toMatch(/^web\.default\.svc/)
    expect(await resolve('web.shop -n shop --context east')).toMatchObject({
      code: 64,
      err: expect.stringContaining('-n is for a name of one word'),
    })
    const elsewhere = await resolve('web.shop --context east --agents-namespace elsewhere')
    expect(elsewhere.out).toContain('FAILED east')
  })

  it('completes a short name of a single cluster where there is such a cluster, and no other name of three labels', async () => {
    const { resolve } = await scene(() => ({ answers: ['100.1.0.10'] }))
    expect((await resolve('west.web.shop --contexts west,east')).out).toMatch(/^west\.web\.shop\.svc\.clusterset\.local\n/)
    expect((await resolve('west.web.shop --context east')).out).toMatch(/^west\.web\.shop\.svc\.clusterset\.local\n/)
    expect((await resolve('south.web.shop --context east')).out).toMatch(/^south\.web\.shop\n/)
    expect((await resolve('pod-0.west.web.shop --context east')).out).toMatch(/^pod-0\.west\.web\.shop\.svc\.clusterset\.local\n/)
    expect((await resolve('_http._tcp.web.shop --context east')).out).toMatch(/^_http\._tcp\.web\.shop\.svc\.clusterset\.local\n/)
    expect((await resolve('www.example.com --context east')).out).toMatch(/^www\.example\.com\n/)
  })

  it('tells a person at a terminal what it waits for, and nobody else', async () => {
    const { resolve } = await scene(gone)
    const line = 'a pod of west, east asks its DNS for web.shop.svc.clusterset.local'
    expect((await resolve('web.shop --contexts west,east', undefined, true)).err).toContain(line)
    expect((await resolve('web.shop --contexts west,east')).err).toBe('')
  })

  it('a domain that is none of the clusterset’s is said to be none', async () => {
    const { resolve } = await scene(() => ({ code: 'SERVFAIL' }))
    const { out } = await resolve('web.shop.svc.apps.example --context east')
    expect(out).toContain('apps.example is no domain of the clusterset’s names there: clusterset.local')
  })

  it('where CoreDNS is to answer it itself, says whether it lacks the right, and nothing of forwarding', async () => {
    const { all, resolve } = await scene(() => ({ code: 'SERVFAIL' }))
    const { api } = all.site('east')
    const system = { namespace: 'kube-system' }
    const block =
      '# BEGIN subctl\nclusterset.local:53 {\n    kubernetes clusterset.local {\n        multicluster clusterset.local\n    }\n}\n# END subctl\n'
    api.put(make('ConfigMap', 'coredns', { data: { Corefile: `${block}${KUBEADM}` } }, system))
    const pod = {
      serviceAccountName: 'coredns',
      containers: [{ name: 'coredns', image: 'coredns:1.12.4', volumeMounts: [{ name: 'c', mountPath: '/etc/coredns' }] }],
      volumes: [{ name: 'c', configMap: { name: 'coredns' } }],
    }
    api.put(make('Deployment', 'coredns', { spec: { template: { spec: pod } } }, { ...system, labels: { 'k8s-app': 'kube-dns' } }))
    expect((await resolve('web.shop --context east')).out).toContain(
      'may not read ServiceImports (not there as it should be: ClusterRole submariner-cluster-dns, ClusterRoleBinding submariner-cluster-dns)',
    )
    for (const object of multiclusterRights({ namespace: 'kube-system', name: 'coredns' })) api.put(object)
    const { out } = await resolve('web.shop --context east')
    expect(out).toContain('cannot yet, as before it has read the ServiceImports')
    expect(out).not.toContain('forwards')
  })

  it.each([
    ['a namespace that is not allowed', 'dns.kube-system', { code: 'NXDOMAIN' }, 'kube-system is not allowed by name here: join'],
    ['no export', 'other.shop', { code: 'NXDOMAIN' }, 'none of the clusters asked exports the service'],
    [
      'no such cluster',
      'south.web.shop.svc.clusterset.local',
      { code: 'NXDOMAIN' },
      'cluster south does not export the service; those that do: west 1/1',
    ],
    ['a DNS that lacks the zone', 'web.shop', { code: 'NXDOMAIN' }, 'neither the option multicluster nor a forwarding'],
    ['a DNS that lacks names of clusters', 'west.web.shop.svc.clusterset.local', { code: 'NXDOMAIN' }, 'need `subctl dns`'],
    ['a DNS that forwards to nowhere', 'web.shop', { code: 'SERVFAIL' }, 'cannot answer for it'],
    ['no DNS', 'web.shop', { code: 'TIMEOUT' }, 'no DNS server answers pods there'],
    ['no such type', '_http._tcp.web.shop.svc.clusterset.local', { code: 'NODATA' }, 'has no SRV record'],
  ])('says why: %s', async (_, name, answer, reason) => {
    const { resolve } = await scene(() => answer)
    const { code, out } = await resolve(`${name} --context east`)
    expect(code).toBe(2)
    expect(out).toContain(`FAILED east: ${answer.code} from 10.96.2.10 in 3 ms: `)
    expect(out).toContain(reason)
  })

  it('says why: nothing is ready, since the gateways do not reach the cluster', async () => {
    const { all, resolve } = await scene(gone)
    all.site('east').connections({ west: 'error' })
    await all.turn(3_000)
    expect((await resolve('web.shop --context east')).out).toContain('nothing of the service is ready: west 0/1')
  })

  it('says why: of a headless service no ready backend has the name, what is left out, and not that names want another DNS', async () => {
    const { all, resolve } = await scene(gone)
    const west = all.site('west')
    west.serve('db', { clusterIP: 'None', clusterIPs: ['None'] }, [
      podOf('10.1.0.7', { hostname: 'one' }),
      podOf('8.8.8.8', { hostname: 'two' }),
    ])
    west.wish('db')
    await all.turn(6_000)
    const two = (await resolve('two.west.db.shop --context east')).out
    expect(two).toMatch(
      /: no ready backend of cluster west is known by the name two; those with .*1 address of west left out: .*8\.8\.8\.8/,
    )
    expect(two).not.toContain('subctl dns')
    const one = (await resolve('one.west.db.shop --context east')).out
    expect(one).toContain('is imported and ready, but the cluster’s DNS does not know it')
    west.serve('db', { clusterIP: 'None', clusterIPs: ['None'] }, [podOf('8.8.8.8', { hostname: 'two' })])
    await all.turn(6_000)
    const none = (await resolve('two.west.db.shop --context east')).out
    expect(none).toMatch(/: nothing of the service is ready: .*1 address of west left out/)
  })

  it('says why: another cluster exports it, and the agent here has not imported it', async () => {
    const { all, resolve } = await scene(gone)
    const { api } = all.site('east')
    for (const site of ['west', 'east', 'north']) all.site(site)
    await open?.end()
    api.drop('ServiceImport', 'web', 'shop')
    expect((await resolve('web.shop --contexts west,east')).out).toContain('though west exports it: look into the log')
  })

  it('says what a pod says that is too old to ask, and that no pod can be run', async () => {
    const { all, resolve, leftovers } = await scene(() => "error SUB0101: unknown option '--ask'\nSee `subctl help nettest`.")
    const old = await resolve('web.shop --context east')
    expect([old.code, old.out]).toEqual([
      2,
      "web.shop.svc.clusterset.local\n  FAILED east: not asked: the pod on node east-w1 said: error SUB0101: unknown option '--ask'\n",
    ])
    all.site('east').api.drop('DaemonSet', 'submariner-route-agent', AGENTS)
    expect((await resolve('web.shop --context east')).out).toContain('name the image of ours with --image')
    expect(leftovers()).toEqual([])
  })

  it('broken off by a signal leaves nothing behind', async () => {
    const { all, resolve, leftovers } = await scene(gone)
    const seen: string[] = []
    const { code, err } = await resolve('web.shop --context east', (world) => {
      if (all.site('east').api.objects('Pod').length === 0) return
      seen.push(...leftovers())
      world.end()
    })
    expect([code, err, seen.length > 0]).toEqual([130, 'interrupted\n', true])
    expect(leftovers()).toEqual([])
  })

  it('-o json is for programs', async () => {
    const { resolve } = await scene((_, site) => ({ answers: [vip(site)] }))
    expect(JSON.parse((await resolve('web.shop --context east -o json')).out)).toMatchInlineSnapshot(`
{
  "apiVersion": "subctl.submariner.io/v1",
  "clusters": [
    {
      "answers": [
        {
          "is": "service",
          "value": "100.2.9.1",
        },
      ],
      "cluster": "east",
      "context": "east",
      "ms": 3,
      "ok": true,
      "servers": [
        "10.96.2.10",
      ],
    },
  ],
  "kind": "Resolution",
  "name": "web.shop.svc.clusterset.local",
  "type": "A",
}
`)
  })

  it.each(['web_1.shop', '-a.shop', 'a..b', `${'a'.repeat(64)}.shop`, '$(id).shop'])('refuses %s, which is no name', async (name) => {
    const { resolve } = await scene(gone)
    expect(await resolve(`--context east ${name}`)).toMatchObject({ code: 64, err: expect.stringContaining('SUB0101') })
  })
})

describe('names and results of nettest', () => {
  it('are read in any case and with a dot at the end', () => {
    expect(parseName('Web.Shop.SVC.clusterset.local.')).toBe('web.shop.svc.clusterset.local')
  })
  it('are nothing where the line is another', () => {
    expect(readNameResult('{"done":true}')).toBeUndefined()
    expect(readNameResult('no json')).toBeUndefined()
  })
})
