import type { Problems } from '../problem.ts'

export const nodeProblems: Problems = {
  SUB0501: {
    title: 'charon does not answer',
    cause: 'strongSwan’s charon is not running on this node, or has just died; without it no tunnel can be made or judged.',
    next: 'See that `subctl charon` runs on this node with the same --run-dir, and read its log.',
  },
  SUB0502: {
    title: 'charon does not start',
    cause: 'The program ended before it answered; its own lines in the log say why.',
    next: 'Run `subctl charon --debug 1` and read what charon prints.',
  },
  SUB0503: {
    title: 'The UDP port of the tunnels is in use',
    cause: 'Another program on this node, such as an IPsec daemon of its own or a WireGuard device, has the port.',
    next: 'Find it with `ss -ulpn`, and end it or choose another port with --natt-port.',
  },
  SUB0504: {
    title: 'Two keepers of one charon',
    cause: '`subctl charon` runs already with this run directory.',
    next: 'End the other one, or give this one a --run-dir of its own.',
  },
  SUB0505: {
    title: 'The kernel cannot encrypt',
    cause: 'The kernel lacks ESP with AES-GCM or XFRM interfaces, or this process may not use them.',
    next: 'Load the modules esp4 and xfrm_interface, or use `--esp auto`, which falls back to ESP in charon.',
  },
  SUB0506: {
    title: 'strongSwan is missing',
    cause: 'No charon was found where strongSwan’s packages put it.',
    next: 'Install charon-systemd (Debian, Ubuntu) or strongswan (Fedora, Alpine).',
  },
  SUB0507: {
    title: 'A program that a node needs cannot be run',
    cause: 'The route agent changes a node by `ip`, `bridge`, `ipset` and the iptables that the node uses; one of them is not there.',
    next: 'Use the image of the project, or install iproute2, ipset and iptables on the node.',
  },
  SUB0508: {
    title: 'Neither the kernel nor charon can do ESP on this node',
    cause:
      'The kernel has no ESP with AES-GCM or no XFRM interfaces, and /dev/net/tun is not there (module tun) or is kept from this container: runc 1.2.0 to 1.2.3 and CRI-O do so.',
    next: 'Load esp4 and xfrm_interface, or tun, on the node; else use a newer runc, or let CRI-O hand the device to the pod. docs/workloads.md says how.',
  },
}
