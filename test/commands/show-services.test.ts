import { afterEach, describe, expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { handClock } from '../fakes/clock.ts'
import { fakeWorld } from '../fakes/context.ts'
import { AGENTS, type Sites, sites } from '../fakes/discovery.ts'
import { type FakeApi, make } from '../fakes/kube.ts'
import { exportOf, podOf } from '../fakes/services.ts'

const conditionOf = (type: string, status: string) => ({
  ...{ type, status, reason: 'Reason', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
})

let open: Sites | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

/** Three clusters with agents: a web that west and east serve, a db that east has for itself and exports, a service that is none. */
async function scene() {
  const clock = handClock()
  const all = sites(clock, ['west', 'east', 'north'])
  open = all
  const [west, east, north] = [all.site('west'), all.site('east'), all.site('north')]
  const apis: Record<string, FakeApi> = {}
  for (const site of [west, east, north]) {
    const settings = { metadata: { name: 'submariner-settings', namespace: AGENTS }, data: { SUBMARINER_CLUSTERID: site.id } }
    site.api.put({ apiVersion: 'v1', kind: 'ConfigMap', ...settings })
    apis[site.id] = site.api.api('laptop')
    site.start()
  }
  west.serve('web')
  east.serve('web', { ports: [{ name: 'http', protocol: 'TCP', port: 81 }] }, [
    podOf('10.2.0.5'),
    podOf('10.2.0.6', { conditions: { ready: false } }),
  ])
  east.serve('db', { clusterIP: 'None', clusterIPs: ['None'] }, [podOf('10.2.0.7'), podOf('10.2.0.8')])
  east.serve('ext', { type: 'ExternalName' })
  north.dropNamespace('shop')
  west.wish('web')
  await all.turn(2_000)
  east.wish('web')
  east.wish('db')
  east.wish('ext')
  await all.turn(6_000)
  const show = async (line: string) => {
    const world = fakeWorld({ apis, clock })
    const code = await main(['show', 'services', ...line.split(' ')], world.context, laptopRuns)
    return { code, out: world.out(), err: world.err() }
  }
  return { all, west, east, north, apis, show }
}

describe('subctl show services', () => {
  it('shows where each service is exported and imported, what is ready where, and what clusters disagree about', async () => {
    const { show } = await scene()
    const { code, out } = await show('--contexts west,east,north')
    expect(out).toMatchInlineSnapshot(`
"SERVICE    TYPE           CLUSTER   EXPORT      IMPORT         VIP         OWN PODS   READY BEHIND IT      CONFLICT
shop/db    Headless       west      no          ready          -           -          east 2/2             -
shop/db    Headless       east      ready       ready          -           2/2        east 2/2             -
shop/db    Headless       north     no          no namespace   -           -          -                    -
shop/ext   -              west      no          no             -           -          -                    -
shop/ext   -              east      not valid   no             -           1/1        -                    -
shop/ext   -              north     no          no namespace   -           -          -                    -
shop/web   ClusterSetIP   west      ready       ready          100.1.9.2   1/1        east 1/1, west 1/1   PortConflict
shop/web   ClusterSetIP   east      ready       ready          100.2.9.4   1/2        east 1/2, west 1/1   PortConflict
shop/web   ClusterSetIP   north     no          no namespace   -           -          -                    -

Names in west are answered by nobody that is known: no Deployment or DaemonSet has the label k8s-app=kube-dns
Names in east are answered by nobody that is known: no Deployment or DaemonSet has the label k8s-app=kube-dns
Names in north are answered by nobody that is known: no Deployment or DaemonSet has the label k8s-app=kube-dns
"
`)
    expect(code).toBe(0)
  })

  it('of one cluster has what that cluster knows; -o wide adds the reasons', async () => {
    const { show } = await scene()
    expect((await show('--context east -o wide')).out).toMatchInlineSnapshot(`
"SERVICE    TYPE           CLUSTER   EXPORT      IMPORT   VIP         OWN PODS   READY BEHIND IT      CONFLICT       CONTEXT   MESSAGES
shop/db    Headless       east      ready       ready    -           2/2        east 2/2             -              east      -
shop/ext   -              east      not valid   no       -           1/1        -                    -              east      Valid: Service ext is of type ExternalName, which has no backends to export: create it in each cluster that needs it; Ready: the service is not exported: it is not valid
shop/web   ClusterSetIP   east      ready       ready    100.2.9.4   1/2        east 1/2, west 1/1   PortConflict   east      Conflict: ports differ: west has http 80/TCP; east has http 81/TCP; "http" is 80/TCP, as in west, whose export is the oldest (made 2026-01-01T00:00:00Z), and 81/TCP of east is not used; http 80/TCP leads to west alone

Names in east are answered by nobody that is known: no Deployment or DaemonSet has the label k8s-app=kube-dns
"
`)
  })

  it('says what other clusters leave out of an export, and why', async () => {
    const { all, east, show } = await scene()
    east.serve('db', { clusterIP: 'None', clusterIPs: ['None'] }, [podOf('10.2.0.7'), podOf('172.16.2.9')])
    await all.turn(2_000)
    const { out } = await show('--context east -n shop -o wide')
    expect(out).toMatch(/shop\/db +Headless +east +in part .* Ready: .*172\.16\.2\.9 \(pod pod-172-16-2-9\) lies in none of the networks/)
  })

  it('shows no ServiceImport that is not ours as the import of a service', async () => {
    const { all, east, show } = await scene()
    const ours = east.import('web')
    if (ours !== undefined) east.api.put({ ...ours, metadata: { ...ours.metadata, labels: {} } })
    await all.turn(3_000)
    const { out } = await show('--contexts west,east -o wide')
    expect(out).toMatch(
      /^shop\/web +ClusterSetIP +east +ready +in the way +- .*import: a ServiceImport of that name is there, and is not ours$/m,
    )
    expect(out).toMatch(/^shop\/web +ClusterSetIP +west +ready +ready +100\.1/m)
  })

  it('says of a namespace that one cluster allows by name that another does not', async () => {
    const { all, west, show } = await scene()
    west.serve('dns', {}, [podOf('10.1.0.9')], 'kube-system')
    const wish = { ...exportOf('dns', { namespace: 'kube-system' }), status: { conditions: [conditionOf('Ready', 'True')] } }
    await all.end()
    west.api.put(wish)
    const { out } = await show('--contexts west,east -n kube-system -o wide')
    expect(out).toMatch(/east +no +not allowed +.*import: kube-system is not allowed by name here: join --allow-namespaces$/m)
  })

  it('says of an import that is missing that its namespace is being removed there', async () => {
    const { all, east, show } = await scene()
    await all.end()
    for (const kind of ['ServiceExport', 'ServiceImport'] as const) east.api.drop(kind, 'web', 'shop')
    expect((await show('--contexts west,east -o wide')).out).toMatch(/^shop\/web .* east +no +missing +/m)
    east.api.put(make('Namespace', 'shop', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))
    expect((await show('--contexts west,east -o wide')).out).toMatch(
      /^shop\/web .* east +no +namespace ending +.*import: namespace shop is being removed in this cluster$/m,
    )
  })

  it('-n names the namespace of the services, as kubectl has it; where the agents live is another flag', async () => {
    const { all, show } = await scene()
    for (const id of ['west', 'east']) all.site(id).namespace('yard')
    all.site('east').serve('web', {}, [podOf('10.2.0.9')], 'yard')
    all.site('east').wish('web', { namespace: 'yard' })
    await all.turn(6_000)
    expect((await show('--contexts west,east -n yard -o name')).out).toBe('yard/web\n')
    expect((await show('--contexts west,east -n default')).out).toMatch(/^No service of namespace default is exported or imported\.\n/)
    expect(await show('--contexts west,east -n a/b')).toMatchObject({ code: 64, out: '' })
    const elsewhere = await show('--context west --agents-namespace elsewhere')
    expect(elsewhere).toMatchObject({ code: 1, err: expect.stringMatching(/SUB0602[\s\S]*--agents-namespace/) })
  })

  it('shows a cluster that the gateways do not reach as not ready, there alone', async () => {
    const { all, west, show } = await scene()
    west.connections({ east: 'error' })
    await all.turn(3_000)
    const { items } = JSON.parse((await show('--contexts west,east -o json')).out)
    const db = items.find(({ name }: { name: string }) => name === 'db')
    expect(db.clusters.map(({ cluster, backends }: Record<string, unknown>) => [cluster, backends])).toEqual([
      ['west', [{ cluster: 'east', ready: 0, all: 2 }]],
      ['east', [{ cluster: 'east', ready: 2, all: 2 }]],
    ])
  })

  it('says which addresses of another cluster are left out, and why', async () => {
    const { all, east, show } = await scene()
    east.serve('odd', { clusterIP: 'None', clusterIPs: ['None'] }, [podOf('10.2.0.9'), podOf('8.8.8.8')])
    east.wish('odd')
    await all.turn(6_000)
    const { out } = await show('--contexts west -o wide')
    expect(out).toMatch(/^shop\/odd +Headless +west +no +in part +.*8\.8\.8\.8 lies in no network of cluster east/m)
    const { items } = JSON.parse((await show('--contexts west -o json')).out)
    expect(items.find(({ name }: { name: string }) => name === 'odd').clusters[0].import).toMatchObject({
      state: 'in part',
      messages: [expect.stringMatching(/1 address of east left out/)],
    })
  })

  it('-o json is for programs, -o name lists services', async () => {
    const { all, west, show } = await scene()
    const { items, ...list } = JSON.parse((await show('--contexts west,east -o json')).out)
    const names = ['west', 'east'].map((cluster) => ({
      cluster,
      context: cluster,
      mode: 'nobody',
      text: expect.stringMatching(/k8s-app=kube-dns/),
    }))
    expect(list).toEqual({ apiVersion: 'subctl.submariner.io/v1', kind: 'ServiceList', names })
    expect(items.find(({ name }: { name: string }) => name === 'web')).toMatchInlineSnapshot(`
{
  "clusters": [
    {
      "backends": [
        {
          "all": 1,
          "cluster": "east",
          "ready": 1,
        },
        {
          "all": 1,
          "cluster": "west",
          "ready": 1,
        },
      ],
      "cluster": "west",
      "context": "west",
      "export": {
        "conflict": "PortConflict",
        "messages": [
          "Conflict: ports differ: west has http 80/TCP; east has http 81/TCP; "http" is 80/TCP, as in west, whose export is the oldest (made 2026-01-01T00:00:00Z), and 81/TCP of east is not used; http 80/TCP leads to west alone",
        ],
        "state": "ready",
      },
      "import": {
        "ips": [
          "100.1.9.2",
        ],
        "messages": [],
        "state": "ready",
      },
      "pods": {
        "all": 1,
        "ready": 1,
      },
    },
    {
      "backends": [
        {
          "all": 2,
          "cluster": "east",
          "ready": 1,
        },
        {
          "all": 1,
          "cluster": "west",
          "ready": 1,
        },
      ],
      "cluster": "east",
      "context": "east",
      "export": {
        "conflict": "PortConflict",
        "messages": [
          "Conflict: ports differ: west has http 80/TCP; east has http 81/TCP; "http" is 80/TCP, as in west, whose export is the oldest (made 2026-01-01T00:00:00Z), and 81/TCP of east is not used; http 80/TCP leads to west alone",
        ],
        "state": "ready",
      },
      "import": {
        "ips": [
          "100.2.9.4",
        ],
        "messages": [],
        "state": "ready",
      },
      "pods": {
        "all": 2,
        "ready": 1,
      },
    },
  ],
  "name": "web",
  "namespace": "shop",
  "type": "ClusterSetIP",
}
`)
    expect((await show('--context west -o name')).out).toBe('shop/db\nshop/web\n')
    // A broker on the cluster, in a namespace of any name, has services of nobody.
    for (const one of all.broker.objects('ServiceImport'))
      west.api.put({ ...one, metadata: { ...one.metadata, namespace: 'another-broker' } } as typeof one)
    expect((await show('--context west -o name')).out).toBe('shop/db\nshop/web\n')
  })

  it('shows the others where the API of one is down, or one is in no clusterset, and ends with why', async () => {
    const { east, apis, show } = await scene()
    const west = apis.west
    if (west !== undefined) west.link = 'refused'
    const down = 'The API server 10.255.1.1:6443 refuses connections'
    const { code, out, err } = await show('--contexts west,east -n shop')
    expect(code).toBe(69)
    expect(err).toContain(`error SUB0211: context "west": ${down}\n`)
    expect(out).toMatch(/^shop\/web +ClusterSetIP +east +ready +ready/m)
    expect(out).not.toMatch(/ west +(no|ready)/)
    const asData = await show('--contexts west,east -o json')
    expect([asData.code, JSON.parse(asData.out)]).toMatchObject([
      69,
      {
        kind: 'ServiceList',
        items: [{ name: 'db' }, { name: 'ext' }, { name: 'web' }],
        notAsked: [{ context: 'west', server: 'https://10.255.1.1:6443', error: { id: 'SUB0211', message: down } }],
        error: { id: 'SUB0211', exitCode: 69 },
      },
    ])
    east.api.drop('ConfigMap', 'submariner-settings', AGENTS)
    const mixed = await show('--contexts east,west,north')
    expect([mixed.code, mixed.out]).toEqual([69, expect.stringMatching(/^shop\/db +Headless +north|^No service/m)])
    expect(mixed.err).toContain('has not joined a clusterset')
    expect(await show('--contexts east,west')).toMatchObject({ code: 69, out: '', err: expect.stringContaining(down) })
  })

  it('says that nothing is exported, that a cluster lacks the kinds, and that one has not joined', async () => {
    const { west, east, apis, show } = await scene()
    const lack = (id: string) =>
      apis[id]?.failNext(new ApiError(404, 'NotServed', '404 page not found'), (call) => /^list Service(Ex|Im)port/.test(call), 2)
    lack('west')
    expect(await show('--context west')).toMatchObject({ code: 1, err: expect.stringContaining('SUB0901') })
    lack('west')
    const some = await show('--contexts west,east -o name')
    expect(some).toMatchObject({
      code: 0,
      err: 'note: without the kinds of services across clusters: west\n',
      out: 'shop/db\nshop/ext\nshop/web\n',
    })
    for (const kind of ['ServiceExport', 'ServiceImport'] as const)
      for (const { metadata } of west.api.objects(kind)) west.api.drop(kind, metadata.name, metadata.namespace)
    expect((await show('--context west')).out).toBe(
      'No service is exported or imported.\nNames in west are answered by nobody that is known: no Deployment or DaemonSet has the label k8s-app=kube-dns\n',
    )
    east.api.drop('ConfigMap', 'submariner-settings', AGENTS)
    expect(await show('--context east')).toMatchObject({ code: 1, err: expect.stringContaining('SUB0602') })
  })
})
