// Links, addresses, neighbours, routes and rules: read by one run of `ip` (and one of `bridge`), changed by one of each.
import type { Exec } from '../../system/exec.ts'
import {
  ALIAS,
  METRIC,
  OWNER,
  type Peer,
  type Route,
  type Rule,
  VX_DEVICE,
  VX_NETWORK,
  VX_PORT,
  VX_VNI,
  type VxLink,
} from '../node/state.ts'
import { type Json, jsonOf, listOf, parseAnswers, wordOf } from './words.ts'

export interface Address {
  readonly ip: string
  readonly prefix: number
  readonly device: string
  readonly label: string
}
export interface Device {
  readonly name: string
  readonly mtu: number
  readonly isUp: boolean
  readonly alias: string | undefined
}

/** What a node's kernel holds, so far as it matters to us. Items are the words that put them. */
export interface LinkState {
  readonly devices: ReadonlyMap<string, Device>
  /** IPv4 alone. */
  readonly addresses: readonly Address[]
  /** Routes of ours in any table. */
  readonly routes: readonly string[]
  /** The VXLAN as it is, whoever made it: its unchangeable words, and the words that can be set. */
  readonly vx: { readonly make: string; readonly set: readonly string[]; readonly addresses: readonly string[] } | undefined
  readonly neighbours: readonly string[]
  readonly fdb: readonly string[]
  readonly rules: readonly string[]
  /** Rules of others. */
  readonly foreignRules: readonly string[]
}

const READ = ['addr show', 'neigh show nud permanent', `route show table all proto ${OWNER}`, 'rule show', ''].join('\n')

export async function readLinks(exec: Exec): Promise<LinkState> {
  const { stdout } = await exec(['ip', '-N', '-d', '-j', '-batch', '-'], { input: READ })
  const [links = [], neighbours = [], routes = [], rules = []] = parseAnswers(stdout)
  const vx = links.find((link) => wordOf(link, 'ifname') === VX_DEVICE)
  const fdb = vx === undefined ? [] : await readFdb(exec)
  const ruleWords = rules.map((rule) => ({ words: wordsOfRule(rule), isOurs: wordOf(rule, 'protocol') === String(OWNER) }))
  return {
    devices: new Map(links.map((link) => [wordOf(link, 'ifname') ?? '', deviceOf(link)])),
    addresses: links.flatMap(addressesOf),
    routes: routes.filter((route) => !(wordOf(route, 'dst') ?? '').includes(':')).map(wordsOfRoute),
    vx: vx && vxOf(vx),
    neighbours: neighbours
      .filter((item) => wordOf(item, 'dev') === VX_DEVICE)
      .map((n) => neighbourWords(wordOf(n, 'dst') ?? '', wordOf(n, 'lladdr') ?? '')),
    fdb,
    rules: ruleWords.filter(({ isOurs }) => isOurs).map(({ words }) => words),
    foreignRules: ruleWords.filter(({ isOurs }) => !isOurs).map(({ words }) => words),
  }
}

async function readFdb(exec: Exec): Promise<readonly string[]> {
  const { stdout } = await exec(['bridge', '-j', 'fdb', 'show', 'dev', VX_DEVICE], { okCodes: [0, 1, 255] })
  return listOf(stdout.trim() === '' ? [] : JSON.parse(stdout))
    .filter((entry) => wordOf(entry, 'dst') !== undefined)
    .map((entry) => fdbWords(wordOf(entry, 'mac') ?? '', wordOf(entry, 'dst') ?? ''))
}

const deviceOf = (link: Json): Device => ({
  name: wordOf(link, 'ifname') ?? '',
  mtu: Number(wordOf(link, 'mtu')),
  isUp: Array.isArray(link.flags) && link.flags.includes('UP'),
  alias: wordOf(link, 'ifalias'),
})

const addressesOf = (link: Json): readonly Address[] =>
  listOf(link.addr_info)
    .filter((info) => wordOf(info, 'family') === 'inet')
    .map((info) => ({
      ip: wordOf(info, 'local') ?? '',
      prefix: Number(wordOf(info, 'prefixlen')),
      device: wordOf(link, 'ifname') ?? '',
      label: wordOf(info, 'label') ?? '',
    }))

function vxOf(link: Json): LinkState['vx'] {
  const info = jsonOf(link, 'linkinfo')
  const data = jsonOf(info, 'info_data')
  const { isUp, mtu, alias = '' } = deviceOf(link)
  const extra = ['remote', 'group', 'link', 'external'].filter((key) => data?.[key] !== undefined)
  return {
    make: [
      ...makeWords(wordOf(info, 'info_kind'), wordOf(data, 'id'), wordOf(data, 'port'), wordOf(data, 'local')),
      data?.learning === false ? 'nolearning' : '',
      ...extra,
    ].join(' '),
    set: setWords(mtu, wordOf(link, 'address') ?? '', alias, isUp ? 'up' : 'down'),
    addresses: addressesOf(link).map(({ ip, prefix }) => `${ip}/${prefix}`),
  }
}

