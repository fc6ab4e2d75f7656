import type { JoinSettings } from './settings.ts'

/** A port that must be open for traffic. */
export interface Port {
  readonly port: number
  readonly protocol: 'udp' | 'tcp'
  readonly from: string
  readonly to: string
  readonly why: string
}

/** Inside a cluster, between all nodes. */
const OVERLAY_PORT = 4800

/** Every port that a member needs, for firewalls and security groups (docs/ports.md says the same). */
export function portsOf(settings: Pick<JoinSettings, 'nattPort' | 'broker'>): readonly Port[] {
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
    { port: brokerPort, protocol: 'tcp', from: 'gateway nodes', to: settings.broker.server.replace(/:\d+$/, ''), why: 'the broker' },
  ]
}
