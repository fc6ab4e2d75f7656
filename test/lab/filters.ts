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
