// Looks whether packets to other clusters leave by a way that is not a tunnel. Outgoing packets alone: incoming ones are seen after decryption.
import { messageOf } from '../../model/errors.ts'
import { type Cidr, contains, type Ip } from '../../model/net.ts'
import type { Clock } from '../../system/clock.ts'
import type { Exec } from '../../system/exec.ts'
import type { Follow } from '../../system/follow.ts'

export interface WatchOptions {
  readonly exec: Exec
  readonly follow: Follow
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The other clusters' networks. */
  readonly networks: readonly Cidr[]
  /** Devices by which such packets may leave: the tunnel's and the cluster's own. */
  readonly devices: readonly string[]
  /** Addresses of other gateways: tunnels themselves go there, even where a network holds the address. */
  readonly gateways: readonly Ip[]
}
/** Leaks: one line for each device, source and destination; or why nobody looked. */
export type Watched = { readonly leaks: readonly string[] } | { readonly notWatched: string }

const MOST_LEAKS = 20
/** A socket filter has 4096 instructions at most, a network takes three. */
const MOST_NETWORKS = 1_200
const START_MS = 5_000
/** What was sent at the end is seen within this time. */
const LINGER_MS = 200

/** Watches while the work is under way. The work is done whether anybody can watch or not. */
export async function watchWhile<T>(
  options: WatchOptions,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly watched: Watched }> {
  const { clock, networks } = options
  if (networks.length === 0) return { result: await work(), watched: { leaks: [] } }
  if (networks.length > MOST_NETWORKS)
    return { result: await work(), watched: { notWatched: `${networks.length} networks are too many to watch` } }
  const capture = await startCapture(options)
  try {
    const result = await work()
    await clock.sleep(LINGER_MS, options.signal)
    return { result, watched: await capture.end() }
  } finally {
    await capture.end()
  }
}

interface Capture {
  end(): Promise<Watched>
}

/** Settles when packets are being looked at, or nobody can. */
async function startCapture(options: WatchOptions): Promise<Capture> {
  const { follow, exec, clock, signal, devices } = options
  const stop = new AbortController()
  const until = AbortSignal.any([signal, stop.signal])
  const leaks = new Set<string>()
  const started = Promise.withResolvers<undefined>()
  const onLine = (line: string): void => {
    const leak = parseLeak(line)
    if (leak !== undefined && !devices.includes(leak.device) && leaks.size < MOST_LEAKS) leaks.add(`${leak.packet} left by ${leak.device}`)
  }
  const onNote = (line: string): void => {
    if (line.includes('listening on')) started.resolve(undefined)
  }
  const indexes = await deviceIndexes(exec, devices, signal)
  const running = follow(captureArgv(options, indexes), { onLine, onNote }, until).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  )
  const fault = await Promise.race([started.promise, running, clock.sleep(START_MS, until).then(() => 'tcpdump did not start in time')])
  return {
    async end() {
      stop.abort()
      const ended = await running
      const why = fault ?? ended
      return why === undefined ? { leaks: [...leaks] } : { notWatched: why }
    },
  }
}

/** The kernel's numbers of the devices that are there: what leaves by them is not even looked at. */
async function deviceIndexes(exec: Exec, devices: readonly string[], signal: AbortSignal): Promise<readonly number[]> {
  const { stdout } = await exec(['ip', '-j', 'link', 'show'], { signal })
  const links = JSON.parse(stdout) as readonly { readonly ifindex: number; readonly ifname: string }[]
  return links.filter(({ ifname }) => devices.includes(ifname)).map(({ ifindex }) => ifindex)
}

export const captureArgv = ({ networks, gateways }: Pick<WatchOptions, 'networks' | 'gateways'>, indexes: readonly number[]) =>
  [
    'tcpdump',
    // As root, as it is: in a pod there is no right to become another user.
    ...['-Z', 'root', '-i', 'any', '-y', 'LINUX_SLL2', '-Q', 'out', '-n', '-t', '-l', '-p', '--immediate-mode', '-s', '96'],
    [
      ...indexes.map((index) => `not ifindex ${index}`),
      `(${networks.map((network) => `dst net ${network}`).join(' or ')})`,
      ...gateways
        .filter((gateway) => networks.some((network) => contains(network, gateway)))
        .map((gateway) => `not (dst host ${gateway} and (udp or proto 50))`),
    ].join(' and '),
  ] as const

/** A line of tcpdump on all devices, such as `eth0  Out IP 10.1.0.2 > 10.2.0.1: ICMP echo request, id 1, seq 1, length 64`. */
export function parseLeak(line: string): { readonly device: string; readonly packet: string } | undefined {
  const match = /^(\S+)\s+Out IP6? (\S+) > (\S+?): (\w+)/.exec(line)
  return match === null ? undefined : { device: match[1] ?? '', packet: `${match[2]} > ${match[3]} (${match[4]})` }
}
