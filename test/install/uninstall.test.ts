// What goes, what stays and why, as functions of what was found.
import { describe, expect, it } from '@jest/globals'
import { errandJob, imageOf } from '../../src/install/remove/cleanup-job.ts'
import { gatewayLabelOf, isMarked, isVerifys, wasThere } from '../../src/install/remove/mark.ts'
import { isNothing, planRemove } from '../../src/install/remove/plan.ts'
import type { Inventory, Space } from '../../src/install/remove/read.ts'
import { planServicesRemove } from '../../src/install/remove/services.ts'
import type { Found, Managed } from '../../src/k8s/discover.ts'
import type { Meta, Node } from '../../src/model/resources.ts'

const MARK = { 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'subctl' }
const HELM = { 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'Helm' }
const RELEASE = { 'meta.helm.sh/release-name': 'submariner', 'meta.helm.sh/release-namespace': 'submariner' }
const field = (...path: readonly string[]): unknown => path.reduceRight<unknown>((inner, step) => ({ [`f:${step}`]: inner }), {})
const by = (manager: string, fields: unknown): Managed => ({ manager, subresource: '', fields, time: undefined })
const both = (...values: readonly unknown[]): unknown => Object.assign({}, ...values)

interface Made {
  readonly apiVersion?: string
  readonly meta?: Partial<Meta>
  readonly managed?: readonly Managed[]
}
const found = (kind: string, name: string, { apiVersion = 'v1', meta = {}, managed = [] }: Made = {}): Found => ({
  apiVersion,
  kind,
  metadata: { name, ...meta },
  served: { apiVersion, kind, plural: `${kind.toLowerCase()}s`, namespaced: meta.namespace !== undefined },
  managed,
})
const crd = (name: string, managed: readonly Managed[] = [], labels: Meta['labels'] = MARK): Found =>
  found('CustomResourceDefinition', name, { apiVersion: 'apiextensions.k8s.io/v1', meta: { ...(labels && { labels }) }, managed })
const space = (name: string, more: Partial<Space> = {}): Space => ({ name, object: undefined, ours: [], strangers: [], ...more })
const node = (name: string, ready = 'True', labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  status: { conditions: [{ type: 'Ready', status: ready }] },
})
const inventory = (more: Partial<Inventory> = {}): Inventory => ({
  agents: space('submariner'),
  brokerSpace: space('submariner-k8s-broker'),
  verifySpaces: [],
  clusterId: 'west',
  clusterUid: 'u',
  broker: undefined,
  nodes: [],
  nodesFound: [],
  marked: [],
  crds: [],
  instances: new Map(),
  imported: [],
  releases: [],
  unread: [],
  ...more,
})
const NO = { broker: false, deleteExports: false }
const inOurs = { meta: { namespace: 'submariner', labels: MARK } }
const keptLines = (plan: ReturnType<typeof planRemove>): readonly string[] => plan.kept.map(({ object, why }) => `${object}: ${why}`)

describe('what is ours', () => {
  it.each([
    ['our labels', { labels: MARK }, true],
    ['Helm’s label with its release', { labels: HELM, annotations: RELEASE }, true],
    ['Helm’s label alone', { labels: HELM }, false],
    ['another part of', { labels: { ...MARK, 'app.kubernetes.io/part-of': 'istio' } }, false],
    ['no labels', {}, false],
  ])('%s', (_, meta, is) => expect(isMarked({ name: 'x', ...meta })).toBe(is))

  const part = field('metadata', 'labels', 'app.kubernetes.io/part-of')
  it.each([
    ['a CRD that we applied', crd('a', [by('subctl', both(part, field('spec')))]), false],
    ['a CRD that another operator wrote and we labelled', crd('a', [by('operator', field('spec')), by('subctl', part)]), true],
    ['one that kubectl applied out of our YAML', crd('a', [by('kubectl', both(part, field('spec')))]), false],
    ['one that Helm brought', crd('a', [by('helm', field('spec'))]), false],
    [
      'a namespace that a user made',
      found('Namespace', 'submariner', {
        meta: { labels: MARK },
        managed: [by('kubectl-create', field('metadata', 'labels', 'kubernetes.io/metadata.name')), by('subctl', part)],
      }),
      true,
    ],
  ])('was there before us: %s', (_, object, is) => expect(wasThere(object)).toBe(is))

  const label = field('metadata', 'labels', 'submariner.io/gateway')
  it.each([
    ['ours', [by('subctl', label)], { is: 'ours' }],
    ['a user’s', [by('kubectl-label', label)], { is: 'theirs', by: ['kubectl-label'] }],
    ['both', [by('kubectl-label', label), by('subctl', label)], { is: 'shared', by: ['kubectl-label'] }],
  ])('a gateway label that is %s', (_, managed, is) =>
    expect(gatewayLabelOf(found('Node', 'gw', { meta: { labels: { 'submariner.io/gateway': 'true' } }, managed }))).toEqual(is),
  )
})

