// The server's sockets on the loopback device.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import packet, { type DecodedPacket } from 'dns-packet'
import { type DnsServer, openDnsServer } from '../../../src/discovery/dns/server.ts'
import { openFramedServer } from '../../../src/system/framed-server.ts'
import { openUdpServer } from '../../../src/system/udp-server.ts'
import { completeIndex, export_, importObject, questionBytes, responderOf, sliceObject } from './world.ts'

const WEB = 'web.shop.svc.clusterset.local'
const BIG = 'big.shop.svc.clusterset.local'
let ended = new AbortController()
beforeEach(() => {
  ended = new AbortController()
})
afterEach(() => ended.abort())

async function serve(
  more: { readonly host?: string; readonly mostPerClient?: number } = {},
): Promise<DnsServer & { readonly port: number }> {
  const { host = '127.0.0.1', mostPerClient = 1e6 } = more
  const index = completeIndex()
  export_(index, 'web', { east: '100.2.0.10' })
  index.imports.put(importObject('big', { type: 'Headless' }))
  index.slices.put(
    sliceObject('big', 'east', { endpoints: Array.from({ length: 800 }, (_, i) => ({ ip: `10.2.${i >> 7}.${(i % 128) + 1}` })) }),
  )
  const server = await openDnsServer(responderOf(index), {
    places: [{ host, port: 0 }],
    isShared: false,
    mostPerClient,
    now: Date.now,
    signal: ended.signal,
  })
  return { ...server, port: server.places[0]?.port ?? 0 }
}

const numbered = (id: number, name: string, type = 'A'): Buffer => {
  const bytes = questionBytes(name, type)
  bytes.writeUInt16BE(id, 0)
  return bytes
}
const framed = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])

/** Reads so many answers off a stream. */
async function answersOf(socket: Socket, count: number): Promise<readonly DecodedPacket[]> {
  const found: DecodedPacket[] = []
  let rest = Buffer.alloc(0)
  while (found.length < count) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0)
      found.push(packet.decode(rest.subarray(2, end)))
      rest = rest.subarray(end)
    }
  }
  return found
}
async function stream(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return socket
}
const closed = (socket: Socket): Promise<unknown> =>
  socket.destroyed ? Promise.resolve() : new Promise((done) => socket.once('close', done))

describe('over UDP', () => {
  it.each(['127.0.0.1', '::1', '::'])('a question to %s is answered from there', async (host) => {
    const { port } = await serve({ host })
    const client = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    try {
      client.send(numbered(7, WEB), port, host === '::' ? '::1' : host)
      const [bytes, from] = (await once(client, 'message')) as [Buffer, { readonly port: number }]
      expect([packet.decode(bytes).id, packet.decode(bytes).answers[0]?.data, from.port]).toEqual([7, '100.2.0.10', port])
    } finally {
      client.close()
    }
  })
  it('what one client asks beyond its rate gets no answer, and is counted', async () => {
    const { port, counts } = await serve({ mostPerClient: 5 })
    const client = createSocket('udp4')
    try {
      const seen = new Set<number>()
      client.on('message', (bytes) => seen.add(bytes.readUInt16BE(0)))
      for (let id = 1; id <= 50; id += 1) client.send(numbered(id, WEB), port, '127.0.0.1')
      while (counts().limited + (counts().answers.udp[0] ?? 0) < 50) await wait(10)
      // The second may have changed once meanwhile.
      expect(counts().limited).toBeGreaterThanOrEqual(40)
      expect(seen.size).toBeLessThanOrEqual(10)
    } finally {
      client.close()
    }
  })
})

describe('over TCP', () => {
  it('questions that come at once are answered in their order, those in pieces too', async () => {
    const { port } = await serve()
    const socket = await stream(port)
    const all = Buffer.concat(Array.from({ length: 100 }, (_, id) => framed(numbered(id, id % 2 === 0 ? WEB : BIG))))
    const answers = answersOf(socket, 100)
    for (let at = 0; at < all.length; at += 37) {
      socket.write(all.subarray(at, at + 37))
      if (at % 370 === 0) await new Promise((turn) => setImmediate(turn))
    }
    expect((await answers).map(({ id, answers: { length } }) => [id, length])).toEqual(
      Array.from({ length: 100 }, (_, id) => [id, id % 2 === 0 ? 1 : 800]),
    )
    socket.destroy()
  })
  it('a client that sends no more gets what it has asked for', async () => {
    const { port } = await serve()
    const socket = await stream(port)
    const answers = answersOf(socket, 1)
    socket.end(framed(numbered(1, BIG)))
    expect((await answers)[0]?.answers).toHaveLength(800)
    await closed(socket)
  })
  it('a client that takes no answers is read no further', async () => {
    const { port, counts } = await serve()
    const socket = await stream(port)
    socket.pause()
    const many = Buffer.concat(Array.from({ length: 1_000 }, (_, id) => framed(numbered(id, BIG))))
    for (let i = 0; i < 20; i += 1) socket.write(many)
    let before = -1
    while ((counts().answers.tcp[0] ?? 0) !== before) {
      before = counts().answers.tcp[0] ?? 0
      await wait(500)
    }
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(20_000)
    socket.destroy()
  })
  it.each([
    ['says that much comes', Buffer.from([255, 255])],
    ['sends an answer', framed(Buffer.from([0, 1, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0]))],
    ['sends what is too short', framed(Buffer.from([1, 2, 3]))],
  ])('a client that %s is hung up on', async (_, bytes) => {
    const { port } = await serve()
    const socket = await stream(port)
    socket.on('error', () => {})
    socket.resume()
    socket.write(bytes)
    await closed(socket)
  })
})

describe('a framed server', () => {
  const echo = async (more: object = {}): Promise<number> =>
    openFramedServer({
      host: '127.0.0.1',
      port: 0,
      isShared: false,
      answer: (bytes) => bytes,
      mostBytes: 100,
      idleMs: 300,
      most: { connections: 4, ofOneClient: 2 },
      signal: ended.signal,
      ...more,
    })
  it('ends a connection that brings no whole message, however it dribbles', async () => {
    const socket = await stream(await echo())
    socket.on('error', () => {})
    socket.resume()
    socket.write(Buffer.from([0, 100]))
    const dribble = setInterval(() => socket.write('x'), 50)
    await closed(socket)
    clearInterval(dribble)
  })
  it('takes so many connections of one client, and another when one has gone', async () => {
    const port = await echo({ idleMs: 60_000 })
    const [first, second] = [await stream(port), await stream(port)]
    const third = await stream(port)
    third.on('error', () => {})
    third.resume()
    await closed(third)
    first.destroy()
    for (let isOpen = false; !isOpen; ) {
      await wait(20)
      const fourth = await stream(port)
      fourth.on('error', () => {})
      fourth.write(Buffer.from([0, 1, 65]))
      isOpen = await Promise.race([
        once(fourth, 'data').then(
          () => true,
          () => false,
        ),
        closed(fourth).then(() => false),
      ])
      fourth.destroy()
    }
    second.destroy()
  })
})

it('processes may share a port, but only those that say so', async () => {
  const answer = (bytes: Buffer): Buffer => bytes
  const options = { host: '127.0.0.1', answer, signal: ended.signal }
  const port = await openUdpServer({ ...options, port: 0, isShared: true })
  expect(await openUdpServer({ ...options, port, isShared: true })).toBe(port)
  await expect(openUdpServer({ ...options, port, isShared: false })).rejects.toThrow('EADDRINUSE')
})
