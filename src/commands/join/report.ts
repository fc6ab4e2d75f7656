import type { Credential } from '../../broker/credentials.ts'
import { titleOf } from '../../install/apply/report.ts'
import { environmentOf, type JoinSettings } from '../../install/objects/settings.ts'
import type { Image } from '../../install/objects/workloads.ts'
import type { Port } from '../../install/ports.ts'
import type { NamesPlan } from '../names/set-up.ts'
import type { Broker } from './broker.ts'
import { type Found, gatewayRow, networkRows } from './find.ts'
import { leaveLines, leavingObjects, type ServicesLeave } from './leave-services.ts'
import type { NamesBack } from './names-back.ts'
import { type Stage, stageLines, stageRecords } from './stage.ts'

/** A join that is settled: what it found and what it changes. */
export interface Joining {
  readonly settings: JoinSettings
  readonly names: NamesPlan
  /** Where the change of the cluster’s DNS fails. */
  readonly namesBack: NamesBack
  /** Undefined where the agents are not to be installed. */
  readonly image: Image | undefined
  /** What goes where services are left out from now on. */
  readonly leave: ServicesLeave | undefined
  readonly found: Found
  readonly broker: Broker
  readonly stages: readonly [broker: Stage, cluster: Stage]
  readonly ports: readonly Port[]
}

/** The data of the Secret that agents reach the broker with; of a credential that is still to be made the keys alone. */
export function brokerSecret(credential: Credential | undefined): Readonly<Record<string, string>> {
  const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
  const { token = '', ca = '', namespace = '' } = credential ?? {}
  return { token: encode(token), 'ca.crt': encode(ca), namespace: encode(namespace) }
}

/** `areNamesSet`: whether the cluster's DNS is as planned. */
export function resultLines(
  { settings, names, leave, broker, stages, ports }: Joining,
  isPlan: boolean,
  areNamesSet = true,
): readonly string[] {
  const more = [...(areNamesSet ? namesLines(names) : NAMES_LEFT), ...(leave === undefined ? [] : leaveLines(leave, isPlan))]
  if (isPlan) return [...more, ...stageLines(stages, true)]
  return [
    ...stageLines(stages, false),
    '',
    ...more,
    `Cluster "${settings.clusterId}" has joined the clusterset of ${broker.url}.`,
    '',
    'Ports that must be open:',
    ...ports.map(({ port, protocol, from, to, why }) => `  ${`${port}/${protocol}`.padEnd(10)} from ${from} to ${to}: ${why}`),
    '',
    'Next: join the other clusters the same way, then prove it: subctl verify --contexts A,B',
  ]
}

const NAMES_LEFT = ['Names of services: the cluster’s DNS was left as it is, see the note above.', '']

/** Who answers, and why, in one line; then what changes in the cluster's DNS, and what is left to a person. */
const namesLines = ({ mode, why, lines, notes }: NamesPlan): readonly string[] => [
  `Names of services (${mode}): ${why}.`,
  ...lines.map((line) => `  ${line}`),
  ...notes.map((note) => `  ! ${note}`),
  '',
]

export const resultData = (
  { settings, names, leave, found, broker, stages, ports }: Joining,
  isPlan: boolean,
  areNamesSet = true,
): Readonly<Record<string, unknown>> => ({
  kind: 'Join',
  plan: isPlan,
  clusterId: settings.clusterId,
  clusterUid: found.seen.uid,
  broker: { url: broker.url, namespace: broker.info.namespace },
  facts: [...networkRows(found), gatewayRow(found.gateways)].map(([what, value, source]) => ({ what, value, source })),
  notes: found.networks.notes,
  settings: environmentOf(settings),
  names: { mode: names.mode, why: names.why, changes: names.lines, notes: names.notes, ...(!areNamesSet && { isLeft: true }) },
  ...(leave && { removed: leavingObjects(leave).map(titleOf), kept: leave.plan.kept }),
  objects: stageRecords(stages),
  ports,
})
