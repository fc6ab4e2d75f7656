// What `subctl engine` is told, from flags, the environment and where the secrets are.
import type { Access } from '../../k8s/access.ts'
import { fileAccess } from '../../k8s/incluster.ts'
import { EXIT, UserError } from '../../model/errors.ts'
import type { Files } from '../../system/files.ts'
import { type AgentSettings, truth } from '../agent/settings.ts'
import { type Given, usage } from '../cli/given.ts'
import { tunnelPort } from '../cli/tunnel-port.ts'
import type { Context } from '../context.ts'
import type { EngineSettings } from './world.ts'

const SECRETS = '/run/secrets/submariner.io'
/** Upstream mounts the key here; the same folder where /var/run is /run. */
const PSK_SECRETS = '/var/run/secrets/submariner.io'

/** Names of a cable driver that mean IPsec, and the one that peers know. */
const IPSEC = ['libreswan', 'ipsec', 'strongswan']
const WIRE_NAME = 'libreswan'

export function engineSettings(given: Given, agent: AgentSettings): EngineSettings {
  const driver = given.need('cable-driver').toLowerCase()
  if (!IPSEC.includes(driver)) throw usage(`--cable-driver is "${driver}"; this gateway has libreswan (IPsec) alone`, 'cable-driver')
  return {
    clusterId: agent.clusterId,
    namespace: agent.namespace,
    brokerNamespace: given.need('broker-namespace'),
    podCidrs: agent.podCidrs,
    serviceCidrs: agent.serviceCidrs,
    colorCodes: given.need('color-codes').split(','),
    natEnabled: truth(given, 'natt'),
    nattPort: tunnelPort(given),
    backend: WIRE_NAME,
    forceEncaps: !given.on('plain-esp') || truth(given, 'force-udp-encaps'),
    publicIp: given.text('public-ip') ?? '',
    airGapped: truth(given, 'air-gapped'),
    health: agent.health,
    leaseTermMs: (given.number('lease-duration', 0, 300) || 3) * 1000,
    graceMs: given.duration('grace'),
  }
}

/** The broker's API by its files or, without them, by the values that upstream's operator also puts into the environment; undefined for a cluster that is alone. */
export function brokerAccess(given: Given, { env, files }: Pick<Context, 'env' | 'files'>): Access | undefined {
  const url = given.text('broker-url')
  if (url === undefined) return undefined
  const server = `https://${url.replace(/^https:\/\//, '').replace(/\/+$/, '')}`
  if (!URL.canParse(server)) throw usage(`--broker-url is "${url}"; it must be HOST:PORT`, 'broker-url')
  const insecure = truth(given, 'broker-insecure')
  const secret = given.text('broker-secret')
  const folder = given.text('broker-secrets-dir') ?? (secret && `${SECRETS}/${secret}`)
  const { BROKER_K8S_APISERVERTOKEN: token, BROKER_K8S_CA: ca } = env
  if (folder !== undefined) return fileAccess({ server, token: `${folder}/token`, ca: `${folder}/ca.crt`, insecure }, files)
  if (token === undefined || token === '') throw missing('--broker-secrets-dir is not given and BROKER_K8S_SECRET is not set')
  const pem = ca === undefined || ca === '' ? {} : { ca: Buffer.from(ca, 'base64').toString() }
  return { server, insecure, credentials: async () => ({ token, ...pem }) }
}

/** Reads the pre-shared key as IKE has it: the base64 text of the file's bytes, or CE_IPSEC_PSK, which is that text already. */
export function pskReader(given: Given, { env, files }: { readonly env: Context['env']; readonly files: Files }): () => Promise<string> {
  const secret = given.text('psk-secret')
  const file = given.text('psk-file') ?? (secret && `${PSK_SECRETS}/${secret}/psk`)
  const inline = env.CE_IPSEC_PSK
  if (file === undefined && (inline === undefined || inline === ''))
    throw missing('--psk-file is not given and CE_IPSEC_PSKSECRET is not set')
  return async () => (file === undefined ? (inline ?? '') : await files.readBase64(file))
}

const missing = (message: string): UserError => new UserError('SUB0102', message, { exitCode: EXIT.usage })
