// Whether agents that start now would take what settings and secrets say: those that run have read them before, and go on.
import { isAuthority, isToken } from '../../broker/info.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { GATEWAY_WORKLOAD, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import { agentSettings } from '../agent/settings.ts'
import type { Given } from '../cli/given.ts'
import { parse } from '../cli/parse.ts'
import { COMMANDS } from '../cli/table.ts'
import { tunnelPort } from '../cli/tunnel-port.ts'
import type { Context } from '../context.ts'
import { discoverySettings } from '../discovery/settings.ts'
import { dnsSettings } from '../dns/settings.ts'
import { brokerAccess, engineSettings, pskReader } from '../engine/settings.ts'

type Data = Readonly<Record<string, string>>
interface World {
  readonly env: Data
  readonly files: Context['files']
}

/** What each agent reads of its settings when it starts. */
const MEMBERS: Readonly<Record<string, (given: Given, world: World) => unknown>> = {
  engine: (given, world) => [engineSettings(given, agentSettings(given, 'node')), brokerAccess(given, world), pskReader(given, world)],
  'route-agent': (given) => agentSettings(given, 'node'),
  charon: tunnelPort,
}
const SERVICES: typeof MEMBERS = {
  discovery: (given, world) => [discoverySettings(given), brokerAccess(given, world)],
  dns: dnsSettings,
}

/** What agents would refuse, each with its key; nothing where they do not run as pods, which have their settings from elsewhere. */
export async function settingsFaults(api: KubeApi, namespace: string, files: Context['files']): Promise<readonly string[]> {
  const [map, sets] = await Promise.all([api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace), api.list('DaemonSet', { namespace })])
  if (map === undefined || !sets.items.some(({ metadata }) => metadata.name === GATEWAY_WORKLOAD)) return []
  const env = map.data ?? {}
  const agents = { ...MEMBERS, ...(env.SUBMARINER_SERVICEDISCOVERY === 'true' && SERVICES) }
  const said = Object.entries(agents).flatMap(([name, read]) => refusalOf(name, read, { env, files }))
  const { BROKER_K8S_SECRET: broker = '', CE_IPSEC_PSKSECRET: psk = '' } = env
  const secrets = [
    ...(broker === '' ? [] : await secretFaults(api, { namespace, name: broker, tests: { token: isToken, 'ca.crt': isAuthority } })),
    ...(psk === '' ? [] : await secretFaults(api, { namespace, name: psk, tests: { psk: (text) => text !== '' } })),
  ]
  return [...new Set(said), ...secrets]
}

function refusalOf(agent: string, read: (given: Given, world: World) => unknown, world: World): readonly string[] {
  const variableOf = (flag: string | undefined): string | undefined =>
    COMMANDS.find(({ name }) => name === agent)?.flags.find(({ name }) => name === flag)?.env
  try {
    const parsed = parse([agent], COMMANDS, world.env)
    if (parsed.what === 'run') read(parsed.given, world)
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [`${variableOf(error.flag) ?? `what ${agent} reads`} in the ConfigMap ${SETTINGS_CONFIGMAP}: ${error.message}`]
  }
}

interface Tested {
  readonly namespace: string
  readonly name: string
  /** By key, whether a text is what it should be. */
  readonly tests: Readonly<Record<string, (text: string) => boolean>>
}

/** No value is told. Of a Secret that may not be read nothing is known. */
async function secretFaults(api: KubeApi, { namespace, name, tests }: Tested): Promise<readonly string[]> {
  const found = await api.get('Secret', name, namespace).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 403) return 'forbidden' as const
    throw error
  })
  if (found === 'forbidden') return []
  if (found === undefined) return [`the Secret ${name} is not there`]
  const plain = (key: string): string =>
    Buffer.from(found.data?.[key] ?? '', 'base64')
      .toString('utf8')
      .trim()
  return Object.entries(tests).flatMap(([key, isSo]) => (isSo(plain(key)) ? [] : [`${key} in the Secret ${name} is not what it should be`]))
}
