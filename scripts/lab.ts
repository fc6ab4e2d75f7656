// The command line of scripts/lab.
import { spawnSync } from 'node:child_process'
import { kubeconfigOf } from '../test/lab/access.ts'
import { listDaemons, logOf } from '../test/lab/daemons.ts'
import { downLab, type UpOptions, upLab } from '../test/lab/lab.ts'
import { DEFAULTS, type Layout, nodesOf, placesOf } from '../test/lab/layout.ts'
import { argvIn } from '../test/lab/places.ts'
import { isRunning } from '../test/lab/processes.ts'
import { findLab, keepLab, type Lab, listLabs } from '../test/lab/state.ts'
import { count, interruption, list, oneOf, parseWords, runScript, UsageError } from './command-line.ts'

const USAGE = `Usage: scripts/lab COMMAND [--name NAME]

  up            clusters that have joined, with our agents on every node
      --clusters N          how many (2): west, east, north, south
      --workers N           of each cluster, beside its two gateways (1)
      --api KIND            central or kubernetes (central)
      --broker KIND         central, or cluster: on the first cluster (central)
      --nat A,B             clusters behind 1:1 NAT, all with the same private network
      --rp-filter N         0, 1 or 2 on every node (0)
      --forward-drop A,B    clusters whose nodes forward only what a rule accepts
      --stop-at STEP        network, apis or joined: how far to go
  down          remove the lab, also one that is half up or broken; --all removes every lab
  status        labs, their places and what runs in them
  sh PLACE      a shell in a place, such as west-gw1, west-gw1-pod, west-router, wan
  run PLACE COMMAND...
  capture PLACE [FILTER...]   tcpdump on the link that leads out of the place; of wan: all that passes between clusters
  logs NODE [AGENT]           what the agents of a node printed
`

