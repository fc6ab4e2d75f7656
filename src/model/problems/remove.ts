import type { Problems } from '../problem.ts'

export const removeProblems: Problems = {
  SUB0801: {
    title: 'The cluster does not let you uninstall',
    cause: 'The user of the kubeconfig lacks a right. It was asked for before anything was changed.',
    next: 'Use an administrator’s kubeconfig or context; `kubectl auth can-i --list` shows what this one may do.',
  },
  SUB0802: {
    title: 'An object or a namespace does not go',
    cause:
      'Finalizers hold it up: the program that would take them away is gone, or does not answer. Those of our own objects are taken away by uninstall.',
    next: 'See what holds the objects that are named, then run `subctl uninstall` again; it goes on where it stopped.',
  },
  SUB0803: {
    title: 'What removes a cluster was not confirmed',
    cause: 'The name that was typed is not the cluster’s; or nobody can be asked, and --yes was not given.',
    next: 'Look at what the same command with --plan says, then give --yes.',
  },
  SUB0804: {
    title: 'Something of ours is left',
    cause: 'A node was down or could not clean itself, an object could not be removed, or the broker could not be reached.',
    next: 'Run the commands that the message names. What a node’s kernel holds is gone after its next reboot too.',
  },
  SUB0805: {
    title: 'The broker still has members',
    cause: 'Other clusters would lose their way to each other.',
    next: 'Uninstall them first: `subctl uninstall --contexts A,B`; those that are gone for good: `subctl forget CLUSTER`.',
  },
  SUB0806: {
    title: 'It is not proved that no trace is left',
    cause: 'Something of ours is left, something that is not ours was changed, or a node or a kind could not be looked at.',
    next: 'Read the lines under "left", "damaged" and "not proved".',
  },
  SUB0807: {
    title: 'The broker has no such cluster',
    cause: 'It has neither an account nor published objects of this name; it may have been forgotten already.',
    next: 'See who is there: `subctl forget`, or `kubectl get clusters.submariner.io` on the broker.',
  },
  SUB0808: {
    title: 'The cluster is alive',
    cause: 'A gateway of it answered on the broker just now. Forgotten, it would be cut off from all others at once.',
    next: 'Take it out in order: `subctl uninstall --context CONTEXT`. Where that cannot be, `subctl forget CLUSTER --force`, which cuts it off.',
  },
  SUB0809: {
    title: 'Not every member of the broker can be uninstalled from here',
    cause: 'The kubeconfig has no context of a cluster that the broker knows.',
    next: 'Give a kubeconfig that has it; uninstall the others by --contexts; what is gone for good: `subctl forget CLUSTER`.',
  },
}
