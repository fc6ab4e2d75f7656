// What clusters disagree about of a service's ports, for the people who export it: who has which, which is used where two clash, and why.
import { isSameNumber, unionOfPorts } from './ports.ts'
import type { Port, Share } from './share.ts'

type Ported = Pick<Share, 'cluster' | 'since' | 'ports'>

/** Of so many clusters, groups or ports of a kind each is named. */
const MOST_SAID = 8

/** Shares of one type, the oldest first; undefined where all have the same ports. */
export function portConflict(shares: readonly Ported[]): string | undefined {
  const alike = Map.groupBy(shares, ({ ports }) => portsText(ports))
  if (alike.size < 2) return undefined
  const groups = [...alike].map(([text, all]) => `${clusters(all)} ${all.length === 1 ? 'has' : 'have'} ${text || 'none'}`)
  const union = unionOfPorts(shares)
  const clashes = Map.groupBy(
    shares.flatMap((share) => share.ports.flatMap((port) => clashOf(share, port, union) ?? [])),
    ({ winner, port }) => `${portText(winner)} ${portText(port)}`,
  )
  const decided = [...clashes.values()].map((all) => sayClash(all, shares))
  const single = union.flatMap((port) => {
    const having = shares.filter(({ ports }) => ports.some((one) => isSameNumber(one, port)))
    return having.length === shares.length ? [] : [`${portText(port)} leads to ${clusters(having)} alone`]
  })
  return [`ports differ: ${some(groups)}`, some(decided), some(single)].filter((text) => text !== '').join('; ')
}

interface Clash {
  readonly share: Ported
  readonly port: Port
  /** What is used in its place. */
  readonly winner: Port
}
/** A port of the same number is used under the older name; one of the same name and another number is not used. */
function clashOf(share: Ported, port: Port, union: readonly Port[]): Clash | undefined {
  const winner = union.find((one) => isSameNumber(one, port)) ?? union.find(({ name }) => name === port.name)
  return winner === undefined || portText(winner) === portText(port) ? undefined : { share, port, winner }
}

function sayClash(all: readonly Clash[], shares: readonly Ported[]): string {
  const [first] = all
  const holder = first && shares.find(({ ports }) => ports.some((one) => portText(one) === portText(first.winner)))
  if (first === undefined || holder === undefined) return ''
  const { winner, port } = first
  const [losers, owner] = [clusters(all.map(({ share }) => share)), `${holder.cluster}, ${ageText(holder, shares)}`]
  if (!isSameNumber(winner, port))
    return `${nameText(winner)} is ${number(winner)}, as in ${owner}, and ${number(port)} of ${losers} is not used`
  if (winner.name !== port.name)
    return `${number(winner)} is called ${nameText(winner)}, as in ${owner}, and ${nameText(port)} in ${losers}: the first name is used`
  return `the application protocol of ${number(winner)} is ${winner.appProtocol ?? 'none'}, as in ${owner}, and ${port.appProtocol ?? 'none'} in ${losers}: the first is used`
}

/** Why it wins. */
function ageText({ since, cluster }: Ported, [oldest]: readonly Ported[]): string {
  const when = Number.isFinite(since) ? ` (made ${new Date(since / 1e6).toISOString().replace(/\.\d+Z$/, 'Z')})` : ''
  return `${oldest?.cluster === cluster ? 'whose export is the oldest' : 'whose export is the older one'}${when}`
}

const number = ({ protocol, port }: Port): string => `${port}/${protocol}`
const nameText = ({ name }: Port): string => (name === '' ? 'the port without a name' : JSON.stringify(name))
const portText = (port: Port): string =>
  `${port.name === '' ? '' : `${port.name} `}${number(port)}${port.appProtocol === undefined ? '' : ` (${port.appProtocol})`}`
const portsText = (ports: readonly Port[]): string => ports.map(portText).sort().join(', ')

const some = (texts: readonly string[]): string =>
  [...texts.slice(0, MOST_SAID), ...(texts.length > MOST_SAID ? [`and ${texts.length - MOST_SAID} more`] : [])].join('; ')
function clusters(shares: readonly Ported[]): string {
  const ids = shares.map(({ cluster }) => cluster)
  const rest = ids.length - MOST_SAID
  const [last = '', ...before] = (rest > 0 ? [...ids.slice(0, MOST_SAID), `${rest} more`] : ids).reverse()
  return before.length === 0 ? last : `${before.reverse().join(', ')} and ${last}`
}
