/** How charon sends ESP: the kernel's own, or kernel-libipsec's in charon itself. */
export type EspMode = 'kernel' | 'userspace'

export interface CharonSettings {
  readonly esp: EspMode
  /** The one UDP port between gateways. */
  readonly nattPort: number
  readonly viciPath: string
  /** 0 says what happens to tunnels; 1 each message, 2 and more what is in them. */
  readonly debug: number
  /** The kernel's net.core.xfrm_acq_expires as it is: charon writes that setting at its start, and shall change nothing by it. */
  readonly acquireSeconds: number
}

/** charon's own routes: never 220, and after our own rule, which has 150. */
export const CHARON_TABLE = 151
const OWN_TABLE = 150
const PLUGINS = ['random', 'nonce', 'openssl', 'kdf', 'hmac', 'aes', 'sha1', 'sha2', 'curve25519', 'gcm', 'ctr']

/**
 * strongswan.conf, whole: nothing of /etc is read. IKE's port 500 is not used: that socket gets a port of the kernel's choice.
 * libipsec pins 9 threads, so 16 are needed. A peer that does not answer is tried at least every 4 s, and given up after 16 s.
 */
export function charonConf({ esp, nattPort, viciPath, debug, acquireSeconds }: CharonSettings): string {
  const plugins = [...PLUGINS, ...(esp === 'userspace' ? ['kernel-libipsec'] : []), 'kernel-netlink', 'socket-default', 'vici']
  return `# Written by subctl charon at each start.
charon-systemd {
  journal {
    default = -1
  }
}
charon {
  load_modular = no
  load = ${plugins.join(' ')}
  port = 0
  port_nat_t = ${nattPort}
  routing_table = ${CHARON_TABLE}
  routing_table_prio = ${CHARON_TABLE}
  ignore_routing_tables = ${OWN_TABLE}
  install_routes = ${esp === 'userspace' ? 'yes' : 'no'}
  install_virtual_ip = no
  threads = 16
  retransmit_tries = 5
  retransmit_timeout = 1.0
  retransmit_base = 1.5
  retransmit_limit = 4
  ikesa_table_size = 256
  ikesa_table_segments = 16
  plugins {
    kernel-netlink {
      xfrm_acq_expires = ${acquireSeconds}
    }
    vici {
      socket = unix://${viciPath}
    }
  }
  filelog {
    stderr {
      path = stderr
      flush_line = yes
      ike_name = yes
      default = ${debug}
    }
  }
}
`
}
