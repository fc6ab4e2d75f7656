import { CABLE_DRIVERS, DNS_WISHES, type JoinSettings, WIRE_NAMES } from '../../install/settings.ts'
import { UserError } from '../../model/errors.ts'
import { NAMESPACE } from '../../model/names.ts'
import { parseCidrs } from '../../model/net.ts'
import { parseTunnelPort } from '../../model/ports.ts'

/** The settings that a join wrote, read back from its ConfigMap; what an older version did not write has its default. */
export function settingsFrom(data: Readonly<Record<string, string>>): JoinSettings {
  const text = (key: string, otherwise = ''): string => data[key] ?? otherwise
  const number = (key: string, otherwise: number): number => (/^\d{1,9}$/.test(text(key)) ? Number(text(key)) : otherwise)
  const dns = DNS_WISHES.find((wish) => wish === text('SUBMARINER_DNS')) ?? DNS_WISHES[0]
  const driver = CABLE_DRIVERS.find((name) => WIRE_NAMES[name] === text('SUBMARINER_CABLEDRIVER'))
  return {
    clusterId: text('SUBMARINER_CLUSTERID'),
    namespace: text('SUBMARINER_NAMESPACE', NAMESPACE),
    podCidrs: parseCidrs(text('SUBMARINER_CLUSTERCIDR')),
    serviceCidrs: parseCidrs(text('SUBMARINER_SERVICECIDR')),
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
    dns,
    dnsServer: dns === 'own',
    broker: {
      server: text('BROKER_K8S_APISERVER'),
      namespace: text('BROKER_K8S_REMOTENAMESPACE'),
      secret: text('BROKER_K8S_SECRET'),
    },
  }
}

/** Throws where agents of this version would refuse the settings. */
export function checkSettings({ nattPort }: JoinSettings): void {
  try {
    parseTunnelPort(String(nattPort))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UserError(
      'SUB0433',
      `The settings of this cluster have a port that tunnels cannot have: CE_IPSEC_NATTPORT ${error.message}`,
      {
        hint: 'Join again with another: subctl join --natt-port 4500, and the other flags as before.',
      },
    )
  }
}
