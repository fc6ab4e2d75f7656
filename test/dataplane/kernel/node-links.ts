import type { NodeNs } from './nodes.ts'

/** A node at 172.30.0.1 with a pods' bridge and a device named as a tunnel's. */
export async function prepare(node: NodeNs, ...tunnels: readonly string[]): Promise<void> {
  await node.ip(
    'link add wan0 type veth peer name wan1',
    'link set wan1 up',
    'addr add 172.30.0.1/16 dev wan0',
    'link set wan0 up',
    'link add cni0 type bridge',
    'addr add 10.1.1.1/24 dev cni0',
    'link set cni0 up',
    'route add default via 172.30.0.254 dev wan0',
    ...tunnels.flatMap((name) => [`tuntap add dev ${name} mode tun`, `link set ${name} up`]),
  )
}
