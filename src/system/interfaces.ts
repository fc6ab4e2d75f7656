import { networkInterfaces } from 'node:os'
import { type Ip, parseIp } from '../model/net.ts'

/** The addresses of this machine's devices that others may reach, IPv4 first: no loopback, no link-local ones. */
export function ownAddresses(): Ip[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const usable = all.filter(({ internal, address, scopeid }) => !internal && !(scopeid ?? 0) && !/^(169\.254\.|fe80:)/i.test(address))
  return usable.sort((a, b) => Number(a.family === 'IPv6') - Number(b.family === 'IPv6')).map(({ address }) => parseIp(address))
}
