// What a node's kernel holds, as lines that can be compared: ours by their marks, and all others'. Reads, never changes.
import type { Argv, Exec } from '../../system/exec.ts'
import { isOwnReqid } from '../ipsec/connection.ts'
import { CHARON_TABLE } from '../ipsec/daemon/charon-conf.ts'
import { IF_ID } from '../ipsec/daemon/device.ts'
import { ALIAS, OWNER, TUNNEL_DEVICES, USUAL_DEVICE, VX_DEVICE } from '../node/state.ts'
import { OWNED_LABEL } from './owned.ts'
import type { NodeOptions } from './read.ts'
import { keptSysctls } from './sysctls.ts'

export type Section = 'links' | 'addresses' | 'neighbours' | 'fdb' | 'rules' | 'routes' | 'iptables' | 'sets' | 'sysctls' | 'xfrm' | 'files'
export type Lines = Readonly<Partial<Record<Section, readonly string[]>>>
export interface NodeTrace {
  readonly ours: Lines
  readonly others: Lines
  /** Lines of `sysctls` that clean-up makes true again: what was found before the first change. */
  readonly restores: readonly string[]
  /** Sections that could not be read, with the reason. */
  readonly unread: readonly string[]
}

interface Reading {
  readonly section: Section
  readonly read: (options: NodeOptions) => Promise<readonly string[]>
  readonly isOurs: (line: string) => boolean
}

export async function traceNode(options: NodeOptions): Promise<NodeTrace> {
  const unread: string[] = []
  const all = await Promise.all(
    READINGS.map(async ({ section, read, isOurs }) => {
      const lines = await read(options).catch((error: unknown) => {
        unread.push(`${section}: ${String(error)}`)
        return []
      })
      return lines.map((line) => ({ section, line, isOurs: isOurs(line) }))
    }),
  )
  const lines = all.flat()
  const owned = new Set(lines.flatMap(({ line }) => addressIn(line)))
  // The kernel itself has a route to each address.
  const isToOwned = (line: string): boolean => owned.has(/ dev lo .* src (\S+)$/.exec(line)?.[1] ?? '')
  const part = (wanted: boolean): Lines => {
    const items = lines.filter(({ section, line, isOurs }) => (isOurs || (section === 'routes' && isToOwned(line))) === wanted)
    const sections = Map.groupBy(items, ({ section }) => section)
    return Object.fromEntries([...sections].map(([section, found]) => [section, found.map(({ line }) => line)]))
  }
  const restores = [...(await keptSysctls(options.files, options.runDir))].map(([path, found]) => sysctlLine(path, found))
  return { ours: part(true), others: part(false), restores, unread }
}

/** The address in the line of one that the gateway owns. */
const addressIn = (line: string): readonly string[] =>
  line.includes(OWNED_LABEL) ? [...line.matchAll(/ inet ([\d.]+)/g)].map((match) => match[1] ?? '') : []

const DEVICES = [VX_DEVICE, ...TUNNEL_DEVICES]
const onDevice = new RegExp(`\\b(dev|iif|oif) (${DEVICES.join('|')})(?= |$)`)
const isOwnDevice = (name: string): boolean => DEVICES.includes(name)
/** Without its number and the timers of bridges. */
const tidyLink = (line: string): string => line.replace(/^\d+: /, '0: ').replace(/\b\w*timer +[\d.]+ /g, '')
/** libipsec's device has no mark but its name. */
const isOwnLink = (line: string): boolean =>
  nameOfLink(line) === USUAL_DEVICE || (isOwnDevice(nameOfLink(line)) && new RegExp(`\\balias ${ALIAS}\\b`).test(line))
const nameOfLink = (line: string): string => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? ''
const isOwnRule = (line: string): boolean =>
  new RegExp(`\\bproto ${OWNER}\\b|^(v6 )?${CHARON_TABLE}:.* lookup ${CHARON_TABLE}\\b`).test(line)
const isOwnRoute = (line: string): boolean =>
  onDevice.test(line) ||
  new RegExp(` proto ${OWNER}\\b`).test(line) ||
  (line.includes(` table ${CHARON_TABLE} `) && / proto (static|4)\b/.test(line))

