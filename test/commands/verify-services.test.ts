// Services that verify exports for the test: real agents of two clusters, fake kubelets and DNS.
import { afterEach, describe, expect, it } from '@jest/globals'
import { type Outcome, runChecks } from '../../src/checks/check.ts'
import type { NamesSetup } from '../../src/checks/services/names-setup.ts'
import { TRIED_CHECKS } from '../../src/checks/services/tried-checks.ts'
import { checkContexts } from '../../src/commands/verify/contexts.ts'
import { openPodRun } from '../../src/commands/verify/pod-run.ts'
import { messageOf } from '../../src/model/errors.ts'
import type { DaemonSet } from '../../src/model/resources.ts'
import { handClock } from '../fakes/clock.ts'
import { fakeWorld } from '../fakes/context.ts'
import { AGENTS, type Site, type Sites, sites } from '../fakes/discovery.ts'
import { type FakeApi, make } from '../fakes/kube.ts'
import { dnsOf, openKubelets } from '../fakes/pods.ts'

let open: Sites | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

const IDS = ['west', 'east'] as const
const DNS: Readonly<Record<string, NamesSetup>> = {
  multicluster: { mode: 'multicluster', why: 'CoreDNS 1.12.4', changes: [], notes: [] },
  own: { mode: 'own', why: '--dns own', changes: [], notes: [] },
  none: { mode: 'none', why: '--dns none', changes: [], notes: [] },
}

interface SceneOptions {
  readonly without?: readonly string[]
  readonly names?: Readonly<Record<string, NamesSetup | undefined>>
}
/** Two clusters with agents of services, two nodes each. */
async function scene({ without = [], names = {} }: SceneOptions = {}) {
  const clock = handClock()
  const all = sites(clock, IDS)
  open = all
  const each = IDS.map((id) => all.site(id))
  for (const site of each) furnish(site, !without.includes(site.id))
  await all.turn(4_000)
  const kubelets = openKubelets(each)
  const subjects = each.map((site) => ({ name: site.id, api: withAddresses(site) }))
  const world = fakeWorld({ clock, apis: {} })
  const run = async (during: () => void = () => undefined) => {
    const pods = openPodRun({ subjects, namespace: AGENTS, when: 'auto', image: undefined, parallel: 8, clock, lifeMs: 600_000 })
    const contexts = checkContexts(world.context, subjects, AGENTS, pods)
    for (const one of contexts) Object.assign(one, { names: async () => names[one.name] ?? DNS.multicluster })
    const work = async (): Promise<Readonly<Record<string, readonly Outcome[]>>> => {
      const signal = world.context.signal
      const outcomes = await Promise.all(
        contexts.map((one) => gathered(runChecks(TRIED_CHECKS, one, { clock, signal, explain: messageOf }))),
      )
      await pods.close(false)
      return Object.fromEntries(contexts.map(({ name }, i) => [name, outcomes[i] ?? []]))
    }
    const state: { outcomes?: Readonly<Record<string, readonly Outcome[]>>; error?: unknown } = {}
    const done = work().then(
      (outcomes) => {
        state.outcomes = outcomes
      },
      (error: unknown) => {
        state.error = error
      },
    )
    while (state.outcomes === undefined && state.error === undefined) {
      // Controllers need not look as often as they do elsewhere.
      await clock.advance(180)
      await all.turn(20)
      kubelets.turn()
      during()
    }
    await done
    if (state.outcomes === undefined) throw state.error
    return state.outcomes
  }
  return { all, each, kubelets, run, world, subjects }
}

async function gathered<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

/** As a server does: a Service has its address at once. */
function withAddresses({ api, n }: Site): FakeApi {
  const client = api.api('laptop')
  const { create } = client
  client.create = (object, options) => {
    const spec: unknown = Reflect.get(object, 'spec')
    if (object.kind !== 'Service' || typeof spec !== 'object' || spec === null || 'clusterIP' in spec) return create(object, options)
    return create({ ...object, spec: { ...spec, type: 'ClusterIP', clusterIP: `100.${n}.8.${object.metadata.name.length}` } }, options)
  }
  return client
}

