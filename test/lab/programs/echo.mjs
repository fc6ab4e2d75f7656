// What a pod runs: answers by HTTP and UDP on one port, and says who it is and whom it saw: `node echo.mjs NAME PORT`.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

const [name, port] = process.argv.slice(2)

createServer((request, response) => {
  const bytes = Number(new URL(request.url ?? '/', 'http://echo').searchParams.get('bytes') ?? 0)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ name, from: request.socket.remoteAddress, padding: 'x'.repeat(Math.min(bytes, 1e7)) }))
}).listen(Number(port), '0.0.0.0')

const socket = createSocket('udp4')
// An answer that cannot be sent is a datagram lost, as any other.
socket.on('message', (message, from) => socket.send(message, from.port, from.address, () => undefined))
socket.on('error', () => undefined)
socket.bind(Number(port), '0.0.0.0')
