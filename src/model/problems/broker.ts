import type { Problems } from '../problem.ts'

export const brokerProblems: Problems = {
  SUB0301: {
    title: 'This is no broker file',
    cause: 'The file is not a broker-info.subm, or was cut off or changed on the way.',
    next: 'Take the file that `subctl deploy-broker` or `subctl serve-broker --init` wrote; copy it as it is.',
  },
  SUB0302: {
    title: 'The broker file is damaged',
    cause: 'A field is missing or is not what it must be; the message names it.',
    next: 'Have the file written again: `subctl deploy-broker` on the broker’s cluster.',
  },
  SUB0303: {
    title: 'The broker makes no token for an account',
    cause: 'The controller that fills tokens is not running on the broker’s cluster, or the account was removed in between.',
    next: 'Run the command again; if it stays, look at the broker’s kube-controller-manager and at `kubectl -n submariner-k8s-broker get secrets`.',
  },
  SUB0304: {
    title: 'Another cluster has this cluster’s id',
    cause:
      'The Cluster object of this id on the broker bears the uid of another cluster: two run under one id. The one that was first on the broker keeps it; this one publishes nothing, so that they do not erase each other’s objects.',
    next: 'Where there are two, take one out with `subctl uninstall`, then `subctl join --cluster-id NEW`. Where the other is gone for good: `subctl forget CLUSTER`, then join this one again.',
  },
  SUB0305: {
    title: 'There is no broker file',
    cause: 'The file that was named, or broker-info.subm of the current folder, is not there or may not be read.',
    next: 'Name it by its path. `subctl deploy-broker` or `subctl serve-broker --init` writes one, for all commands that need the broker.',
  },
}
