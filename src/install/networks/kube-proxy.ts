import { at, isRecord, listAt, textAt } from '../tree.ts'
import type { Cni } from './cni.ts'
import { distributionArgs, flagOf, yamlIn } from './control-plane.ts'
import { ciliumConfig, type Fact, type Seen } from './seen.ts'

/** How a cluster's services find their pods. `none`: something else than kube-proxy does it; `unknown`: nothing that can be read says it. */
export type ProxyMode = 'iptables' | 'nftables' | 'ipvs' | 'none' | 'unknown'

const MODES: readonly ProxyMode[] = ['iptables', 'nftables', 'ipvs']

/** The mode of kube-proxy, and what it was told by. */
export function proxyModeOf(seen: Seen, cni: Cni): Fact<ProxyMode> {
  return (
    replaced(seen, cni) ??
    told(seen) ??
    ofDistribution(seen) ?? { value: 'unknown', source: 'kube-proxy’s configuration is not to be seen' }
  )
}

/** A CNI that does kube-proxy's work. */
function replaced(seen: Seen, cni: Cni): Fact<ProxyMode> | undefined {
  if (isCiliumReplacing(seen)) {
    const { namespace = 'kube-system', name = 'cilium-config' } = ciliumConfig(seen)?.metadata ?? {}
    return { value: 'none', source: `ConfigMap ${namespace}/${name} (kube-proxy-replacement)` }
  }
  if (isCalicoBpf(seen)) return { value: 'none', source: 'FelixConfiguration default (bpfEnabled) or FELIX_BPFENABLED of calico-node' }
  if (cni === 'ovn-kubernetes') return { value: 'none', source: 'OVN-Kubernetes balances services itself' }
  const router = seen.daemonSets.find(({ metadata }) => metadata.name === 'kube-router')
  const proxies = argsOf(router).some((arg) => /^--run-service-proxy(=true)?$/.test(arg))
  return proxies ? { value: 'ipvs', source: 'DaemonSet kube-router (--run-service-proxy)' } : undefined
}

/** Whether Cilium does kube-proxy's work; its older versions have more words than yes and no for it. */
export const isCiliumReplacing = (seen: Seen): boolean =>
  ['true', 'strict'].includes(ciliumConfig(seen)?.data?.['kube-proxy-replacement'] ?? '')

/** Whether Calico's data path is eBPF. What its pods have in their environment counts more than its FelixConfiguration. */
export function isCalicoBpf(seen: Seen): boolean {
  const agent = seen.daemonSets.find(({ metadata }) => metadata.name === 'calico-node')
  if (agent === undefined) return false
  const told = listAt(agent, 'spec', 'template', 'spec', 'containers')
    .flatMap((container) => listAt(container, 'env'))
    .map((variable) => (textAt(variable, 'name') === 'FELIX_BPFENABLED' ? textAt(variable, 'value') : undefined))
    .find((value) => value !== undefined)
  return told === undefined ? at(seen.felix, 'spec', 'bpfEnabled') === true : /^(true|1|t)$/i.test(told)
}

/** Of kubeadm and kind, and of EKS. */
const CONFIGS = [
  ['kube-proxy', 'config.conf'],
  ['kube-proxy-config', 'config'],
] as const

function told(seen: Seen): Fact<ProxyMode> | undefined {
  const flag = flagOf(seen, 'kube-proxy', 'proxy-mode')
  if (flag.text !== undefined) return known(flag.text, flag.source)
  for (const [name, key] of CONFIGS) {
    const map = seen.configMaps.get(`kube-system/${name}`)
    if (map?.data?.[key] !== undefined) return known(textAt(yamlIn(map, key), 'mode') ?? '', `ConfigMap kube-system/${name}`)
  }
  const set = seen.daemonSets.find(({ metadata }) => metadata.name === 'kube-proxy')
  if (set === undefined) return ofPod(seen)
  const arg = argsOf(set).find((text) => text.startsWith('--proxy-mode='))
  return known(arg?.slice('--proxy-mode='.length) ?? '', `DaemonSet ${set.metadata.namespace ?? ''}/kube-proxy`)
}

/** A pod of the node's own has no DaemonSet; a file that it reads is not to be seen from here. */
function ofPod(seen: Seen): Fact<ProxyMode> | undefined {
  const pod = seen.controlPods.find(
    ({ metadata: { labels = {} } }) => labels.component === 'kube-proxy' || labels['k8s-app'] === 'kube-proxy',
  )
  if (pod === undefined || flagOf(seen, 'kube-proxy', 'config').text !== undefined) return undefined
  return known('', `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`)
}

/** Without a word, kube-proxy on Linux uses iptables. */
function known(text: string, source: string): Fact<ProxyMode> {
  if (text === '') return { value: 'iptables', source: `${source}, which leaves kube-proxy its default` }
  return { value: MODES.find((mode) => mode === text) ?? 'unknown', source: `${source}: ${text}` }
}

/** k3s, RKE2 and OpenShift run kube-proxy inside a program of their own. */
function ofDistribution(seen: Seen): Fact<ProxyMode> | undefined {
  if (seen.openshift !== undefined) return { value: 'iptables', source: 'OpenShift SDN' }
  const found = distributionArgs(seen)
  if (found === undefined) return undefined
  const { name, args } = found
  if (args.some((arg) => /^--disable-kube-proxy(=true)?$/.test(arg)))
    return { value: 'none', source: `${name} server --disable-kube-proxy` }
  const mode = args.map((arg) => /proxy-mode=(\w+)/.exec(arg)?.[1]).find((text) => text !== undefined)
  return known(mode ?? '', `${name} server`)
}

function argsOf(set: unknown): readonly string[] {
  return listAt(set, 'spec', 'template', 'spec', 'containers')
    .filter(isRecord)
    .flatMap((container) => [...listAt(container, 'command'), ...listAt(container, 'args')])
    .filter((arg) => typeof arg === 'string')
}
