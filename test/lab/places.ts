// Running programs in the places of a lab: nodes with a hostname and a /run of their own, pods, routers, APIs.
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Argv, type ExecOptions, type ExecResult, exec } from '../../src/system/exec.ts'
import { nodesOf, placesOf } from './layout.ts'
import { isRunning, type ProcessId } from './processes.ts'
import type { Site } from './sites.ts'

/** What a node's processes see as /run: it stands for a machine's memory, and a reboot would empty it. */
export const runFolder = (lab: Site, node: string): string => join(lab.folder, 'run', node)

/** The network namespace of a place. Throws where there is no such place. */
export function nsOf(lab: Site, place: string): string {
  const places = placesOf(lab.layout)
  const ns = places.get(place)
  if (ns === undefined) throw new Error(`there is no place "${place}"; there are ${[...places.keys()].join(', ')}`)
  return ns
}

// Each process gets mounts of its own by `ip netns exec`; what is mounted here is seen by it and its children alone, and ends with them.
const NODE_SCRIPT = 'mount --bind "$1" /run && { [ -z "$2" ] || mount --bind "$2" /run/secrets; } && hostname "$3" && shift 3 && exec "$@"'

/** The command that runs a command in a place. `secrets` is a folder that a node's process sees as /run/secrets, as a pod sees its mounts. */
export function argvIn(lab: Site, place: string, argv: readonly string[], secrets = ''): Argv {
  const node = nodesOf(lab.layout).find(({ name }) => name === place)
  if (node !== undefined && !('pod' in node)) return argvInBox(boxOf(lab, place), argv)
  const enter: Argv = ['ip', 'netns', 'exec', nsOf(lab, place)]
  if (node === undefined) return [...enter, ...argv]
  return [...enter, 'unshare', '--uts', 'sh', '-c', NODE_SCRIPT, 'sh', runFolder(lab, place), secrets, place, ...argv]
}

/** Where the first process of a node of a bed is written down while it is on. */
export const boxFile = (lab: Site, node: string): string => join(lab.folder, 'boxes', `${node}.json`)

/** The first process of a node of a bed. Throws where the node is off. */
export function boxOf(lab: Site, node: string): ProcessId {
  const init = existsSync(boxFile(lab, node)) ? (JSON.parse(readFileSync(boxFile(lab, node), 'utf8')) as ProcessId) : undefined
  if (init === undefined || !isRunning(init)) throw new Error(`node ${node} is off`)
  return init
}

const argvInBox = ({ pid }: ProcessId, argv: readonly string[]): Argv => [
  'nsenter',
  ...['--target', String(pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--wdns=/', '--'],
  ...argv,
]

/** Makes the folders that nodes need. */
export async function makeRunFolders(lab: Site): Promise<void> {
  for (const { name } of nodesOf(lab.layout)) await mkdir(join(runFolder(lab, name), 'secrets'), { recursive: true })
}

/** Runs a program to its end in a place. */
export const run = async (lab: Site, place: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> =>
  exec(argvIn(lab, place, argv), options)