describe('the plan of leaving', () => {
  it('is nothing on a cluster that holds nothing of ours, and does not ask its nodes', () => {
    const plan = planRemove(inventory({ nodes: [node('a')] }), NO)
    expect([isNothing(plan), plan.nodes]).toEqual([true, { clean: [], down: [] }])
  })

  it('has every Linux node that is up clean itself, and names those that are down', () => {
    const nodes = [
      node('a'),
      node('b', 'Unknown'),
      node('c', 'True', { 'kubernetes.io/os': 'windows' }),
      node('d', 'True', { type: 'virtual-kubelet' }),
    ]
    const ours = [found('Lease', 'submariner-gateway-lock', { apiVersion: 'coordination.k8s.io/v1', ...inOurs })]
    expect(planRemove(inventory({ nodes, agents: space('submariner', { ours }) }), NO).nodes).toEqual({ clean: ['a'], down: ['b'] })
  })

  it('names machines that are no Nodes any more, where pods of agents or route agents that wrote lately tell of them', () => {
    const at = (minutes: number): readonly Managed[] => [
      { ...by('subctl', {}), time: new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString() },
    ]
    const agent = (name: string, minutes: number): Found =>
      found('RouteAgent', name, { apiVersion: 'submariner.io/v1', ...inOurs, managed: at(minutes) })
    const pod = { ...found('Pod', 'submariner-route-agent-x', inOurs), spec: { nodeName: 'gone' } }
    const ours = [agent('a', 59), agent('lost', 58), agent('long-gone', 10), pod]
    const { nodes } = planRemove(inventory({ nodes: [node('a')], agents: space('submariner', { ours }) }), NO)
    expect(nodes).toEqual({ clean: ['a'], down: ['gone', 'lost'] })
  })

  it('removes a namespace that came with us whole, but first what finalizers may hold up', () => {
    const object = found('Namespace', 'submariner', { meta: { labels: MARK } })
    const held = found('Endpoint', 'e', { apiVersion: 'submariner.io/v1', meta: { namespace: 'submariner', finalizers: ['x/y'] } })
    const daemons = found('DaemonSet', 'submariner-gateway', { apiVersion: 'apps/v1', ...inOurs })
    const plan = planRemove(inventory({ agents: space('submariner', { object, ours: [daemons, held, found('Secret', 's', inOurs)] }) }), NO)
    expect([plan.workloads, plan.objects, plan.spaces.map(({ name }) => name)]).toEqual([[daemons], [held], ['submariner']])
  })

  it('takes the namespaces that a run of verify has left, also where nothing else is, and holds nothing in them for a user’s', () => {
    const object = found('Namespace', 'submariner-verify-1a2b', { meta: { labels: { 'submariner.io/verify': 'true' } } })
    expect([object, found('Namespace', 'shop')].map(isVerifys)).toEqual([true, false])
    const left = space('submariner-verify-1a2b', { object, ours: [found('Pod', 'p', { meta: { namespace: 'submariner-verify-1a2b' } })] })
    const alone = planRemove(inventory({ nodes: [node('a')], verifySpaces: [left] }), NO)
    expect([isNothing(alone), alone.spaces, alone.objects, alone.nodes.clean, alone.kept]).toEqual([false, [left], [], [], []])
    const name = 'serviceexports.multicluster.x-k8s.io'
    const inside = found('ServiceExport', 'web', { meta: { namespace: 'submariner-verify-1a2b' } })
    const plan = planRemove(inventory({ verifySpaces: [left], crds: [crd(name)], instances: new Map([[name, [inside]]]) }), NO)
    expect([plan.crds.map(({ metadata }) => metadata.name), plan.kept]).toEqual([[name], []])
  })

  it('names the release that Helm keeps elsewhere, the broker’s only where that goes', () => {
    const ours = [found('Secret', 's', inOurs)]
    const releases = [
      { name: 'submariner', namespace: 'default', isBroker: false },
      { name: 'hub', namespace: 'ops', isBroker: true },
    ]
    const seen = inventory({ agents: space('submariner', { ours }), releases })
    const line =
      "Helm's record of release submariner in namespace default: Helm lists it until you type: helm uninstall submariner --namespace default"
    expect(keptLines(planRemove(seen, NO)).filter((text) => text.startsWith('Helm'))).toEqual([line])
    expect(keptLines(planRemove(seen, { ...NO, broker: true })).filter((text) => text.startsWith('Helm'))).toHaveLength(2)
  })

  it('keeps one that holds what is not ours, and takes ours out one by one, rights last', () => {
    const object = found('Namespace', 'submariner', { meta: { labels: MARK } })
    const role = found('Role', 'r', { apiVersion: 'rbac.authorization.k8s.io/v1', ...inOurs })
    const secret = found('Secret', 's', inOurs)
    const pod = found('Pod', 'p', { meta: { namespace: 'submariner', labels: MARK } })
    const strangers = [found('ConfigMap', 'mine', { meta: { namespace: 'submariner' } })]
    const plan = planRemove(inventory({ agents: space('submariner', { object, ours: [role, pod, secret], strangers }) }), NO)
    expect([plan.spaces, plan.objects, plan.unmark]).toEqual([[], [secret, role], [object]])
    expect(keptLines(plan)).toEqual(['Namespace submariner: it holds what is not ours: ConfigMap submariner/mine'])
  })

  it.each([
    ['of ours that nobody uses', {}, undefined],
    [
      'that the broker on the cluster needs',
      { brokerSpace: space('submariner-k8s-broker', { object: found('Namespace', 'submariner-k8s-broker') }) },
      'the broker on this cluster needs it',
    ],
    [
      'with objects elsewhere',
      { instances: new Map([['endpoints.submariner.io', [found('Endpoint', 'e', { meta: { namespace: 'other' } })]]]) },
      'others use it: Endpoint other/e',
    ],
    ['that is not marked', { crds: [crd('endpoints.submariner.io', [], {})] }, 'subctl did not create it'],
  ])('a CRD %s', (_, more, why) => {
    const found_ = inventory({
      crds: [crd('endpoints.submariner.io')],
      agents: space('submariner', { ours: [found('Secret', 's', inOurs)] }),
      ...more,
    })
    const plan = planRemove(found_, NO)
    expect(plan.crds.length).toBe(why === undefined ? 1 : 0)
    if (why !== undefined) expect(keptLines(plan)).toContain(`CustomResourceDefinition endpoints.submariner.io: ${why}`)
  })

  it('keeps MCS CRDs that hold users’ exports, unless they shall go too', () => {
    const name = 'serviceexports.multicluster.x-k8s.io'
    const users = [found('ServiceExport', 'web', { meta: { namespace: 'shop' } })]
    const held = inventory({
      crds: [crd(name)],
      instances: new Map([[name, users]]),
      agents: space('submariner', { ours: [found('Secret', 's', inOurs)] }),
    })
    expect(keptLines(planRemove(held, NO))).toEqual([
      `CustomResourceDefinition ${name}: it holds objects of users, ServiceExport shop/web; --delete-exports removes them too`,
    ])
    expect(planRemove(held, { broker: false, deleteExports: true }).crds).toHaveLength(1)
  })

  const MCS = 'multicluster.x-k8s.io/v1beta1'
  const imported = found('ServiceImport', 'web', {
    apiVersion: MCS,
    meta: { namespace: 'shop', labels: { 'submariner.io/imported': 'true' } },
  })

  it('takes what imports made in users’ namespaces; an import holds up no kind', () => {
    const imports = crd('serviceimports.multicluster.x-k8s.io')
    const instances = new Map([[imports.metadata.name, [imported]]])
    const plan = planRemove(inventory({ crds: [imports], instances, imported: [imported] }), NO)
    expect([plan.imported, plan.crds, plan.kept]).toEqual([[imported], [imports], []])
  })

  it('a broker that stays on the cluster keeps the kind of what clusters share', () => {
    const imports = crd('serviceimports.multicluster.x-k8s.io')
    const brokerSpace = space('submariner-k8s-broker', { object: found('Namespace', 'submariner-k8s-broker', {}) })
    const shared = found('ServiceImport', 'web-shop', { apiVersion: MCS, meta: { namespace: brokerSpace.name } })
    const there = inventory({
      brokerSpace,
      crds: [imports],
      instances: new Map([[imports.metadata.name, [shared]]]),
      ...{ agents: space('submariner', { ours: [found('ConfigMap', 'x', inOurs)] }) },
    })
    expect(keptLines(planRemove(there, NO))).toContain(
      `CustomResourceDefinition ${imports.metadata.name}: the broker on this cluster needs it`,
    )
    expect(planRemove(there, { ...NO, broker: true }).crds).toEqual([imports])
  })

  it('of services alone takes their agents, rights and kinds, keeps users’ exports, and touches nothing else', () => {
    const mine = (kind: string, name: string, apiVersion: string): Found => found(kind, name, { apiVersion, ...inOurs })
    const agent = mine('Deployment', 'submariner-discovery', 'apps/v1')
    const account = mine('ServiceAccount', 'submariner-discovery', 'v1')
    const others = [mine('DaemonSet', 'submariner-gateway', 'apps/v1'), mine('ConfigMap', 'submariner-settings', 'v1')]
    const [exports, imports, gateways] = [
      'serviceexports.multicluster.x-k8s.io',
      'serviceimports.multicluster.x-k8s.io',
      'gateways.submariner.io',
    ].map((name) => crd(name))
    if (exports === undefined || imports === undefined || gateways === undefined) throw new Error('three')
    const users = found('ServiceExport', 'web', { apiVersion: MCS, meta: { namespace: 'shop' } })
    const plan = planServicesRemove(
      inventory({
        agents: space('submariner', { ours: [agent, account, ...others] }),
        crds: [exports, imports, gateways],
        instances: new Map([[exports.metadata.name, [users]]]),
        imported: [imported],
      }),
    )
    expect([plan.workloads, plan.objects, plan.imported, plan.crds]).toEqual([[agent], [account], [imported], [imports]])
    expect(keptLines(plan).join()).toMatch(/serviceexports\.multicluster\.x-k8s\.io: it holds objects of users, ServiceExport shop\/web/)
    expect([plan.spaces, plan.labels, plan.nodes.clean]).toEqual([[], [], []])
  })

  it('names what an older or newer version made that this one knows no kind of', () => {
    const odd = found('Gadget', 'g', { apiVersion: 'example.com/v9', meta: { labels: MARK } })
    const plan = planRemove(
      inventory({ marked: [odd, found('ClusterRole', 'c', { apiVersion: 'rbac.authorization.k8s.io/v1', meta: { labels: MARK } })] }),
      NO,
    )
    expect(plan.objects.map(({ kind }) => kind)).toEqual(['ClusterRole'])
    expect(keptLines(plan)).toEqual(['Gadget g: this version of subctl knows no example.com/v9 Gadget; remove it by kubectl'])
  })
})

