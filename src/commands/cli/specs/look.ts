import { AGENTS_FLAG, type CommandSpec, type FlagSpec, KUBE_FLAGS, OUTPUT_FLAG } from './spec.ts'

const CONTEXTS_FLAG: FlagSpec = { name: 'contexts', value: 'A,B', brief: 'several contexts of the kubeconfig, separated by commas' }
const NAMESPACE_FLAG: FlagSpec = { name: 'namespace', short: 'n', value: 'NAME', brief: 'where the agents live', fallback: 'submariner' }
const SHOWN_FLAG: FlagSpec = {
  name: 'namespace',
  short: 'n',
  value: 'NAME',
  brief: 'of what is shown; default: with `services` every namespace, else where the agents live',
}

/** Commands that look at running clusters and change nothing of them. */
export const LOOK_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'show',
    part: 'laptop',
    brief: 'Show what the clusters say of the clusterset: gateways, connections, services and more',
    text: 'With `services`: where each is exported and imported, by which address, what is ready behind it in each cluster asked, and what clusters disagree about. Of a service with an address another cluster counts as one.',
    args: [
      {
        name: 'what',
        brief: 'which objects; default: all of one cluster’s, which is without services',
        optional: true,
        choices: ['all', 'clusters', 'endpoints', 'gateways', 'connections', 'route-agents', 'services'],
      },
    ],
    flags: [...KUBE_FLAGS, CONTEXTS_FLAG, SHOWN_FLAG, AGENTS_FLAG, { ...OUTPUT_FLAG, choices: ['table', 'wide', 'json', 'yaml', 'name'] }],
    examples: [
      ['subctl show', 'everything, for the current context'],
      ['subctl show connections --contexts west,east', 'the tunnels of two clusters'],
      ['subctl show services --contexts west,east', 'services across clusters, as both see them'],
      ['subctl show services -n shop', 'those of one namespace'],
      ['subctl show endpoints -o json', 'the objects, for a program'],
    ],
  },
  {
    name: 'verify',
    part: 'laptop',
    brief: 'Prove that the clusters reach each other, from every node, and nothing in the clear',
    text: [
      'Runs checks over one or more clusters and prints each result as it is known. The exit code is 2 when a check fails. `subctl explain ID`',
      'tells more of a check. With two contexts or more, pods without rights talk to each other from a namespace of their own, by address and by the',
      'names of services that are exported for the test; all of it is removed again.',
    ].join('\n'),
    flags: [
      ...KUBE_FLAGS,
      CONTEXTS_FLAG,
      NAMESPACE_FLAG,
      { ...OUTPUT_FLAG, choices: ['table', 'json', 'yaml'] },
      { name: 'timeout', value: 'TIME', brief: 'the longest that all checks may take together', fallback: '5m' },
      { name: 'junit-file', value: 'FILE', brief: 'also write the results as JUnit XML' },
      { name: 'test', value: 'REGEX', brief: 'only the checks whose id or name matches' },
      { name: 'list', brief: 'list the checks that would be made, and make none' },
      {
        name: 'pods',
        value: 'WHEN',
        brief: 'whether pods of our own talk to each other; auto: where the agents run as pods',
        choices: ['auto', 'true', 'false'],
        fallback: 'auto',
      },
      { name: 'image', value: 'NAME', brief: 'what those pods run; default: the image of the agents' },
      {
        name: 'parallel',
        value: 'N',
        brief: 'how many clusters are checked, and how many questions each pod asks, at once',
        fallback: '8',
      },
      { name: 'disruptive', brief: 'also end the active gateway of each cluster, twice, and count what traffic loses' },
      { name: 'yes', short: 'y', brief: 'ask nothing before --disruptive' },
    ],
    examples: [
      ['subctl verify --contexts west,east', 'check both clusters and what lies between'],
      ['subctl verify --contexts west,east --test pods', 'the checks that have to do with pods alone'],
      ['subctl verify --contexts west,east --disruptive', 'milliseconds and packets lost when gateways end'],
      ['subctl verify -o json', 'results for a program'],
      ['subctl verify --junit-file report.xml', 'results for a CI server'],
    ],
  },
]
