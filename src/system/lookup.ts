import { lookup } from 'node:dns/promises'
import { type Ip, parseIp } from '../model/net.ts'

/** IPv4 addresses of a name, as this machine resolves it. Rejects with node's error (ENOTFOUND, ...). */
export const lookupIpv4 = async (name: string): Promise<readonly Ip[]> =>
  (await lookup(name, { family: 4, all: true })).map(({ address }) => parseIp(address))