function furnish(site: Site, hasAgents: boolean): void {
  const { api, id } = site
  const containers = [{ name: 'agent', image: 'localhost/subctl:1' }]
  const spec: Omit<DaemonSet, 'apiVersion' | 'kind' | 'metadata'> = { spec: { template: { spec: { containers } } } }
  api.put(make('DaemonSet', 'submariner-route-agent', spec, { namespace: AGENTS }))
  api.put(make('ConfigMap', 'submariner-settings', { data: { SUBMARINER_CLUSTERID: id } }, { namespace: AGENTS }))
  api.put(make('Node', `${id}-gw1`, {}, { labels: { 'submariner.io/gateway': 'true' } }))
  api.put(make('Node', `${id}-w1`, {}))
  if (hasAgents) site.start()
}

const text = (outcomes: readonly Outcome[] = []): readonly string[] =>
  outcomes.map(({ id, verdict }) =>
    `${id} ${verdict.is}: ${verdict.is === 'ok' ? (verdict.note ?? '') : verdict.reason}`.replaceAll(
      /submariner-verify-[0-9a-f]{8}/g,
      'NS',
    ),
  )

const leftovers = ({ all, each }: { readonly all: Sites; readonly each: readonly Site[] }): readonly string[] => [
  ...each.flatMap(({ id, api }) =>
    (['Namespace', 'Pod', 'Service', 'ServiceExport', 'ServiceImport', 'EndpointSlice'] as const).flatMap((kind) =>
      api
        .objects(kind)
        .flatMap(({ metadata }) => (`${metadata.name} ${metadata.namespace}`.includes('verify') ? [`${id} ${kind} ${metadata.name}`] : [])),
    ),
  ),
  ...(['ServiceImport', 'EndpointSlice'] as const).flatMap((kind) =>
    all.broker.objects(kind).map(({ metadata }) => `broker ${kind} ${metadata.name}`),
  ),
]

