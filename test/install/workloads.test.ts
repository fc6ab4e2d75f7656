import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import charon from '../../manifests/cluster/charon.yaml'
import { AGENT_COMMANDS } from '../../src/commands/cli/specs/agent.ts'
import { objectsOf } from '../../src/install/objects/manifests.ts'
import { planInstall } from '../../src/install/objects/plan.ts'
import { environmentOf, type JoinSettings } from '../../src/install/objects/settings.ts'
import { rendered, SETTINGS_READ, settingsHash, type Workload, workloads } from '../../src/install/objects/workloads.ts'
import { at, listAt } from '../../src/install/tree.ts'
import { kindOf } from '../../src/model/kinds.ts'
import { parseCidr } from '../../src/model/net.ts'
import type { Resource } from '../../src/model/resources.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'

const SETTINGS: JoinSettings = { ...PLAIN_JOIN, networkPlugin: 'flannel' }
const PLAIN = { image: 'registry.example/subctl:1', imagePullPolicy: 'Always', isOpenShift: false } as const
const daemonSets = (settings = SETTINGS): readonly Resource[] => workloads(settings, PLAIN).filter(({ kind }) => kind === 'DaemonSet')
const named = (name: string, settings = SETTINGS): Resource => {
  const found = daemonSets(settings).find(({ metadata }) => metadata.name === name)
  if (found === undefined) throw new Error(name)
  return found
}
const deployments = (settings = SETTINGS): readonly Resource[] =>
  workloads({ ...settings, dnsServer: true }, PLAIN).filter(({ kind }) => kind === 'Deployment')
const deployment = (name: string, settings = SETTINGS): Resource => {
  const found = deployments(settings).find(({ metadata }) => metadata.name === name)
  if (found === undefined) throw new Error(name)
  return found
}
const pod = (object: Resource, ...path: readonly (string | number)[]): unknown => at(object, 'spec', 'template', 'spec', ...path)
const container = (object: Resource, ...path: readonly (string | number)[]): unknown => pod(object, 'containers', 0, ...path)
const COMMANDS: readonly (readonly [Workload, string])[] = [
  ['submariner-gateway', 'engine'],
  ['submariner-charon', 'charon'],
  ['submariner-route-agent', 'route-agent'],
]

const SERVICES: readonly (readonly [Workload, string])[] = [
  ['submariner-discovery', 'discovery'],
  ['submariner-dns', 'dns'],
]

describe('the agents of services', () => {
  it('are installed where services are wanted, and the DNS server where names are ours to answer', () => {
    const names = (more: Partial<JoinSettings>) =>
      workloads({ ...SETTINGS, ...more }, PLAIN).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(names({})).toContain('Deployment submariner-discovery')
    expect(names({}).join()).not.toContain('submariner-dns')
    expect(names({ dnsServer: true })).toEqual(expect.arrayContaining(['Deployment submariner-dns', 'Service submariner-dns']))
    expect(names({ dnsServer: true, serviceDiscovery: false }).join()).not.toMatch(/discovery|dns/)
  })

  it('run as nobody, with no capability, nothing of the host, and a read-only root', () => {
    expect(deployments()).toHaveLength(2)
    for (const object of deployments()) {
      expect(container(object, 'securityContext')).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(pod(object, 'securityContext')).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect([pod(object, 'hostNetwork'), pod(object, 'hostPID'), pod(object, 'hostIPC')]).toEqual([undefined, undefined, undefined])
      expect(listAt(pod(object), 'volumes').filter((volume) => at(volume, 'hostPath') !== undefined)).toEqual([])
    }
  })

  it('are two, on two nodes where there are, and not on one that is lost', () => {
    for (const object of deployments()) {
      expect(at(object, 'spec', 'replicas')).toBe(2)
      expect(pod(object, 'topologySpreadConstraints', 0)).toMatchObject({
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
      })
      const lost = listAt(pod(object), 'tolerations').filter((one) => at(one, 'key') === 'node.kubernetes.io/unreachable')
      expect(lost.map((one) => at(one, 'tolerationSeconds'))).toEqual([30])
      expect(listAt(pod(object), 'tolerations').every((one) => at(one, 'key') !== undefined)).toBe(true)
    }
  })

  it('answer probes where they are asked, and the broker’s Secret is a file that they may read', () => {
    for (const [name] of SERVICES) {
      const object = deployment(name)
      const args = listAt(container(object), 'args').map(String)
      const port = Number(args[args.indexOf('--metrics-listen') + 1]?.slice(1))
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
        expect(container(object, probe, 'httpGet')).toEqual({ port, path: probe === 'readinessProbe' ? '/readyz' : '/healthz' })
    }
    const discovery = deployment('submariner-discovery')
    const mounts = listAt(container(discovery), 'volumeMounts').map((mount) => at(mount, 'mountPath'))
    expect(mounts).toEqual([`/run/secrets/submariner.io/${environmentOf(SETTINGS).BROKER_K8S_SECRET}`])
    expect(pod(discovery, 'volumes', 0, 'secret', 'defaultMode')).toBe(0o440)
    expect(pod(discovery, 'securityContext', 'fsGroup')).toBe(pod(discovery, 'securityContext', 'runAsGroup'))
  })

  it('the Service sends questions where the DNS server listens', () => {
    const service = workloads({ ...SETTINGS, dnsServer: true }, PLAIN).find(({ kind }) => kind === 'Service')
    const [, listen] = listAt(container(deployment('submariner-dns')), 'args')
      .slice(1)
      .map(String)
    expect(
      listAt(service, 'spec', 'ports').map((one) => [at(one, 'port'), at(one, 'protocol'), `0.0.0.0:${at(one, 'targetPort')}`]),
    ).toEqual([
      [53, 'UDP', listen],
      [53, 'TCP', listen],
    ])
    expect(at(service, 'spec', 'selector')).toEqual(at(deployment('submariner-dns'), 'spec', 'selector', 'matchLabels'))
  })
})

