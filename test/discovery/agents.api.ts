// Two clusters exchange services by real API servers, each agent with the rights that its manifest gives it, and a member's rights on the broker.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import rights from '../../manifests/mcs/discovery-rights.yaml'
import exportsCrd from '../../manifests/mcs/serviceexports.yaml'
import importsCrd from '../../manifests/mcs/serviceimports.yaml'
import { makeCredential, tokenSecret, waitForToken } from '../../src/broker/credentials.ts'
import { cleanUpDiscovery } from '../../src/commands/discovery/cleanup.ts'
import { runDiscovery } from '../../src/commands/discovery/run.ts'
import type { DiscoverySeen, DiscoveryWorld } from '../../src/commands/discovery/world.ts'
import { prepareBroker } from '../../src/commands/serve-broker/init.ts'
import { memberRule } from '../../src/commands/serve-broker/rule.ts'
import { applyPlan } from '../../src/install/apply/apply.ts'
import { compare } from '../../src/install/apply/compare.ts'
import { agentBase, memberCrds } from '../../src/install/objects/manifests.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { parseObjects } from '../../src/k8s/yaml.ts'
import type { Kind, Of } from '../../src/model/kinds.ts'
import type { ServiceImport } from '../../src/model/mcs.ts'
import { BROKER_NAMESPACE, BROKER_UID, CLUSTER_LABEL } from '../../src/model/names.ts'
import type { Meta, Resource } from '../../src/model/resources.ts'
import { realClock } from '../../src/system/clock.ts'
import { openLog } from '../../src/system/log.ts'
import { type Served, serve } from '../apiserver/serve.ts'
import { realBroker } from '../broker/attempts.ts'
import { describePlanes, openPlace, type Place, planes } from '../cluster/plane-suite.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'
import { make } from '../fakes/kube.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../fakes/services.ts'

const AGENTS = 'submariner'
const IDS = ['west', 'east'] as const
type Id = (typeof IDS)[number]
const mcsCrds = (): readonly Resource[] => [exportsCrd, importsCrd].flatMap(parseObjects)
const fresh = { creationTimestamp: undefined, uid: undefined } as unknown as Partial<Meta>

async function apply(admin: KubeApi, objects: readonly Resource[]): Promise<void> {
  const options = { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, progress: () => undefined }
  await applyPlan(admin, await compare(admin, objects), options)
}

/** What a join and the engines put into a cluster; gives the agent's token. */
async function prepare(admin: KubeApi, id: Id): Promise<string> {
  await apply(admin, [...memberCrds(), ...mcsCrds(), ...agentBase(), ...parseObjects(rights)])
  await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  for (const [i, other] of IDS.entries()) {
    const labels: Record<string, string> = other === id ? {} : { [CLUSTER_LABEL]: other }
    const meta = { ...fresh, namespace: AGENTS, labels, annotations: { [BROKER_UID]: '' } }
    await admin.create(clusterOf(other, { n: i + 1, meta: { ...meta, annotations: {} } }))
    await admin.create(endpointOf(other, { n: i + 1, meta }))
  }
  const connections = IDS.filter((other) => other !== id).map((other) => ({
    status: 'connected' as const,
    statusMessage: '',
    endpoint: endpointOf(other).spec,
  }))
  const status = { version: 'test', haStatus: 'active' as const, localEndpoint: endpointOf(id).spec, statusFailure: '', connections }
  await admin.create(make('Gateway', `${id}-gw1`, { status }, { namespace: AGENTS }))
  await admin.create(tokenSecret('submariner-discovery', AGENTS, {}))
  const options = { clock: realClock, signal: new AbortController().signal }
  return (await waitForToken(admin, 'submariner-discovery', AGENTS, options)).token
}

interface Bed {
  readonly admins: Readonly<Record<Id, KubeApi>>
  readonly worlds: Readonly<Record<Id, DiscoveryWorld>>
  readonly broker: KubeApi
  readonly seen: Partial<Record<Id, DiscoverySeen>>
  readonly logged: string[]
  end(): Promise<void>
}

