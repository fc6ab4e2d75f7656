// Firewalls on the way: what a cluster's router passes on.
import { run } from './places.ts'
import type { Site } from './sites.ts'

export interface Block extends AsyncDisposable {
  /** Lets the packets pass again. */
  lift(): Promise<void>
}

/** Drops what the router of a cluster would forward and what matches: words of iptables, such as `-p udp --dport 4500`. */
export async function block(lab: Site, cluster: string, match: readonly string[]): Promise<Block> {
  const rule = (verb: '-I' | '-D'): Promise<unknown> =>
    run(lab, `${cluster}-router`, ['iptables', '-w', verb, 'FORWARD', ...match, '-j', 'DROP'])
  await rule('-I')
  let isUp = true
  const lift = async (): Promise<void> => {
    if (isUp) await rule('-D')
    isUp = false
  }
  return { lift, [Symbol.asyncDispose]: lift }
}

export interface Loss extends Block {
  /** Datagrams of UDP that the router was to forward since the beginning, and those of them that it dropped. */
  counts(): Promise<{ readonly seen: number; readonly dropped: number }>
}

/** Has the router of a cluster lose that share of all UDP, and so of what passes through tunnels, each way. */
export async function lose(lab: Site, cluster: string, share: number): Promise<Loss> {
  const router = `${cluster}-router`
  const statistic = ['-m', 'statistic', '--mode', 'random', '--probability', String(share)]
  // A rule without a target counts alone.
  const count = (verb: '-I' | '-D'): Promise<unknown> => run(lab, router, ['iptables', '-w', verb, 'FORWARD', '-p', 'udp'])
  const drop = await block(lab, cluster, ['-p', 'udp', ...statistic])
  await count('-I')
  let isUp = true
  const lift = async (): Promise<void> => {
    if (isUp) await count('-D')
    isUp = false
    await drop.lift()
  }
  return {
    lift,
    [Symbol.asyncDispose]: lift,
    async counts() {
      const { stdout } = await run(lab, router, ['iptables-save', '-c', '-t', 'filter'])
      const packetsOf = (rule: RegExp): number => Number(rule.exec(stdout)?.[1] ?? Number.NaN)
      return {
        seen: packetsOf(/^\[(\d+):\d+\] -A FORWARD -p udp$/m),
        dropped: packetsOf(/^\[(\d+):\d+\] -A FORWARD -p udp .* random .*-j DROP$/m),
      }
    },
  }
}
