import type { KubeApi } from '../../k8s/api.ts'

const ANNOTATION = 'submariner.io/dns-changed'

/**
 * Has the kubelets bring a changed ConfigMap at once: one looks after the volumes of a pod that has changed, of others every minute or so.
 * The annotation that does it is taken away again. Without the right to do so it just takes longer.
 */
export async function kickDns(api: KubeApi): Promise<void> {
  try {
    const { items } = await api.list('Pod', { labels: { 'k8s-app': 'kube-dns' } })
    for (const { metadata } of items)
      for (const value of ['now', null])
        await api.patch('Pod', metadata.name, metadata.namespace, { metadata: { annotations: { [ANNOTATION]: value } } })
  } catch {
    // It comes by itself.
  }
}