interface Ground {
  readonly places: Readonly<Record<Id, Place>>
  readonly tokens: Readonly<Record<Id, string>>
  readonly brokerPlace: Place
  readonly brokerAdmin: KubeApi
}
async function open({ places, tokens, brokerPlace, brokerAdmin }: Ground): Promise<Bed> {
  const stop = new AbortController()
  const logged: string[] = []
  const seen: Bed['seen'] = {}
  const wait = { clock: realClock, signal: stop.signal }
  const worldOf = async (id: Id): Promise<DiscoveryWorld> => {
    const member = await makeCredential(brokerAdmin, { clusterId: id, clusterUid: `uid-${id}`, namespace: BROKER_NAMESPACE }, wait)
    return {
      settings: {
        clusterId: id,
        namespace: AGENTS,
        brokerNamespace: BROKER_NAMESPACE,
        allowed: new Set(),
        isLocalFirst: true,
        leaseTermMs: 3_000,
      },
      hostname: `${id}-1`,
      clock: realClock,
      log: openLog({ write: (text: string) => logged.push(`${id} ${text}`) }),
      signal: stop.signal,
      local: openPlace({ ...places[id], token: tokens[id] }),
      broker: openPlace({ ...brokerPlace, token: member.token }),
      observe(now) {
        seen[id] = now
      },
    }
  }
  const worlds = { west: await worldOf('west'), east: await worldOf('east') }
  const running = [runDiscovery(worlds.west), runDiscovery(worlds.east)]
  return {
    admins: { west: openPlace(places.west), east: openPlace(places.east) },
    worlds,
    broker: brokerAdmin,
    seen,
    logged,
    async end() {
      stop.abort()
      await Promise.all(running)
    },
  }
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + 60_000; ; ) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`${what}: not so within a minute`)
    await realClock.sleep(50)
  }
}

