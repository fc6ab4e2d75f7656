// What the real Helm makes of the charts without a cluster.
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { brokerRights, memberPolicy } from '../../src/broker/rights.ts'
import { brokerCrds, labelled } from '../../src/install/objects/manifests.ts'
import { planInstall } from '../../src/install/objects/plan.ts'
import type { JoinSettings } from '../../src/install/objects/settings.ts'
import { type Image, PULL_POLICIES } from '../../src/install/objects/workloads.ts'
import { at, isRecord, listAt } from '../../src/install/tree.ts'
import { BROKER_SECRET } from '../../src/model/names.ts'
import { parseCidr } from '../../src/model/net.ts'
import type { Resource } from '../../src/model/resources.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'
import { byName, type Chart, chartFolder, describeHelm, helm, refusal, templated } from './helm.ts'

const VERSION = '0.1.0'
const TOKEN = 'a.token.of-a-cluster'
const CA = '-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n'
const PSK = 'Zr7dkP0aX2mQw9LsB4vYt6HnE1cJfU8gKoR3iTz5pNxAqWbVlMyDhSGjuCeFI7O2'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** The least that must be given. */
const LEAST = {
  ipsec: { psk: PSK },
  broker: { server: 'broker.example:6443', token: TOKEN, ca: base64(CA) },
  submariner: { clusterId: 'west', clusterCidr: '10.1.0.0/16', serviceCidr: '100.1.0.0/16' },
}
const IMAGE: Image = { image: `localhost/subctl:${VERSION}`, imagePullPolicy: PULL_POLICIES[0] }

const joined = (settings: JoinSettings, image: Image, isOpenShift = false): readonly Resource[] => {
  const broker = { token: base64(TOKEN), 'ca.crt': base64(CA), namespace: base64(settings.broker.namespace) }
  return planInstall(settings, [], { broker, psk: { psk: PSK } }, { ...image, isOpenShift })
}

