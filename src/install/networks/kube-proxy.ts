import { at, isRecord, listAt, textAt } from '../tree.ts'
import type { Cni } from './cni.ts'
import { distributionArgs, flagOf, yamlIn } from './control-plane.ts'
import type { Fact, Seen } from './seen.ts'

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
  if (isCiliumReplacing(seen)) return { value: 'none', source: 'ConfigMap kube-system/cilium-config (kube-proxy-replacement)' }
  if (isCalicoBpf(seen)) return { value: 'none', source: 'FelixConfiguration default (bpfEnabled)' }
  if (cni === 'ovn-kubernetes') return { value: 'none', source: 'OVN-Kubernetes balances services itself' }
  const router = seen.daemonSets.find(({ metadata }) => metadata.name === 'kube-router')
  const proxies = argsOf(router).some((arg) => /^--run-service-proxy(=true)?$/.test(arg))
  return proxies ? { value: 'ipvs', source: 'DaemonSet kube-router (--run-service-proxy)' } : undefined
}

/** Whether Cilium does kube-proxy's work; its older versions have more words than yes and no for it. */
export const isCiliumReplacing = (seen: Seen): boolean =>
  ['true', 'strict'].includes(seen.configMaps.get('kube-system/cilium-config')?.data?.['kube-proxy-replacement'] ?? '')

/** Whether Calico's data path is eBPF. */
export const isCalicoBpf = (seen: Seen): boolean => at(seen.felix, 'spec', 'bpfEnabled') === true

function told(seen: Seen): Fact<ProxyMode> | undefined {
  const flag = flagOf(seen, 'kube-proxy', 'proxy-mode')
  if (flag.text !== undefined) return known(flag.text, flag.source)
  const map = seen.configMaps.get('kube-system/kube-proxy')
  const source = 'ConfigMap kube-system/kube-proxy'
  if (map?.data?.['config.conf'] !== undefined) return known(textAt(yamlIn(map, 'config.conf'), 'mode') ?? '', source)
  const set = seen.daemonSets.find(({ metadata }) => metadata.name === 'kube-proxy')
  if (set === undefined) return undefined
  const arg = argsOf(set).find((text) => text.startsWith('--proxy-mode='))
  return known(arg?.slice('--proxy-mode='.length) ?? '', `DaemonSet ${set.metadata.namespace ?? ''}/kube-proxy`)
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
