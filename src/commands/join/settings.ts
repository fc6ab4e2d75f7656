import { isLoopback } from '../../install/broker-url.ts'
import { PLUGIN_NAMES } from '../../install/networks/cni.ts'
import type { Networks } from '../../install/networks/discover.ts'
import { BALANCES, CABLE_DRIVERS, DNS_WISHES, type JoinSettings } from '../../install/objects/settings.ts'
import { type Image, PULL_POLICIES } from '../../install/objects/workloads.ts'
import { BROKER_SECRET, NAMESPACE } from '../../model/names.ts'
import { familyOf, parseIp } from '../../model/net.ts'
import { zonesWith } from '../../model/zones.ts'
import { type Given, usage } from '../cli/given.ts'
import { allowedNamespaces } from '../cli/namespaces.ts'
import { tunnelPort } from '../cli/tunnel-port.ts'

const RESOLVER = /^(api:[\w.-]+(\/[\w./-]*)?|lb:[a-z0-9-]+|dns:[\w.-]+)$/

type Chosen = Pick<
  JoinSettings,
  | 'natEnabled'
  | 'nattPort'
  | 'publicIp'
  | 'airGapped'
  | 'forceUdpEncaps'
  | 'cableDriver'
  | 'healthCheck'
  | 'serviceDiscovery'
  | 'balance'
  | 'allowedNamespaces'
  | 'dns'
  | 'zones'
  | 'dnsServer'
>

/** The settings that flags alone decide. Throws usage errors, so that it is of use before anybody is asked too. */
export function chosenSettings(given: Given): Chosen {
  const driver = given.need('cable-driver')
  const dns = DNS_WISHES.find((wish) => wish === given.need('dns')) ?? DNS_WISHES[0]
  return {
    natEnabled: given.need('natt') === 'true',
    nattPort: tunnelPort(given),
    publicIp: resolvers(given.text('public-ip') ?? ''),
    airGapped: given.on('air-gapped'),
    forceUdpEncaps: given.on('force-udp-encaps'),
    cableDriver: CABLE_DRIVERS.find((name) => name === driver) ?? CABLE_DRIVERS[0],
    healthCheck: {
      enabled: given.need('health-check') === 'true',
      intervalSeconds: given.number('health-check-interval', 1, 3600),
      maxPacketLoss: given.number('health-check-max-packet-loss-count', 1, 1000),
    },
    serviceDiscovery: given.need('service-discovery') === 'true',
    balance: BALANCES.find((way) => way === given.need('balance')) ?? BALANCES[0],
    allowedNamespaces: allowedNamespaces(given),
    dns,
    zones: zonesOf(given, []),
    dnsServer: dns === 'own',
  }
}

/** Flags of services that come to nothing where services are left out: a join with services has to give them again. */
export function unusedNotes({ serviceDiscovery, dns, zones, balance, allowedNamespaces }: Chosen): readonly string[] {
  if (serviceDiscovery) return []
  const flags = [
    ...(dns === 'auto' ? [] : ['--dns']),
    ...(zones.length > 1 ? ['--zone'] : []),
    ...(balance === BALANCES[0] ? [] : ['--balance']),
    ...(allowedNamespaces.length > 0 ? ['--allow-namespaces'] : []),
  ]
  return flags.length === 0
    ? []
    : [`${flags.join(', ')} without effect, since --service-discovery is false: give it again to a join with services`]
}

/** The settings of a cluster: flags, and the networks that were found. */
export const settingsOf = (
  given: Given,
  clusterId: string,
  networks: Networks,
  broker: { url: string; namespace: string; customDomains: readonly string[] },
): JoinSettings => ({
  ...chosenSettings(given),
  zones: zonesOf(given, broker.customDomains),
  clusterId,
  namespace: NAMESPACE,
  podCidrs: networks.pods.value,
  serviceCidrs: networks.services.value,
  networkPlugin: PLUGIN_NAMES[networks.cni.value],
  // Agents put https:// in front by themselves.
  broker: { server: broker.url.replace(/^https:\/\//, ''), namespace: broker.namespace, secret: BROKER_SECRET },
})

/** Those of the flag, else those that the broker's file has for all clusters. */
function zonesOf(given: Given, customDomains: readonly string[]): readonly string[] {
  const named = given.many('zone')
  try {
    return zonesWith(named.length > 0 ? named : customDomains)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw usage(named.length > 0 ? `--zone: ${error.message}` : `${error.message}, and the broker’s file has it: give --zone`, 'zone')
  }
}

/** The list as it was given, after a look at each item: a mistake would only be seen in a log of the gateway otherwise. */
function resolvers(text: string): string {
  const wrong = text.split(',').find((item) => text !== '' && !isResolver(item.trim()))
  if (wrong !== undefined) throw usage(`--public-ip: "${wrong}" is not ipv4:ADDRESS, dns:NAME, api:HOST/PATH or lb:SERVICE`, 'public-ip')
  return text
}

function isResolver(item: string): boolean {
  const address = /^ipv4:(.*)$/.exec(item)?.[1]
  if (address === undefined) return RESOLVER.test(item)
  try {
    return familyOf(parseIp(address)) === 4 && !isLoopback(address)
  } catch {
    return false
  }
}

/** A name as image references have it: registry, path, tag and digest; nothing that a shell or YAML would make anything else of. */
const IMAGE = /^[a-z0-9]([\w.-]*[\w])?(:\d+)?(\/[\w][\w.-]*)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/i

/** What the pods run; undefined where the agents are not to be installed. The version is this program's, such as `0.1.0+1a2b3c4`. */
export function imageOf(given: Given, version: string): Image | undefined {
  const image = given.text('image') ?? `localhost/subctl:${version.replace(/\+.*$/, '')}`
  if (!IMAGE.test(image)) throw usage(`--image is "${image}"; it looks like REGISTRY/NAME:TAG`, 'image')
  const policy = given.need('image-pull-policy')
  if (given.need('workloads') !== 'true') return undefined
  return { image, imagePullPolicy: PULL_POLICIES.find((name) => name === policy) ?? PULL_POLICIES[0] }
}
