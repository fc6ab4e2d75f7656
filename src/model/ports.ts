// UDP ports that nodes of a member have for themselves.

/** The VXLAN between the nodes of one cluster. */
export const OVERLAY_PORT = 4800

/** The UDP port of a gateway's tunnels. Throws RangeError where it is none, or where our own VXLAN has it: whichever comes second would not start. */
export function parseTunnelPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new RangeError(`"${text}" must be a number from 1 to 65535`)
  if (port === OVERLAY_PORT)
    throw new RangeError(`${text} is the port between the nodes of a cluster (vx-submariner); tunnels need another, such as 4500`)
  return port
}
