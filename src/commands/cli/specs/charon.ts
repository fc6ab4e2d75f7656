import { METRICS_FLAGS } from '../../agent/health.ts'
import type { CommandSpec } from './spec.ts'

export const CHARON_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'charon',
    part: 'light',
    brief: 'Keep the IPsec daemon running on a gateway node',
    text: `Starts strongSwan's charon with settings of its own in the run directory, watches it and starts it again when it dies. The engine
drives it through RUN-DIR/charon.vici and may come and go; tunnels stay. IKE and ESP use one UDP port. SIGTERM ends charon in order.
A charon that a killed \`subctl charon\` left behind is taken over, tunnels and all.`,
    args: [],
    flags: [
      { name: 'run-dir', value: 'DIR', brief: 'where settings and the socket are', fallback: '/run/submariner' },
      { name: 'natt-port', value: 'PORT', brief: 'the UDP port of the tunnels', env: 'CE_IPSEC_NATTPORT', fallback: '4500' },
      {
        name: 'esp',
        value: 'WHERE',
        brief: 'who encrypts: the kernel, charon itself, or what a probe finds',
        choices: ['auto', 'kernel', 'userspace'],
        fallback: 'auto',
      },
      {
        name: 'grace',
        value: 'TIME',
        brief: 'the longest that charon goes on after SIGTERM while the engine of this node hands over; 0s: not at all',
        fallback: '25s',
      },
      ...METRICS_FLAGS(32784),
      { name: 'debug', value: 'LEVEL', brief: "charon's log: 0 tunnels, 1 messages, 2 to 4 what is in them", fallback: '0' },
    ],
    examples: [
      ['subctl charon', 'what the gateway nodes run'],
      ['subctl charon --esp userspace --debug 1', 'ESP in charon itself, and more to read'],
    ],
  },
]
