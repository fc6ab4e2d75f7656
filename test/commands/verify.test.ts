import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { FAILURE_ANNOTATION } from '../../src/model/gateway-status.ts'
import { KEPT_UNTIL } from '../../src/model/names.ts'
import { PROBE_REQUEST } from '../../src/model/probe.ts'
import type { Cluster, Gateway, Secret } from '../../src/model/resources.ts'
import { type FakeOptions, fakeWorld } from '../fakes/context.ts'
import { connectionTo, goodAnswer, type Joined, joined, NAMESPACE } from '../fakes/joined.ts'

async function verify({ apis, clock }: Joined, flags: readonly string[] = ['--contexts', 'west,east'], options: FakeOptions = {}) {
  const world = fakeWorld({ apis, clock, env: { LANG: 'C' }, ...options })
  const code = await main(['verify', ...flags], world.context, laptopRuns)
  return { code, out: world.out(), err: world.err(), files: world.files }
}
const failed = (out: string): string[] => [...out.matchAll(/FAILED (SUB\d+)/g)].map((match) => match[1] ?? '')

/** What is said of one of the clusters, as it is of the other. */
const mirrored = (text: string): string =>
  text.replaceAll(/west|east/g, (id) => (id === 'west' ? 'east' : 'west')).replaceAll('172-16-1-1', '172-16-2-1')

