// The command line of scripts/cluster.
import { spawnSync } from 'node:child_process'
import {
  type Bed,
  contextsOf,
  downBed,
  findBed,
  keepBed,
  listBeds,
  loadImage,
  startPlace,
  stopPlace,
  type UpBedOptions,
  upBed,
} from '../test/cluster/bed.ts'
import { BED_DEFAULTS } from '../test/cluster/bed-state.ts'
import { statusOf, statusText } from '../test/cluster/bed-status.ts'
import { kubeProgram } from '../test/cluster/control-plane.ts'
import { kubeconfigOf } from '../test/lab/access.ts'
import { clusterName } from '../test/lab/layout.ts'
import { argvIn } from '../test/lab/places.ts'
import { count, interruption, list, oneOf, parseWords, runScript, UsageError } from './command-line.ts'

const USAGE = `Usage: scripts/cluster COMMAND [--name NAME]

  up            clusters whose nodes are Ready and whose DNS answers
      --clusters N          how many (2): west, east, north, south
      --nodes N             of each cluster, gateways among them (2): west-gw1, west-w1, ...
      --gateways N          1 or 2 of them are called so (1)
      --cni west=flannel    bridge (default) or flannel (vxlan), by cluster; also of all: --cni flannel
      --proxy east=nftables kube-proxy's iptables (default) or nftables, by cluster
      --policy A,B          clusters in which kube-router carries out NetworkPolicies
      --restricted A,B      clusters that take pods of security level restricted alone, where a namespace says no other
      --broker KIND         cluster: on the first one (default), or central: a server of its own
      --nat A,B             clusters behind 1:1 NAT, all with the same private network
      --rp-filter N         0, 1 or 2 on every node (0)
      --image FILE.tar      an image for every node; may be given again
  down          remove the bed, also one that is half up or broken; --all removes every bed
  status        beds, and what runs in them; -o json for programs
  kubectl ...   kubectl with the contexts of all clusters, and broker
  exec PLACE COMMAND...     in a node (west-gw1) or another place (west-router, west-api, wan); without a command: a shell
  load FILE.tar...          images into every node
  stop PLACE [PROGRAM]      power loss of a node or of a control plane (west-api), or the end of one program: kubelet, kube-apiserver, ...
  start PLACE [PROGRAM]
`

