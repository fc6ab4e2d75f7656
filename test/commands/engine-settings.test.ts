import { describe, expect, it } from '@jest/globals'
import { metricsListen } from '../../src/commands/agent/health.ts'
import { agentSettings } from '../../src/commands/agent/settings.ts'
import type { Given } from '../../src/commands/cli/given.ts'
import { parse } from '../../src/commands/cli/parse.ts'
import { COMMANDS } from '../../src/commands/cli/table.ts'
import { brokerAccess, engineSettings, pskReader } from '../../src/commands/engine/settings.ts'
import { environmentOf } from '../../src/install/objects/settings.ts'
import { memoryFiles } from '../fakes/context.ts'
import { FULL_JOIN } from '../fakes/join-settings.ts'

type Env = Readonly<Record<string, string>>
function read(argv: readonly string[], env: Env = {}): Given {
  const parsed = parse(['engine', ...argv], COMMANDS, env)
  if (parsed.what !== 'run') throw new Error('help')
  return parsed.given
}
const settings = (argv: readonly string[], env: Env = {}) => {
  const given = read(argv, env)
  const agent = agentSettings(given, 'host')
  return { ...engineSettings(given, agent), agent }
}

/** What upstream's operator gives its gateway, in full (INTEROP 8). */
const UPSTREAM: Env = {
  SUBMARINER_NAMESPACE: 'submariner-operator',
  SUBMARINER_CLUSTERID: 'west',
  SUBMARINER_CLUSTERCIDR: '10.244.0.0/16,10.245.0.0/16',
  SUBMARINER_SERVICECIDR: '10.96.0.0/12',
  SUBMARINER_GLOBALCIDR: '',
  SUBMARINER_COLORCODES: 'blue',
  SUBMARINER_DEBUG: 'false',
  SUBMARINER_NATENABLED: 'true',
  SUBMARINER_BROKER: 'k8s',
  SUBMARINER_CABLEDRIVER: 'libreswan',
  SUBMARINER_PUBLICIP: '',
  SUBMARINER_HEALTHCHECKENABLED: 'true',
  SUBMARINER_HEALTHCHECKINTERVAL: '0',
  SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT: '0',
  SUBMARINER_METRICSPORT: '32780',
  SUBMARINER_HALT_ON_CERT_ERROR: 'true',
  SUBMARINER_VERBOSITY: '2',
  NODE_NAME: 'node-1',
  POD_NAME: 'submariner-gateway-x2',
  AIR_GAPPED_DEPLOYMENT: 'false',
  CE_IPSEC_PSK: 'aW5saW5l',
  CE_IPSEC_PSKSECRET: 'submariner-ipsec-psk',
  CE_IPSEC_DEBUG: 'false',
  CE_IPSEC_NATTPORT: '4500',
  CE_IPSEC_PREFERREDSERVER: 'false',
  CE_IPSEC_FORCEENCAPS: 'false',
  BROKER_K8S_APISERVER: 'broker.example:6443',
  BROKER_K8S_APISERVERTOKEN: 'inline-token',
  BROKER_K8S_REMOTENAMESPACE: 'submariner-k8s-broker',
  BROKER_K8S_INSECURE: 'false',
  BROKER_K8S_CA: Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64'),
  BROKER_K8S_SECRET: 'submariner-broker-secret',
}