const READINGS: readonly Reading[] = [
  { section: 'links', read: run(['ip', '-N', '-o', '-d', 'link', 'show'], tidyLink), isOurs: isOwnLink },
  {
    section: 'addresses',
    read: run(['ip', '-N', '-o', '-4', 'address', 'show'], (line) =>
      line.replace(/^\d+: (\S+)\s+/, 'dev $1 ').replace(/\\? +(valid|preferred)_lft \S+/g, ''),
    ),
    isOurs: (line) => onDevice.test(line) || line.includes(OWNED_LABEL),
  },
  { section: 'neighbours', read: run(['ip', '-N', '-o', 'neigh', 'show', 'nud', 'permanent']), isOurs: (line) => onDevice.test(line) },
  {
    section: 'fdb',
    read: async (options) => (await run(['bridge', 'fdb', 'show'])(options)).filter((line) => / (permanent|dst) ?/.test(line)),
    isOurs: (line) => onDevice.test(line),
  },
  { section: 'rules', read: run(['ip', '-N', '-4', 'rule', 'show']), isOurs: isOwnRule },
  { section: 'rules', read: run(['ip', '-N', '-6', 'rule', 'show'], (line) => `v6 ${line}`), isOurs: isOwnRule },
  { section: 'routes', read: run(['ip', '-N', '-o', '-4', 'route', 'show', 'table', 'all']), isOurs: isOwnRoute },
  { section: 'iptables', read: readFilters, isOurs: (line) => line.includes('SUBMARINER-') },
  { section: 'sets', read: run(['ipset', 'save']), isOurs: (line) => / SUBMARINER-/.test(line) },
  { section: 'sysctls', read: readSysctls, isOurs: (line) => isOwnDevice(line.split('/')[0] ?? '') },
  { section: 'xfrm', read: readXfrm, isOurs: (line) => isOwnXfrm(line) },
  {
    section: 'files',
    read: async ({ files, runDir }) => (await files.list(runDir)).map((name) => `${runDir}/${name}`),
    isOurs: () => true,
  },
]

function run(argv: Argv, tidy: (line: string) => string = (line) => line) {
  return async ({ exec }: { readonly exec: Exec }): Promise<readonly string[]> => {
    const { stdout } = await exec(argv)
    return linesOf(stdout).map((line) => tidy(line).trim())
  }
}
const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))

/** Both kinds, without counters, and without the kernel's own chains where they accept: iptables makes such by looking. */
async function readFilters({ exec, files }: NodeOptions): Promise<readonly string[]> {
  const hasLegacy = ((await files.readIfThere('/proc/net/ip_tables_names')) ?? '').trim() !== ''
  const kinds = hasLegacy ? (['nft', 'legacy'] as const) : (['nft'] as const)
  const saves = await Promise.all(kinds.map(async (kind) => filterLines(kind, (await exec([`iptables-${kind}-save`])).stdout)))
  return saves.flat()
}

function filterLines(kind: string, save: string): readonly string[] {
  let table = ''
  return linesOf(save).flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1)
    if (/^(\*|COMMIT|:[A-Z]+ ACCEPT )/.test(line)) return []
    return [`${kind} ${table} ${line.replace(/ ?\[\d+:\d+\]/, '')}`]
  })
}

/** Settings of a device that a network program may change. */
const NAMES = ['forwarding', 'rp_filter', 'accept_local', 'arp_ignore', 'proxy_arp', 'route_localnet', 'send_redirects', 'src_valid_mark']
const CONF = '/proc/sys/net/ipv4/conf/'
const sysctlLine = (path: string, value: string): string => `${path.slice(CONF.length)} = ${value}`

async function readSysctls({ exec, files }: NodeOptions): Promise<readonly string[]> {
  const { stdout } = await exec(['ip', '-o', 'link', 'show'])
  const devices = ['all', 'default', ...linesOf(stdout).map(nameOfLink)]
  const lines = await Promise.all(
    devices.toSorted().flatMap((device) =>
      NAMES.map(async (name) => {
        const path = `${CONF}${device}/${name}`
        const value = await files.readIfThere(path)
        return value === undefined ? [] : [sysctlLine(path, value.trim())]
      }),
    ),
  )
  return lines.flat()
}

/** States and policies. A state's keys are never in it; nor its SPI, which others change by themselves. */
async function readXfrm({ exec }: NodeOptions): Promise<readonly string[]> {
  const [states, policies] = await Promise.all([
    exec(['ip', '-o', 'xfrm', 'state', 'list'], { okCodes: [0, 1, 2] }),
    exec(['ip', '-o', 'xfrm', 'policy', 'list'], { okCodes: [0, 1, 2] }),
  ])
  return [
    ...linesOf(states.stdout).map((line) => `state ${stateWords(line)}`),
    ...linesOf(policies.stdout).map((line) => `policy ${wordsOf(line)}`),
  ]
}
const wordsOf = (line: string): string =>
  line
    .replaceAll('\\', ' ')
    .replace(/ spi \S+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
const stateWords = (line: string): string =>
  ['^src \\S+ dst \\S+', '\\bproto \\S+', '\\breqid \\d+', '\\bmode \\S+', '\\bif_id \\S+', '\\bmark \\S+']
    .flatMap((pattern) => new RegExp(pattern).exec(wordsOf(line))?.[0] ?? [])
    .join(' ')
const isOwnXfrm = (line: string): boolean => {
  const [reqid, ifId] = [/\breqid (\d+)/.exec(line)?.[1], /\bif_id (\S+)/.exec(line)?.[1]]
  return (reqid !== undefined && isOwnReqid(Number(reqid))) || Number(ifId) === IF_ID
}
