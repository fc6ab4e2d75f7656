// Both ends of nettest as unprivileged processes, each in a network namespace, with a router between them whose far link has a smaller MTU.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { readFlow, readResult } from '../../src/model/nettest.ts'
import { exec } from '../../src/system/exec.ts'
import { type NodeNs, withNamespaces } from '../dataplane/kernel/nodes.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'subctl.ts')
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'] as const
const inside = ({ ns }: NodeNs, args: readonly string[]): readonly string[] => [
  ...['netns', 'exec', ns, ...NOBODY, process.execPath, '--no-warnings', BIN, 'nettest'],
  ...args,
]

/** A server in the namespace, once it listens; the other end of a process's life is the caller's. */
async function serve(node: NodeNs): Promise<ChildProcess> {
  const child = spawn('ip', inside(node, ['server', '--name', 'far']), { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout ?? child, 'data')
  return child
}
const ask = async (node: NodeNs, args: readonly string[]) => {
  const { stdout } = await exec(['ip', ...inside(node, ['client', ...args])], { timeoutMs: 60_000 })
  return stdout.trim().split('\n')
}

async function scene(body: (near: NodeNs, router: NodeNs, far: NodeNs) => Promise<void>): Promise<void> {
  await withNamespaces(['near', 'router', 'far'], async (near, router, far) => {
    if (near === undefined || router === undefined || far === undefined) throw new Error('no namespaces')
    for (const [node, net] of [
      [near, '10.77.1'],
      [far, '10.77.2'],
    ] as const) {
      const name = node === near ? 'lan1' : 'lan2'
      await router.ip(
        `link add ${name} type veth peer name eth0 netns ${node.ns}`,
        `addr add ${net}.1/24 dev ${name}`,
        `link set ${name} up`,
      )
      await node.ip(`addr add ${net}.2/24 dev eth0`, 'link set eth0 up', `route add default via ${net}.1`)
    }
    await router.sh('sysctl -qw net.ipv4.ip_forward=1')
    // The near end does not know of it, as with a tunnel between gateways.
    await router.ip('link set lan2 mtu 1400')
    await far.ip('link set eth0 mtu 1400')
    await body(near, router, far)
  })
}

it('a server gives back what it is sent, of any size, over a way with a smaller MTU, and says who sent it', async () => {
  await scene(async (near, _, far) => {
    const server = await serve(far)
    try {
      const aims = [
        'tcp:10.77.2.2:8080:100',
        'tcp:10.77.2.2:8080:65536',
        'udp:10.77.2.2:8080:64',
        'udp:10.77.2.2:8080:1450',
        'udp:10.77.2.2:8080:9000',
      ]
      const lines = await ask(
        near,
        aims.flatMap((aim) => ['--aim', aim]),
      )
      const results = lines.flatMap((line) => readResult(line) ?? [])
      expect(lines.at(-1)).toBe('{"done":true}')
      expect(results.map(({ aim }) => aim).sort()).toEqual([...aims].sort())
      for (const result of results) expect(result).toMatchObject({ ok: true, seen: '10.77.1.2', name: 'far' })
    } finally {
      server.kill('SIGKILL')
    }
  })
})

it('a client tells a port that is closed from one that is silent', async () => {
  await scene(async (near, router, far) => {
    await router.sh('iptables -A FORWARD -p udp --dport 9 -j DROP')
    const server = await serve(far)
    try {
      const lines = await ask(near, ['--aim', 'tcp:10.77.2.2:9:10', '--aim', 'udp:10.77.2.2:9:10', '--patience', '300ms'])
      const results = lines.flatMap((line) => readResult(line) ?? [])
      expect(results.find(({ aim }) => aim.startsWith('tcp'))?.message).toContain('ECONNREFUSED')
      expect(results.find(({ aim }) => aim.startsWith('udp'))?.message).toContain('no answer within 1000 ms')
    } finally {
      server.kill('SIGKILL')
    }
  })
})

it('a flow counts the datagrams that were lost while the way was cut', async () => {
  await scene(async (near, router, far) => {
    const server = await serve(far)
    const client = spawn('ip', inside(near, ['client', '--flow', 'udp:10.77.2.2:8080:100']), { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      let out = ''
      client.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
      })
      const state = () =>
        out
          .trim()
          .split('\n')
          .flatMap((line) => readFlow(line) ?? [])
          .at(-1)
      const until = async (isSo: () => boolean): Promise<void> => {
        while (!isSo()) await once(client.stdout, 'data')
      }
      await until(() => (state()?.answered ?? 0) > 20)
      await router.ip('link set lan2 down')
      await until(() => (state()?.open?.lost ?? 0) > 20)
      await router.ip('link set lan2 up')
      await until(() => state()?.open === undefined && (state()?.gaps.length ?? 0) > 0)
      const gap = state()?.gaps[0]
      expect(gap?.lost).toBeGreaterThan(20)
      expect(gap?.ms).toBeGreaterThan(400)
    } finally {
      client.kill('SIGKILL')
      server.kill('SIGKILL')
    }
  })
}, 60_000)
