import { OVERLAY_PORT } from '../model/ports.ts'
import type { JoinSettings } from './objects/settings.ts'

/** A port that must be open for traffic. */
export interface Port {
  readonly port: number
  readonly protocol: 'udp' | 'tcp'
  readonly from: string
  readonly to: string
  readonly why: string
}

/** Every port that a member needs, for firewalls and security groups (docs/ports.md says the same). */
export function portsOf(settings: Pick<JoinSettings, 'nattPort' | 'broker' | 'serviceDiscovery'>): readonly Port[] {
  const brokerPort = Number(/:(\d+)$/.exec(settings.broker.server)?.[1] ?? 443)
  return [
    {
      port: settings.nattPort,
      protocol: 'udp',
      from: 'gateways of other clusters',
      to: 'gateway nodes',
      why: 'encrypted tunnels, both ways',
    },
    {
      port: OVERLAY_PORT,
      protocol: 'udp',
      from: 'all nodes of this cluster',
      to: 'all nodes of this cluster',
      why: 'from nodes to the gateway and back',
    },
    {
      port: brokerPort,
      protocol: 'tcp',
      // The agents of services run on any node.
      from: `${settings.serviceDiscovery ? 'all nodes of this cluster' : 'gateway nodes'}, and this machine`,
      to: settings.broker.server.replace(/:\d+$/, ''),
      why: 'the broker',
    },
    ...METRICS.map(({ port, to, of }) => ({
      port,
      protocol: 'tcp' as const,
      from: 'the same node alone',
      to,
      why: `metrics and health of ${of} (on the loopback device)`,
    })),
  ]
}

/** No firewall is in their way, but another program may have taken one. */
const METRICS = [
  { port: 32_780, to: 'gateway nodes', of: 'the engine' },
  { port: 32_784, to: 'gateway nodes', of: 'charon’s keeper' },
  { port: 32_782, to: 'all nodes of this cluster', of: 'the route agent' },
] as const
