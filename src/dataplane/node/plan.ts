import type { View } from '../../model/view.ts'
import { chainsOf, cniReturn, setsOf } from './filter.ts'
import { overlayOf } from './overlay.ts'
import { routesOf, rulesOf, sourceOf, tunnelDevices } from './routing.ts'
import { namedByContents } from './set-names.ts'
import { type NodePlan, type Sysctl, VX_DEVICE } from './state.ts'

/** The kernel state of a node, from the view alone. IPv4 only. */
export function planNode(view: View): NodePlan {
  const { link, peers, addressOf } = overlayOf(view)
  const plan: NodePlan = {
    link,
    peers,
    routes: routesOf(view, addressOf),
    rules: rulesOf(view),
    sets: setsOf(view),
    chains: chainsOf(view, sourceOf(view, link.ip)),
    sysctls: sysctlsOf(view),
  }
  return view.areSetsRestored === true ? namedByContents(plan) : plan
}

/**
 * Packets are forwarded between our devices and the pods' one. Paths are not the same in both directions everywhere (a pod's packets reach the gateway
 * by the VXLAN, the gateway's own way to it is the CNI's), so reverse path filtering is loose on devices of ours: a strict one drops. The value that
 * counts is the greater of the device's and `all`, so that 0 would not do.
 */
function sysctlsOf(view: View): readonly Sysctl[] {
  const ours = [VX_DEVICE, ...tunnelDevices(view)]
  const forwarding = new Set([...ours, ...(view.cniDevice === undefined ? [] : [view.cniDevice])])
  return [
    ...[...forwarding].map((device): Sysctl => ({ device, name: 'forwarding', value: '1', when: 'always' })),
    ...ours.map((device): Sysctl => ({ device, name: 'rp_filter', value: '2', when: 'always' })),
    ...cniReturn(view).map((device): Sysctl => ({ device, name: 'rp_filter', value: '2', when: 'strict' })),
  ]
}
