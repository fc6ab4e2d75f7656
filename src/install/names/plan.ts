// What is done to a cluster's DNS for the clusterset's names, and how it is undone: functions of what was read.
import { EXIT, UserError } from '../../model/errors.ts'
import type { Resource } from '../../model/resources.ts'
import { zonesOverlap } from '../../model/zones.ts'
import type { DnsWish } from '../objects/settings.ts'
import { isRecord, listAt, textAt } from '../tree.ts'
import { BEGIN, blockIn, END, withBlock, withoutBlock } from './block.ts'
import { type Choice, chooseMode } from './choose.ts'
import { type ClusterBlock, type Corefile, clusterBlock, readCorefile, whoServes } from './corefile.ts'
import { type Edit, isChange, putText } from './edit.ts'
import { type CoreDns, CREATED_ANNOTATION, type DnsFacts, type MapText, OPENSHIFT_SERVER, STUBS_ANNOTATION } from './facts.ts'
import { multiclusterRights } from './rights.ts'
import { objectIn, stubEntry, withoutStubs, withStubs } from './stub-domains.ts'
import { planTakeBack } from './take-back.ts'
import { forwardBlock, multiclusterBlock, nodeLocalBlock } from './zone-blocks.ts'

export interface NamesPlan extends Choice {
  readonly zones: readonly string[]
  /** What CoreDNS must be allowed before its Corefile says that it does it. */
  readonly rights: readonly Resource[]
  readonly account: CoreDns['account'] | undefined
  /** In the order in which they are made: servers first, caches before them last. */
  readonly edits: readonly Edit[]
  /** Why nothing is done, or is not enough, and what to type; empty where all is done. */
  readonly hand: readonly string[]
  readonly notes: readonly string[]
  /** The domain of the cluster's own names, which must go on being answered. */
  readonly domain: string
}

export interface NamesWish {
  readonly wish: DnsWish
  readonly zones: readonly string[]
  /** The ClusterIP of our own server; undefined where it is not there yet. */
  readonly server: string | undefined
  /** Namespaces of brokers that are, or may come to be, on this cluster: CoreDNS answers nothing in them. */
  readonly brokers: readonly string[]
}

/** Stands for an address that the cluster has still to give. */
export const NO_ADDRESS = '<ClusterIP of submariner-dns>'

const LATER = 'To have them answered, join again with --dns auto; --plan shows what that changes, and docs/dns.md what to write by hand'

/** A place where nothing may be changed: why, and what a person can do. */
class Refused extends Error {
  readonly hand: readonly string[]
  constructor(why: string, hand: readonly string[] = []) {
    super(why)
    this.hand = hand
  }
}

/** Throws a UserError where a mode was asked for by name and cannot be; what `auto` cannot do it says in `hand`. */
export function planNames(facts: DnsFacts, { wish, zones, server, brokers }: NamesWish): NamesPlan {
  checkZones(zones, domainOf(facts))
  const choice = chooseMode(wish, facts)
  const address = server ?? NO_ADDRESS
  const base = { ...choice, zones, rights: [], account: undefined, edits: [], notes: [], domain: domainOf(facts) }
  if (choice.mode === 'none') return { ...base, edits: planTakeBack(facts).edits, hand: [LATER] }
  if (facts.server.kind === 'unknown' && wish === 'own')
    return { ...base, hand: [`Forward ${zones.join(' and ')} to ${address} in the cluster’s DNS, which is not known here`] }
  try {
    const edits = [...serverEdits(facts, choice, { zones, address, brokers }), ...cacheEdits(facts, zones)].filter(isChange)
    const account = choice.mode === 'multicluster' && facts.server.kind === 'coredns' ? facts.server.account : undefined
    const done = { ...base, rights: account === undefined ? [] : multiclusterRights(account), account, notes: keepersOf(facts) }
    return isAddons(facts) && edits.length > 0 ? { ...done, hand: addonHand(edits) } : { ...done, edits, hand: [] }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const why = `the cluster’s DNS is left as it is: ${error.message}`
    if (wish !== 'auto')
      throw new UserError('SUB1003', `--dns ${wish}: ${why}`, { hint: [...error.hand, 'Or leave it alone: --dns none.'].join('\n') })
    return { ...base, mode: 'none', why, hand: error.hand }
  }
}