const TEMPLATE = {
  spec: {
    priorityClassName: 'system-node-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    securityContext: { runAsUser: 0 },
    containers: [
      {
        name: 'route-agent',
        image: 'registry.example/subctl:0.9',
        args: ['route-agent', '--sysctl-dir', '/host/proc/sys'],
        envFrom: [{ configMapRef: { name: 'submariner-settings' } }],
        securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] } },
        livenessProbe: {},
        resources: {},
        volumeMounts: [
          { name: 'run', mountPath: '/run/submariner' },
          { name: 'psk', mountPath: '/psk' },
        ],
      },
    ],
    volumes: [
      { name: 'run', hostPath: { path: '/run/submariner', type: 'DirectoryOrCreate' } },
      { name: 'psk', secret: { secretName: 'x' } },
    ],
  },
}

describe('the Job of a node', () => {
  const job = (errand: 'clean' | 'trace', more = {}) =>
    errandJob(TEMPLATE, 'submariner', { node: 'n.example', errand, deadlineSeconds: 60, hasAccount: true, ...more })
  it('is the installed agent’s pod, on that node whatever its taints, without settings, secrets and probes', () => {
    expect(imageOf(TEMPLATE)).toBe('registry.example/subctl:0.9')
    expect(job('clean').spec).toMatchObject({
      activeDeadlineSeconds: 60,
      template: {
        spec: {
          nodeName: 'n.example',
          hostNetwork: true,
          tolerations: [{ operator: 'Exists' }],
          serviceAccountName: 'submariner-route-agent',
          volumes: [{ name: 'run', hostPath: { path: '/run', type: 'Directory' } }],
          containers: [
            {
              name: 'errand',
              image: 'registry.example/subctl:0.9',
              args: ['route-agent', '--sysctl-dir', '/host/proc/sys', '--cleanup', '--run-dir', '/host/run/submariner'],
              securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
              volumeMounts: [{ name: 'run', mountPath: '/host/run' }],
            },
          ],
        },
      },
    })
    expect(JSON.stringify(job('clean'))).not.toMatch(/envFrom|livenessProbe|nodeSelector|psk/)
  })
  it('takes another image where it is told, and no account that is not there', () => {
    const text = JSON.stringify(job('trace', { image: 'other:1', hasAccount: false }))
    expect(text).toContain('"image":"other:1"')
    expect(text).toContain('"args":["route-agent","--sysctl-dir","/host/proc/sys","--trace"]')
    expect(text).not.toContain('serviceAccountName')
  })
})