it('verify finds two healthy clusters in order', async () => {
  const { code, out, err } = await verify(joined())
  const [west = '', east = '', sum] = out.trimEnd().split(/\n(?=Cluster of context)|\n\n/)
  expect(west).toMatchInlineSnapshot(`
"Cluster of context "west"
  ok SUB0601 the API answers (https://west:6443 is v1.34.0)
  ok SUB0602 the cluster has joined a clusterset (its id is "west")
  ok SUB0603 there are gateway nodes (west-gw1, west-gw2)
  ok SUB0604 one gateway leads (west-gw1)
  ok SUB0605 the cluster publishes one Endpoint, of its active gateway (west-submariner-cable-west-172-16-1-1)
  ok SUB0606 the broker answers this cluster and holds its objects (https://broker:6443)
  ok SUB0607 it knows every cluster of the clusterset (east)
  ok SUB0608 no networks of the clusterset overlap
  ok SUB0609 members of the broker cannot change each other's objects (refused when tried)
  ok SUB0610 every expected connection is up (east)
  ok SUB0611 a route agent runs on every node (3 nodes)
  ok SUB0612 every node answers when asked to probe (3 nodes)
  ok SUB0613 every node reaches every remote cluster now (3 nodes to east)
  ok SUB0614 large packets pass (3 nodes to east)
  ok SUB0615 every node rejects what finds no tunnel (routes and filters are in force)
  ok SUB0616 nothing leaves in the clear (watched on 3 nodes while they probed)
  ok SUB0617 the agents are of one version with this binary (1.2.3+abcdef12)
  ok SUB0618 both ends name each other (endpoints agree)
  ok SUB0619 no agent reports a failure (5 agents)
  ok SUB0620 an engine and its charon answer on every gateway node (2 gateways)
  skipped SUB0621 the agents' pods are ready: the agents do not run as pods here
  skipped SUB0622 what was installed is as it was: the agents do not run as pods here
  skipped SUB0623 all clusters run one image: the agents do not run as pods here
  ok SUB0642 all clusters have one pre-shared key (as in east)
  ok SUB0624 the broker's credential is this cluster's own
  skipped SUB0625 pods without rights run on a gateway and a worker node: the agents do not run as pods here
  skipped SUB0626 pods reach pods of the other clusters by TCP: the agents do not run as pods here
  skipped SUB0627 pods reach pods of the other clusters by UDP: the agents do not run as pods here
  skipped SUB0628 datagrams near the MTU and above it pass between pods: the agents do not run as pods here
  skipped SUB0629 pods reach services of the other clusters: the agents do not run as pods here
  skipped SUB0630 servers see the address of the pod that asks: the agents do not run as pods here
  skipped SUB0633 the kinds of services across clusters are served: services are not exchanged here (\`subctl join ... --service-discovery true\`)
  skipped SUB0634 an agent of services leads, and its pods are ready: services are not exchanged here (\`subctl join ... --service-discovery true\`)
  skipped SUB0635 names of the clusterset are set up: services are not exchanged here (\`subctl join ... --service-discovery true\`)
  skipped SUB0636 services that are exported are taken: services are not exchanged here (\`subctl join ... --service-discovery true\`)
  skipped SUB0637 what is imported is what the others export: services are not exchanged here (\`subctl join ... --service-discovery true\`)
  skipped SUB0638 services that clusters export are imported: the agents do not run as pods here
  skipped SUB0639 pods find services by name, those of other clusters and their own, and reach them: the agents do not run as pods here
  skipped SUB0640 pods find the pods of headless services by name, and reach them: the agents do not run as pods here
  skipped SUB0641 a service that is taken back is gone, and its names with it: the agents do not run as pods here"
`)
  expect(east).toBe(mirrored(west))
  expect(sum).toBe('44 checks in order, 0 failed, 0 warnings, 36 skipped over 2 clusters.')
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

/** The gateway, as it says that its charon does not answer. */
const suffering = (gateway: Gateway, status: Gateway['status']): Gateway => ({
  ...gateway,
  metadata: { ...gateway.metadata, annotations: { ...gateway.metadata.annotations, [FAILURE_ANNOTATION]: 'SUB0304 SUB0501' } },
  status,
})

it('verify turns red where charon was killed, and names the cause', async () => {
  const made = joined()
  const gateway = made.clusters.west.objects('Gateway').find(({ metadata }) => metadata.name === 'west-gw1')
  if (gateway === undefined) throw new Error('no gateway')
  const connection = connectionTo('east', { status: 'error', statusMessage: 'charon does not answer on /run/submariner/charon.vici' })
  const broken: Gateway = suffering(gateway, { ...gateway.status, connections: [connection] })
  made.clusters.west.put(broken)
  made.set((node, id) =>
    id === 'east' ? goodAnswer(node, id) : { ...goodAnswer(node, id), results: noAnswers(goodAnswer(node, id).results) },
  )
  const { code, out } = await verify(made, ['--context', 'west'])
  expect(code).toBe(2)
  expect(failed(out)).toEqual(['SUB0610', 'SUB0613', 'SUB0620'])
  expect(out).toContain('east: error, charon does not answer on /run/submariner/charon.vici')
  expect(out).toContain('-> see the log of charon on west-gw1')
  expect(out).toContain('west-w1 to east (10.2.0.1, 56 bytes): no answer to 3 requests')
  expect(out).toContain('skipped SUB0614')
})

it('verify says which node is unguarded, which leaks, and which stays silent', async () => {
  const made = joined()
  made.set((node, id) => {
    if (node === 'west-gw2') return undefined
    const good = goodAnswer(node, id)
    return node === 'west-w1'
      ? { ...good, unguarded: ['no rule: priority 150 lookup 150'], leaks: ['10.1.9.2 > 10.2.0.1 (ICMP) left by eth0'] }
      : good
  })
  const { code, out } = await verify(made, ['--context', 'west'])
  expect(code).toBe(2)
  expect(failed(out)).toEqual(['SUB0612', 'SUB0613', 'SUB0615', 'SUB0616'])
  expect(out).toContain('west-gw2: its route agent did not answer within 20 s')
  // It says nothing of ports: nobody has tried the path.
  expect(out).toContain('see why the route agent there does not answer: `kubectl -n ')
  expect(out).not.toContain('open UDP 4800')
  expect(out).toContain('west-w1: no rule: priority 150 lookup 150')
  expect(out).toContain('west-w1: 10.1.9.2 > 10.2.0.1 (ICMP) left by eth0')
})

it('a node that is just putting its plan in force is asked once more: what stays alone is a fault', async () => {
  const made = joined()
  let [last, count] = [0, 0]
  made.set((node, id) => {
    // Each round of questions comes later than the one before.
    if (node === 'west-w1' && made.clock.now() - last > 2_000) {
      last = made.clock.now()
      count += 1
    }
    return { ...goodAnswer(node, id), unguarded: node === 'west-w1' && count === 1 ? ['a chain not as planned'] : [] }
  })
  const { code, out } = await verify(made, ['--context', 'west'])
  expect([code, failed(out), count]).toEqual([0, [], 2])
  expect(out).toContain('ok SUB0615')
})

it('verify names the port between the nodes where the gateway alone reaches the others', async () => {
  const made = joined()
  made.set((node, id) =>
    node === 'west-w1' ? { ...goodAnswer(node, id), results: noAnswers(goodAnswer(node, id).results) } : goodAnswer(node, id),
  )
  const { out } = await verify(made, ['--context', 'west'])
  expect(failed(out)).toEqual(['SUB0613'])
  expect(out).toContain('west-gw1 reaches it: open UDP 4800 between the nodes of this cluster')
})

it('verify warns where the rights on the broker are shared', async () => {
  const made = joined()
  const { out, code } = await verify({ ...made, apis: { ...made.apis, '': made.broker.api('member') } }, ['--context', 'west'])
  expect(out).toContain('warning SUB0609')
  // The fake broker is of a Kubernetes that knows policies.
  expect(out).toContain('the broker’s policy submariner-broker-own-objects is not in force: run `subctl deploy-broker` again')
  expect(made.broker.objects('Cluster')).toHaveLength(2)
  expect(code).toBe(0)
})

it('verify tells a token that all clusters have from a broker without policies', async () => {
  const made = joined()
  const broker = made.broker.api('member')
  const { raw } = broker
  broker.raw = async (path, ...more) => (path === '/version' ? '{"gitVersion": "v1.29.4"}' : raw(path, ...more))
  const hints = async () => {
    const { out } = await verify({ ...made, apis: { ...made.apis, '': broker } }, ['--context', 'west', '--test', 'SUB060[1269]'])
    return out.split('warning SUB0609')[1] ?? ''
  }
  expect(await hints()).toContain('the broker is Kubernetes 1.29: move it to 1.30 or later')
  const claims = { sub: 'system:serviceaccount:submariner-k8s-broker:submariner-k8s-broker-client' }
  const token = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
  const [secret] = made.clusters.west.objects('Secret').filter(({ metadata }) => metadata.name === 'submariner-broker-secret')
  if (secret === undefined) throw new Error('no credential')
  const renewed: Secret = { ...secret, data: { ...secret.data, token: Buffer.from(token).toString('base64') } }
  made.clusters.west.put(renewed)
  expect(await hints()).toContain('all clusters use one token: give each its own')
  expect(await hints()).not.toContain('1.30')
})

it('verify finds a lease that nobody renews, and two gateways that both think they lead', async () => {
  const made = joined()
  let now = 0
  const still = {
    now: () => now,
    async sleep(ms: number) {
      now += ms
    },
  }
  expect((await verify({ ...made, clock: still }, ['--context', 'west'])).out).toMatch(
    /west-gw1-submariner-gateway holds the lease and does not renew it/,
  )
  const two = joined()
  for (const gateway of two.clusters.west.objects('Gateway')) {
    const leads: Gateway = { ...gateway, status: { ...gateway.status, haStatus: 'active' } }
    two.clusters.west.put(leads)
  }
  const { out } = await verify(two, ['--context', 'west'])
  expect(failed(out)).toEqual(['SUB0604'])
  expect(out).toContain('2 gateways say that they are active')
})

it('verify says what a broker that is away has to do with it', async () => {
  const made = joined()
  const broker = made.broker.api('member')
  broker.link = 'refused'
  const { out, code } = await verify({ ...made, apis: { ...made.apis, '': broker } }, ['--context', 'west'])
  expect(failed(out)).toEqual(['SUB0606'])
  expect(out).toContain('connection refused')
  expect(code).toBe(2)
})

it('verify says that the broker no longer has a cluster, until when its copies are kept, and opens no port towards it', async () => {
  const made = joined()
  for (const kind of ['Cluster', 'Endpoint'] as const)
    for (const { metadata, spec } of made.broker.objects(kind))
      if (spec.cluster_id === 'east') made.broker.drop(kind, metadata.name, metadata.namespace)
  const [gateway] = made.clusters.west.objects('Gateway')
  if (gateway === undefined) throw new Error('no gateway')
  const connections = [connectionTo('east', { status: 'error', statusMessage: 'no answer from 172.16.2.1:4500' })]
  made.clusters.west.put({ ...gateway, status: { ...gateway.status, connections } } as Gateway)
  for (const cluster of made.clusters.west.objects('Cluster').filter(({ spec }) => spec.cluster_id === 'east'))
    made.clusters.west.put({ ...cluster, spec: { ...cluster.spec, cluster_cidr: ['10.1.0.0/16'] } } as Cluster)
  const left = await verify(made, ['--context', 'west'])
  expect(failed(left.out)).toContain('SUB0607')
  expect(left.out).toContain('the broker no longer has east, this cluster still has copies')
  expect(left.out).toContain('ok SUB0608')
  expect(left.out).toContain('skipped SUB0610 every expected connection is up: the broker no longer has east')
  for (const own of made.clusters.west.objects('Cluster').filter(({ spec }) => spec.cluster_id === 'west'))
    made.clusters.west.put({ ...own, metadata: { ...own.metadata, annotations: { [KEPT_UNTIL]: '2026-01-01T00:10:00Z' } } })
  const { out } = await verify(made, ['--context', 'west'])
  expect(out).toContain('warning SUB0607')
  expect(out).toContain('the broker no longer has east; this cluster keeps copies until 2026-01-01T00:10:00Z')
})

it('verify of a cluster that never joined says how to join, and skips the rest', async () => {
  const made = joined()
  made.clusters.west.drop('ConfigMap', 'submariner-settings', NAMESPACE)
  const { out } = await verify(made, ['--context', 'west'])
  expect(failed(out)).toEqual(['SUB0602'])
  expect(out).toContain('subctl join --context west broker-info.subm')
})

it('verify passes over what the route agent of a node that is gone left behind', async () => {
  const made = joined()
  made.clusters.west.drop('Node', 'west-w1')
  made.set((node, id) => (node === 'west-w1' ? undefined : goodAnswer(node, id)))
  expect((await verify(made, ['--context', 'west'])).code).toBe(0)
})

it('verify asks its clusters side by side, and tells of one after the other', async () => {
  const made = joined()
  const isAsked = (): boolean =>
    made.clusters.east.objects('RouteAgent').some(({ metadata }) => metadata.annotations?.[PROBE_REQUEST] !== undefined)
  let wasAsked = false
  made.set((node, id) => {
    wasAsked ||= isAsked()
    return id === 'west' && !wasAsked ? undefined : goodAnswer(node, id)
  })
  const { code, out } = await verify(made)
  expect(code).toBe(0)
  expect(out.indexOf('SUB0620')).toBeLessThan(out.indexOf('context "east"'))
})

it('verify finds a gateway that stands by and is dead, and a gateway node without an engine', async () => {
  const made = joined()
  made.dead.add('west-gw2')
  const dead = await verify(made, ['--context', 'west'])
  expect(failed(dead.out)).toEqual(['SUB0620'])
  expect(dead.out).toContain('west-gw2: its engine, or its charon, did not answer within 6 s')
  made.dead.delete('west-gw2')
  const standby = made.clusters.west.objects('Gateway').find(({ metadata }) => metadata.name === 'west-gw2')
  if (standby === undefined) throw new Error('no gateway')
  const words = { ...standby.status, statusFailure: 'charon does not answer at /run/x' }
  // Words alone are any failure's.
  made.clusters.west.put({ ...standby, ...{ status: words } })
  expect((await verify(made, ['--context', 'west', '--test', 'SUB0620'])).out).toContain('ok SUB0620')
  made.clusters.west.put(suffering(standby, words))
  const alone = await verify(made, ['--context', 'west', '--test', 'SUB0620'])
  expect(alone.out).toContain('FAILED SUB0620 an engine and its charon answer on every gateway node: west-gw2: charon does not answer')
  made.clusters.west.drop('Gateway', 'west-gw2', NAMESPACE)
  expect((await verify(made, ['--context', 'west'])).out).toContain('none on west-gw2')
})

it('verify takes its requests back', async () => {
  const made = joined()
  await verify(made)
  const asked = [...made.clusters.west.objects('RouteAgent'), ...made.clusters.west.objects('Gateway')]
  const annotations = asked.flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {}))
  expect(annotations).not.toContain('submariner.io/probe-request')
})

it('verify -o json puts the report alone on stdout, progress on stderr, and JUnit into a file', async () => {
  const { code, out, err, files } = await verify(joined(), ['--context', 'west', '-o', 'json', '--junit-file', 'report.xml'])
  const report: unknown = JSON.parse(out)
  expect(report).toMatchObject({ kind: 'VerifyReport', summary: { failed: 0 }, clusters: [{ context: 'west' }] })
  expect(err).toContain('ok SUB0613')
  expect(files.get('report.xml')).toContain('<testsuite name="west"')
  expect(code).toBe(0)
})

it('verify tells a person at a terminal what it is doing', async () => {
  const { err } = await verify(joined(), ['--context', 'west'], { isTty: true })
  expect(err).toContain('checking: every node reaches every remote cluster now')
})
const noAnswers = (results: ReturnType<typeof goodAnswer>['results']) =>
  results.map((result) => ({ ...result, ok: false, message: 'no answer to 3 requests' }))