const OPTIONS = {
  name: { type: 'string', default: BED_DEFAULTS.name },
  clusters: { type: 'string', default: '2' },
  nodes: { type: 'string', default: '2' },
  gateways: { type: 'string', default: '1' },
  cni: { type: 'string', default: '' },
  proxy: { type: 'string', default: '' },
  policy: { type: 'string', default: '' },
  restricted: { type: 'string', default: '' },
  broker: { type: 'string', default: 'cluster' },
  nat: { type: 'string', default: '' },
  'rp-filter': { type: 'string', default: '0' },
  image: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o', default: 'text' },
  all: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

type Values = ReturnType<typeof parse>['values']

async function main(argv: readonly string[]): Promise<number> {
  // What a command is given to run has flags of its own.
  const own = ['exec', 'kubectl'].includes(argv[0] ?? '') ? ownArgs(argv) : { flags: argv, rest: [] }
  const { values, positionals } = parse(own.flags)
  const [command, ...args] = [...positionals, ...own.rest]
  if (values.help || command === undefined || command === 'help') {
    console.log(USAGE)
    return command === undefined && !values.help ? 64 : 0
  }
  const run = COMMANDS[command]
  if (run === undefined) throw new UsageError(`there is no command "${command}"`)
  return run(values, args)
}

const COMMANDS: Readonly<Record<string, (values: Values, args: readonly string[]) => Promise<number>>> = {
  up,
  down,
  status,
  async kubectl({ name }, args) {
    const env = { ...process.env, KUBECONFIG: kubeconfigOf(await findBed(name)) }
    return spawnSync(kubeProgram('kubectl'), args, { stdio: 'inherit', env }).status ?? 1
  },
  exec: async ({ name }, args) => enter(await findBed(name), args[0], args.slice(1)),
  async load({ name }, files) {
    if (files.length === 0) throw new UsageError('name a file')
    for (const file of files) await loadImage(await findBed(name), file)
    return 0
  },
  stop: async ({ name }, args) => onPlace(name, args, stopPlace),
  start: async ({ name }, args) => onPlace(name, args, startPlace),
}

const parse = (args: readonly string[]) => parseWords(args, OPTIONS)

/** `exec [--name NAME] PLACE COMMAND...`: what follows is not ours to read. */
function ownArgs(argv: readonly string[]): { readonly flags: readonly string[]; readonly rest: readonly string[] } {
  const count = argv[1] === '--name' ? 3 : argv[1]?.startsWith('--name=') || argv[1] === '--help' ? 2 : 1
  return { flags: argv.slice(0, count), rest: argv.slice(count) }
}

/** `west=flannel,east=bridge`, or one word for all clusters. */
function byCluster<T extends string>(flag: string, text: string, { choices, names }: { choices: readonly T[]; names: readonly string[] }) {
  const pairs = list(text).flatMap((item) => {
    const [name = '', value] = item.split('=')
    if (value === undefined) return names.map((one) => [one, oneOf(flag, name, choices)] as const)
    return [[oneOf(flag, name, names), oneOf(flag, value, choices)] as const]
  })
  return Object.fromEntries(pairs)
}

function optionsOf(values: Values): UpBedOptions {
  const clusters = count('clusters', values.clusters, 9)
  const names = Array.from({ length: clusters }, (_, i) => clusterName(i))
  const gateways = Number(oneOf('gateways', values.gateways, ['1', '2'])) as 1 | 2
  return {
    name: values.name,
    clusters,
    gateways,
    workers: Math.max(0, count('nodes', values.nodes, 20) - gateways),
    cni: byCluster('cni', values.cni, { choices: ['bridge', 'flannel'], names }),
    proxy: byCluster('proxy', values.proxy, { choices: ['iptables', 'nftables'], names }),
    policy: list(values.policy).map((name) => oneOf('policy', name, names)),
    restricted: list(values.restricted).map((name) => oneOf('restricted', name, names)),
    broker: oneOf('broker', values.broker, ['cluster', 'central']),
    nat: list(values.nat).map((name) => oneOf('nat', name, names)),
    rpFilter: Number(oneOf('rp-filter', values['rp-filter'], ['0', '1', '2'])) as 0 | 1 | 2,
    images: values.image ?? [],
  }
}

async function up(values: Values): Promise<number> {
  const options = optionsOf(values)
  const flag = nameFlag(values.name)
  if ((await listBeds()).some(({ layout }) => layout.options.name === values.name))
    throw new Error(`there is a bed "${values.name}" already: scripts/cluster down${flag}`)
  const started = Date.now()
  const seconds = (): string => ((Date.now() - started) / 1000).toFixed(1)
  const bed = await upBed({ ...options, say: (what) => console.error(`cluster: ${seconds()} s: ${what}`), signal: interruption() })
  await keepBed(bed)
  console.log(`export KUBECONFIG=${kubeconfigOf(bed)}`)
  console.error(`cluster: up after ${seconds()} s. Contexts: ${contextsOf(bed).join(', ')}. Next:
  scripts/cluster kubectl${flag} --context west get pods -A
  scripts/cluster exec${flag} west-gw1 ip route
  scripts/cluster down${flag}`)
  return 0
}

const nameFlag = (name: string): string => (name === BED_DEFAULTS.name ? '' : ` --name ${name}`)

async function down({ name, all }: Values): Promise<number> {
  const beds = (await listBeds()).filter(({ layout }) => all || layout.options.name === name || layout.id === name)
  for (const bed of beds) await downBed(bed)
  console.error(beds.length === 0 ? 'cluster: nothing is up' : `cluster: down (${beds.map(({ layout }) => layout.id).join(', ')})`)
  return 0
}

async function status({ output }: Values): Promise<number> {
  const beds = await Promise.all((await listBeds()).map(statusOf))
  if (oneOf('output', output, ['text', 'json']) === 'json') console.log(JSON.stringify(beds, undefined, 2))
  else console.log(beds.length === 0 ? 'no bed is up' : beds.map(statusText).join('\n'))
  return 0
}

function enter(bed: Bed, place: string | undefined, command: readonly string[]): number {
  if (place === undefined) throw new UsageError('name a place')
  const words = command[0] === '--' ? command.slice(1) : command
  const [program, ...args] = argvIn(bed, place, words.length === 0 ? ['bash', '-i'] : words)
  const env = { ...process.env, KUBECONFIG: kubeconfigOf(bed), PS1: `${place}# ` }
  return spawnSync(program, args, { stdio: 'inherit', env }).status ?? 1
}

async function onPlace(
  name: string,
  [place, program]: readonly string[],
  work: (bed: Bed, place: string, program?: string) => Promise<void>,
): Promise<number> {
  if (place === undefined) throw new UsageError('name a node, or a control plane such as west-api')
  await work(await findBed(name), place, program)
  return 0
}

await runScript('cluster', USAGE, main)
