import { BALANCES, CABLE_DRIVERS, DNS_WISHES, type JoinSettings, WIRE_NAMES } from '../../install/objects/settings.ts'
import { UserError } from '../../model/errors.ts'
import { NAMESPACE } from '../../model/names.ts'
import { parseCidrs } from '../../model/net.ts'
import { parseTunnelPort } from '../../model/ports.ts'
import { parseZones } from '../../model/zones.ts'

const refused = (clusterId: string, key: string, why: string): UserError =>
  new UserError('SUB0433', `The settings of this cluster have what agents refuse: ${key} ${why}`, {
    hint: `Join again, with the flags of then and right ones: subctl join --cluster-id ${clusterId} --force-conflicts. It writes the settings anew.`,
  })

/** The value of a key. A RangeError of the reading is what agents would say of it. */
function readBy<T>(clusterId: string, key: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof RangeError ? refused(clusterId, key, error.message) : error
  }
}

/**
 * The settings that a join wrote, read back from its ConfigMap; what an older version did not write has its default. Throws a UserError where somebody has
 * written what is no network and no number.
 */
export function settingsFrom(data: Readonly<Record<string, string>>): JoinSettings {
  const text = (key: string, otherwise = ''): string => data[key] ?? otherwise
  const clusterId = text('SUBMARINER_CLUSTERID')
  const number = (key: string, otherwise: number): number => {
    const value = text(key, String(otherwise))
    if (!/^\d{1,9}$/.test(value)) throw refused(clusterId, key, `${JSON.stringify(value)} is not a number`)
    return Number(value)
  }
  const networks = (key: string): JoinSettings['podCidrs'] => readBy(clusterId, key, () => parseCidrs(text(key)))
  const dns = DNS_WISHES.find((wish) => wish === text('SUBMARINER_DNS')) ?? DNS_WISHES[0]
  const driver = CABLE_DRIVERS.find((name) => WIRE_NAMES[name] === text('SUBMARINER_CABLEDRIVER'))
  return {
    clusterId,
    namespace: text('SUBMARINER_NAMESPACE', NAMESPACE),
    podCidrs: networks('SUBMARINER_CLUSTERCIDR'),
    serviceCidrs: networks('SUBMARINER_SERVICECIDR'),
    networkPlugin: text('SUBMARINER_NETWORKPLUGIN', 'generic'),
    natEnabled: text('SUBMARINER_NATENABLED', 'true') === 'true',
    nattPort: number('CE_IPSEC_NATTPORT', 4500),
    publicIp: text('SUBMARINER_PUBLICIP'),
    airGapped: text('AIR_GAPPED_DEPLOYMENT') === 'true',
    forceUdpEncaps: text('CE_IPSEC_FORCEENCAPS') === 'true',
    cableDriver: driver ?? CABLE_DRIVERS[0],
    healthCheck: {
      enabled: text('SUBMARINER_HEALTHCHECKENABLED', 'true') === 'true',
      intervalSeconds: number('SUBMARINER_HEALTHCHECKINTERVAL', 1),
      maxPacketLoss: number('SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT', 5),
    },
    // What comes with new rights is brought by a join, not by an upgrade.
    serviceDiscovery: text('SUBMARINER_SERVICEDISCOVERY', 'false') === 'true',
    balance: BALANCES.find((way) => way === text('SUBMARINER_SERVICEBALANCE')) ?? BALANCES[0],
    allowedNamespaces: text('SUBMARINER_ALLOWEDNAMESPACES')
      .split(',')
      .filter((name) => name !== ''),
    dns,
    zones: readBy(clusterId, 'SUBMARINER_DNS_ZONES', () => parseZones(text('SUBMARINER_DNS_ZONES'))),
    dnsServer: dns === 'own',
    broker: {
      server: text('BROKER_K8S_APISERVER'),
      namespace: text('BROKER_K8S_REMOTENAMESPACE'),
      secret: text('BROKER_K8S_SECRET'),
    },
  }
}

/** Throws where agents of this version would refuse the settings. */
export const checkSettings = ({ clusterId, nattPort }: JoinSettings): void => {
  readBy(clusterId, 'CE_IPSEC_NATTPORT', () => parseTunnelPort(String(nattPort)))
}
