import type { Exec } from '../../../system/exec.ts'
import type { EspMode } from './charon-conf.ts'

/** Ties the policies of kernel ESP to the XFRM interface. */
export const IF_ID = 0x53_75_62
const XFRM_DEVICE = 'subm-ipsec'
/** As kernel-libipsec's device has it: both leave room for ESP in UDP within 1500. */
const MTU = 1400
const MARK = 'submariner'

/** The device that tunnels end in: charon's own TUN with libipsec, an XFRM interface of ours with kernel ESP. */
export const deviceOf = (esp: EspMode): string => (esp === 'kernel' ? XFRM_DEVICE : 'ipsec0')

/** Makes the XFRM interface where it is missing or is another one; returns a line for each change. */
export async function putDevice(exec: Exec): Promise<readonly string[]> {
  const { code, stdout } = await exec(['ip', '-j', '-d', 'link', 'show', 'dev', XFRM_DEVICE], { okCodes: [0, 1] })
  if (code === 0 && isOurs(stdout)) return []
  if (code === 0) await exec(['ip', 'link', 'del', XFRM_DEVICE])
  await exec(['ip', 'link', 'add', XFRM_DEVICE, 'type', 'xfrm', 'dev', 'lo', 'if_id', String(IF_ID)])
  await exec(['ip', 'link', 'set', XFRM_DEVICE, 'alias', MARK, 'mtu', String(MTU), 'up'])
  return [`device ${XFRM_DEVICE} made`]
}

/** Removes the XFRM interface where it is ours; says whether it was there. */
export async function dropDevice(exec: Exec): Promise<boolean> {
  const { code, stdout } = await exec(['ip', '-j', '-d', 'link', 'show', 'dev', XFRM_DEVICE], { okCodes: [0, 1] })
  const isThere = code === 0 && stdout.includes(`"ifalias":"${MARK}"`)
  if (isThere) await exec(['ip', 'link', 'del', XFRM_DEVICE])
  return isThere
}

function isOurs(json: string): boolean {
  const [link] = JSON.parse(json) as readonly {
    readonly mtu?: number
    readonly flags?: readonly string[]
    readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly if_id?: string | number } }
  }[]
  const { info_kind: kind, info_data: data } = link?.linkinfo ?? {}
  return kind === 'xfrm' && Number(data?.if_id) === IF_ID && link?.mtu === MTU && link.flags?.includes('UP') === true
}
