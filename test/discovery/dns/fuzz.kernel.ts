// A million packets that nobody should send, through all of the server but its sockets; then some through those as well.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, it } from '@jest/globals'
import { openDnsServer } from '../../../src/discovery/dns/server.ts'
import { fuzz } from './fuzz.ts'
import { hostilePacket, openRandom } from './packets.ts'
import { completeIndex, export_, questionBytes, responderOf } from './world.ts'

const MILLION = 1_000_000

it('a million hostile packets get answers that are some, or none', () => {
  const { sent, answered, codes } = fuzz(MILLION, Date.now())
  console.log(`${answered} of ${sent} answered, by code: ${JSON.stringify(codes)}`)
  expect(answered).toBeGreaterThan(MILLION / 4)
  expect(codes[2]).toBeUndefined()
}, 600_000)

it('a server goes on answering after a flood of them', async () => {
  const index = completeIndex()
  export_(index, 'web', { east: '100.2.0.10' })
  const ended = new AbortController()
  const { places } = await openDnsServer(responderOf(index), {
    places: [{ host: '127.0.0.1', port: 0 }],
    isShared: false,
    mostPerClient: 1e9,
    now: Date.now,
    signal: ended.signal,
  })
  const socket = createSocket('udp4')
  try {
    const random = openRandom(Date.now())
    for (let i = 0; i < 20_000; i += 1) {
      await new Promise((sent) => socket.send(hostilePacket(random), places[0]?.port ?? 0, '127.0.0.1', sent))
      if (i % 100 === 0) await new Promise((turn) => setImmediate(turn))
    }
    const asked = questionBytes('web.shop.svc.clusterset.local', 'A')
    asked.writeUInt16BE(0xabcd, 0)
    const answered = new Promise<Buffer>((found) => {
      socket.on('message', (bytes) => {
        if (bytes.readUInt16BE(0) === 0xabcd && bytes.readUInt16BE(6) === 1) found(bytes)
      })
    })
    // Some of these are lost where the flood still fills the queue.
    const again = setInterval(() => socket.send(asked, places[0]?.port ?? 0, '127.0.0.1'), 100)
    expect((await answered).subarray(-4)).toEqual(Buffer.from([100, 2, 0, 10]))
    clearInterval(again)
  } finally {
    ended.abort()
    socket.close()
    await once(socket, 'close')
  }
}, 300_000)
