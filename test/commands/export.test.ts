import { afterEach, describe, expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { handClock } from '../fakes/clock.ts'
import { fakeWorld } from '../fakes/context.ts'
import { AGENTS, type Site, type Sites, sites } from '../fakes/discovery.ts'
import { type FakeApi, make } from '../fakes/kube.ts'
import { podOf } from '../fakes/services.ts'

let open: Sites | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

const imported = make('ServiceImport', 'web', { spec: { type: 'ClusterSetIP', ports: [] } }, { namespace: 'shop' })

/** Two clusters; agents run where they are started. */
function scene() {
  const clock = handClock()
  const all = sites(clock, ['west', 'east'])
  open = all
  const [west, east] = [all.site('west'), all.site('east')]
  for (const site of [west, east])
    site.api.put({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'submariner-settings', namespace: AGENTS } },
      ...{ data: { SUBMARINER_CLUSTERID: site.id } },
    })
  const apis: Record<string, FakeApi> = { west: west.api.api('laptop'), east: east.api.api('laptop'), '': west.api.api('laptop') }
  const subctl = async (line: string) => {
    const world = fakeWorld({ apis, clock, env: { LANG: 'C' } })
    const state = { isOver: false }
    const run = main(line.split(' '), world.context, laptopRuns).finally(() => {
      state.isOver = true
    })
    while (!state.isOver) await all.turn(20)
    return { code: await run, out: world.out(), err: world.err() }
  }
  const exports = (site = west): readonly string[] =>
    site.api.objects('ServiceExport').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  return { all, west, east, apis, subctl, exports }
}

/** Without what was said on the way, which hangs on how fast the agent was. */
const ended = (err: string): string => err.replaceAll(/^skipped .*\n/gm, '')