describe('workloads()', () => {
  it('fills in every place of the manifests', () => {
    expect(JSON.stringify(daemonSets())).not.toContain('${')
    for (const object of daemonSets()) expect(container(object)).toMatchObject({ image: PLAIN.image, imagePullPolicy: 'Always' })
    expect(() => rendered(objectsOf(charon), { image: 'x' })).toThrow('a manifest asks for')
  })

  it('asks for no privilege that is not named: no privileged pod, few capabilities, a read-only root', () => {
    for (const object of daemonSets()) {
      expect(container(object, 'securityContext')).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: {
          drop: ['ALL'],
          add: ['NET_ADMIN', 'NET_RAW', ...(object.metadata.name === 'submariner-route-agent' ? ['SETGID'] : [])],
        },
      })
      expect(pod(object, 'securityContext')).toMatchObject({ seccompProfile: { type: 'RuntimeDefault' } })
      expect([pod(object, 'hostPID'), pod(object, 'hostIPC')]).toEqual([undefined, undefined])
    }
    const mounts = listAt(container(named('submariner-charon')), 'volumeMounts').map((mount) => at(mount, 'mountPath'))
    expect(mounts).toEqual(['/run/submariner', '/dev/net'])
    expect(pod(named('submariner-charon'), 'automountServiceAccountToken')).toBe(false)
  })

  it('names OpenShift’s constraints where the cluster has them, and nowhere else', () => {
    const kinds = (isOpenShift: boolean) => workloads(SETTINGS, { ...PLAIN, isOpenShift }).map(kindOf)
    expect(kinds(false)).toEqual(['ResourceQuota', 'DaemonSet', 'DaemonSet', 'DaemonSet', 'Deployment'])
    expect(kinds(true)).toEqual(['SecurityContextConstraints', 'Role', 'RoleBinding', 'Role', 'RoleBinding', ...kinds(false)])
    const [constraints] = workloads(SETTINGS, { ...PLAIN, isOpenShift: true })
    const wanted = new Set(daemonSets().flatMap((object) => listAt(container(object), 'securityContext', 'capabilities', 'add')))
    expect(new Set(listAt(constraints, 'allowedCapabilities'))).toEqual(wanted)
  })

  it('asks an agent’s probes where it answers, and reads settings and secrets where it looks for them', () => {
    for (const [name, command] of COMMANDS) {
      const object = named(name)
      const flags = AGENT_COMMANDS.find((spec) => spec.name === command)?.flags ?? []
      const port = Number(flags.find((flag) => flag.name === 'metrics-port')?.fallback)
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
        expect(container(object, probe, 'httpGet')).toMatchObject({ host: '127.0.0.1', port })
      expect(listAt(container(object), 'args')[0]).toBe(command)
      expect(container(object, 'envFrom')).toEqual([{ configMapRef: { name: 'submariner-settings' } }])
    }
    const mounts = listAt(container(named('submariner-gateway')), 'volumeMounts').map((mount) => at(mount, 'mountPath'))
    for (const secret of [environmentOf(SETTINGS).BROKER_K8S_SECRET, environmentOf(SETTINGS).CE_IPSEC_PSKSECRET])
      expect(mounts).toContain(`/run/secrets/submariner.io/${secret}`)
  })

  it('charon ends after the engine whose tunnels it holds', () => {
    const grace = (name: string): number => Number(pod(named(name), 'terminationGracePeriodSeconds'))
    const flag = (command: string): number =>
      Number.parseInt(AGENT_COMMANDS.find((spec) => spec.name === command)?.flags.find(({ name }) => name === 'grace')?.fallback ?? '', 10)
    expect(flag('engine')).toBeLessThan(flag('charon'))
    expect(flag('engine') + 5).toBeLessThanOrEqual(grace('submariner-gateway'))
    // charon has 5 s to end once it is told to.
    expect(flag('charon') + 10).toBeLessThanOrEqual(grace('submariner-charon'))
    expect(at(named('submariner-charon'), 'spec', 'updateStrategy')).toEqual({ type: 'OnDelete' })
  })

  it('is part of what a join installs, unless somebody else runs the agents', () => {
    const kinds = (...pods: readonly (typeof PLAIN)[]) => planInstall(SETTINGS, ['gw'], { broker: {}, psk: {} }, ...pods).map(kindOf)
    expect(kinds(PLAIN)).toContain('DaemonSet')
    expect(kinds()).not.toContain('DaemonSet')
  })
})

