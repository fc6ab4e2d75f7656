import { type CommandSpec, type FlagSpec, KUBE_FLAGS, OUTPUT_FLAG } from './spec.ts'

const TRUTH = ['true', 'false']

export const FORCE_CONFLICTS: FlagSpec = {
  name: 'force-conflicts',
  brief: 'take fields of our objects back that another program has changed',
}
export const WAIT_FLAG: FlagSpec = {
  name: 'wait',
  value: 'BOOL',
  bare: 'true',
  brief: 'wait until the agents are up and connected, or say what is not and why; default: on a terminal',
  choices: TRUTH,
}

export const UPGRADE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'upgrade',
    part: 'laptop',
    brief: 'Bring a cluster’s agents to this version',
    text: [
      'Rights and kinds first, then the route agents node by node, then the gateways one by one, those that stand by first; the active one hands',
      'over once, before its own turn. Between two steps every connection must be up again. Settings and secrets of the join stay. An upgrade that',
      'broke off is completed by running it again.',
    ].join('\n'),
    flags: [
      ...KUBE_FLAGS,
      { name: 'image', value: 'NAME', brief: 'what the pods run; default: the repository they have, with this version as its tag' },
      { name: 'charon', value: 'BOOL', brief: 'whether the tunnels’ own pods are replaced too', choices: TRUTH, fallback: 'true' },
      { name: 'allow-downgrade', brief: 'go back to an older version on purpose' },
      FORCE_CONFLICTS,
      { name: 'plan', brief: 'say what would change and in which order, change nothing' },
      { name: 'yes', short: 'y', brief: 'accept, unasked, that tunnels are down for a moment where a cluster has one gateway' },
      { name: 'timeout', value: 'TIME', brief: 'when to give up on one step', fallback: '5m' },
      OUTPUT_FLAG,
    ],
    examples: [
      ['subctl upgrade --context west --plan', 'what would change'],
      ['subctl upgrade --context west', 'to the version of this subctl'],
      ['subctl upgrade --context west --image registry.example/subctl:0.2.0', 'with an image of your own'],
    ],
  },
]
