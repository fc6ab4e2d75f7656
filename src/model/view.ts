import type { Cidr, Ip } from './net.ts'
import type { RemoteCluster } from './remote.ts'

/** Another node of this cluster. */
export interface NodeView {
  /** The address that nodes reach each other by: its Node's InternalIP. */
  readonly ip: Ip
  /** Networks that its pods alone have; none where that is not known, and then what comes in for its pods goes the CNI's way. */
  readonly podCidrs: readonly Cidr[]
}

/** All that a node's kernel state depends on; the same view always gives the same plan. */
export interface View {
  readonly nodeName: string
  /** This node's own address, as the other nodes have it in `nodes`. */
  readonly nodeIp: Ip
  /** MTU of the device that has nodeIp. */
  readonly nodeMtu: number
  /** This node's address in the pods' network, and its device; undefined where the CNI gives it none. */
  readonly cniIp: Ip | undefined
  readonly cniDevice: string | undefined
  /** The networks of this node's own pods, as the gateway has them in its `nodes`; none where that is not known. */
  readonly nodePodCidrs: readonly Cidr[]
  /** The cluster's own networks. */
  readonly podCidrs: readonly Cidr[]
  readonly serviceCidrs: readonly Cidr[]
  /** `gateway`: this node is the active gateway. `node`: another one is. `none`: no active gateway is known. */
  readonly role: 'gateway' | 'node' | 'none'
  /** Whether tunnels may end here, now or after a hand-over: the node is labelled a gateway. */
  readonly isCandidate: boolean
  /** The active gateway; undefined under the role `none`. */
  readonly gateway:
    | {
        /** As in `nodes`: its node's InternalIP, which may differ from the Endpoint's private_ip. */
        readonly nodeIp: Ip
        /** The device that its tunnels end in (`interface-name` of its Endpoint); undefined for the usual ones. */
        readonly interfaceName: string | undefined
      }
    | undefined
  /**
   * The device of this node's own tunnels while its engine keeps any: before the node becomes the active gateway, and for a moment after another has.
   * Absent while it keeps none.
   */
  readonly carryingBy?: string
  /** Whether a program here writes sets back as it once read them: then a set of other contents has another name. Default: false. */
  readonly areSetsRestored?: boolean
  /** All other nodes, in any order. */
  readonly nodes: readonly NodeView[]
  readonly remotes: readonly RemoteCluster[]
  /** A fixed segment size for TCP through tunnels, instead of the path's. */
  readonly clampMss?: number
}
