import { UserError } from '../../model/errors.ts'
import type { Cidr, Ip } from '../../model/net.ts'
import { type Cni, cniOf, sharedNetwork } from './cni.ts'
import { type ProxyMode, proxyModeOf } from './kube-proxy.ts'
import { nodeAddresses, podNetworks } from './pods.ts'
import type { Fact, Seen } from './seen.ts'
import { serviceNetworks } from './services.ts'

export interface Overrides {
  readonly podCidrs?: readonly Cidr[]
  readonly serviceCidrs?: readonly Cidr[]
}

/** A cluster's networks, each with where it was found, and what else was said that does not agree. */
export interface Networks {
  readonly cni: Fact<Cni>
  readonly proxy: Fact<ProxyMode>
  readonly pods: Fact<readonly Cidr[]>
  readonly services: Fact<readonly Cidr[]>
  readonly nodeAddresses: readonly Ip[]
  readonly apiAddresses: readonly Ip[]
  /** Why pods have addresses of the nodes' own network; undefined where they do not. */
  readonly shared?: string
  readonly notes: readonly string[]
}

/** Finds a cluster's networks. Throws a UserError where nothing tells them and no override is given. */
export function networksOf(seen: Seen, overrides: Overrides = {}): Networks {
  const cni = cniOf(seen)
  const services = choose('service', 'SUB0406', overrides.serviceCidrs, serviceNetworks(seen))
  const shared = sharedNetwork(seen, cni.value)
  const pods = choose('pod', 'SUB0405', overrides.podCidrs, podNetworks(seen, cni.value, services.chosen.value))
  return {
    cni,
    proxy: proxyModeOf(seen, cni.value),
    pods: pods.chosen,
    services: services.chosen,
    nodeAddresses: [...new Set(nodeAddresses(seen.nodes))],
    apiAddresses: seen.apiAddresses,
    ...(shared !== undefined && overrides.podCidrs === undefined && { shared }),
    notes: [...pods.notes, ...services.notes],
  }
}

interface Choice {
  readonly chosen: Fact<readonly Cidr[]>
  readonly notes: readonly string[]
}

function choose(
  what: 'pod' | 'service',
  id: 'SUB0405' | 'SUB0406',
  override: readonly Cidr[] | undefined,
  found: readonly Fact<readonly Cidr[]>[],
): Choice {
  const flag = `--${what}-cidr`
  const chosen = override === undefined ? found[0] : { value: override, source: flag }
  if (chosen === undefined)
    throw new UserError(id, `The ${what} network of this cluster is not written anywhere that can be read`, {
      hint: `Give it: ${flag} 10.0.0.0/16 (a list with commas where there are several).`,
    })
  const others = found.filter(
    ({ value }) => value.join() !== chosen.value.join() && !value.every((network) => chosen.value.includes(network)),
  )
  return { chosen, notes: others.map(({ value, source }) => `${source} says ${value.join(', ')} for ${what}s`) }
}
