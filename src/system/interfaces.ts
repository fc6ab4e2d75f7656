import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { type Ip, parseIp } from '../model/net.ts'

/** The addresses of this machine's devices that others may reach, IPv4 first: no loopback, no link-local ones. */
export function ownAddresses(): Ip[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const usable = all.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address))
  return usable.sort((a, b) => Number(a.family === 'IPv6') - Number(b.family === 'IPv6')).map(({ address }) => parseIp(address))
}

/** The address from which this machine would speak to the world; undefined where it has no route there. Nothing is sent. */
export function outwardAddress(): Promise<Ip | undefined> {
  const socket = createSocket('udp4')
  return new Promise<Ip | undefined>((settle) => {
    socket.on('error', () => settle(undefined))
    // An address of documentation (RFC 5737): connecting a datagram socket looks up the route, no more.
    socket.connect(9, '192.0.2.1', () => settle(parseIp(socket.address().address)))
  }).finally(() => socket.close())
}