describe('subctl engine', () => {
  it('takes the environment that upstream’s operator gives its gateway', () => {
    expect(settings([], UPSTREAM)).toMatchObject({
      clusterId: 'west',
      namespace: 'submariner-operator',
      brokerNamespace: 'submariner-k8s-broker',
      podCidrs: ['10.244.0.0/16', '10.245.0.0/16'],
      serviceCidrs: ['10.96.0.0/12'],
      colorCodes: ['blue'],
      natEnabled: true,
      nattPort: 4500,
      backend: 'libreswan',
      forceEncaps: true,
      publicIp: '',
      airGapped: false,
      // Zero means the default there.
      health: { enabled: true, intervalMs: 1_000, mostLost: 5 },
      leaseTermMs: 3_000,
      agent: { nodeName: 'node-1', runDir: '/run/submariner', kube: {} },
    })
  })

  it('takes the environment that join writes, which is the same', () => {
    const env = environmentOf(FULL_JOIN)
    expect(settings(['--plain-esp'], env)).toMatchObject({
      natEnabled: false,
      nattPort: 4501,
      publicIp: 'ipv4:203.0.113.7',
      airGapped: true,
      forceEncaps: true,
      health: { enabled: false, intervalMs: 2_000, mostLost: 3 },
    })
    expect(brokerAccess(read([], env), { env, files: memoryFiles(new Map()) })?.server).toBe(`https://${FULL_JOIN.broker.server}`)
  })

  it('sends ESP in UDP unless it is told to send it plain', () => {
    expect(settings([], UPSTREAM).forceEncaps).toBe(true)
    expect(settings(['--plain-esp'], UPSTREAM).forceEncaps).toBe(false)
  })

  it('leaves IPv6 networks out', () => {
    expect(settings(['--pod-cidr', 'fd00::/48,10.1.0.0/16'], UPSTREAM).podCidrs).toEqual(['10.1.0.0/16'])
  })

  it.each([
    [['--cluster-id', 'West'], {}, /--cluster-id is "West"/],
    [['--pod-cidr', 'fd00::/48'], {}, /--pod-cidr has no IPv4 network/],
    [['--pod-cidr', '10.0.0.0/33'], {}, /--pod-cidr: "10.0.0.0\/33"/],
    [['--natt-port', '0'], {}, /--natt-port is "0"/],
    [[], { CE_IPSEC_NATTPORT: '4800' }, /--natt-port: 4800 is the port between the nodes of a cluster/],
    [['--natt', 'maybe'], {}, /--natt is "maybe"/],
    [['--cable-driver', 'vxlan'], {}, /--cable-driver is "vxlan"/],
    [[], { SUBMARINER_GLOBALCIDR: '242.0.0.0/16' }, /Globalnet is not supported/],
    [[], { SUBMARINER_CLUSTERID: '' }, /--cluster-id is not given and SUBMARINER_CLUSTERID is not set/],
  ] as const)('refuses %j %j', (argv, env, message) => {
    expect(() => settings(argv, { ...UPSTREAM, ...env })).toThrow(message)
  })
})

describe('secrets', () => {
  const broker = '/run/secrets/submariner.io/submariner-broker-secret'
  const files = (more: Record<string, string> = {}) =>
    new Map(Object.entries({ [`${broker}/token`]: 'file-token\n', [`${broker}/ca.crt`]: 'PEM', ...more }))
  it('of the broker are read from where upstream’s operator mounts them, again for each request', async () => {
    const there = files()
    const access = brokerAccess(read([], UPSTREAM), { env: UPSTREAM, files: memoryFiles(there) })
    expect(access?.server).toBe('https://broker.example:6443')
    expect(await access?.credentials()).toEqual({ token: 'file-token', ca: 'PEM' })
    there.set(`${broker}/token`, 'rotated')
    expect(await access?.credentials()).toMatchObject({ token: 'rotated' })
  })

  it('of the broker are those of the environment where no Secret is named', async () => {
    const env = { ...UPSTREAM, BROKER_K8S_SECRET: '' }
    const access = brokerAccess(read([], env), { env, files: memoryFiles(new Map()) })
    expect(await access?.credentials()).toEqual({ token: 'inline-token', ca: '-----BEGIN CERTIFICATE-----' })
  })

  it('of the tunnels are the base64 text of a file’s bytes, which another gateway makes of the same file', async () => {
    const there = new Map([
      ['/var/run/secrets/submariner.io/submariner-ipsec-psk/psk', 'raw bytes'],
      ['/elsewhere', 'other'],
    ])
    const psk = (argv: readonly string[], env: Env) => pskReader(read(argv, env), { env, files: memoryFiles(there) })()
    expect(await psk([], UPSTREAM)).toBe(Buffer.from('raw bytes').toString('base64'))
    expect(await psk(['--psk-file', '/elsewhere'], UPSTREAM)).toBe(Buffer.from('other').toString('base64'))
    expect(await psk([], { ...UPSTREAM, CE_IPSEC_PSKSECRET: '' })).toBe('aW5saW5l')
  })

  it('that nobody names are missed by the flag’s name', () => {
    const env = { ...UPSTREAM, CE_IPSEC_PSKSECRET: '', CE_IPSEC_PSK: '', BROKER_K8S_SECRET: '', BROKER_K8S_APISERVERTOKEN: '' }
    const world = { env, files: memoryFiles(new Map()) }
    expect(() => pskReader(read([], env), world)).toThrow(/--psk-file is not given/)
    expect(() => brokerAccess(read([], env), world)).toThrow(/--broker-secrets-dir is not given/)
  })
})

it.each([
  [[], {}, { host: '127.0.0.1', port: 32780 }],
  [[], { SUBMARINER_METRICSPORT: '9000' }, { host: '127.0.0.1', port: 9000 }],
  [['--metrics-listen', '0.0.0.0:8080'], {}, { host: '0.0.0.0', port: 8080 }],
  [['--metrics-listen', '[::1]:8080'], {}, { host: '::1', port: 8080 }],
  [['--metrics-listen', ':8080'], {}, { host: '::', port: 8080 }],
  [['--metrics-listen', 'off'], {}, undefined],
] as const)('metrics with %j and %j are at %j', (argv, env, expected) => {
  expect(metricsListen(read(argv, env))).toEqual(expected)
})
