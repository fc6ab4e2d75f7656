import { ALLOW_NAMESPACES_FLAG, BALANCE_FLAG } from './discovery.ts'
import { type CommandSpec, type FlagSpec, KUBE_FLAGS, OUTPUT_FLAG } from './spec.ts'
import { FORCE_CONFLICTS, WAIT_FLAG } from './upgrade.ts'

/** Flags of every verb that changes a cluster. */
const CHANGE_FLAGS: readonly FlagSpec[] = [
  ...KUBE_FLAGS,
  { name: 'plan', brief: 'say what would change, change nothing' },
  { name: 'emit', value: 'FORMAT', brief: 'print the objects, and change nothing', choices: ['yaml'] },
  { name: 'yes', short: 'y', brief: 'ask nothing' },
  FORCE_CONFLICTS,
  { name: 'timeout', value: 'TIME', brief: 'when to give up', fallback: '5m' },
  OUTPUT_FLAG,
]
const BROKER_URL: FlagSpec = { name: 'broker-url', value: 'URL', brief: 'where clusters reach the broker, such as https://HOST:PORT' }
const TRUTH = ['true', 'false']

export const INSTALL_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'deploy-broker',
    part: 'laptop',
    brief: 'Make a cluster the broker of a clusterset, and write the file that others join with',
    text: [
      'The broker is a namespace on a cluster whose API server every member reaches; no traffic goes through it. Run again it changes',
      'nothing. The file holds the clusterset’s keys: treat it like a password. Without a cluster to spare: `subctl serve-broker`.',
    ].join('\n'),
    flags: [
      ...CHANGE_FLAGS,
      BROKER_URL,
      {
        name: 'file',
        value: 'FILE',
        brief: 'where the broker file is written; an older one is kept beside it',
        fallback: 'broker-info.subm',
      },
      { name: 'shared-rights', brief: 'accept that members can change each other’s objects (Kubernetes before 1.30)' },
    ],
    examples: [
      ['subctl deploy-broker --context hub', 'the cluster of context hub becomes the broker'],
      ['subctl deploy-broker --plan', 'what would be created'],
      ['subctl deploy-broker --broker-url https://hub.example:6443', 'where the kubeconfig’s address is not the one that others use'],
    ],
  },
  {
    name: 'join',
    part: 'laptop',
    brief: 'Join a cluster to a clusterset',
    text: [
      'Finds the cluster’s networks, its CNI and a gateway node, says where it found them, and refuses before it changes anything',
      'where they cannot be connected. Run again with other settings it changes what differs.',
    ].join('\n'),
    args: [{ name: 'file', brief: 'the broker file; default: broker-info.subm', optional: true }],
    flags: [
      ...CHANGE_FLAGS,
      { name: 'cluster-id', value: 'ID', brief: 'what the cluster is called in the clusterset' },
      { name: 'pod-cidr', value: 'LIST', brief: 'the pods’ networks, with commas, instead of those found' },
      { name: 'service-cidr', value: 'LIST', brief: 'the services’ networks, with commas, instead of those found' },
      { name: 'gateway', value: 'NODE', brief: 'a node that carries tunnels; may be given several times', many: true },
      { name: 'gateways', value: 'N', brief: 'how many nodes shall carry tunnels, chosen over zones where fewer are known', fallback: '1' },
      BROKER_URL,
      { name: 'cable-driver', value: 'NAME', brief: 'how tunnels are made', choices: ['ipsec'], fallback: 'ipsec' },
      {
        name: 'natt',
        value: 'BOOL',
        brief: 'whether other clusters reach the gateways by a public address',
        choices: TRUTH,
        fallback: 'true',
      },
      { name: 'natt-port', value: 'PORT', brief: 'UDP port of the tunnels', fallback: '4500' },
      { name: 'public-ip', value: 'LIST', brief: 'how the public address is found: ipv4:ADDRESS, dns:NAME, api:HOST/PATH, lb:SERVICE' },
      { name: 'air-gapped', brief: 'ask no server outside for the public address' },
      { name: 'force-udp-encaps', brief: 'wrap tunnels in UDP where no NAT is found too' },
      { name: 'health-check', value: 'BOOL', brief: 'whether gateways probe each other', choices: TRUTH, fallback: 'true' },
      { name: 'health-check-interval', value: 'SECONDS', brief: 'time between two probes', fallback: '1' },
      { name: 'health-check-max-packet-loss-count', value: 'N', brief: 'lost probes that make a connection failed', fallback: '5' },
      {
        name: 'service-discovery',
        value: 'BOOL',
        brief: 'whether services can be exported to other clusters and imported from them; false takes out what an earlier join put in',
        choices: TRUTH,
        fallback: 'true',
      },
      BALANCE_FLAG,
      ALLOW_NAMESPACES_FLAG,
      {
        name: 'dns',
        value: 'MODE',
        brief:
          'who answers names of clusterset.local: the cluster’s CoreDNS itself (multicluster), our server behind it (own), nobody (none), or what fits',
        choices: ['auto', 'multicluster', 'own', 'none'],
        fallback: 'auto',
      },
      {
        name: 'zone',
        value: 'NAME',
        brief: 'a domain that has these names besides clusterset.local; default: the custom domains of the broker’s file',
        many: true,
      },
      { name: 'image', value: 'NAME', brief: 'what the pods run; default: localhost/subctl of this version, as scripts/image names it' },
      {
        name: 'image-pull-policy',
        value: 'WHEN',
        brief: 'when nodes fetch it',
        choices: ['IfNotPresent', 'Always', 'Never'],
        fallback: 'IfNotPresent',
      },
      {
        name: 'workloads',
        value: 'BOOL',
        brief: 'whether the agents are installed; without, rights and settings alone are, for those who run the agents otherwise',
        choices: TRUTH,
        fallback: 'true',
      },
      {
        name: 'emit-for',
        value: 'WHERE',
        brief: 'whose objects --emit prints: those of the cluster, or those that the member has on the broker',
        choices: ['cluster', 'broker'],
        fallback: 'cluster',
      },
      { name: 'with-secrets', brief: 'print with --emit the cluster’s secrets too, for a pipeline that seals them' },
      WAIT_FLAG,
      { name: 'ignore-requirements', brief: 'join a cluster whose CNI is known not to work' },
    ],
    examples: [
      ['subctl join --cluster-id west --context west', 'with broker-info.subm of this folder'],
      ['subctl join broker-info.subm --cluster-id west --plan', 'what would be created and changed'],
      ['subctl join --cluster-id west --gateway worker-1 --pod-cidr 10.1.0.0/16', 'with settings instead of what is found'],
    ],
  },
]
