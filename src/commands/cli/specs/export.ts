import { AGENTS_FLAG, type CommandSpec, type FlagSpec, KUBE_FLAGS, OUTPUT_FLAG } from './spec.ts'

const TRUTH = ['true', 'false']
const NAMESPACE_FLAG: FlagSpec = { name: 'namespace', short: 'n', value: 'NAME', brief: 'of the service; default: that of the context' }
const CLUSTERS: readonly FlagSpec[] = [
  ...KUBE_FLAGS,
  { name: 'contexts', value: 'A,B', brief: 'several contexts of the kubeconfig, separated by commas' },
]

const waiting = (forWhat: string): readonly FlagSpec[] => [
  { name: 'wait', value: 'BOOL', bare: 'true', brief: `${forWhat}, or say why it is not so; default: on a terminal`, choices: TRUTH },
  { name: 'timeout', value: 'TIME', brief: 'how long --wait waits', fallback: '30s' },
  { ...OUTPUT_FLAG, choices: ['table', 'json', 'yaml', 'name'] },
]
const EXPORT_FLAGS: readonly FlagSpec[] = [
  {
    name: 'use-clusterset-ip',
    value: 'BOOL',
    brief:
      'for agents of upstream Submariner: whether the service gets an address of the clusterset; ours give it one in each cluster anyway',
    choices: TRUTH,
  },
  { name: 'plan', brief: 'say what would change, change nothing' },
  { name: 'emit', value: 'FORMAT', brief: 'print the objects instead of applying them', choices: ['yaml'] },
  {
    name: 'force',
    brief: 'change an export that another program looks after, and export out of a namespace that runs the cluster',
  },
  ...waiting('wait until the broker has the services'),
]
const UNEXPORT_FLAGS: readonly FlagSpec[] = [
  { name: 'plan', brief: 'say what would be removed, change nothing' },
  { name: 'force', brief: 'remove an export that another program looks after' },
  ...waiting('wait until the exports are gone'),
]

const ARGS = [
  { name: 'what', brief: 'one service, or all of a namespace', choices: ['service', 'namespace'] },
  { name: 'name', brief: 'of the Service, or of the namespace' },
]

/** Commands that make services of one cluster known in all, take that back, and ask by which name. */
export const EXPORT_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'export',
    part: 'laptop',
    brief: 'Make services usable in all clusters, by name',
    text: [
      'Makes a ServiceExport (multicluster.x-k8s.io/v1beta1) of the name of the Service. It is NAME.NAMESPACE.svc.clusterset.local in every cluster that',
      'has the namespace. Run again it changes nothing. Of a namespace each Service is exported that can be, and those that cannot are named with the',
      'reason; Services that are made later are not exported by that.',
    ].join('\n'),
    args: ARGS,
    flags: [...CLUSTERS, NAMESPACE_FLAG, ...EXPORT_FLAGS],
    examples: [
      ['subctl export service web -n shop', 'of the current context’s cluster'],
      ['subctl export service web -n shop --contexts west,east --wait', 'of two clusters, until the broker has both'],
      ['subctl export service web -n shop --emit yaml', 'the object, for a repository'],
      ['subctl export namespace shop --plan', 'which services of a namespace, and which not and why'],
    ],
  },
  {
    name: 'unexport',
    part: 'laptop',
    brief: 'Take services back from the other clusters',
    text: [
      'Removes the ServiceExport; the Service stays as it is. Other clusters that export the service go on serving it. Of a namespace all exports are',
      'removed but those that another program looks after.',
    ].join('\n'),
    args: ARGS,
    flags: [...CLUSTERS, NAMESPACE_FLAG, ...UNEXPORT_FLAGS],
    examples: [
      ['subctl unexport service web -n shop', 'of the current context’s cluster'],
      ['subctl unexport service web -n shop --context east --wait', 'of east, until it is gone'],
      ['subctl unexport namespace shop --plan', 'which exports of a namespace would be removed'],
    ],
  },
  {
    name: 'resolve',
    part: 'laptop',
    brief: 'Ask the DNS of each cluster for a name, and say who answers what, and why not',
    text: [
      'A pod without rights asks, from a namespace of its own in each cluster, which is removed again. NAME may be short: `web.shop` is',
      '`web.shop.svc.clusterset.local`, `west.web.shop` that of the cluster west, where there is such a cluster, and `web` that of the namespace of -n. A name that begins with _ is asked for as SRV,',
      'any other as A. It takes as long as a pod takes to start there, some seconds where the node has the image, and ends at --timeout. The exit code is 2 where a cluster does not answer, or its API is not reached, and 69 where none is.',
    ].join('\n'),
    args: [{ name: 'name', brief: 'such as web.shop, east.web.shop.svc.clusterset.local or _http._tcp.web.shop.svc.clusterset.local' }],
    flags: [
      ...CLUSTERS,
      { ...NAMESPACE_FLAG, brief: 'of a service whose name is one word; default: that of the context' },
      AGENTS_FLAG,
      { name: 'image', value: 'NAME', brief: 'what the pods run; default: the image of the agents' },
      { name: 'timeout', value: 'TIME', brief: 'the longest that it may take', fallback: '2m' },
      OUTPUT_FLAG,
    ],
    examples: [
      ['subctl resolve web.shop --contexts west,east', 'what pods of both clusters get'],
      ['subctl resolve web -n shop', 'the same, in the current context’s cluster'],
      ['subctl resolve _http._tcp.web.shop', 'ports and targets, in the current context’s cluster'],
    ],
  },
]
