// Sends datagrams from an address that the machine claims to have: `node forge.mjs FROM PORT ADDRESS...`.
import { createSocket } from 'node:dgram'

const [from, port, ...addresses] = process.argv.slice(2)
const socket = createSocket('udp4')
socket.on('error', () => undefined)
await new Promise((settle) => socket.bind(0, from, settle))
for (const address of addresses)
  for (let i = 0; i < 3; i += 1) await new Promise((settle) => socket.send('forged', Number(port), address, settle))
socket.close()