describe('subctl export service', () => {
  it('takes the namespace of the context, unless -n says another; contexts that name different ones want -n', async () => {
    const { west, apis, subctl, exports } = scene()
    west.serve('web')
    apis[''] = Object.assign(west.api.api('laptop'), { namespace: 'shop' })
    expect((await subctl('export service web')).code).toBe(0)
    expect(exports()).toEqual(['shop/web'])
    expect((await subctl('unexport service web')).out).toContain('shop/web')
    expect(exports()).toEqual([])
    expect((await subctl('export service web -n other')).err).toContain('There is no Service "web" in namespace "other"')
    Object.assign(apis.west ?? {}, { namespace: 'shop' })
    const { code, err } = await subctl('export service web --contexts west,east')
    expect(err).toContain('the contexts name different namespaces (west: shop, east: default): give one with -n')
    expect(code).toBe(64)
  })

  it('a wait that is interrupted ends at once, though the broker has not got it', async () => {
    const { west, apis } = scene()
    west.serve('web')
    let interrupt = (): void => undefined
    const clock = { now: () => 0, sleep: async () => interrupt() }
    const world = fakeWorld({ apis, clock, env: { LANG: 'C' } })
    interrupt = world.end
    expect(await main('export service web -n shop --wait --timeout 1h'.split(' '), world.context, laptopRuns)).toBe(130)
  })

  it('makes a ServiceExport, and says by which name the service goes', async () => {
    const { west, subctl } = scene()
    west.serve('web')
    const { code, out } = await subctl('export service web -n shop')
    expect(out).toMatchInlineSnapshot(`
"Context current (https://10.255.1.1:6443):
  + ServiceExport shop/web: web.shop.svc.clusterset.local

1 created, 0 changed, 0 unchanged.
"
`)
    expect(code).toBe(0)
    expect(west.export('web')).toMatchObject({ apiVersion: 'multicluster.x-k8s.io/v1beta1', metadata: { name: 'web', namespace: 'shop' } })
    expect(west.export('web')?.metadata.labels).toBeUndefined()
  })

  it('run again changes nothing, and says so', async () => {
    const { west, apis, subctl } = scene()
    west.serve('web')
    await subctl('export service web -n shop')
    const before = west.export('web')
    const { code, out } = await subctl('export service web -n shop')
    expect([code, out]).toMatchInlineSnapshot(`
[
  0,
  "Context current (https://10.255.1.1:6443):
  = ServiceExport shop/web

0 created, 0 changed, 1 unchanged. Nothing was changed.
",
]
`)
    expect(west.export('web')).toEqual(before)
    expect(apis['']?.calls.filter((call) => call.startsWith('apply'))).toHaveLength(2)
  })

  it('--plan says what would be done and does nothing', async () => {
    const { west, subctl, exports } = scene()
    west.serve('web')
    const { code, out } = await subctl('export service web -n shop --plan')
    expect(out).toContain('Plan: 1 to create, 0 to change, 0 unchanged. Nothing was changed.')
    expect([code, exports()]).toEqual([0, []])
  })

  it('--emit yaml prints the object for a repository, and applies none', async () => {
    const { west, subctl, exports } = scene()
    west.serve('web')
    const { out } = await subctl('export service web -n shop --use-clusterset-ip true --emit yaml')
    expect(out).toMatchInlineSnapshot(`
"---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata:
  name: web
  namespace: shop
  annotations:
    lighthouse.submariner.io/use-clusterset-ip: "true"
"
`)
    expect(exports()).toEqual([])
  })

  it('--use-clusterset-ip sets the annotation, which stays when it is not given again', async () => {
    const { west, subctl } = scene()
    west.serve('web')
    const said = (): unknown => west.export('web')?.metadata.annotations?.['lighthouse.submariner.io/use-clusterset-ip']
    await subctl('export service web -n shop --use-clusterset-ip true')
    expect(said()).toBe('true')
    await subctl('export service web -n shop')
    expect(said()).toBe('true')
    expect((await subctl('export service web -n shop --use-clusterset-ip=false')).out).toContain('~ ServiceExport shop/web')
    expect(said()).toBe('false')
    expect((await subctl('export service web -n shop --use-clusterset-ip maybe')).code).toBe(64)
  })

  it('--contexts exports in several clusters, in none where one of them cannot', async () => {
    const { west, east, subctl, exports } = scene()
    west.serve('web')
    const { code, err } = await subctl('export service web -n shop --contexts west,east')
    expect([code, exports(), exports(east)]).toEqual([1, [], []])
    expect(err).toContain('error SUB0902: There is no Service "web" in namespace "shop" of context "east"')
    east.serve('web')
    const { out } = await subctl('export service web -n shop --contexts west,east -o json')
    expect(JSON.parse(out)).toMatchInlineSnapshot(`
{
  "apiVersion": "subctl.submariner.io/v1",
  "clusters": [
    {
      "context": "west",
      "server": "https://10.255.1.1:6443",
      "services": [
        {
          "action": "created",
          "name": "web",
          "namespace": "shop",
        },
      ],
    },
    {
      "context": "east",
      "server": "https://10.255.2.1:6443",
      "services": [
        {
          "action": "created",
          "name": "web",
          "namespace": "shop",
        },
      ],
    },
  ],
  "kind": "Export",
  "plan": false,
}
`)
    expect([exports(), exports(east)]).toEqual([['shop/web'], ['shop/web']])
  })

  it('-o name prints the export alone', async () => {
    const { west, subctl } = scene()
    west.serve('web')
    expect((await subctl('export service web -n shop -o name')).out).toBe('serviceexport.multicluster.x-k8s.io/web\n')
  })

  it.each([
    ['a service that is not there, with those that are', 'export service wep -n shop', 1, ['SUB0902', 'There are: ext, web.']],
    ['a service of type ExternalName', 'export service ext -n shop', 1, ['SUB0903', 'ExternalName, which has no backends']],
    ['a namespace that runs the cluster', 'export service web -n kube-system', 1, ['SUB0904', '--allow-namespaces']],
    ['the namespace of the agents', 'export namespace submariner', 1, ['SUB0904']],
    [
      'the API of the cluster itself, by force too',
      'export service kubernetes -n default --force',
      1,
      ['SUB0903', 'the API of each cluster itself'],
    ],
    ['a name that is none', 'export service Web_1 -n shop', 64, ['SUB0101', 'Web_1']],
    ['a namespace that is none', 'export service web -n a.b', 64, ['SUB0101', 'a.b']],
    ['no name', 'export service', 64, ['SUB0101', 'name']],
    ['-n beside the word namespace', 'export namespace shop -n shop', 64, ['SUB0101', '--namespace']],
    ['no noun', 'export', 64, ['SUB0101', 'what']],
    ['an unknown noun', 'export pod web', 64, ['SUB0101', 'pod']],
    ['a time that is none', 'export service web -n shop --timeout soon', 64, ['SUB0101', '--timeout']],
    ['an empty namespace', 'export namespace void', 1, ['SUB0902', 'void']],
  ])('refuses %s', async (_, line, code, texts) => {
    const { west, subctl, exports } = scene()
    west.serve('web')
    west.serve('ext', { type: 'ExternalName' })
    west.serve('kubernetes', {}, [], 'default')
    const { code: got, err } = await subctl(line)
    for (const text of texts) expect(err).toContain(text)
    expect([got, exports()]).toEqual([code, []])
  })

  it('exports out of a namespace that runs the cluster where that is forced', async () => {
    const { west, subctl, exports } = scene()
    west.serve('dns', {}, [], 'kube-system')
    expect((await subctl('export service dns -n kube-system --force')).code).toBe(0)
    expect(exports()).toEqual(['kube-system/dns'])
  })

  it('exports out of a namespace that the settings of the cluster allow by name, as far as they may be read', async () => {
    const { west, east, apis, subctl, exports } = scene()
    const data = { SUBMARINER_CLUSTERID: 'west', SUBMARINER_ALLOWEDNAMESPACES: 'kube-public,kube-system' }
    west.api.put(make('ConfigMap', 'submariner-settings', { data }, { namespace: AGENTS }))
    for (const site of [west, east]) site.serve('dns', {}, [], 'kube-system')
    const both = await subctl('export service dns -n kube-system --contexts west,east')
    expect([both.code, both.err]).toEqual([1, expect.stringMatching(/SUB0904.*"kube-system" of context "east" .*not among those allowed/)])
    expect(exports()).toEqual([])
    expect((await subctl('export namespace kube-system --plan')).code).toBe(0)
    expect((await subctl('export service dns -n kube-system')).code).toBe(0)
    expect(exports()).toEqual(['kube-system/dns'])
    apis['']?.failNext(new ApiError(403, 'Forbidden', 'no'), (call) => call.startsWith('get ConfigMap'), Number.POSITIVE_INFINITY)
    expect((await subctl('export service dns -n kube-system')).err).toMatch(/SUB0904.*allowed by name[\s\S]*--force/)
  })

  it('says what to do where the CRDs are missing', async () => {
    const { west, apis, subctl } = scene()
    west.serve('web')
    apis.west?.failNext(new ApiError(404, 'NotServed', '404 page not found'), (call) => call.includes('ServiceExport'), 9)
    const { code, err } = await subctl('export service web -n shop --context west')
    expect([code, err]).toMatchInlineSnapshot(`
[
  1,
  "error SUB0901: The cluster of context "west" has no kind ServiceExport of multicluster.x-k8s.io/v1beta1
subctl join brings it (without --service-discovery false). What is there: kubectl --context west get --raw /apis/multicluster.x-k8s.io
",
]
`)
  })

  it('does not change an export that another program looks after, unless that is forced', async () => {
    const { west, subctl } = scene()
    west.serve('web')
    west.wish('web', { labels: { 'app.kubernetes.io/managed-by': 'Helm' }, annotations: { 'meta.helm.sh/release-name': 'shop' } })
    expect((await subctl('export service web -n shop')).code).toBe(0)
    const { code, err } = await subctl('export service web -n shop --use-clusterset-ip true')
    expect(code).toBe(1)
    expect(err).toContain(
      'error SUB0905: The export of "web" in the current context would have to be changed, and the Helm release shop looks after it',
    )
    expect((await subctl('export service web -n shop --use-clusterset-ip true --force')).code).toBe(0)
    expect(west.export('web')?.metadata.annotations).toMatchObject({
      'meta.helm.sh/release-name': 'shop',
      'lighthouse.submariner.io/use-clusterset-ip': 'true',
    })
  })
})

