// What a bed consists of and what runs in it.
import { kubeconfigOf } from '../lab/access.ts'
import { listDaemons } from '../lab/daemons.ts'
import { nodesOf, placesOf } from '../lab/layout.ts'
import { isRunning } from '../lab/processes.ts'
import type { Bed } from './bed-state.ts'

export interface BedStatus {
  readonly name: string
  readonly id: string
  readonly folder: string
  readonly kubeconfig: string
  readonly clusters: readonly {
    readonly name: string
    readonly podCidr: string
    readonly serviceCidr: string
    readonly cni: string
    readonly proxy: string
  }[]
  readonly places: readonly {
    readonly name: string
    readonly ns: string
    readonly ip?: string
    readonly programs: readonly { readonly name: string; readonly isRunning: boolean }[]
  }[]
}

export async function statusOf(bed: Bed): Promise<BedStatus> {
  const { layout, folder } = bed
  const { cni, proxy, name } = layout.options
  const daemons = await listDaemons(bed)
  const ips = new Map([
    ...nodesOf(layout).map((node) => [node.name, node.ip] as const),
    ...layout.clusters.flatMap(
      (cluster) =>
        [
          [`${cluster.name}-api`, cluster.api.ip],
          [`${cluster.name}-router`, cluster.router.ip],
        ] as const,
    ),
    ['broker', layout.broker.ip],
    ['wan', layout.wan.ip],
  ])
  return {
    name,
    id: layout.id,
    folder,
    kubeconfig: kubeconfigOf(bed),
    clusters: layout.clusters.map((cluster) => ({
      name: cluster.name,
      podCidr: cluster.podCidr,
      serviceCidr: cluster.serviceCidr,
      cni: cni[cluster.name] ?? 'bridge',
      proxy: proxy[cluster.name] ?? 'iptables',
    })),
    places: [...placesOf(layout)].map(([place, ns]) => {
      const ip = ips.get(place)
      const here = daemons.filter(({ spec }) => spec.place === place)
      const programs = here.map(({ key, process }) => ({ name: key.slice(place.length + 1), isRunning: isRunning(process) }))
      return { name: place, ns, ...(ip !== undefined && { ip }), programs }
    }),
  }
}

export function statusText({ name, folder, clusters, places }: BedStatus): string {
  return [
    `bed ${name}: folder ${folder}`,
    ...clusters.map((one) => `  ${one.name}: pods ${one.podCidr}, services ${one.serviceCidr}, ${one.cni}, kube-proxy ${one.proxy}`),
    ...places.map(({ name: place, ip = '', programs }) => {
      const states = programs.map((program) => `${program.name}${program.isRunning ? '' : ' (ended)'}`)
      return `  ${place.padEnd(16)} ${ip.padEnd(16)} ${states.join(', ')}`.trimEnd()
    }),
  ].join('\n')
}
