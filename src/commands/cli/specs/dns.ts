import { BROKER_NAMESPACE } from '../../../model/names.ts'
import { METRICS_FLAGS } from '../../agent/health.ts'
import { CLUSTER_ID_FLAG, NAMESPACE_FLAG } from '../../agent/settings.ts'
import { type CommandSpec, KUBE_FLAGS } from './spec.ts'

export const DNS_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'dns',
    part: 'dns',
    brief: 'Run the DNS server for services of the clusterset',
    text: [
      'Answers SERVICE.NAMESPACE.svc.clusterset.local, with CLUSTER. or HOST.CLUSTER. before it where one cluster or one pod is meant, from the',
      'ServiceImports and EndpointSlices of its own cluster: A, AAAA and SRV, over UDP and TCP, until SIGTERM. While the API is away it answers',
      'what it knows. Questions for other names are refused: the cluster’s own DNS forwards it those of its zones alone.',
    ].join('\n'),
    flags: [
      ...KUBE_FLAGS,
      CLUSTER_ID_FLAG,
      { ...NAMESPACE_FLAG, brief: 'where the Gateways are' },
      {
        name: 'broker-namespace',
        value: 'NAME',
        brief: 'of the broker, should it be on this cluster: nothing in it has a name',
        env: 'BROKER_K8S_REMOTENAMESPACE',
        fallback: BROKER_NAMESPACE,
      },
      { name: 'listen', value: 'HOST:PORT', brief: 'where to answer, over UDP and TCP; default: 0.0.0.0:53', many: true },
      {
        name: 'zone',
        value: 'NAME',
        brief: 'a domain to answer for; default: clusterset.local',
        env: 'SUBMARINER_DNS_ZONES',
        many: true,
      },
      { name: 'ttl', value: 'SECONDS', brief: 'how long others may keep an answer, also that there is none', fallback: '5' },
      {
        name: 'prefer',
        value: 'WHICH',
        brief: 'which cluster’s service is answered where several have it: the own one alone while it is ready, or all in turn',
        choices: ['local', 'all'],
        fallback: 'local',
      },
      {
        name: 'weight',
        value: 'CLUSTER=N',
        brief: 'how often a cluster has its turn, from 0 to 100; default: 1. At 0 it is answered only where no other can be',
        env: 'SUBMARINER_DNS_WEIGHTS',
        many: true,
      },
      { name: 'most-per-client', value: 'N', brief: 'questions of one address answered in a second', fallback: '10000' },
      { name: 'workers', value: 'N', brief: 'processes that share the port, each with its own copy of the index', fallback: '1' },
      { name: 'worker', brief: 'be one of them: what --workers starts' },
      {
        name: 'grace',
        value: 'TIME',
        brief: 'how long questions are answered after SIGTERM: by then those who ask know that it goes',
        fallback: '3s',
      },
      ...METRICS_FLAGS(9153),
    ],
    examples: [
      ['subctl dns --cluster-id west', 'in a pod, on port 53'],
      ['subctl dns --cluster-id west --kubeconfig west.yaml --listen 127.0.0.1:5353', 'on a laptop; then: dig -p 5353 @127.0.0.1 ...'],
      ['subctl dns --zone clusterset.local --zone corp.example', 'the same names in two domains'],
      ['subctl dns --prefer all --weight east=3', 'east gets three answers where each other cluster gets one'],
    ],
  },
]
