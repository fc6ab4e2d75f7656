import { type CommandSpec, type FlagSpec, KUBE_FLAGS, OUTPUT_FLAG } from './spec.ts'

const FILE_ARG = { name: 'file', brief: 'the broker file; default: broker-info.subm, where there is one', optional: true }
const ASKING: readonly FlagSpec[] = [
  { name: 'plan', brief: 'say what would be removed and what stays, change nothing' },
  { name: 'yes', short: 'y', brief: 'ask nothing' },
]

export const REMOVE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'uninstall',
    part: 'laptop',
    brief: 'Take clusters out of the clusterset, without a trace',
    text: [
      'The agents end first; then every node cleans itself by a Job; then the objects go, here and on the broker. Only what carries our mark',
      'is removed. What stays is named, with the reason. Run again it goes on where it stopped.',
    ].join('\n'),
    args: [FILE_ARG],
    flags: [
      ...KUBE_FLAGS,
      { name: 'contexts', value: 'A,B', brief: 'several contexts of the kubeconfig, separated by commas' },
      { name: 'all', brief: 'every member of the broker that a context of the kubeconfig leads to' },
      { name: 'namespace', short: 'n', value: 'NAME', brief: 'where the agents live', fallback: 'submariner' },
      { name: 'broker', brief: 'remove the broker on the cluster too, where nobody else is a member' },
      { name: 'node', value: 'NAME', brief: 'clean this node alone, which was down before; may be given several times', many: true },
      {
        name: 'image',
        value: 'NAME',
        brief: 'what nodes clean themselves by; default: the installed image; where none is, --prove looks at nodes by this',
      },
      { name: 'delete-exports', brief: 'remove users’ objects of the MCS API too, where its CRDs came with us' },
      { name: 'prove', brief: 'compare what nodes and API held before and after; exit code 2 where a trace is left' },
      ...ASKING,
      { name: 'timeout', value: 'TIME', brief: 'when to give up, for each cluster', fallback: '5m' },
      OUTPUT_FLAG,
    ],
    examples: [
      ['subctl uninstall --context west --plan', 'what would be removed'],
      ['subctl uninstall --context west', 'take the cluster out; asks for its name'],
      ['subctl uninstall --contexts west,east --yes --prove', 'two clusters, with proof that no trace is left'],
      ['subctl uninstall broker-info.subm --all --yes', 'all members of a broker'],
      ['subctl uninstall --context west --node worker-2 --yes', 'a node that was down'],
    ],
  },
  {
    name: 'forget',
    part: 'laptop',
    brief: 'Remove a cluster that is gone for good from the broker',
    text: [
      'Says when the cluster was last seen on the broker, and asks it whether it is alive: one that answers is not forgotten without --force.',
      'The broker is that of the file or, with --context, on that cluster.',
    ].join('\n'),
    args: [
      { name: 'cluster', brief: 'its id; without, the members are listed', optional: true },
      { name: 'file', brief: 'the broker file; default: broker-info.subm', optional: true },
    ],
    flags: [
      ...KUBE_FLAGS,
      { name: 'broker-namespace', value: 'NAME', brief: 'of the broker, with --context', fallback: 'submariner-k8s-broker' },
      ...ASKING,
      { name: 'force', brief: 'forget it though it is alive' },
      { name: 'timeout', value: 'TIME', brief: 'how long a sign of life is waited for', fallback: '15s' },
      OUTPUT_FLAG,
    ],
    examples: [
      ['subctl forget west', 'by broker-info.subm of this folder'],
      ['subctl forget west --context hub --yes', 'by the kubeconfig of the broker’s cluster, asking nothing'],
      ['subctl forget west --plan', 'when it was last seen, and what would be removed'],
    ],
  },
]
