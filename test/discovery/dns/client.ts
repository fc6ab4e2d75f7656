// A client of a server on the loopback device, each question from a port of its own.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import packet, { type DecodedPacket } from 'dns-packet'
import { lines, questionBytes } from './world.ts'

const TRY_MS = 1_000

/** Asks once over UDP; undefined where nothing comes back within a second. */
export async function ask(port: number, name: string, type = 'A'): Promise<DecodedPacket | undefined> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((settle) => {
      const timer = setTimeout(() => settle(undefined), TRY_MS)
      socket.on('message', (bytes) => {
        clearTimeout(timer)
        settle(packet.decode(bytes))
      })
      socket.on('error', () => settle(undefined))
      // A connected socket hears at once that nobody is there.
      socket.connect(port, '127.0.0.1', () => socket.send(questionBytes(name, type)))
    })
  } finally {
    socket.close()
  }
}

/** Asks until the answer is as wanted, for a minute at most; gives the milliseconds that it took. */
export async function untilAnswered(port: number, name: string, wanted: (answer: readonly string[]) => boolean): Promise<number> {
  const began = performance.now()
  for (let last: readonly string[] = []; performance.now() - began < 60_000; await wait(5)) {
    const answer = await ask(port, name)
    if (answer === undefined) continue
    last = lines(answer)
    if (wanted(last)) return performance.now() - began
  }
  throw new Error(`${name} was not answered as it should be`)
}

/** A port that is free for TCP now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((settle) => server.once('listening', settle))
  const address = server.address()
  await new Promise((settle) => server.close(settle))
  return typeof address === 'object' && address !== null ? address.port : 0
}
