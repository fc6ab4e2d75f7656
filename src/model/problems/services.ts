import type { Problems } from '../problem.ts'

export const serviceProblems: Problems = {
  SUB0901: {
    title: 'The cluster does not know the kinds of services across clusters',
    cause:
      'The CRDs of the Multi-Cluster Services API (multicluster.x-k8s.io/v1beta1) are not there, or another program brought them in an older version alone.',
    next: '`subctl join` brings them, unless it is told --service-discovery false. See which versions are there: `kubectl get --raw /apis/multicluster.x-k8s.io`.',
  },
  SUB0902: {
    title: 'There is no such service',
    cause: 'The namespace has no Service of the name, or there is no such namespace. -n names it; without it, `default` is meant.',
    next: 'List them: `kubectl get services -A`.',
  },
  SUB0903: {
    title: 'The service cannot be exported',
    cause:
      'It has no backends of its own (ExternalName), no IPv4 address, was itself made for services of other clusters, or its export is just being removed.',
    next: 'Read the reason in the message; docs/services.md has a table of what can be exported.',
  },
  SUB0904: {
    title: 'Services of the namespace are not taken by other clusters',
    cause:
      'Namespaces that run a cluster (kube-*, openshift*, the agents’ own) take no part, so that no cluster reaches into the core of another.',
    next: 'Move the service to a namespace of its own. Or allow this one by `subctl join --allow-namespaces` in every cluster that is to have them; export reads it from each cluster’s settings. Who may not read those gives --force.',
  },
  SUB0905: {
    title: 'Another program looks after the export',
    cause: 'The ServiceExport was made by Helm, Argo CD, Flux, an operator or the like, which would put it back as it was.',
    next: 'Change it there. To do it here all the same: --force.',
  },
  SUB0906: {
    title: 'The service is not exported',
    cause: 'The agent has looked at the ServiceExport and refuses it; the message has its reason.',
    next: 'Mend what it says, such as by `kubectl describe serviceexport NAME -n NAMESPACE`. It is looked at again by itself.',
  },
  SUB0907: {
    title: 'No agent has done what was asked for in time',
    cause: '`subctl discovery` does not run in the cluster, has no leader, or does not reach the broker.',
    next: 'Mend what the message says of the agent’s pods; where it says nothing of them, look into the log of `subctl discovery`. What was written stays and is carried out once an agent is there; a longer --timeout waits for it.',
  },
}
