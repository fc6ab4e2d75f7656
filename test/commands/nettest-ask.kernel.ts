// The client of nettest asks a DNS server over the loopback device.
import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import packet from 'dns-packet'
import { readNameResult } from '../../src/model/nettest-name.ts'
import { exec } from '../../src/system/exec.ts'
import { until } from '../lab/until.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'subctl.ts')
const CODES: Readonly<Record<string, number>> = { 'gone.test': 3, 'broken.test': 2, 'refused.test': 5 }

/** Answers web.test, its port, and three names by a code; of empty.test it knows no address. */
async function serve(isGone: () => boolean = () => false): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, { port, address }) => {
    const { id, questions = [] } = packet.decode(bytes)
    const [{ name, type } = { name: '', type: 'A' as const }] = questions
    const flags = isGone() ? 3 : (CODES[name] ?? 0)
    const answers =
      flags === 0 && name === 'web.test' && type === 'A'
        ? ['10.0.0.2', '10.0.0.1'].map((data) => ({ type: 'A' as const, name, ttl: 5, data }))
        : name === '_http._tcp.web.test'
          ? [{ type: 'SRV' as const, name, ttl: 5, data: { target: 'web.test', port: 80 } }]
          : []
    socket.send(packet.encode({ type: 'response', ...(id !== undefined && { id }), flags, questions, answers }), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

it('nettest says what a DNS server answers, and by which code it does not', async () => {
  const socket = await serve()
  try {
    const names = ['web.test', '_http._tcp.web.test', 'empty.test', 'gone.test', 'broken.test', 'refused.test']
    const server = `127.0.0.1:${socket.address().port}`
    const ask = names.flatMap((name) => ['--ask', name])
    const { stdout } = await exec([process.execPath, '--no-warnings', BIN, 'nettest', 'client', '--dns-server', server, ...ask], {
      timeoutMs: 60_000,
    })
    const lines = stdout.trim().split('\n')
    expect(lines.at(-1)).toBe('{"done":true}')
    expect(
      lines
        .flatMap((line) => readNameResult(line) ?? [])
        .map(({ ask: name, type, ok, answers, code, servers }) => [name, type, ok, answers ?? code, servers]),
    ).toEqual([
      ['web.test', 'A', true, ['10.0.0.1', '10.0.0.2'], [server]],
      ['_http._tcp.web.test', 'SRV', true, ['web.test:80'], [server]],
      ['empty.test', 'A', false, 'NODATA', [server]],
      ['gone.test', 'A', false, 'NXDOMAIN', [server]],
      ['broken.test', 'A', false, 'SERVFAIL', [server]],
      ['refused.test', 'A', false, 'REFUSED', [server]],
    ])
  } finally {
    socket.close()
  }
})

it('nettest --repeat asks again until SIGTERM, and says what is other than before', async () => {
  const state = { isGone: false }
  const socket = await serve(() => state.isGone)
  const server = `127.0.0.1:${socket.address().port}`
  const ask = ['--ask', 'web.test', '--ask', 'gone.test', '--repeat', '50ms']
  const client = spawn(process.execPath, ['--no-warnings', BIN, 'nettest', 'client', '--dns-server', server, ...ask])
  try {
    let out = ''
    client.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString()
    })
    const said = (): string[] =>
      out
        .split('\n')
        .flatMap((line) => readNameResult(line) ?? [])
        .map(({ ask: name, answers, code }) => `${name} ${answers?.join() ?? code}`)
        .sort()
    await until('both names are answered', async () => said().length === 2, 30_000)
    state.isGone = true
    await until('one of them is gone', async () => said().length === 3, 30_000)
    expect(said()).toEqual(['gone.test NXDOMAIN', 'web.test 10.0.0.1,10.0.0.2', 'web.test NXDOMAIN'])
    client.kill('SIGTERM')
    const [code] = (await once(client, 'exit')) as [number | null]
    expect([code, said().length]).toEqual([0, 3])
  } finally {
    client.kill('SIGKILL')
    socket.close()
  }
})
