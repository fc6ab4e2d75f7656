// One service made of all clusters' exports, by the rules of KEP-1645: what can be put together is, for the rest the oldest export wins.
import { portConflict } from './port-conflict.ts'
import { unionOfPorts } from './ports.ts'
import { older, type Share } from './share.ts'

export interface Conflict {
  readonly reason: string
  /** What is disputed, which export wins, and who differs. */
  readonly message: string
}
export type Merged = Omit<Share, 'cluster' | 'since' | 'slices' | 'publishNotReady'> & {
  /** Of all who export it, the oldest first. */
  readonly shares: readonly Share[]
  readonly conflicts: readonly Conflict[]
}

/** Throws for no shares at all. */
export function merge(unsorted: readonly Share[]): Merged {
  const shares = [...unsorted].sort(older)
  const [oldest] = shares
  if (oldest === undefined) throw new Error('a service that nobody exports')
  const { namespace, name, type, sessionAffinity, affinityTimeout, internalTrafficPolicy, trafficDistribution, labels, annotations } =
    oldest
  // An export of another type takes no part, so nothing else of it is in dispute.
  const alike = shares.filter((share) => share.type === type)
  return {
    ...{ namespace, name, type, sessionAffinity, affinityTimeout, internalTrafficPolicy, trafficDistribution, labels, annotations },
    ports: unionOfPorts(alike),
    ipFamilies: unionOfFamilies(alike),
    shares,
    conflicts: conflictsOf(shares, oldest),
  }
}

/** Only what all of them have reaches all backends, but what one has reaches some. */
const unionOfFamilies = (shares: readonly Share[]): Share['ipFamilies'] => [...new Set(shares.flatMap(({ ipFamilies }) => ipFamilies))]

interface Property {
  readonly reason: string
  readonly what: string
  /** Equal texts are no conflict. */
  readonly text: (share: Share) => string
}
/** Neither keys nor values have a line's end. */
const table = (entries: Readonly<Record<string, string>>): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join('\n')
/** The old word and the new one for the same wish. */
const distribution = (share: Share): string => share.trafficDistribution.replace(/^PreferClose$/, 'PreferSameZone')
/** Kubernetes' default, in seconds. */
const AFFINITY_SECONDS = 10_800
const timeout = ({ sessionAffinity, affinityTimeout = AFFINITY_SECONDS }: Share): string =>
  sessionAffinity === 'ClientIP' ? `${affinityTimeout} s` : ''

const PROPERTIES: readonly Property[] = [
  { reason: 'SessionAffinityConflict', what: 'session affinity', text: ({ sessionAffinity }) => sessionAffinity },
  { reason: 'SessionAffinityConfigConflict', what: 'time of the session affinity', text: timeout },
  { reason: 'InternalTrafficPolicyConflict', what: 'internal traffic policy', text: ({ internalTrafficPolicy }) => internalTrafficPolicy },
  { reason: 'TrafficDistributionConflict', what: 'traffic distribution', text: distribution },
  { reason: 'LabelsConflict', what: 'exported labels', text: ({ labels }) => table(labels) },
  { reason: 'AnnotationsConflict', what: 'exported annotations', text: ({ annotations }) => table(annotations) },
]

function conflictsOf(shares: readonly Share[], oldest: Share): readonly Conflict[] {
  const others = shares.filter(({ type }) => type !== oldest.type)
  const alike = shares.filter(({ type }) => type === oldest.type)
  const type: readonly Conflict[] =
    others.length === 0
      ? []
      : [
          {
            reason: 'TypeConflict',
            message: `${decided('type', oldest.type, oldest)}: ${list(others)} ${others.length === 1 ? 'has' : 'have'} the other and ${others.length === 1 ? 'takes' : 'take'} no part`,
          },
        ]
  const ports = oldest.type === 'Headless' ? [] : [portConflict(alike) ?? []].flat()
  return [
    ...type,
    ...ports.map((message) => ({ reason: 'PortConflict', message })),
    ...familyConflict(alike, oldest),
    ...PROPERTIES.flatMap((one) => disputed(one, alike, oldest)),
  ]
}

function disputed({ reason, what, text }: Property, shares: readonly Share[], oldest: Share): readonly Conflict[] {
  const wins = text(oldest)
  const differ = shares.filter((share) => text(share) !== wins)
  // The time of an affinity is in dispute among those who have one.
  const counted = reason === 'SessionAffinityConfigConflict' ? differ.filter((share) => wins !== '' && text(share) !== '') : differ
  if (counted.length === 0) return []
  const others = [...Map.groupBy(counted, text)].map(([value, all]) => `${list(all)} ${all.length === 1 ? 'has' : 'have'} ${shown(value)}`)
  return [{ reason, message: `${decided(what, wins, oldest)}: ${others.join('; ')}` }]
}
/** A value for people, who need not see all of a long one. */
function shown(value: string): string {
  const line = value.replaceAll('\n', ', ')
  return line === '' ? 'none' : JSON.stringify(line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line)
}
const MOST_SHOWN = 100

function familyConflict(shares: readonly Share[], oldest: Share): readonly Conflict[] {
  const text = ({ ipFamilies }: Share): string => [...ipFamilies].sort().join(', ')
  const known = shares.filter(({ ipFamilies }) => ipFamilies.length > 0)
  const differ = known.filter((share) => text(share) !== text(oldest))
  if (differ.length === 0 || oldest.ipFamilies.length === 0) return []
  return [
    {
      reason: 'IPFamilyConflict',
      message: `address families ${text(oldest)} in ${oldest.cluster}: ${differing(differ)}; clients reach the clusters that have their own`,
    },
  ]
}

const decided = (what: string, value: string, { cluster }: Share): string =>
  `${what} ${shown(value)} of the oldest export, in cluster ${cluster}, is used`
const differing = (shares: readonly Share[]): string => `${list(shares)} ${shares.length === 1 ? 'differs' : 'differ'}`
const list = (shares: readonly Share[]): string => shares.map(({ cluster }) => cluster).join(', ')
