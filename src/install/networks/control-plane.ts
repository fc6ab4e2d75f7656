// What the control plane was started with: flags of its pods, kubeadm's and kube-proxy's configuration, k3s and RKE2's node annotations.
import { parse } from 'yaml'
import type { ConfigMap, Pod } from '../../model/resources.ts'
import { listAt, textAt } from '../tree.ts'
import type { Seen } from './seen.ts'

/** Text that should be a list of networks, and where it was found. */
export interface Told {
  readonly text: string | undefined
  readonly source: string
}

/** The flag of a control plane component: `--name=value` or `--name value`. */
export function flagOf(seen: Seen, component: string, flag: string): Told {
  const values = seen.controlPods.filter((pod) => isOf(pod, component)).map((pod) => flagValue(words(pod), flag))
  return { text: values.find((value) => value !== undefined), source: `${component} --${flag}` }
}

/** A value of kubeadm's ClusterConfiguration. */
export const kubeadmOf = (seen: Seen, key: 'podSubnet' | 'serviceSubnet'): Told => ({
  text: textAt(yamlIn(seen.configMaps.get('kube-system/kubeadm-config'), 'ClusterConfiguration'), 'networking', key),
  source: 'ConfigMap kube-system/kubeadm-config',
})

export const kubeProxyOf = (seen: Seen): Told => ({
  text: textAt(yamlIn(seen.configMaps.get('kube-system/kube-proxy'), 'config.conf'), 'clusterCIDR'),
  source: 'ConfigMap kube-system/kube-proxy',
})

const DISTRIBUTIONS = ['k3s', 'rke2'] as const

/** The arguments of all k3s or RKE2 servers; undefined where the cluster is neither. */
export function distributionArgs(seen: Seen): { readonly name: string; readonly args: readonly string[] } | undefined {
  for (const name of DISTRIBUTIONS) {
    const servers = serversOf(seen, name)
    if (servers.length > 0) return { name, args: servers.flat() }
  }
  return undefined
}

const serversOf = (seen: Seen, name: string): readonly (readonly string[])[] =>
  seen.nodes.map((node) => jsonList(node.metadata.annotations?.[`${name}.io/node-args`])).filter((args) => args[0] === 'server')

/** A server flag of k3s or RKE2, whose servers note theirs on their Node; without it, their default. */
export function distributionOf(seen: Seen, flag: 'cluster-cidr' | 'service-cidr'): Told {
  const fallback = flag === 'cluster-cidr' ? '10.42.0.0/16' : '10.43.0.0/16'
  for (const name of DISTRIBUTIONS) {
    const servers = serversOf(seen, name)
    if (servers.length === 0) continue
    const given = servers.map((args) => flagValue(args, flag)).find((value) => value !== undefined)
    return { text: given ?? fallback, source: given === undefined ? `the default of ${name}` : `${name} server --${flag}` }
  }
  return { text: undefined, source: 'k3s' }
}

const isOf = (pod: Pod, component: string): boolean =>
  pod.metadata.labels?.component === component || pod.metadata.labels?.['k8s-app'] === component

const words = (pod: Pod): readonly string[] =>
  (pod.spec?.containers ?? []).flatMap((container) => [...(container.command ?? []), ...(container.args ?? [])]).flatMap(splitScript)

/** Some distributions start a component by a shell line. */
const splitScript = (word: string): readonly string[] => (/\s--/.test(word) ? word.split(/\s+/) : [word])

function flagValue(args: readonly string[], flag: string): string | undefined {
  const index = args.findIndex((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`))
  const found = args[index]
  if (found === undefined) return undefined
  const value = found.includes('=') ? found.slice(found.indexOf('=') + 1) : args[index + 1]
  return value?.replace(/^["']|["']$/g, '')
}

/** The YAML of one key; undefined where it is none. */
export function yamlIn(map: ConfigMap | undefined, key: string): unknown {
  try {
    return parse(map?.data?.[key] ?? '')
  } catch {
    return undefined
  }
}

function jsonList(text: string | undefined): readonly string[] {
  try {
    return listAt(JSON.parse(text ?? '[]')).filter((item) => typeof item === 'string')
  } catch {
    return []
  }
}
