import { BROKER_NAMESPACE } from '../../../model/names.ts'
import { METRICS_FLAGS } from '../../agent/health.ts'
import { AGENT_FLAGS } from '../../agent/settings.ts'
import type { CommandSpec, FlagSpec } from './spec.ts'

export const BROKER_FLAGS: readonly FlagSpec[] = [
  { name: 'broker-url', value: 'HOST:PORT', brief: 'the broker’s API; without it the cluster stays alone', env: 'BROKER_K8S_APISERVER' },
  {
    name: 'broker-namespace',
    value: 'NAME',
    brief: 'the namespace there',
    env: 'BROKER_K8S_REMOTENAMESPACE',
    fallback: BROKER_NAMESPACE,
  },
  { name: 'broker-secret', value: 'NAME', brief: 'the mounted Secret with token and ca.crt', env: 'BROKER_K8S_SECRET' },
  {
    name: 'broker-secrets-dir',
    value: 'DIR',
    brief: 'the folder with token and ca.crt. Default: /run/secrets/submariner.io/SECRET',
  },
  {
    name: 'broker-insecure',
    value: 'BOOL',
    brief: 'take any certificate of the broker: true or false',
    env: 'BROKER_K8S_INSECURE',
    fallback: 'false',
  },
]

const TUNNEL_FLAGS: readonly FlagSpec[] = [
  {
    name: 'cable-driver',
    value: 'NAME',
    brief: 'libreswan: IPsec, by the name that peers know',
    env: 'SUBMARINER_CABLEDRIVER',
    fallback: 'libreswan',
  },
  { name: 'psk-secret', value: 'NAME', brief: 'the mounted Secret with psk', env: 'CE_IPSEC_PSKSECRET' },
  { name: 'psk-file', value: 'FILE', brief: 'the pre-shared key’s bytes. Default: /var/run/secrets/submariner.io/SECRET/psk' },
  { name: 'natt-port', value: 'PORT', brief: 'UDP port of this gateway’s tunnels', env: 'CE_IPSEC_NATTPORT', fallback: '4500' },
  { name: 'natt', value: 'BOOL', brief: 'peers dial the public address: true or false', env: 'SUBMARINER_NATENABLED', fallback: 'true' },
  { name: 'plain-esp', brief: 'ESP as an IP protocol of its own where no NAT is in between; else it goes in UDP' },
  {
    name: 'force-udp-encaps',
    value: 'BOOL',
    brief: 'ESP in UDP whatever --plain-esp says',
    env: 'CE_IPSEC_FORCEENCAPS',
    fallback: 'false',
  },
  {
    name: 'public-ip',
    value: 'LIST',
    brief: 'where the public address is from: ipv4:ADDRESS, dns:NAME, api:HOST/PATH or lb:SERVICE, the first that answers',
    env: 'SUBMARINER_PUBLICIP',
  },
  { name: 'air-gapped', value: 'BOOL', brief: 'ask nobody outside for it', env: 'AIR_GAPPED_DEPLOYMENT', fallback: 'false' },
]

const LEADER_FLAGS: readonly FlagSpec[] = [
  {
    name: 'lease-duration',
    value: 'SECONDS',
    brief: 'a leader that has not been seen for so long is followed',
    env: 'LEADERSHIP_LEASEDURATION',
    fallback: '3',
  },
  { name: 'grace', value: 'TIME', brief: 'the longest that it forwards for its successor after SIGTERM', fallback: '20s' },
]

export const ENGINE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'engine',
    part: 'engine',
    brief: 'Run the gateway engine of a node: election, exchange with the broker, tunnels',
    text: 'Competes with the other gateways of its cluster for the lead. The leader publishes this cluster on the broker, fetches the others and keeps the tunnels in charon, which is a process of its own. The environment and the secret files that Submariner’s operator gives its gateway are understood.',
    flags: [
      ...AGENT_FLAGS,
      ...BROKER_FLAGS,
      ...TUNNEL_FLAGS,
      ...LEADER_FLAGS,
      ...METRICS_FLAGS(32780, 'SUBMARINER_METRICSPORT'),
      {
        name: 'cleanup',
        brief: 'take away what the engine has put on this node, into this cluster’s API and on the broker, and end',
        env: 'SUBMARINER_UNINSTALL',
      },
      { name: 'color-codes', value: 'A,B', brief: 'published with the cluster', env: 'SUBMARINER_COLORCODES', fallback: 'blue' },
    ],
    examples: [
      ['subctl engine', 'in a pod, with the settings of the environment'],
      [
        'subctl engine --kubeconfig west.yaml --cluster-id west --pod-cidr 10.1.0.0/16 --service-cidr 100.1.0.0/16 --psk-file psk --broker-url broker:6443 --broker-secrets-dir broker',
        'on a node by hand',
      ],
    ],
  },
]
