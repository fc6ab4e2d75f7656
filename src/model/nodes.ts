import type { Node } from './resources.ts'

/** Whether a node takes no new pods: cordoned by hand, or by a drain. */
export const isCordoned = ({ spec }: Node): boolean =>
  spec?.unschedulable === true || spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/unschedulable') === true
