import type { KubeApi } from '../../k8s/api.ts'
import { covers } from '../../k8s/put.ts'
import { kindOf } from '../../model/kinds.ts'
import type { Resource } from '../../model/resources.ts'
import { titleOf } from '../apply/report.ts'
import { labelled } from '../objects/manifests.ts'
import type { CoreDns } from './facts.ts'

export const MULTICLUSTER_ROLE = 'submariner-cluster-dns'
const GROUP = 'multicluster.x-k8s.io'
const RESOURCE = 'serviceimports'
/** What CoreDNS does with ServiceImports. */
export const VERBS = ['list', 'watch'] as const

/** A ClusterRole of our own, bound to CoreDNS's account: its own role is its installer's, who may write it anew. */
export const multiclusterRights = ({ namespace, name }: CoreDns['account']): readonly Resource[] => [
  role({ kind: 'ClusterRole', rules: [{ apiGroups: [GROUP], resources: [RESOURCE], verbs: VERBS }] }),
  role({
    kind: 'ClusterRoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: MULTICLUSTER_ROLE },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  }),
]

const role = <T extends { readonly kind: string }>(rest: T): Resource & T =>
  labelled({ apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: MULTICLUSTER_ROLE }, ...rest })

/** The question whether an account may do it. */
export const accessReview = (
  { namespace, name }: CoreDns['account'],
  verb: (typeof VERBS)[number],
): Resource & { readonly spec: unknown } => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  // The server keeps none of it: reviews have no name.
  metadata: { name: '' },
  spec: {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    resourceAttributes: { group: GROUP, resource: RESOURCE, verb },
  },
})

/** Those of the objects that are not in the cluster as they should be. */
export async function missingRights(api: KubeApi, rights: readonly Resource[]): Promise<readonly string[]> {
  const there = await Promise.all(rights.map((object) => api.get(kindOf(object), object.metadata.name)))
  return rights.filter((object, i) => there[i] === undefined || !covers(there[i], object)).map(titleOf)
}
