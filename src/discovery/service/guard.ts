// Where services may go: what another cluster says must not reach into the parts of a cluster that run it.
import { BROKER_NAMESPACE } from '../../model/names.ts'
import { keyText, type ServiceKey } from './share.ts'

export interface Guard {
  /** Namespaces that would be refused, allowed by name. */
  readonly allowed: ReadonlySet<string>
  /** Of the agents. */
  readonly own: string
  /** Of the broker, should it be on this cluster. */
  readonly broker?: string
}

const SYSTEM = /^(kube-.*|openshift|openshift-.*|submariner-operator)$/

/** Why a service can be neither exported nor imported under this name; undefined where it can. */
export function refusalOf({ allowed, own, broker }: Guard, key: ServiceKey): string | undefined {
  const { namespace } = key
  if (keyText(key) === 'default/kubernetes') return 'default/kubernetes is the API of each cluster itself'
  if (allowed.has(namespace)) return undefined
  if (!SYSTEM.test(namespace) && namespace !== own && namespace !== BROKER_NAMESPACE && namespace !== broker) return undefined
  return `namespace ${namespace} is one that runs the cluster, and is not among those allowed by name`
}