/** The cluster's own names must go on being answered by the cluster. */
function checkZones(zones: readonly string[], domain: string): void {
  const wrong = zones.find((zone) => zonesOverlap(zone, domain))
  if (wrong !== undefined)
    throw new UserError('SUB1009', `--zone ${wrong}: the cluster’s own names are in ${domain}, and would not be answered any more`, {
      exitCode: EXIT.usage,
      hint: 'Choose a domain that nothing in the cluster has names in, such as clusterset.example.com.',
    })
}

/** A Corefile that is a setting of EKS's addon: what others change in it is written over. */
const isAddons = ({ server }: DnsFacts): boolean =>
  server.kind === 'coredns' && server.custom === undefined && server.corefile?.keeper?.kind === 'eks'

function addonHand(edits: readonly Edit[]): readonly string[] {
  return [
    'The Corefile is a setting of the EKS addon coredns, which writes over what others change in it. Hand it the whole text, with the settings that it has already (aws eks describe-addon):',
    ...edits.map(
      ({ namespace, name }) => `  kubectl get configmap ${name} --namespace ${namespace} --output jsonpath='{.data.Corefile}' > Corefile`,
    ),
    '  put these lines before all others in the file Corefile:',
    ...edits.flatMap(({ after }) => [BEGIN, ...(blockIn(String(after)) ?? '').split('\n'), END].map((line) => `    ${line}`)),
    "  jq --null-input --rawfile corefile Corefile '{corefile: $corefile}' > addon.json",
    '  aws eks update-addon --cluster-name CLUSTER --addon-name coredns --resolve-conflicts OVERWRITE --configuration-values file://addon.json',
  ]
}

export function domainOf({ server }: DnsFacts): string {
  if (server.kind === 'openshift') return server.domain
  const corefile = server.kind === 'coredns' ? readCorefile(withoutBlock(server.corefile?.text ?? '') ?? '') : undefined
  return (corefile && clusterBlock(corefile)?.domain) ?? 'cluster.local'
}

interface Entry extends Pick<NamesWish, 'zones' | 'brokers'> {
  readonly address: string
}
function serverEdits({ server }: DnsFacts, { mode }: Choice, { zones, address, brokers }: Entry): readonly Edit[] {
  if (server.kind === 'coredns') {
    const { corefile, main } = corefileOf(server, zones)
    const block = mode === 'multicluster' ? multiclusterBlock(zones, main, brokers) : forwardBlock(zones, main, address)
    return [server.custom === undefined ? blockEdit(corefile, block) : customEdit(server.custom, zones, block)]
  }
  if (server.kind === 'kube-dns') return [stubsEdit(server.stubs, zones, address)]
  if (server.kind === 'openshift') return [operatorEdit(server.servers, zones, address)]
  throw new Refused(`it is not known (${server.title})`, ['To have our server all the same, and forward to it by hand: --dns own'])
}

/** What a Corefile says without us. Throws where it may not be changed. */
function corefileOf({ corefile, title }: CoreDns, zones: readonly string[]): { corefile: MapText; main: ClusterBlock } {
  if (corefile?.text === undefined) throw new Refused(`no ConfigMap of ${title} has a Corefile`)
  const read = readOthers(corefile, zones)
  const main = clusterBlock(read)
  if (main === undefined) throw new Refused(`the Corefile of ${titleOf(corefile)} has no server block with the plugin kubernetes`)
  if (!read.blocks.some(({ directives }) => directives.some(({ words }) => words[0] === 'reload')))
    throw new Refused(`the Corefile of ${titleOf(corefile)} has no "reload", so CoreDNS would see no change before it is started anew`, [
      'Add the line "reload" to it and restart CoreDNS, then run join again.',
    ])
  return { corefile, main }
}

function readOthers(map: MapText, zones: readonly string[]): Corefile {
  const rest = withoutBlock(map.text ?? '')
  if (rest === undefined)
    throw new Refused(`the marks of our part in ${titleOf(map)} do not match`, [
      `Mend or remove them: kubectl edit configmap ${map.name} --namespace ${map.namespace}`,
    ])
  const read = readCorefile(rest)
  if (read === undefined) throw new Refused(`the Corefile of ${titleOf(map)} is not understood`)
  checkFree(map, rest, zones, read)
  return read
}

/** Throws where somebody else serves the zones already. */
function checkFree(map: MapText, text: string, zones: readonly string[], read: Corefile): void {
  const who = whoServes(read, zones)
  if (who === undefined) return
  const isLighthouse = /^[^\n]*lighthouse-start/m.test(text) || /lighthouse/.test(map.key)
  throw new Refused(`${titleOf(map)} serves these names already, by ${who}${isLighthouse ? ', which is upstream’s Lighthouse' : ''}`, [
    isLighthouse
      ? `To have them from here, remove the lines from #lighthouse-start to #lighthouse-end (or the key lighthouse.server) once Lighthouse is gone, and run join again: kubectl edit configmap ${map.name} --namespace ${map.namespace}`
      : `To have them from here, remove that and run join again: kubectl edit configmap ${map.name} --namespace ${map.namespace}`,
  ])
}

