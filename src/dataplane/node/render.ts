import type { NodePlan } from './state.ts'
import { METRIC, VX_DEVICE } from './state.ts'

/** A plan for people: a line for each thing, in sections. */
export function renderPlan(plan: NodePlan): string {
  const { link } = plan
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['Link', link === undefined ? [] : [`${VX_DEVICE} ${link.ip}/8, from ${link.local}, MAC ${link.mac}, MTU ${link.mtu}`]],
    ['Nodes on it', plan.peers.map(({ ip, mac, nodeIp }) => `${ip} is ${nodeIp}, MAC ${mac}`)],
    ['Rules', plan.rules.map(({ priority, table, iif }) => `${priority}: ${iif === undefined ? 'all' : `from ${iif}`} by table ${table}`)],
    [
      'Routes',
      plan.routes.map(({ table, to, dev, via, src }) =>
        dev === undefined
          ? `table ${table}: ${to} rejected, unless a better route (metric < ${METRIC.reject}) is there`
          : [`table ${table}: ${to}`, via && `via ${via}`, `dev ${dev}`, src && `src ${src}`]
              .filter((word) => word !== undefined)
              .join(' '),
      ),
    ],
    [
      'Settings',
      plan.sysctls.map(({ device, name, value, when }) => `${device}: ${name} ${value}${when === 'strict' ? ' where it is 1' : ''}`),
    ],
    ['Sets', plan.sets.map(({ name, networks }) => `${name}: ${networks.join(' ')}`)],
    ...plan.chains.map(
      ({ table, name, jumps, rules }) =>
        [`Chain ${name} of ${table}, ${jumps.map(({ hook, place }) => `${place} in ${hook}`).join(', ')}`, rules] as const,
    ),
  ]
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`)
    .join('\n')
}