function exchange(bed: () => Bed): void {
  const ours = async (kind: Kind, id: Id): Promise<readonly Resource[]> =>
    (await bed().admins[id].list(kind, { namespace: 'shop', labels: { 'submariner.io/imported': '' } })).items
  const imported = (id: Id, name: string, is: (found: ServiceImport) => boolean): Promise<ServiceImport> =>
    until(`${name} in ${id}`, async () => {
      const found = await bed().admins[id].get('ServiceImport', name, 'shop')
      return found !== undefined && is(found) && found
    })
  const serve = async (id: Id, name: string, spec: Of<'Service'>['spec'] = {}): Promise<void> => {
    const n = IDS.indexOf(id) + 1
    const { admins } = bed()
    const { clusterIP: _, clusterIPs: __, ...rest } = serviceOf(name).spec ?? {}
    await admins[id].create({ ...serviceOf(name), spec: { ...rest, ...spec } })
    const pods = [podOf(`10.${n}.0.5`, { hostname: `${name}-0` }), podOf(`10.${n}.0.6`, { conditions: { ready: false } })]
    await admins[id].create(podsOf(name, pods, {}, { labels: { 'kubernetes.io/service-name': name } }))
    await admins[id].create(exportOf(name, fresh, { exportedLabels: { team: 'shop' } }))
  }
  const conditionOf = async (id: Id, name: string, type: string): Promise<string | undefined> => {
    const found = (await bed().admins[id].get('ServiceExport', name, 'shop'))?.status?.conditions?.find((one) => one.type === type)
    return found && `${found.status} ${found.reason}`
  }

  beforeEach(async () => {
    const { admins, broker } = bed()
    for (const id of IDS)
      for (const kind of ['ServiceExport', 'Service', 'EndpointSlice'] as const)
        for (const { metadata } of (await admins[id].list(kind, { namespace: 'shop' })).items)
          if (metadata.labels?.['submariner.io/imported'] === undefined) await admins[id].remove(kind, metadata.name, 'shop')
    await until('all gone', async () => {
      const left = [
        ...(await broker.list('ServiceImport', { namespace: BROKER_NAMESPACE })).items,
        ...(await broker.list('EndpointSlice', { namespace: BROKER_NAMESPACE })).items,
      ]
      return left.length === 0 && (await ours('ServiceImport', 'west')).length === 0 && (await ours('ServiceImport', 'east')).length === 0
    })
  })

  it('a service of one has an address in both, and is gone with its export', async () => {
    await serve('east', 'web', { sessionAffinity: 'ClientIP', trafficDistribution: 'PreferClose' })
    const here = await imported('west', 'web', ({ spec, status }) => spec.ips?.length === 1 && status?.clusters?.length === 1)
    expect(here).toMatchObject({
      metadata: { labels: { team: 'shop' } },
      spec: {
        type: 'ClusterSetIP',
        ipFamilies: ['IPv4'],
        sessionAffinity: 'ClientIP',
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      },
      status: { clusters: [{ cluster: 'east' }], endpointSliceObjects: 'Present' },
    })
    const theirs = (await bed().admins.east.get('Service', 'web', 'shop'))?.spec?.clusterIP
    const [service] = await ours('Service', 'west')
    expect(here.spec.ips).toEqual([(service as Of<'Service'>).spec?.clusterIP])
    const slices = await until('slices', async () => {
      const found = await ours('EndpointSlice', 'west')
      return found.length > 0 && (found as readonly Of<'EndpointSlice'>[])
    })
    expect(slices.map(({ endpoints, metadata }) => [endpoints[0]?.addresses[0], metadata.labels?.['kubernetes.io/service-name']])).toEqual([
      [theirs, service?.metadata.name],
    ])
    await until('ready', async () => (await conditionOf('east', 'web', 'Ready')) === 'True Exported')
    await bed().admins.east.remove('ServiceExport', 'web', 'shop')
    await until('gone', async () => (await bed().admins.west.get('ServiceImport', 'web', 'shop')) === undefined)
    await until('gone with it', async () => [...(await ours('Service', 'west')), ...(await ours('EndpointSlice', 'west'))].length === 0)
  })

  it('a headless one has its pods in both, and conflicts are told to both exporters', async () => {
    await serve('east', 'db', { clusterIP: 'None' })
    await imported('west', 'db', ({ spec, status }) => spec.type === 'Headless' && status?.conditions?.[0]?.status === 'True')
    const [slice] = await until('slices', async () => {
      const found = (await ours('EndpointSlice', 'west')) as readonly Of<'EndpointSlice'>[]
      return found.length > 0 && found
    })
    expect(slice?.endpoints.map(({ addresses, hostname, conditions }) => [addresses[0], hostname, conditions?.ready])).toEqual([
      ['10.2.0.5', 'db-0', true],
      ['10.2.0.6', undefined, false],
    ])
    // Ages are told in seconds.
    await realClock.sleep(1_100)
    await serve('west', 'db')
    for (const id of IDS) await until(`conflict in ${id}`, async () => (await conditionOf(id, 'db', 'Conflict')) === 'True TypeConflict')
    expect(await conditionOf('west', 'db', 'Ready')).toBe('False Failed')
  })

  it('nothing was forbidden or invalid, and agents that take everything back leave what is not theirs', async () => {
    await serve('east', 'web')
    await serve('west', 'web')
    await imported('west', 'web', ({ status }) => status?.clusters?.length === 2)
    await until(
      'both exported',
      async () =>
        (await conditionOf('east', 'web', 'Ready')) === 'True Exported' && (await conditionOf('west', 'web', 'Ready')) === 'True Exported',
    )
    const { logged, seen, worlds } = bed()
    expect(logged.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([])
    // A pass that never finds what it wrote would write again and again.
    await until('quiet', async () => {
      const before = logged.length
      await realClock.sleep(2_000)
      return logged.length === before
    })
    expect([seen.west?.trouble, seen.east?.trouble]).toEqual([undefined, undefined])
    await bed().end()
    for (const id of IDS) expect(await cleanUpDiscovery(worlds[id])).toBe(true)
    const { broker, admins } = bed()
    for (const kind of ['ServiceImport', 'EndpointSlice'] as const)
      expect((await broker.list(kind, { namespace: BROKER_NAMESPACE })).items).toEqual([])
    for (const id of IDS) {
      expect([...(await ours('ServiceImport', id)), ...(await ours('Service', id)), ...(await ours('EndpointSlice', id))]).toEqual([])
      expect((await admins[id].list('Service', { namespace: 'shop' })).items.map(({ metadata }) => metadata.name)).toEqual(['web'])
    }
  })
}

describePlanes('two clusters on real API servers', () => {
  const [west, east] = [planes(['west'], { serviceCidr: '100.1.0.0/16' }), planes(['east'], { serviceCidr: '100.2.0.0/16' })]
  let ground: Pick<Ground, 'places' | 'tokens'>
  beforeAll(async () => {
    const places = { west: west.west, east: east.east }
    ground = {
      places,
      tokens: { west: await prepare(openPlace(places.west), 'west'), east: await prepare(openPlace(places.east), 'east') },
    }
  }, 120_000)

  describe('with a broker on one of them', () => {
    let bed: Bed
    beforeAll(async () => {
      await realBroker(west.west, mcsCrds())
      bed = await open({ ...ground, brokerPlace: west.west, brokerAdmin: openPlace(west.west) })
    }, 120_000)
    afterAll(() => bed.end())
    exchange(() => bed)
  })

  describe('with a central broker', () => {
    let [bed, served] = [undefined, undefined] as [Bed | undefined, Served | undefined]
    beforeAll(async () => {
      served = await serve({ table: 'broker', admit: memberRule })
      await prepareBroker(fakeWorld().context, served.admin)
      bed = await open({ ...ground, brokerPlace: { server: served.url, ca: served.ca, token: '' }, brokerAdmin: served.admin })
    }, 120_000)
    afterAll(async () => {
      await bed?.end()
      await served?.stop()
    })
    exchange(() => {
      if (bed === undefined) throw new Error('not open')
      return bed
    })
  })
})