const titleOf = ({ namespace, name }: MapText): string => `ConfigMap ${namespace}/${name}`

function blockEdit(map: MapText, block: string): Edit {
  const after = withBlock(map.text ?? '', block)
  if (after === undefined) throw new Refused(`the marks of our part in ${titleOf(map)} do not match`)
  return putText(map, after)
}

function customEdit(custom: MapText, zones: readonly string[], block: string): Edit {
  for (const [key, text] of Object.entries(custom.others)) {
    const read = key.endsWith('.server') ? readCorefile(text) : undefined
    if (read !== undefined) checkFree({ ...custom, key }, text, zones, read)
  }
  return blockEdit(custom, block)
}

function cacheEdits({ nodeLocal, server }: DnsFacts, zones: readonly string[]): readonly Edit[] {
  // node-cache reads kube-dns's stub domains by itself.
  if (nodeLocal === undefined || server.kind === 'kube-dns') return []
  const { blocks } = readOthers(nodeLocal, zones)
  const block = nodeLocalBlock(zones, blocks, domainOf({ server, nodeLocal, servesAlpha: undefined }))
  if (block === undefined) throw new Refused(`it is not seen in ${titleOf(nodeLocal)} where NodeLocal DNSCache sends the cluster’s names`)
  return [blockEdit(nodeLocal, block)]
}

function stubsEdit(map: MapText, zones: readonly string[], address: string): Edit {
  const before = map.annotations[STUBS_ANNOTATION]
  const isOurs = map.annotations[CREATED_ANNOTATION] !== undefined
  const rest = before === undefined || map.text === undefined ? map.text : withoutStubs(map.text, before, isOurs)
  const taken = zones.find((zone) => Object.hasOwn(objectIn(rest ?? '{}') ?? {}, zone))
  if (taken !== undefined)
    throw new Refused(`${titleOf(map)} forwards ${taken} already`, [
      `Remove it there and run join again: kubectl edit configmap ${map.name} --namespace ${map.namespace}`,
    ])
  const entry = stubEntry(zones, address)
  const after = withStubs(rest, entry)
  if (after === undefined) throw new Refused(`stubDomains of ${titleOf(map)} is no JSON object`)
  const edit = putText(map, after)
  return { ...edit, annotations: { ...edit.annotations, [STUBS_ANNOTATION]: [before ?? null, entry] } }
}

function operatorEdit(servers: readonly unknown[] | undefined, zones: readonly string[], address: string): Edit {
  const others = (servers ?? []).filter((server) => textAt(server, 'name') !== OPENSHIFT_SERVER)
  const taken = others.find((server) => listAt(server, 'zones').some((zone) => zones.includes(String(zone))))
  if (taken !== undefined)
    throw new Refused(`the DNS operator forwards these names already, by its server "${textAt(taken, 'name')}"`, [
      'Remove it and run join again: oc edit dns.operator/default',
    ])
  const own = { name: OPENSHIFT_SERVER, zones, forwardPlugin: { upstreams: [address] } }
  const there = (servers ?? []).find((server) => textAt(server, 'name') === OPENSHIFT_SERVER)
  const before = { kind: 'DNS' as const, namespace: undefined, name: 'default', path: ['spec', 'servers'] as const, before: servers }
  return isRecord(there) && isSame(there, zones, address) ? { ...before, after: servers } : { ...before, after: [...others, own] }
}
/** The operator's own defaults may stand beside what we wrote. */
const isSame = (server: unknown, zones: readonly string[], address: string): boolean =>
  JSON.stringify(listAt(server, 'zones')) === JSON.stringify(zones) &&
  JSON.stringify(listAt(server, 'forwardPlugin', 'upstreams')) === JSON.stringify([address])

/** Others that may write over it later. */
function keepersOf({ server, nodeLocal }: DnsFacts): readonly string[] {
  const changed = server.kind === 'coredns' ? (server.custom ?? server.corefile) : server.kind === 'kube-dns' ? server.stubs : undefined
  return [changed, nodeLocal].flatMap((map) =>
    map?.keeper === undefined ? [] : [`${titleOf(map)} is in the keeping of ${map.keeper.name}: where that writes it anew, run join again`],
  )
}
