import { describe, expect, it } from '@jest/globals'
import type { Given } from '../../src/commands/cli/given.ts'
import { main } from '../../src/commands/cli/main.ts'
import { parse } from '../../src/commands/cli/parse.ts'
import { COMMANDS } from '../../src/commands/cli/table.ts'
import { discoveryMetrics } from '../../src/commands/discovery/metrics.ts'
import { discoverySettings } from '../../src/commands/discovery/settings.ts'
import { brokerAccess } from '../../src/commands/engine/settings.ts'
import { discoveryRuns } from '../../src/commands/runs/discovery.ts'
import type { Resource } from '../../src/model/resources.ts'
import { exposition } from '../../src/system/metrics.ts'
import { fakeWorld, memoryFiles } from '../fakes/context.ts'
import { fakeCluster } from '../fakes/kube.ts'

type Env = Readonly<Record<string, string>>
function read(argv: readonly string[], env: Env = {}): Given {
  const parsed = parse(['discovery', ...argv], COMMANDS, env)
  if (parsed.what !== 'run') throw new Error('help')
  return parsed.given
}

/** What upstream's operator gives its Lighthouse agent (INTEROP 8). */
const UPSTREAM: Env = {
  SUBMARINER_NAMESPACE: 'submariner-operator',
  SUBMARINER_CLUSTERID: 'west',
  SUBMARINER_GLOBALNET_ENABLED: 'false',
  SUBMARINER_CLUSTERSET_IP_CIDR: '',
  SUBMARINER_CLUSTERSET_IP_ENABLED: 'false',
  SUBMARINER_HALT_ON_CERT_ERROR: 'true',
  SUBMARINER_DEBUG: 'false',
  SUBMARINER_VERBOSITY: '2',
  BROKER_K8S_APISERVER: 'broker.example:6443',
  BROKER_K8S_APISERVERTOKEN: 'inline-token',
  BROKER_K8S_REMOTENAMESPACE: 'submariner-k8s-broker',
  BROKER_K8S_INSECURE: 'false',
  BROKER_K8S_CA: Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64'),
}

describe('subctl discovery', () => {
  it('starts in the environment that upstream’s operator gives its Lighthouse agent', async () => {
    const given = read([], UPSTREAM)
    expect(discoverySettings(given)).toEqual({
      clusterId: 'west',
      namespace: 'submariner-operator',
      brokerNamespace: 'submariner-k8s-broker',
      allowed: new Set(),
      isLocalFirst: true,
      leaseTermMs: 3_000,
    })
    const access = brokerAccess(given, { env: UPSTREAM, files: memoryFiles(new Map()) })
    expect([access?.server, await access?.credentials()]).toEqual([
      'https://broker.example:6443',
      { token: 'inline-token', ca: '-----BEGIN CERTIFICATE-----' },
    ])
  })

  it('takes its own settings', () => {
    const settings = discoverySettings(
      read(['--cluster-id', 'west', '--balance', 'spread', '--allow-namespaces', 'kube-system, openshift-x']),
    )
    expect([settings.isLocalFirst, settings.allowed]).toEqual([false, new Set(['kube-system', 'openshift-x'])])
  })

  it('takes from the environment of its pod what a join has decided', () => {
    const env = { ...UPSTREAM, SUBMARINER_SERVICEBALANCE: 'spread', SUBMARINER_ALLOWEDNAMESPACES: 'kube-system,kube-public' }
    expect(discoverySettings(read([], env))).toMatchObject({ isLocalFirst: false, allowed: new Set(['kube-system', 'kube-public']) })
    expect(discoverySettings(read([], { ...UPSTREAM, SUBMARINER_ALLOWEDNAMESPACES: '' })).allowed).toEqual(new Set())
  })

  it.each([
    [['--cluster-id', 'we.st'], /cluster-id/],
    [['--cluster-id', 'West'], /cluster-id/],
    [['--cluster-id', 'west', '--balance', 'weights'], /local-first, spread/],
    [['--cluster-id', 'west', '--allow-namespaces', 'a/b'], /allow-namespaces/],
    [['--cluster-id', 'west', '--globalnet', 'true'], /Globalnet is not supported/],
  ])('refuses %j', (argv, message) => {
    expect(() => discoverySettings(read(argv))).toThrow(message)
  })

  it('tells what it does as metrics, and as a follower that it follows', () => {
    const seen = {
      isLeading: true,
      trouble: undefined,
      passes: 7,
      looks: 21,
      exports: { exported: 2, pending: 1 },
      imports: 3,
      refused: 0,
      reachable: new Map([['east', false]]),
    }
    const text = exposition(discoveryMetrics(seen))
    for (const line of [
      'submariner_discovery_leader 1',
      'submariner_service_export{state="exported"} 2',
      'submariner_service_import 3',
      'submariner_discovery_cluster_reachable{cluster="east"} 0',
      'submariner_discovery_passes 7',
      'submariner_discovery_looks 21',
    ])
      expect(text).toContain(`${line}\n`)
    expect(exposition(discoveryMetrics({ ...seen, isLeading: false, exports: {}, reachable: new Map() })).match(/^[^#].*$/gm)).toEqual([
      'submariner_discovery_leader 0',
    ])
  })
})

describe('subctl discovery --cleanup', () => {
  const MINE = { 'submariner.io/imported': 'true', 'multicluster.kubernetes.io/service-name': 'web' }
  const object = (kind: string, name: string, labels: Record<string, string>, more: object = {}): Resource => ({
    apiVersion: kind === 'Service' ? 'v1' : kind === 'EndpointSlice' ? 'discovery.k8s.io/v1' : 'multicluster.x-k8s.io/v1beta1',
    kind,
    metadata: { name, namespace: 'shop', labels },
    ...more,
  })

  it('takes away what imports have made, and nothing else', async () => {
    const cluster = fakeCluster()
    const theirs = [
      object('Service', 'web', {}),
      object('EndpointSlice', 'web-abc', {}),
      object('ServiceImport', 'other', {}),
      object('ServiceExport', 'web', {}),
    ]
    const ours = [object('Service', 'derived-x1', MINE), object('EndpointSlice', 'web-x1', MINE), object('ServiceImport', 'web', MINE)]
    for (const one of [...theirs, ...ours]) cluster.put(one)
    const world = fakeWorld({ apis: { '': cluster.api() } })
    expect(await main(['discovery', '--cluster-id', 'west', '--cleanup'], world.context, discoveryRuns)).toBe(0)
    const left = (['Service', 'EndpointSlice', 'ServiceImport', 'ServiceExport'] as const).flatMap((kind) => cluster.objects(kind))
    expect(left.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'EndpointSlice web-abc',
      'Service web',
      'ServiceExport web',
      'ServiceImport other',
    ])
  })
})
