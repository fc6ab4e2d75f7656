import { describe, expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { DONE_LINE, parseAim, writeAim } from '../../src/model/nettest.ts'
import type { DaemonSet, Pod } from '../../src/model/resources.ts'
import type { Clock } from '../../src/system/clock.ts'
import { type FakeOptions, fakeWorld } from '../fakes/context.ts'
import { putInstall } from '../fakes/install.ts'
import { type Joined, joined, NAMESPACE } from '../fakes/joined.ts'
import { type FakeApi, type FakeCluster, make } from '../fakes/kube.ts'

const IDS = ['west', 'east'] as const
type Id = (typeof IDS)[number]
const podIp = (id: Id, pod: string): string => `10.${IDS.indexOf(id) + 1}.9.${pod.length}`

interface Answer {
  readonly ok: boolean
  readonly seen: string
  readonly message?: string
}
interface Scene extends Joined {
  readonly clock: Clock
  /** What a server answers the client of a cluster; undefined: the client says nothing of it. */
  answer: (aim: string, from: Pod, id: Id) => Answer | undefined
  /** What a node's kubelet makes of a pod that is new. */
  kubelet: (pod: Pod, id: Id) => Pod['status']
}

/** Two clusters with our workloads, whose nodes run the pods of verify as soon as anybody waits. */
function scene(): Scene {
  const made = joined()
  for (const id of IDS) {
    installWorkloads(made.clusters[id], id)
    giveAddresses(made.apis[id])
  }
  const scene: Scene = {
    ...made,
    answer: (_, from) => ({ ok: true, seen: from.status?.podIP ?? '' }),
    kubelet: (pod, id) => ({ phase: 'Running', podIP: podIp(id, pod.metadata.name) }),
    clock: {
      now: made.clock.now,
      sleep: async (ms, signal) => {
        await made.clock.sleep(ms, signal)
        for (const id of IDS) runPods(scene, id)
        for (const id of IDS) sweepNamespaces(made.clusters[id])
      },
    },
  }
  return scene
}

/** As a server does: a service has its address at once. */
function giveAddresses(api: FakeApi | undefined): void {
  if (api === undefined) return
  const { create } = api
  api.create = (object, options) =>
    create(object.kind === 'Service' ? { ...object, spec: { ...Reflect.get(object, 'spec'), clusterIP: '100.64.0.1' } } : object, options)
}

function installWorkloads(cluster: FakeCluster, id: Id): void {
  putInstall(cluster, { clusterId: id, serviceDiscovery: false })
  for (const [name, nodes] of [
    ['submariner-gateway', [`${id}-gw1`, `${id}-gw2`]],
    ['submariner-charon', [`${id}-gw1`, `${id}-gw2`]],
    ['submariner-route-agent', [`${id}-gw1`, `${id}-gw2`, `${id}-w1`]],
  ] as const) {
    const containers = [{ name: 'agent', image: 'localhost/subctl:1', imagePullPolicy: 'IfNotPresent' }]
    const counts = { desiredNumberScheduled: nodes.length, updatedNumberScheduled: nodes.length, numberReady: nodes.length }
    const set: Omit<DaemonSet, 'apiVersion' | 'kind' | 'metadata'> = { spec: { template: { spec: { containers } } }, status: counts }
    cluster.put(make('DaemonSet', name, set, { namespace: NAMESPACE }))
    for (const nodeName of nodes) {
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
      cluster.put(
        make('Pod', `${name}-${nodeName}`, { spec: { nodeName, containers }, status }, { namespace: NAMESPACE, labels: { app: name } }),
      )
    }
  }
}

function runPods(scene: Scene, id: Id): void {
  const cluster = scene.clusters[id]
  for (const pod of cluster.objects('Pod')) {
    if (pod.metadata.namespace === NAMESPACE || pod.status !== undefined) continue
    const status = scene.kubelet(pod, id)
    const running: Pod = { ...pod, ...(status && { status }) }
    cluster.put(running)
    const args = running.spec?.containers?.[0]?.args ?? []
    const aims = args.flatMap((word, i) => (args[i - 1] === '--aim' ? [word] : []))
    const lines = aims.flatMap((aim) => {
      const answer = scene.answer(aim, running, id)
      return answer === undefined ? [] : [JSON.stringify({ aim: writeAim(parseAim(aim)), name: 'server', ms: 3, tries: 1, ...answer })]
    })
    cluster.answer(`/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/log`, `${[...lines, DONE_LINE].join('\n')}\n`)
  }
}

/** The namespace controller: what is in a namespace goes with it. */
function sweepNamespaces(cluster: FakeCluster): void {
  const there = new Set(cluster.objects('Namespace').map(({ metadata }) => metadata.name))
  for (const kind of ['Pod', 'Service'] as const)
    for (const { metadata } of cluster.objects(kind))
      if (metadata.namespace?.startsWith('submariner-verify-') && !there.has(metadata.namespace))
        cluster.drop(kind, metadata.name, metadata.namespace)
}

const PODS = ['--contexts', 'west,east', '--test', 'SUB06(2[1-9]|30)']
async function verify({ apis, clock }: Joined, flags: readonly string[] = PODS, options: FakeOptions = {}) {
  const world = fakeWorld({ apis, clock, env: { LANG: 'C' }, ...options })
  const code = await main(['verify', ...flags], world.context, laptopRuns)
  return { code, out: world.out(), err: world.err(), files: world.files, world }
}
const failed = (out: string): string[] => [...out.matchAll(/FAILED (SUB\d+)/g)].map((match) => match[1] ?? '')
const leftovers = ({ clusters }: Joined): string[] => {
  for (const id of IDS) sweepNamespaces(clusters[id])
  return IDS.flatMap((id) =>
    (['Namespace', 'Pod', 'Service'] as const).flatMap((kind) =>
      clusters[id]
        .objects(kind)
        .flatMap(({ metadata }) => (`${metadata.name}${metadata.namespace ?? ''}`.includes('verify') ? [metadata.name] : [])),
    ),
  )
}

describe('verify with pods', () => {
  it('finds all in order where every pod reaches every other one, and leaves nothing', async () => {
    const made = scene()
    const { code, out, err } = await verify(made)
    expect(out).toContain('ok SUB0625 pods without rights run on a gateway and a worker node (west-gw1, west-w1)')
    expect(out).toContain('ok SUB0626 pods reach pods of the other clusters by TCP (8 questions to east, 3 ms at most)')
    expect(out).toContain('ok SUB0630 servers see the address of the pod that asks (pod to pod, and pod to service)')
    expect({ code, err, failed: failed(out) }).toEqual({ code: 0, err: '', failed: [] })
    expect(leftovers(made)).toEqual([])
  })

  it('runs pods that satisfy the level restricted, in a namespace of that level', async () => {
    const made = scene()
    const seen: Pod[] = []
    const namespaces = new Set<string>()
    const { kubelet } = made
    made.kubelet = (pod, id) => {
      seen.push(pod)
      for (const { metadata } of made.clusters[id].objects('Namespace'))
        if (metadata.name === pod.metadata.namespace) namespaces.add(JSON.stringify(metadata.labels))
      return kubelet(pod, id)
    }
    await verify(made)
    expect(seen).toHaveLength(8)
    for (const pod of seen)
      expect(pod.spec).toMatchObject({
        automountServiceAccountToken: false,
        activeDeadlineSeconds: 360,
        securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
      })
    expect([...namespaces]).toEqual([expect.stringContaining('"pod-security.kubernetes.io/enforce":"restricted"')])
  })

  it('names UDP 4800 where gateways reach each other and workers do not', async () => {
    const made = scene()
    made.answer = (_, from, id) =>
      id === 'west' && from.metadata.name === 'client-worker'
        ? { ok: false, seen: '', message: 'no answer within 5000 ms' }
        : { ok: true, seen: from.status?.podIP ?? '' }
    const { out, code } = await verify(made)
    expect(code).toBe(2)
    expect(out).toContain('pod on west-w1 to the pod on east-gw1 (10.2.9.14, TCP, 1000 bytes): no answer within 5000 ms')
    expect(out).toContain('gateways reach each other: open UDP 4800 between west-w1 and the gateways of its cluster')
  })

  it('tells the MTU where small datagrams pass and large ones do not', async () => {
    const made = scene()
    made.answer = (aim, from) =>
      parseAim(aim).bytes > 1_400
        ? { ok: false, seen: '', message: 'no answer within 1000 ms' }
        : { ok: true, seen: from.status?.podIP ?? '' }
    const { out } = await verify(made, ['--contexts', 'west,east', '--test', 'SUB062[78]'])
    expect(failed(out)).toEqual(['SUB0628', 'SUB0628'])
    expect(out).toContain('smaller MTU')
  })

  it('fails where a server sees another address than its client has, and explains kube-proxy where a service does', async () => {
    const made = scene()
    made.answer = (aim, from) => ({ ok: true, seen: aim.includes(':100.64.') ? '172.16.2.1' : (from.status?.podIP ?? '') })
    const proxied = await verify(made)
    expect(proxied.code).toBe(0)
    expect(proxied.out).toContain('services of east see 172.16.2.1, its node east-gw1 instead: kube-proxy there masquerades')
    made.answer = () => ({ ok: true, seen: '172.16.1.1' })
    const masqueraded = await verify(made)
    expect(failed(masqueraded.out)).toEqual(['SUB0630', 'SUB0630'])
  })

  it('says why a pod does not run, and asks nobody for ever', async () => {
    const made = scene()
    const { kubelet } = made
    made.kubelet = (pod, id) =>
      id === 'east'
        ? {
            phase: 'Pending',
            containerStatuses: [
              {
                name: 'nettest',
                ready: false,
                restartCount: 0,
                state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
              },
            ],
          }
        : kubelet(pod, id)
    const { out } = await verify(made)
    expect(failed(out)).toEqual(['SUB0625'])
    expect(out).toContain('east-gw1: nettest: ImagePullBackOff: no such image')
    expect(leftovers(made)).toEqual([])
  })

  it('says what its client did not tell', async () => {
    const made = scene()
    made.answer = () => undefined
    expect((await verify(made)).out).toContain('its client ended before it asked')
  })

  it('removes its namespace when it is interrupted', async () => {
    const made = scene()
    const { kubelet } = made
    let interrupt = (): void => undefined
    made.kubelet = (pod, id) => {
      interrupt()
      return pod.metadata.name.startsWith('client') ? undefined : kubelet(pod, id)
    }
    const world = fakeWorld({ apis: made.apis, clock: made.clock, env: { LANG: 'C' } })
    interrupt = world.end
    expect(await main(['verify', ...PODS], world.context, laptopRuns)).toBe(130)
    expect(world.err()).toMatch(/^Interrupted: \d+ checks were made\.$/m)
    expect(world.out()).not.toContain('checks in order')
    expect(leftovers(made)).toEqual([])
  })

  it('removes what a run that was killed has left once its time is over, and not before', async () => {
    const made = scene()
    const left = (name: string, deadline: string) =>
      made.clusters.west.put(
        make(
          'Namespace',
          name,
          {},
          { labels: { 'submariner.io/verify': 'true' }, annotations: { 'submariner.io/verify-deadline': deadline } },
        ),
      )
    left('submariner-verify-old', '2025-12-31T00:00:00Z')
    left('submariner-verify-odd', 'soon')
    left('submariner-verify-now', '2026-01-01T01:00:00Z')
    await verify(made)
    expect(made.clusters.west.objects('Namespace').map(({ metadata }) => metadata.name)).toEqual([NAMESPACE, 'submariner-verify-now'])
  })

  it('runs none with --pods false, with one context, or where the agents are no pods', async () => {
    const made = scene()
    expect((await verify(made, [...PODS, '--pods', 'false'])).out).toContain(
      'skipped SUB0625 pods without rights run on a gateway and a worker node: --pods false',
    )
    expect((await verify(made, ['--context', 'west'])).out).toContain('one context alone was given')
    expect((await verify(joined())).out).toContain('the agents do not run as pods here')
    expect(made.apis.west?.calls.filter((call) => call.startsWith('create Pod'))).toEqual([])
  })
})

describe('verify --disruptive', () => {
  it('asks a person first, and needs --yes where nobody can be asked', async () => {
    const made = scene()
    const alone = await verify(made, ['--contexts', 'west,east', '--disruptive'])
    expect({ code: alone.code, err: alone.err }).toEqual({ code: 64, err: expect.stringContaining('Agree with --yes') })
    const asked = await verify(made, ['--contexts', 'west,east', '--disruptive'], { answers: ['no'] })
    expect({ code: asked.code, out: asked.out }).toEqual({ code: 1, out: '' })
  })
})

describe('verify --test and --list', () => {
  it('list what would be made, and make nothing', async () => {
    const { out, code } = await verify(joined(), ['--list', '--test', 'broker'])
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual(['CHECK', 'SUB0606', 'SUB0609', 'SUB0624', ''])
    expect(code).toBe(0)
    const { checks } = JSON.parse((await verify(joined(), ['--list', '--test', 'SUB0606', '-o', 'json'])).out)
    expect(checks).toEqual([{ id: 'SUB0606', name: expect.any(String) }])
  })
  it('refuse what matches nothing, and what is no pattern', async () => {
    expect((await verify(joined(), ['--test', 'nothing like it'])).err).toContain('no check matches')
    expect((await verify(joined(), ['--test', '('])).err).toContain('--test')
  })
})
