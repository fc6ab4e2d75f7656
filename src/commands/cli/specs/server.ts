import type { CommandSpec } from './spec.ts'

export const SERVER_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'serve-broker',
    part: 'server',
    brief: 'Be the broker of a clusterset in one process, where no cluster is to spare',
    text: [
      'A central API server: the Kubernetes API for the kinds that a broker holds, over TLS, with a folder for its data. kubectl works',
      'with DIR/admin.kubeconfig: `kubectl get endpoints.submariner.io -A`. No traffic between pods goes through it, and tunnels stay up while it is down.',
    ].join('\n'),
    flags: [
      { name: 'data', value: 'DIR', brief: 'the folder of its data, certificates and keys' },
      { name: 'listen', value: 'HOST:PORT', brief: 'where it takes connections; default: as --init was told, else 0.0.0.0:6443' },
      {
        name: 'advertise',
        value: 'HOST:PORT',
        brief: 'where clusters reach it; several are all in its certificate, the first is in the broker file',
        many: true,
      },
      { name: 'init', brief: 'prepare the folder, write the broker file, and end' },
      { name: 'file', value: 'FILE', brief: 'the broker file; default: broker-info.subm, in DIR where the server runs' },
      {
        name: 'kinds',
        value: 'NAME',
        brief: 'what it serves: a broker’s kinds, or all that a cluster’s API has for subctl',
        choices: ['broker', 'cluster'],
        fallback: 'broker',
      },
    ],
    examples: [
      ['subctl serve-broker --init --data /var/lib/subctl --advertise broker.example:6443', 'once: keys, rights and broker-info.subm'],
      ['subctl serve-broker --data /var/lib/subctl', 'the server, until SIGTERM'],
      ['subctl serve-broker --data DIR --kinds cluster --listen 10.0.0.1:6443', 'stand in for a cluster’s API, in a lab'],
    ],
  },
]