describe('subctl export namespace', () => {
  it('exports what can be, names the rest with the reason, and leaves out what imports have made', async () => {
    const { west, subctl, exports } = scene()
    west.serve('web')
    west.serve('db', { clusterIP: 'None', clusterIPs: ['None'] })
    west.serve('ext', { type: 'ExternalName' })
    west.serve('six', { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'] })
    west.serve('derived-x')
    const [derived] = west.api.objects('Service').filter(({ metadata }) => metadata.name === 'derived-x')
    if (derived !== undefined) west.api.put({ ...derived, metadata: { ...derived.metadata, labels: { 'submariner.io/imported': 'true' } } })
    const { code, out } = await subctl('export namespace shop')
    expect([code, out]).toMatchInlineSnapshot(`
[
  0,
  "Context current (https://10.255.1.1:6443):
  + ServiceExport shop/db: db.shop.svc.clusterset.local
  ! Service shop/ext: Service ext is of type ExternalName, which has no backends to export: create it in each cluster that needs it
  ! Service shop/six: Service six has no IPv4 address, and the tunnels carry IPv4 alone
  + ServiceExport shop/web: web.shop.svc.clusterset.local

2 created, 0 changed, 0 unchanged, 2 cannot be exported.
",
]
`)
    expect(exports()).toEqual(['shop/db', 'shop/web'])
    expect((await subctl('export namespace shop')).out).toContain(
      '0 created, 0 changed, 2 unchanged, 2 cannot be exported. Nothing was changed.',
    )
  })

  it('offers no service that imports have made, and counts none of them', async () => {
    const { west, subctl } = scene()
    west.serve('derived-x')
    const [derived] = west.api.objects('Service')
    if (derived !== undefined) west.api.put({ ...derived, metadata: { ...derived.metadata, labels: { 'submariner.io/imported': 'true' } } })
    expect(await subctl('export namespace shop')).toMatchObject({ code: 1, err: expect.stringContaining('has no Service of its own') })
    west.serve('web')
    expect((await subctl('export service nosuch -n shop')).err).toContain('There are: web.\n')
  })

  it('is an error where nothing can be exported', async () => {
    const { west, subctl } = scene()
    west.serve('ext', { type: 'ExternalName' })
    const { code, err } = await subctl('export namespace shop')
    expect(code).toBe(1)
    expect(err).toContain('SUB0903')
    expect(err).toContain('ext: Service ext is of type ExternalName')
  })
})

describe('--wait', () => {
  it('ends when the agent has brought the service to the broker', async () => {
    const { all, west, subctl } = scene()
    west.start()
    await all.turn(5_000)
    west.serve('web')
    const { code, err, out } = await subctl('export service web -n shop --wait -o json')
    expect([code, ended(err)]).toMatchInlineSnapshot(`
[
  0,
  "ok web: the broker has it
",
]
`)
    expect(JSON.parse(out)).toMatchObject({ clusters: [{ services: [{ name: 'web', action: 'created', state: 'done' }] }] })
  })

  it('says which older export keeps the service out, at once and not at the end of its time', async () => {
    const { all, west, east, subctl } = scene()
    for (const site of [west, east]) site.start()
    east.serve('web', { clusterIP: 'None', clusterIPs: ['None'] })
    east.wish('web')
    west.serve('web')
    await all.turn(5_000)
    const { code, err } = await subctl('export service web -n shop --wait --timeout 10m')
    expect(code).toBe(1)
    expect(ended(err)).toMatchInlineSnapshot(`
"FAILED web: the service takes no part: an older export is of another type (see the condition Conflict)
warning web: type "Headless" of the oldest export, in cluster east, is used: west has the other and takes no part
error SUB0906: Not exported:
  web (context current): the service takes no part: an older export is of another type (see the condition Conflict)
Mend what is said; it is looked at again by itself.
"
`)
  })

  it.each([
    [
      'ends with what other clusters leave out',
      ['10.1.0.5', '172.16.1.9'],
      0,
      /^ok db: .*172\.16\.1\.9 \(pod pod-172-16-1-9\) lies in none/m,
    ],
    [
      'fails where they take nothing',
      ['172.16.1.9'],
      1,
      /error SUB0906: Not exported:\n.*no other cluster takes any of its backends; 172\.16\.1\.9/,
    ],
  ])('%s', async (_, addresses, code, said) => {
    const { all, west, subctl } = scene()
    west.start()
    west.serve(
      'db',
      { clusterIP: 'None', clusterIPs: ['None'] },
      addresses.map((address) => podOf(address)),
    )
    await all.turn(5_000)
    const done = await subctl('export service db -n shop --wait --timeout 10m')
    expect(done.code).toBe(code)
    expect(done.err).toMatch(said)
  })

  it('shows what clusters disagree about, which keeps no service out', async () => {
    const { all, west, east, subctl } = scene()
    for (const site of [west, east]) site.start()
    east.serve('web')
    east.wish('web')
    await all.turn(5_000)
    west.serve('web', { ports: [{ name: 'http', protocol: 'TCP', port: 81 }] })
    const { code, err } = await subctl('export service web -n shop --wait')
    expect(code).toBe(0)
    expect(err).toMatch(/warning web: .*port/)
  })

  it.each(['--service-discovery false', 'uninstall'])('takes no condition for true that an agent left behind, after %s', async (what) => {
    const { all, west, subctl } = scene()
    west.start()
    west.serve('web')
    await all.turn(5_000)
    expect((await subctl('export service web -n shop --wait')).code).toBe(0)
    await open?.end()
    open = undefined
    west.api.drop('ConfigMap', 'submariner-settings', AGENTS)
    const putSettings = (truth: string): void =>
      west.api.put(make('ConfigMap', 'submariner-settings', { data: { SUBMARINER_SERVICEDISCOVERY: truth } }, { namespace: AGENTS }))
    if (what !== 'uninstall') putSettings('false')
    const said =
      'no agent of services runs in this cluster: join with --service-discovery true, or scale the Deployment submariner-discovery up'
    const waited = await subctl('export service web -n shop --wait --timeout 10s')
    expect([waited.code, waited.err]).toEqual([
      1,
      expect.stringContaining(`error SUB0906: Not exported:\n  web (context current): ${said}`),
    ])
    const left = await subctl('export service web -n shop -o json')
    expect([left.code, left.err]).toEqual([0, `note: the current context: ${said}\n`])
    if (what === 'uninstall') west.api.put(make('Deployment', 'submariner-lighthouse-agent', {}, { namespace: 'submariner-operator' }))
    else putSettings('true')
    expect((await subctl('export service web -n shop --wait')).code).toBe(0)
  })

  it('who may not look at the agents’ namespace is told what the conditions say', async () => {
    const { all, west, apis, subctl } = scene()
    west.start()
    west.serve('web')
    await all.turn(5_000)
    apis['']?.failNext(new ApiError(403, 'Forbidden', 'no'), (call) => call.startsWith('get ConfigMap'), Number.POSITIVE_INFINITY)
    expect((await subctl('export service web -n shop --wait')).code).toBe(0)
  })

  it('ends with 75 where no agent is there', async () => {
    const { west, subctl } = scene()
    west.serve('web')
    const { code, err } = await subctl('export service web -n shop --wait --timeout 5s')
    expect([code, err]).toMatchInlineSnapshot(`
[
  75,
  "skipped web: no agent has looked at it yet
error SUB0907: Time ran out (--timeout) before an agent had done it:
  web (context current): no agent has looked at it yet
What was done here stays. Look into the log of \`subctl discovery\` in that cluster.
",
]
`)
  })
})

describe('--wait that runs out of time', () => {
  /** The agent's pods as kubelet would have them: one leads, and is not ready for its trouble, which its log has. */
  function podsOf(west: Site, words: string): void {
    west.api.put(make('Deployment', 'submariner-discovery', { spec: { replicas: 2 } }, { namespace: AGENTS }))
    for (const name of ['one', 'two']) {
      const isReady = name === 'two'
      const status = {
        conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
        containerStatuses: [{ name: 'discovery', ready: isReady, restartCount: 0, state: { running: {} } }],
      }
      const meta = { namespace: AGENTS, labels: { app: 'submariner-discovery' } }
      west.api.put(make('Pod', name, { spec: { nodeName: 'w1' }, status } as never, meta))
    }
    west.api.answer(`/api/v1/namespaces/${AGENTS}/pods/one/log`, `${JSON.stringify({ level: 'warn', msg: words })}\n`)
  }
  const said = 'one on w1: discovery runs and is not ready; its last line: the broker refuses connections'

  it.each(['export', 'unexport'])('says what ails the agent: %s', async (verb) => {
    const { west, subctl } = scene()
    podsOf(west, 'the broker refuses connections')
    west.serve('web')
    west.wish('web', { finalizers: ['test/held'] })
    if (verb === 'unexport') west.api.put({ ...imported, status: { clusters: [{ cluster: 'west' }] } } as never)
    const { code, out, err } = await subctl(`${verb} service web -n shop --wait --timeout 5s -o json`)
    const waits = verb === 'export' ? 'no agent has looked at it yet' : 'the agent has not withdrawn it yet'
    expect(code).toBe(75)
    expect(err).toContain(`  web (context current): ${waits}: ${said}\nWhat was done here stays; the agent does the rest by itself`)
    expect(JSON.parse(out).clusters[0].services[0].message).toBe(`${waits}: ${said}`)
  })

  it('of who may not look at the agent’s pods refers to its log', async () => {
    const { west, apis, subctl } = scene()
    podsOf(west, 'the broker refuses connections')
    west.serve('web')
    apis['']?.failNext(new ApiError(403, 'Forbidden', 'no'), (call) => call === 'list Pod', Number.POSITIVE_INFINITY)
    const { code, err } = await subctl('export service web -n shop --wait --timeout 5s')
    expect([code, err]).toEqual([75, expect.stringContaining('no agent has looked at it yet\nWhat was done here stays. Look into the log')])
  })
})

describe('subctl unexport', () => {
  it('removes the export, and waits until the agents have withdrawn it', async () => {
    const { all, west, east, subctl, exports } = scene()
    for (const site of [west, east]) site.start()
    west.serve('web')
    await subctl('export service web -n shop')
    await all.within(10_000, () => east.import('web') !== undefined)
    const { code, out, err } = await subctl('unexport service web -n shop --wait')
    expect([code, out, ended(err)]).toMatchInlineSnapshot(`
[
  0,
  "Context current (https://10.255.1.1:6443):
  - ServiceExport shop/web

1 removed.
",
  "ok web: no longer exported
",
]
`)
    expect(exports()).toEqual([])
    expect(west.import('web')).toBeUndefined()
    await all.within(10_000, () => east.import('web') === undefined)
  })

  it.each(['list ServiceImport', 'get ConfigMap'])(
    'by a user who may not %s removes the export, and notes that the rest was not watched',
    async (call) => {
      const { all, west, east, apis, subctl, exports } = scene()
      for (const site of [west, east]) {
        site.start()
        site.serve('web')
      }
      await subctl('export service web -n shop --contexts west,east')
      await all.within(10_000, () => west.import('web')?.status?.clusters?.length === 2)
      const refusal = new ApiError(403, 'Forbidden', 'user "dev" cannot do that')
      apis['']?.failNext(refusal, (one) => one.startsWith(call), Number.POSITIVE_INFINITY)
      const { code, err } = await subctl('unexport service web -n shop --wait')
      expect([code, exports()]).toEqual([0, []])
      expect(ended(err)).toBe(
        'ok web: its ServiceExport is gone; note: whether the agents have withdrawn it could not be watched: user "dev" cannot do that\n',
      )
    },
  )

  it('says that a service is not exported, also where the kind is missing', async () => {
    const { apis, subctl } = scene()
    const { code, out } = await subctl('unexport service web -n shop')
    expect([code, out]).toMatchInlineSnapshot(`
[
  0,
  "Context current (https://10.255.1.1:6443):
  = ServiceExport shop/web: it is not exported

0 removed, 1 not exported. Nothing was changed.
",
]
`)
    apis.west?.failNext(new ApiError(404, 'NotServed', '404 page not found'), (call) => call.includes('ServiceExport'), 9)
    expect((await subctl('unexport namespace shop --context west')).out).toBe('0 removed. Nothing was changed.\n')
  })

  it('leaves what another program looks after, unless that is forced', async () => {
    const { west, subctl, exports } = scene()
    for (const name of ['a', 'b', 'c', 'd']) west.serve(name)
    west.wish('a')
    west.wish('b', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:x/ServiceExport:shop/b' } })
    west.wish('c', { ownerReferences: [{ kind: 'Shop', name: 'eu', uid: '1' }] })
    west.wish('d', { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } })
    const { code, err } = await subctl('unexport service b -n shop')
    expect(code).toBe(1)
    expect(err).toContain('SUB0905')
    expect((await subctl('unexport namespace shop --plan')).out).toContain(
      'Plan: 2 to remove, 2 left to those who look after them. Nothing was changed.',
    )
    const { out } = await subctl('unexport namespace shop')
    expect(out).toMatchInlineSnapshot(`
"Context current (https://10.255.1.1:6443):
  - ServiceExport shop/a
  ! ServiceExport shop/b: Argo CD looks after it
  ! ServiceExport shop/c: Shop eu looks after it
  - ServiceExport shop/d

2 removed, 2 left to those who look after them.
"
`)
    expect(exports()).toEqual(['shop/b', 'shop/c'])
    expect((await subctl('unexport service b -n shop --force')).code).toBe(0)
    expect(exports()).toEqual(['shop/c'])
  })
})