/** Values over the least, and the settings of a join that they stand for. */
const EQUALS: readonly (readonly [string, object, Partial<JoinSettings>, Image])[] = [
  ['the least', {}, {}, IMAGE],
  [
    'every setting',
    {
      ipsec: { psk: PSK, nattPort: 4601, forceUdpEncaps: true },
      broker: { server: 'https://[2001:db8::1]:6443/k8s/', token: `${TOKEN}\n`, ca: CA, namespace: 'elsewhere' },
      submariner: {
        clusterId: '007',
        clusterCidr: ['10.8.0.0/14', '10.16.0.0/16'],
        serviceCidr: '10.2.0.0/16, 10.3.0.0/24',
        natEnabled: false,
        publicIp: 'ipv4:192.0.2.7,dns:gw.example',
        airGapped: true,
        networkPlugin: 'canal-flannel',
        healthCheck: { enabled: false, intervalSeconds: 3600, maxPacketLossCount: 1000 },
      },
      serviceDiscovery: { balance: 'spread', allowNamespaces: ['kube-system', 'openshift-dns'] },
      dns: { mode: 'own', zones: ['corp.example', 'clusterset.local'] },
      image: { repository: 'registry.example:5000/a/subctl', digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
    },
    {
      clusterId: '007',
      podCidrs: [parseCidr('10.8.0.0/14'), parseCidr('10.16.0.0/16')],
      serviceCidrs: [parseCidr('10.2.0.0/16'), parseCidr('10.3.0.0/24')],
      networkPlugin: 'canal-flannel',
      natEnabled: false,
      nattPort: 4601,
      publicIp: 'ipv4:192.0.2.7,dns:gw.example',
      airGapped: true,
      forceUdpEncaps: true,
      healthCheck: { enabled: false, intervalSeconds: 3600, maxPacketLoss: 1000 },
      balance: 'spread',
      allowedNamespaces: ['kube-system', 'openshift-dns'],
      dns: 'own',
      zones: ['clusterset.local', 'corp.example'],
      dnsServer: true,
      broker: { server: '[2001:db8::1]:6443/k8s', namespace: 'elsewhere', secret: BROKER_SECRET },
    },
    { image: `registry.example:5000/a/subctl@sha256:${'0'.repeat(64)}`, imagePullPolicy: 'Always' },
  ],
  [
    'services left out, whoever were to answer their names,',
    { serviceDiscovery: { enabled: false }, dns: { mode: 'own' } },
    { serviceDiscovery: false, dns: 'own', dnsServer: true },
    IMAGE,
  ],
]

const agentsOf = (objects: readonly Resource[]): readonly Resource[] => objects.filter(({ kind }) => kind === 'DaemonSet')
const podOf = (objects: readonly Resource[], name: string, ...path: readonly (string | number)[]): unknown => {
  const found = objects.find((object) => object.kind === 'DaemonSet' && object.metadata.name === name)
  return at(found, 'spec', 'template', 'spec', ...path)
}

describeHelm('the charts, by the real Helm', () => {
  it.each(EQUALS)('%s give the objects of a join with equal settings', async (_, values, settings, image) => {
    expect(byName(await templated('submariner', { ...LEAST, ...values }))).toEqual(byName(joined({ ...PLAIN_JOIN, ...settings }, image)))
  })

  it('on OpenShift there are its constraints too, as after a join', async () => {
    const objects = await templated('submariner', LEAST, ['--api-versions', 'security.openshift.io/v1'])
    expect(byName(objects)).toEqual(byName(joined(PLAIN_JOIN, IMAGE, true)))
  })

  it('the broker’s objects are those of deploy-broker where no account is shared', async () => {
    const wanted = [...brokerCrds(), ...brokerRights().map(labelled), ...memberPolicy().map(labelled)]
    expect(byName(await templated('submariner-k8s-broker', { sharedClient: false }))).toEqual(byName(wanted))
  })

  it.each(['submariner', 'submariner-k8s-broker'] as const)('%s passes the strict lint, and is packed', async (chart) => {
    await helm(['lint', '--strict', chartFolder(chart)])
    const folder = mkdtempSync(join(tmpdir(), 'subctl-chart-'))
    try {
      await helm(['package', chartFolder(chart), '--destination', folder])
      expect(readdirSync(folder)).toEqual([`${chart}-${VERSION}.tgz`])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('secrets of one’s own stand in place of those that the chart makes, where the engine reads them', async () => {
    const own = { ipsec: { existingSecret: 'my-key' }, broker: { server: 'b:6443', existingSecret: 'my-broker' } }
    const objects = await templated('submariner', { ...LEAST, ...own })
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([])
    const volumes = listAt(podOf(objects, 'submariner-gateway'), 'volumes').map((volume) => at(volume, 'secret', 'secretName'))
    expect(volumes.filter((name) => name !== undefined)).toEqual(['my-broker', 'my-key'])
    const plain = await templated('submariner', LEAST)
    const mounts = (all: readonly Resource[]): unknown => podOf(all, 'submariner-gateway', 'containers', 0, 'volumeMounts')
    expect(mounts(objects)).toEqual(mounts(plain))
  })

  it('the agent of services reads the broker’s Secret of one’s own, too, and Deployments take resources, tolerations and selectors', async () => {
    const agent = { resources: { limits: { memory: '1Gi' } }, tolerations: [{ key: 'a' }], nodeSelector: { zone: 'b' } }
    const values = { discovery: agent, dns: { mode: 'own', ...agent }, broker: { server: 'b:6443', existingSecret: 'my-broker' } }
    const objects = (
      await templated('submariner', merged(LEAST, { ...values, imagePullSecrets: [{ name: 'registry' }] }), ['--set', 'broker.token='])
    ).filter(({ kind }) => kind === 'Deployment')
    expect(objects.map(({ metadata }) => metadata.name).sort()).toEqual(['submariner-discovery', 'submariner-dns'])
    for (const object of objects) {
      const pod = at(object, 'spec', 'template', 'spec')
      expect([at(pod, 'containers', 0, 'resources'), at(pod, 'tolerations'), at(pod, 'imagePullSecrets')]).toEqual([
        agent.resources,
        agent.tolerations,
        [{ name: 'registry' }],
      ])
      expect(at(pod, 'nodeSelector')).toEqual({ 'kubernetes.io/os': 'linux', zone: 'b' })
    }
    const discovery = objects.find(({ metadata }) => metadata.name === 'submariner-discovery')
    expect(at(discovery, 'spec', 'template', 'spec', 'volumes', 0, 'secret', 'secretName')).toBe('my-broker')
  })

  it('the namespace of the release itself is no object of it', async () => {
    const names = ['submariner', 'submariner-k8s-broker'] as const
    for (const name of names) {
      const objects = await templated(name, name === 'submariner' ? LEAST : {}, ['--namespace', name])
      expect(objects.filter(({ kind }) => kind === 'Namespace')).toEqual([])
    }
  })

  it('resources and tolerations replace ours, selectors of nodes add to ours', async () => {
    const agent = { resources: { limits: { memory: '1Gi' } }, tolerations: [{ key: 'a' }], nodeSelector: { zone: 'b' } }
    const objects = await templated('submariner', { ...LEAST, gateway: agent, imagePullSecrets: [{ name: 'registry' }] })
    const pod = podOf(objects, 'submariner-gateway')
    expect(at(pod, 'containers', 0, 'resources')).toEqual(agent.resources)
    expect(at(pod, 'tolerations')).toEqual(agent.tolerations)
    expect(at(pod, 'nodeSelector')).toEqual({ 'kubernetes.io/os': 'linux', 'submariner.io/gateway': 'true', zone: 'b' })
    expect(agentsOf(objects).map((set) => at(set, 'spec', 'template', 'spec', 'imagePullSecrets'))).toEqual(
      Array(3).fill([{ name: 'registry' }]),
    )
    expect(at(podOf(objects, 'submariner-charon'), 'tolerations')).toEqual([{ operator: 'Exists' }])
  })

  it('with cleanup there is, instead of the agents, one DaemonSet that waits until they are gone from its node', async () => {
    const objects = await templated('submariner', { ...LEAST, cleanup: true })
    expect(agentsOf(objects).map(({ metadata }) => metadata.name)).toEqual(['submariner-cleanup'])
    const labels = agentsOf(await templated('submariner', LEAST)).map((set) => at(set, 'spec', 'template', 'metadata', 'labels', 'app'))
    const [term] = listAt(
      podOf(objects, 'submariner-cleanup'),
      ...['affinity', 'podAntiAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'],
    )
    expect(new Set(listAt(at(term, 'labelSelector', 'matchExpressions', 0), 'values'))).toEqual(new Set(labels))
    expect(listAt(podOf(objects, 'submariner-cleanup', 'initContainers', 0), 'args')).toContain('--cleanup')
  })

  it('clusters that are named have an account each, and then there is none that they share', async () => {
    const objects = await templated('submariner-k8s-broker', { clusters: ['west', '7'] })
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name)
    expect(accounts.sort()).toEqual(['cluster-7', 'cluster-west', 'submariner-k8s-broker-admin'])
    const plain = await templated('submariner-k8s-broker', {})
    expect(Object.keys(byName(plain))).toContain('ServiceAccount submariner-k8s-broker/submariner-k8s-broker-client')
  })

  it.each([
    ['no cluster is named', [], '--set "clusters={west,east}" --set sharedClient=true'],
    ['clusters are named beside the shared account', ['clusters={west,east}', 'sharedClient=true'], '--set sharedClient=false'],
    ['there is no shared account', ['clusters={west,east}'], undefined],
  ])('the broker’s notes name the step to tokens that are not shared: where %s', async (_, values, step) => {
    const lines = (await brokerNotes(values)).split('\n').filter((line) => line.includes('helm upgrade'))
    expect(lines.map((line) => line.replace(/^.*--reset-then-reuse-values /, ''))).toEqual(step === undefined ? [] : [step])
  })

  it('a Kubernetes that cannot keep clusters apart is refused, unless that is accepted', async () => {
    const old = ['--kube-version', 'v1.29.4']
    const args = ['template', 'release', chartFolder('submariner-k8s-broker'), '--set', 'clusters={west}', ...old]
    expect((await helm(args, { okCodes: [1] })).stderr).toContain(
      'this cluster runs Kubernetes v1.29.4; clusters can be kept apart from 1.30',
    )
    const objects = await templated('submariner-k8s-broker', { clusters: ['west'], sharedRights: true }, old)
    expect(objects.some(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'))).toBe(false)
  })
})

/** What Helm prints after an install, which it renders on a cluster alone: here as a template like the others. */
async function brokerNotes(values: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'notes-'))
  try {
    cpSync(chartFolder('submariner-k8s-broker'), folder, { recursive: true })
    renameSync(join(folder, 'templates', 'NOTES.txt'), join(folder, 'templates', 'notes.yaml'))
    const set = values.flatMap((value) => ['--set', value])
    // What is no YAML is printed all the same, and is an error.
    const { stdout } = await helm(['template', 'release', folder, '--show-only', 'templates/notes.yaml', '--debug', ...set], {
      okCodes: [0, 1],
    })
    expect(stdout).toContain('The broker is there')
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const REFUSALS: readonly (readonly [string, Chart, object, string])[] = [
  [
    'what is missing, all at once',
    'submariner',
    { broker: { server: 'b:6443' } },
    'these values are missing: submariner.clusterId, submariner.clusterCidr, submariner.serviceCidr, broker.token (or broker.existingSecret), ipsec.psk (or ipsec.existingSecret)',
  ],
  [
    'an unknown name',
    'submariner',
    { submariner: { clusterID: 'west' } },
    "at '/submariner': additional properties 'clusterID' not allowed",
  ],
  ['text for a truth', 'submariner', { submariner: { natEnabled: 'yes' } }, "at '/submariner/natEnabled': got string, want boolean"],
  ['a number for a text', 'submariner', { submariner: { clusterId: 7 } }, "at '/submariner/clusterId': got number, want string"],
  ['a domain that is none', 'submariner', { dns: { zones: ['a..b'] } }, "at '/dns/zones/0': 'a..b' does not match pattern"],
  ['a domain of one label', 'submariner', { dns: { zones: ['local'] } }, "at '/dns/zones/0': 'local' does not match pattern"],
  ['a port that is none', 'submariner', { ipsec: { nattPort: 70000 } }, "at '/ipsec/nattPort': maximum: got 70,000, want 65,535"],
  [
    'an id that is no label',
    'submariner',
    { submariner: { clusterId: 'West' } },
    "at '/submariner/clusterId': 'West' does not match pattern",
  ],
  [
    'a network that is none',
    'submariner',
    { submariner: { clusterCidr: '10.1.0.0/33' } },
    'submariner.clusterCidr: "10.1.0.0/33" is not an IPv4 network',
  ],
  [
    'an address as network',
    'submariner',
    { submariner: { serviceCidr: ['100.1.0.1/16'] } },
    'submariner.serviceCidr: 100.1.0.1/16 is an address',
  ],
  [
    'networks that overlap',
    'submariner',
    { submariner: { serviceCidr: '10.0.0.0/8' } },
    '10.0.0.0/8 overlaps 10.1.0.0/16 of submariner.clusterCidr',
  ],
  [
    'a key that is no base64',
    'submariner',
    { ipsec: { psk: `${PSK}!` } },
    'ipsec.psk, of 65 characters, is not base64 of 16 bytes or more',
  ],
  [
    'an authority that is none',
    'submariner',
    { broker: { ca: base64('a certificate') } },
    'broker.ca is neither a certificate in PEM nor the base64 of one',
  ],
  [
    'two sources of a secret',
    'submariner',
    { ipsec: { existingSecret: 'a' } },
    'ipsec.psk and ipsec.existingSecret are given: give either',
  ],
  ...['garbage', '1.2.3.4:99999', '127.0.0.1:6443', 'https://localhost:6443', 'ftp://a:1', 'https://'].map(
    (server) => [`a broker at ${server}`, 'submariner', { broker: { server } }, "at '/broker/server'"] as const,
  ),
  ['the port that nodes have between them', 'submariner', { ipsec: { nattPort: 4800 } }, "at '/ipsec/nattPort'"],
  ['an unknown name', 'submariner-k8s-broker', { cluster: ['west'] }, "additional properties 'cluster' not allowed"],
  ['an id that is no label', 'submariner-k8s-broker', { clusters: ['a.b'] }, "at '/clusters/0': 'a.b' does not match pattern"],
]

describeHelm('what the charts refuse', () => {
  it.each(REFUSALS)('%s (%s)', async (what, chart, values, message) => {
    const base = chart === 'submariner' && what !== 'what is missing, all at once' ? LEAST : {}
    const said = await refusal(chart, merged(base, values))
    expect(said).toContain(message)
    for (const secret of [PSK, TOKEN, base64(CA)]) expect(said).not.toContain(secret)
  })
})

const merged = (a: object, b: object): object =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => {
      const [from, to] = [at(a, key), at(b, key)]
      return [key, isRecord(from) && isRecord(to) ? merged(from, to) : (to ?? from)]
    }),
  )