describe('a change of settings', () => {
  const hashOf = (object: Resource): unknown => at(object, 'spec', 'template', 'metadata', 'annotations', 'submariner.io/settings')
  const changedBy = (more: Partial<JoinSettings>): readonly string[] =>
    [...daemonSets({ ...SETTINGS, ...more }), ...deployments({ ...SETTINGS, ...more })]
      .filter(
        (object) =>
          hashOf(object) !== hashOf(object.kind === 'Deployment' ? deployment(object.metadata.name) : named(object.metadata.name)),
      )
      .map(({ metadata }) => metadata.name)

  it.each<readonly [string, Partial<JoinSettings>, readonly string[]]>([
    ['of nothing', {}, []],
    ['of the port restarts what uses it', { nattPort: 4501 }, ['submariner-charon', 'submariner-gateway']],
    ['of the CNI’s name restarts the route agents', { networkPlugin: 'calico' }, ['submariner-route-agent']],
    [
      'of the broker’s place restarts who speaks to it',
      { broker: { ...SETTINGS.broker, server: 'other:6443' } },
      ['submariner-gateway', 'submariner-discovery'],
    ],
    ['of how names are answered restarts nobody', { dns: 'none' }, []],
    [
      'of networks leaves the tunnels’ daemon alone',
      { podCidrs: [parseCidr('10.9.0.0/16')] },
      ['submariner-gateway', 'submariner-route-agent'],
    ],
  ])('%s', (_, more, names) => expect(changedBy(more)).toEqual(names))

  it('counts for an agent exactly where its flags read it', () => {
    const all = new Set(Object.keys(environmentOf(SETTINGS)))
    for (const [name, command] of [...COMMANDS, ...SERVICES]) {
      const flags = AGENT_COMMANDS.find((spec) => spec.name === command)?.flags ?? []
      const read = flags.flatMap(({ env }) => (env !== undefined && all.has(env) ? [env] : []))
      expect([...SETTINGS_READ[name]].sort()).toEqual([...new Set(read)].sort())
    }
  })

  it('is the SHA-256 of its lines by key', () => {
    const text = 'CE_IPSEC_NATTPORT=4500\n'
    expect(settingsHash('submariner-charon', environmentOf(SETTINGS))).toBe(createHash('sha256').update(text).digest('hex'))
  })
})