const OPTIONS = {
  name: { type: 'string', default: DEFAULTS.name },
  clusters: { type: 'string', default: String(DEFAULTS.clusters) },
  workers: { type: 'string', default: String(DEFAULTS.workers) },
  api: { type: 'string', default: DEFAULTS.api },
  broker: { type: 'string', default: DEFAULTS.broker },
  nat: { type: 'string', default: '' },
  'rp-filter': { type: 'string', default: String(DEFAULTS.rpFilter) },
  'forward-drop': { type: 'string', default: '' },
  'stop-at': { type: 'string' },
  all: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

async function main(argv: readonly string[]): Promise<number> {
  // What a command is given to run has flags of its own.
  const own = ['sh', 'run', 'capture'].includes(argv[0] ?? '') ? placeArgs(argv) : { flags: argv, rest: [] }
  const { values, positionals } = parse(own.flags)
  const [command, ...args] = [...positionals, ...own.rest]
  if (values.help || command === undefined || command === 'help') {
    console.log(USAGE)
    return command === undefined && !values.help ? 64 : 0
  }
  switch (command) {
    case 'up':
      return up(values)
    case 'down':
      return down(values.name, values.all)
    case 'status':
      return status()
    case 'sh':
      return enter(await findLab(values.name), args[0], ['bash', '-i'])
    case 'run':
      return enter(await findLab(values.name), args[0], args.slice(1))
    case 'capture':
      return capturing(await findLab(values.name), args[0], args.slice(1))
    case 'logs':
      return logs(await findLab(values.name), args)
    default:
      throw new UsageError(`there is no command "${command}"`)
  }
}

const parse = (args: readonly string[]) => parseWords(args, OPTIONS)

/** `run [--name NAME] PLACE COMMAND...`: what follows the place is not ours to read. */
function placeArgs(argv: readonly string[]): { readonly flags: readonly string[]; readonly rest: readonly string[] } {
  let i = 1
  while (argv[i]?.startsWith('--')) i += argv[i]?.includes('=') || argv[i] === '--help' ? 1 : 2
  return { flags: argv.slice(0, i), rest: argv.slice(i) }
}

async function up(values: ReturnType<typeof parse>['values']): Promise<number> {
  if ((await listLabs()).some(({ layout }) => layout.options.name === values.name))
    throw new Error(`there is a lab "${values.name}" already: scripts/lab down${nameFlag(values.name)}`)
  const options: UpOptions = {
    name: values.name,
    clusters: count('clusters', values.clusters, 9),
    workers: count('workers', values.workers, 20),
    api: oneOf('api', values.api, ['central', 'kubernetes']),
    broker: oneOf('broker', values.broker, ['central', 'cluster']),
    nat: list(values.nat),
    rpFilter: Number(oneOf('rp-filter', values['rp-filter'], ['0', '1', '2'])) as 0 | 1 | 2,
    forwardDrop: list(values['forward-drop']),
    ...(values['stop-at'] !== undefined && { stopAt: oneOf('stop-at', values['stop-at'], ['network', 'apis', 'joined']) }),
    say: (what) => console.error(`lab: ${what}`),
  }
  const lab = await upLab({ ...options, signal: interruption() })
  await keepLab(lab)
  const { name } = lab.layout.options
  const [first, second] = lab.layout.clusters
  const contexts = lab.layout.clusters.map((cluster) => cluster.name).join(',')
  console.log(`export KUBECONFIG=${kubeconfigOf(lab)}`)
  console.error(`
lab: up. Contexts: ${contexts}, broker. Next:
  dist/subctl show --kubeconfig ${kubeconfigOf(lab)} --contexts ${contexts}
  dist/subctl verify --kubeconfig ${kubeconfigOf(lab)} --contexts ${contexts}
  scripts/lab run${nameFlag(name)} ${first?.nodes.at(-1)?.pod.name} ping -c3 ${second?.nodes.at(-1)?.pod.ip}
  scripts/lab capture${nameFlag(name)} wan
  scripts/lab down${nameFlag(name)}`)
  return 0
}

const nameFlag = (name: string): string => (name === DEFAULTS.name ? '' : ` --name ${name}`)

async function down(name: string, isAll: boolean): Promise<number> {
  const labs = (await listLabs()).filter(({ layout }) => isAll || layout.options.name === name || layout.id === name)
  for (const lab of labs) await downLab(lab)
  console.error(labs.length === 0 ? 'lab: nothing is up' : `lab: down (${labs.map(({ layout }) => layout.id).join(', ')})`)
  return 0
}

async function status(): Promise<number> {
  const labs = await listLabs()
  if (labs.length === 0) console.log('no lab is up')
  for (const lab of labs) {
    const { layout, folder } = lab
    const { options } = layout
    console.log(`lab ${options.name}: ${layout.clusters.map(({ name }) => name).join(', ')}; api ${options.api}, folder ${folder}`)
    const daemons = await listDaemons(lab)
    for (const [place, ns] of placesOf(layout)) {
      const here = daemons.filter(({ spec }) => spec.place === place)
      const states = here.map(({ key, process: id }) => `${key.slice(place.length + 1)}${isRunning(id) ? '' : ' (ended)'}`)
      console.log(`  ${place.padEnd(16)} ${ns.padEnd(32)} ${addressOf(layout, place).padEnd(16)} ${states.join(', ')}`)
    }
  }
  return 0
}

function addressOf(layout: Layout, place: string): string {
  const node = nodesOf(layout).find(({ name, pod }) => name === place || pod.name === place)
  if (node !== undefined) return node.name === place ? node.ip : node.pod.ip
  if (place === 'wan') return layout.wan.ip
  if (place === 'broker') return layout.broker.ip
  const cluster = layout.clusters.find(({ name }) => place.startsWith(`${name}-`))
  return (place.endsWith('-api') ? cluster?.api.ip : cluster?.router.ip) ?? ''
}

function enter(lab: Lab, place: string | undefined, command: readonly string[]): number {
  if (place === undefined || command.length === 0) throw new UsageError('name a place and a command')
  const [program, ...args] = argvIn(lab, place, command)
  const env = { ...process.env, KUBECONFIG: kubeconfigOf(lab), PS1: `${place}# ` }
  const done = spawnSync(program, args, { stdio: 'inherit', env })
  return done.status ?? 1
}

function capturing(lab: Lab, place: string | undefined, filter: readonly string[]): number {
  if (place === undefined) throw new UsageError('name a place')
  const link = place === 'wan' ? 'br0' : place.endsWith('-router') ? 'wan0' : 'eth0'
  return enter(lab, place, ['tcpdump', '-nn', '-l', '--immediate-mode', '-i', link, ...filter])
}

async function logs(lab: Lab, [node, agent]: readonly string[]): Promise<number> {
  if (node === undefined) throw new UsageError('name a node')
  const keys = (await listDaemons(lab)).map(({ key }) => key).filter((key) => key.startsWith(`${node}.${agent ?? ''}`))
  for (const key of keys.filter((name) => !name.endsWith('.echo')))
    spawnSync('tail', ['-v', '-n', '+1', logOf(lab, key)], { stdio: 'inherit' })
  return 0
}

await runScript('lab', USAGE, main)