const makeWords = (kind = '', id = '', port = '', local = ''): readonly string[] => [
  'type',
  kind,
  'id',
  id,
  'dstport',
  port,
  'local',
  local,
]
const setWords = (mtu: number, mac: string, alias: string, state: string): readonly string[] => [
  `mtu ${mtu}`,
  `address ${mac}`,
  `alias ${alias}`,
  state,
]

/** The words that make the link, those that can be set on it at any time, and its address. */
export const vxWords = ({
  local,
  mac,
  mtu,
  ip,
}: VxLink): { readonly make: string; readonly set: readonly string[]; readonly address: string } => ({
  make: [...makeWords('vxlan', String(VX_VNI), String(VX_PORT), local), 'nolearning'].join(' '),
  set: setWords(mtu, mac, ALIAS, 'up'),
  address: `${ip}/${VX_NETWORK.split('/')[1]}`,
})

const neighbourWords = (ip: string, mac: string): string => `${ip} lladdr ${mac} dev ${VX_DEVICE}`
const fdbWords = (mac: string, nodeIp: string): string => `${mac} dev ${VX_DEVICE} dst ${nodeIp}`
export const neighbourOf = ({ ip, mac }: Peer): string => neighbourWords(ip, mac)
export const fdbOf = ({ mac, nodeIp }: Peer): string => fdbWords(mac, nodeIp)

/** The words of a route; a put overwrites the one with the same key (`routeKey`). */
export function routeWords({ table, to, dev, via, src }: Route): string {
  if (dev === undefined) return `unreachable ${to} table ${table} metric ${METRIC.reject}`
  const words = [via && `via ${via}`, `dev ${dev}`, via && 'onlink', src && `src ${src}`].filter((word) => word !== undefined)
  return `unicast ${to} table ${table} metric ${METRIC.route} ${words.join(' ')}`
}
/** Type, network, table and metric: what one route differs from another by. */
export function routeKey(words: string): string {
  const end = words.indexOf(' ', words.indexOf(' metric ') + ' metric '.length)
  return end === -1 ? words : words.slice(0, end)
}

const TYPES: Readonly<Record<string, string>> = { '1': 'unicast', '6': 'blackhole', '7': 'unreachable', '8': 'prohibit' }

function wordsOfRoute(route: Json): string {
  const word = (key: string): string | undefined => wordOf(route, key)
  const type = TYPES[word('type') ?? '1'] ?? `type${word('type')}`
  const more =
    type !== 'unicast'
      ? []
      : [
          word('gateway') && `via ${word('gateway')}`,
          `dev ${word('dev')}`,
          Array.isArray(route.flags) && route.flags.includes('onlink') ? 'onlink' : undefined,
          word('prefsrc') && `src ${word('prefsrc')}`,
        ]
  return [type, destinationOf(word('dst')), 'table', word('table') ?? '254', 'metric', word('metric') ?? '0', ...more]
    .filter((part) => part !== undefined)
    .join(' ')
}

/** The kernel's text is canonical but for single addresses, which it prints without a length. */
const destinationOf = (dst = 'default'): string => (dst === 'default' ? '0.0.0.0/0' : dst.includes('/') ? dst : `${dst}/32`)

export const ruleWords = ({ priority, table, iif }: Rule): string =>
  `priority ${priority}${iif === undefined ? '' : ` iif ${iif}`} lookup ${table}`

/** Rules that select by anything else have words that no rule of ours has, and that delete them. */
function wordsOfRule(rule: Json): string {
  const word = (key: string): string | undefined => wordOf(rule, key)
  const from = word('src') === 'all' ? undefined : `from ${word('src')}${word('srclen') === undefined ? '' : `/${word('srclen')}`}`
  const to = word('dst') && `to ${word('dst')}${word('dstlen') === undefined ? '' : `/${word('dstlen')}`}`
  const mark = word('fwmark') && `fwmark ${word('fwmark')}${word('fwmask') === undefined ? '' : `/${word('fwmask')}`}`
  const parts = [from, to, mark, word('iif') && `iif ${word('iif')}`, word('oif') && `oif ${word('oif')}`, `lookup ${word('table')}`]
  return [`priority ${word('priority')}`, ...('not' in rule ? ['not'] : []), ...parts.filter((part) => part !== undefined)].join(' ')
}