describe('verify with services', () => {
  it('exports one with an address and one without in each cluster, finds them by name from both nodes, and takes all of it back', async () => {
    const made = await scene({ names: { east: DNS.own } })
    const dns = { west: dnsOf('multicluster'), east: dnsOf('own') }
    made.kubelets.dns = (name, site) => (site.id === 'east' ? dns.east : dns.west)(name, site)
    const { west, east } = await made.run()
    expect(text(west)).toEqual([
      expect.stringMatching(/^SUB0638 ok: 4 services of east, west, \d+ ms at most$/),
      'SUB0639 ok: 4 questions, 4 addresses of east, west',
      'SUB0640 ok: 4 questions, 8 addresses of east, west',
      expect.stringMatching(/^SUB0641 ok: imports after \d+ ms, names after \d+ ms at most$/),
    ])
    expect(text(east)).toEqual([
      expect.stringMatching(/^SUB0638 ok: 4 services of east, west/),
      'SUB0639 ok: 8 questions, 4 addresses of east, west, names of single clusters too',
      'SUB0640 ok: 8 questions, 8 addresses of east, west, names of single clusters too',
      expect.stringMatching(/^SUB0641 ok/),
    ])
    await made.all.turn(2_000)
    expect(leftovers(made)).toEqual([])
  })
  it('asks in all domains that a cluster has the names in', async () => {
    const made = await scene()
    const [west] = made.each
    const data = { SUBMARINER_CLUSTERID: 'west', SUBMARINER_DNS_ZONES: 'clusterset.local,apps.example' }
    west?.api.put(make('ConfigMap', 'submariner-settings', { data }, { namespace: AGENTS }))
    const now = dnsOf('multicluster')
    made.kubelets.dns = (name, site) =>
      name === `address-1.${name.split('.')[1]}.svc.apps.example` ? { code: 'NXDOMAIN' } : now(name, site)
    const found = await made.run()
    expect(text(found.west).slice(1, 3)).toEqual([
      expect.stringMatching(/^SUB0639 failed: west-gw1, west-w1: address-1.NS.svc.apps.example: NXDOMAIN/),
      'SUB0640 ok: 8 questions, 8 addresses of east, west',
    ])
    expect(text(found.east)[1]).toBe('SUB0639 ok: 4 questions, 4 addresses of east, west')
  })

  it('says so where a cluster does not answer the name of its own service, or answers it by its pods', async () => {
    const made = await scene({ names: { west: DNS.own, east: DNS.own } })
    const own = dnsOf('own')
    made.kubelets.dns = (name, site) => {
      if (site.id === 'west' && name.startsWith('address-0')) return { code: 'NXDOMAIN' }
      return site.id === 'east' && name.startsWith('east.address-1') ? { answers: ['10.2.9.13'] } : own(name, site)
    }
    const { west, east } = await made.run()
    expect(text(west)[1]).toMatch(/^SUB0639 failed: west-gw1, west-w1: address-0.NS.svc.clusterset.local: NXDOMAIN from 10.96.1.10/)
    expect(text(east)[1]).toMatch(
      /^SUB0639 failed: east-gw1, east-w1: east.address-1.NS.svc.clusterset.local: 10.2.9.13 instead of 100.2.8.9/,
    )
  })

  it('says why a name is not found, and by which addresses the service is reached all the same', async () => {
    const made = await scene({ names: { west: DNS.none } })
    made.kubelets.dns = () => ({ code: 'NXDOMAIN' })
    const { west, east } = await made.run()
    expect(text(west).slice(1)).toEqual([
      'SUB0639 skipped: nobody of ours answers names here (--dns none); by their addresses they are reached',
      'SUB0640 skipped: nobody of ours answers names here (--dns none); by their addresses they are reached',
      expect.stringMatching(/^SUB0641 ok: imports after \d+ ms at most$/),
    ])
    expect(text(east)[1]).toMatch(
      /^SUB0639 failed: east-gw1, east-w1: address-0.NS.svc.clusterset.local: NXDOMAIN from 10.96.2.10, the service is imported and ready, but/,
    )
  })

  it('asks for no names that are left to a person and not set up yet', async () => {
    const byHand = 'Helm (release mesh) leaves the cluster’s DNS alone'
    const unset: NamesSetup = { mode: 'multicluster', why: 'CoreDNS 1.12.4', changes: ['~ ConfigMap'], notes: [], byHand }
    const made = await scene({ names: { west: unset } })
    made.kubelets.dns = (name, site) => (site.id === 'west' ? { code: 'NXDOMAIN' } : dnsOf('multicluster')(name, site))
    const { west, east } = await made.run()
    expect(text(west).slice(1, 3)).toEqual([
      `SUB0639 skipped: names are not set up here (SUB0635): ${byHand}; by their addresses they are reached`,
      `SUB0640 skipped: names are not set up here (SUB0635): ${byHand}; by their addresses they are reached`,
    ])
    expect(text(east)[1]).toMatch(/^SUB0639 ok/)
  })

  it('says which address is not reached, though its name is right', async () => {
    const made = await scene()
    made.kubelets.reached = (ip, site) => site.id === 'east' || !ip.startsWith('10.2.')
    const { west, east } = await made.run()
    expect(text(west).slice(1, 3)).toEqual([
      'SUB0639 ok: 4 questions, 4 addresses of east, west',
      expect.stringMatching(/^SUB0640 failed: west-gw1: NS\/headless-1 at 10.2.9.14: no answer/),
    ])
    expect(text(east).map((line) => line.split(' ')[1])).toEqual(['ok:', 'ok:', 'ok:', 'ok:'])
  })

  it('says so where an answer is another than it should be', async () => {
    const made = await scene()
    made.kubelets.dns = (name, site) => {
      const answer = dnsOf('multicluster')(name, site)
      return typeof answer !== 'string' && answer.answers !== undefined && name.startsWith('address') ? { answers: ['192.0.2.1'] } : answer
    }
    expect(text((await made.run()).west)[1]).toMatch(/clusterset.local: 192.0.2.1 instead of 100.1.9.\d+ from 10.96.1.10/)
  })

  it('says whose agent does not do its part', async () => {
    const made = await scene({ without: ['east'] })
    made.each[1]?.api.put(make('Deployment', 'submariner-discovery', {}, { namespace: AGENTS }))
    const { west, east } = await made.run()
    expect(text(west)).toEqual([
      expect.stringContaining('SUB0638 failed: NS/address-1 of east: no agent of east has looked at the export; NS/headless-1 of east'),
      // Its own, which its own agent imports.
      'SUB0639 ok: 2 questions, 2 addresses of west',
      'SUB0640 ok: 2 questions, 4 addresses of west',
      expect.stringMatching(/^SUB0641 ok/),
    ])
    expect(text(east)[0]).toContain('SUB0638 failed: NS/address-0 of west: the broker has it, and the agent here has not imported it')
    await made.all.turn(2_000)
    expect(leftovers(made)).toEqual([])
  })

  it('says that a name stays longer than any cache may keep it', async () => {
    const made = await scene()
    const kept = new Map<string, readonly string[]>()
    const now = dnsOf('multicluster')
    made.kubelets.dns = (name, site) => {
      const answer = now(name, site)
      if (site.id === 'east' || typeof answer === 'string') return answer
      if (answer.answers !== undefined && answer.answers.length > 0) kept.set(name, answer.answers)
      const answers = kept.get(name)
      return answers === undefined ? answer : { answers }
    }
    const { west, east } = await made.run()
    expect(text(west)[3]).toMatch(
      /^SUB0641 failed: NS\/address-1 of east: west-gw1: address-1.NS.svc.clusterset.local still says 100.1.9.\d+ after \d+ ms/,
    )
    expect(text(east)[3]).toMatch(/^SUB0641 ok/)
  })

  it('leaves out what pods are too old to ask, and fails by what keeps them from asking otherwise', async () => {
    const made = await scene()
    made.kubelets.dns = (_, { id }) => (id === 'west' ? "error SUB0101: unknown option '--repeat'" : 'error: no such file')
    const { west, east } = await made.run()
    expect(text(west)[1]).toBe(
      "SUB0639 skipped: the pods’ image is older than this question (SUB0617): error SUB0101: unknown option '--repeat'",
    )
    expect(text(east)[1]).toContain('SUB0639 failed: east-gw1, east-w1: address-0.NS.svc.clusterset.local: error: no such file')
  })

  it('is skipped where a cluster has no agents of services, and where no other one has', async () => {
    const made = await scene({ without: ['east'] })
    const { west, east } = await made.run()
    expect(text(west)[0]).toBe('SUB0638 skipped: no other cluster of this run has pods and agents of services')
    expect(text(east)[0]).toContain('SUB0638 skipped: services are not exchanged here')
    expect(made.subjects.flatMap(({ api }) => api.calls.filter((call) => call.startsWith('create ServiceExport')))).toEqual([])
  })

  it('leaves nothing behind when it is interrupted', async () => {
    const made = await scene()
    let had: readonly string[] = []
    await made.run(() => {
      const now = leftovers(made)
      if (!now.some((line) => line.startsWith('broker EndpointSlice'))) return
      had = now
      made.world.end()
    })
    expect(had).toContain('west ServiceExport address-0')
    made.kubelets.turn()
    await made.all.turn(2_000)
    made.kubelets.turn()
    expect(leftovers(made)).toEqual([])
  })
})
