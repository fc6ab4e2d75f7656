import { METRICS_FLAGS } from '../../agent/health.ts'
import { CLUSTER_ID_FLAG, NAMESPACE_FLAG } from '../../agent/settings.ts'
import { BROKER_FLAGS } from './engine.ts'
import { type CommandSpec, type FlagSpec, KUBE_FLAGS } from './spec.ts'

/** What a join decides of services, and the agent is told. */
export const BALANCE_FLAG: FlagSpec = {
  name: 'balance',
  value: 'WAY',
  brief: 'which backends the address of a service has: this cluster’s own while they are ready, or those of all clusters',
  choices: ['local-first', 'spread'],
  fallback: 'local-first',
}
export const ALLOW_NAMESPACES_FLAG: FlagSpec = {
  name: 'allow-namespaces',
  value: 'A,B',
  brief: 'namespaces of the system, such as kube-system, that services are exchanged for all the same',
}

export const DISCOVERY_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'discovery',
    part: 'discovery',
    brief: 'Run the agent that exports and imports services across clusters',
    text: 'Runs until SIGTERM; of several the one that holds the lease works. Services with a ServiceExport go to the broker, and those of all clusters become ServiceImports in the namespaces that are here. What it has made stays when it ends; --cleanup takes it back. The environment that Submariner’s operator gives its Lighthouse agent is understood.',
    flags: [
      ...KUBE_FLAGS,
      CLUSTER_ID_FLAG,
      NAMESPACE_FLAG,
      ...BROKER_FLAGS,
      { ...BALANCE_FLAG, env: 'SUBMARINER_SERVICEBALANCE' },
      { ...ALLOW_NAMESPACES_FLAG, env: 'SUBMARINER_ALLOWEDNAMESPACES' },
      {
        name: 'globalnet',
        value: 'BOOL',
        brief: 'Globalnet: not supported, must be false',
        env: 'SUBMARINER_GLOBALNET_ENABLED',
        fallback: 'false',
      },
      {
        name: 'lease-duration',
        value: 'SECONDS',
        brief: 'a leader that has not been seen for so long is followed',
        env: 'LEADERSHIP_LEASEDURATION',
        fallback: '3',
      },
      ...METRICS_FLAGS(8082),
      {
        name: 'cleanup',
        brief: 'take away all imports from this cluster and its exports from the broker, and end',
        env: 'SUBMARINER_UNINSTALL',
      },
    ],
    examples: [
      ['subctl discovery', 'in a pod, with the settings of the environment'],
      ['subctl discovery --kubeconfig west.yaml --cluster-id west --broker-url broker:6443 --broker-secrets-dir broker', 'by hand'],
      ['subctl discovery --balance spread', 'over the backends of all clusters'],
    ],
  },
]
