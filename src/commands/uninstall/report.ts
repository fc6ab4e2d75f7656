// What an uninstall would do, or has done, as lines and as data.

import { titleOf } from '../../install/apply/report.ts'
import { linesOf, type Trace, type Verdict } from '../../install/remove/prove.ts'
import type { ApiDump } from '../../install/remove/prove-api.ts'
import { planned } from './broker.ts'
import type { Done } from './perform.ts'
import { isProved, type Proof } from './proof.ts'
import { SPARE_NAMESPACE } from './record.ts'
import { isBlind, isClean, type Target, whyDown } from './target.ts'

type Data = Readonly<Record<string, unknown>>

export function planLines(target: Target): readonly string[] {
  const { plan, names, subject, title, broker } = target
  const where = `Cluster "${title}" (${subject.api.server})`
  if (isClean(target)) {
    const but = plan.kept.length === 0 ? '' : ' but what stays on purpose'
    return [`${where}: nothing of ours is here${but}, as far as its API tells.`, ...blindLines(target), ...keptLines(target), '']
  }
  const { clean, down } = plan.nodes
  return [
    `${where}:`,
    ...names.lines.map((line) => `  - names of services: ${line}`),
    ...plan.workloads.map((object) => `  - ${titleOf(object)}, and its pods`),
    ...(clean.length === 0 ? [] : [`  then by a Job on each of ${clean.length} nodes what is in the kernel: ${clean.join(', ')}`]),
    ...down.map((node) => `  ! node ${node} ${whyDown(target, node)}, and cannot clean itself`),
    ...importedLines(plan),
    ...plan.objects.map((object) => `  - ${titleOf(object)}`),
    ...plan.labels.map((node) => `  - the gateway label of Node ${node}, as far as it is ours`),
    ...plan.unmark.map((object) => `  ~ ${titleOf(object)}: our labels`),
    ...plan.spaces.map(({ name, ours }) => `  - Namespace ${name} with ${ours.length} objects`),
    ...endedReleases(target).map((name) => `  - Helm's record of release ${name}: helm list shows it no more`),
    ...plan.crds.map((object) => `  - ${titleOf(object)}`),
    ...planned(broker).map(({ object, on, by }) => `  - ${titleOf(object)} on ${on} (by ${by})`),
    ...(broker.way?.member.shared ?? []).map((object) => `  ~ ${titleOf(object)} on the broker: its part`),
    ...broker.former.map(({ api, by }) => `  ! the cluster was a member of the broker at ${api.server} before (by ${by})`),
    ...broker.faults.map((why) => `  ! broker: ${why}`),
    ...blindLines(target),
    ...keptLines(target),
    '',
  ]
}

/** What was not looked at, and how it is. */
export function blindLines(target: Target): readonly string[] {
  const { broker, inventory, subject } = target
  const at = subject.name === 'current' ? '' : ` --context ${subject.name}`
  return [
    ...(isBlind(target)
      ? [
          `  ~ its nodes were not looked at: no agents are installed here. To look, and clean them: subctl uninstall${at} --prove --image IMAGE --yes`,
        ]
      : []),
    ...(broker.way === undefined && inventory.broker === undefined ? ['  ~ no broker was looked at: nothing here names one'] : []),
  ]
}

/** What imports have made may be thousands. */
export function importedLines({ imported }: Pick<Target['plan'], 'imported'>): readonly string[] {
  if (imported.length <= 5) return imported.map((object) => `  - ${titleOf(object)}`)
  const counts = [...Map.groupBy(imported, ({ kind }) => kind)].map(([kind, objects]) => `${objects.length} ${kind}s`)
  return [`  - what imports of services have made: ${counts.join(', ')}`]
}

/** Releases whose records are in a namespace that goes. */
const endedReleases = ({ plan }: Target): readonly string[] => {
  const records = plan.spaces.flatMap(({ ours }) => ours).filter(({ kind }) => kind === 'Secret')
  return [...new Set(records.flatMap(({ metadata }) => /^sh\.helm\.release\.v1\.(.+)\.v\d+$/.exec(metadata.name)?.[1] ?? []))]
}

const keptLines = ({ plan, inventory }: Target): readonly string[] => [
  ...plan.kept.map(({ object, why }) => `  = ${object} stays: ${why}`),
  ...inventory.unread.map((why) => `  ! could not be looked at: ${why}`),
]

export function doneLines(done: Done): readonly string[] {
  const { target, nodes, left, brokerLeft, proof } = done
  if (isClean(target)) return planLines(target)
  const dirty = nodes.filter(({ why }) => why !== undefined)
  const isAll = isWhole(done)
  const told = brokerLeft.some(({ isUnknown }) => isUnknown)
  const state = isBlind(target) ? 'its API is done' : `${nodes.length - dirty.length} of ${nodes.length} nodes are clean`
  return [
    `Cluster "${target.title}" ${isAll ? 'is uninstalled' : 'is not wholly uninstalled'}: ${state}.`,
    ...blindLines(target),
    ...(left.length === 0 ? endedReleases(target) : []).map(
      (name) => `  Helm's release ${name} is gone with its record: helm list shows it no more.`,
    ),
    ...keptLines(target),
    ...dirty.map(({ node, why }) => `  ! node ${node} is not clean: ${why}`),
    ...[...left, ...brokerLeft].map(
      ({ object, why, isUnknown }) => `  ! ${object} ${isUnknown ? 'could not be looked at' : 'is left'}: ${why}`,
    ),
    ...(done.isRecorded
      ? [`  = Namespace ${SPARE_NAMESPACE} has the record of what is left on nodes and broker; it goes with the run that finishes`]
      : []),
    ...(told ? [] : target.broker.faults.map((why) => `  ~ not by ${why}`)),
    ...(proof === undefined ? [] : proofLines(proof, isAll, isBlind(target))),
    '',
  ]
}

/** Whether all of it is done, as far as is known. */
export const isWhole = ({ nodes, left, brokerLeft }: Done): boolean =>
  nodes.every(({ why }) => why === undefined) && left.length + brokerLeft.length === 0

const verdictLine = (proof: Proof, isAll: boolean, blind: boolean): string => {
  if (!isProved(proof)) return 'Proof: it failed.'
  if (isAll && blind) return 'Proof: it is not whole: no node was looked at; in the API no trace is left, and nothing else was changed.'
  const stays = proof.after.api.ours.size
  if (isAll && stays > 0)
    return `Proof: no trace is left but for the ${stays} objects that stay on purpose, see above; nothing else was changed.`
  return isAll
    ? 'Proof: no trace is left, and nothing else was changed.'
    : 'Proof: it is not whole, see above; nothing that was looked at is left here, and nothing else was changed.'
}

function proofLines(proof: Proof, isAll: boolean, blind: boolean): readonly string[] {
  const { before, after, api, nodes } = proof
  const apiCount = (dump: ApiDump): string => `${dump.ours.size} of ours, ${dump.others.size} of others`
  const nodeCount = (trace: Trace | undefined): string =>
    trace === undefined ? 'not looked at' : `${linesOf(trace.ours).length} of ours, ${linesOf(trace.others).length} of others`
  return [
    verdictLine(proof, isAll, blind),
    `  API objects: before ${apiCount(before.api)}; after ${apiCount(after.api)}${after.api.ours.size > 0 && isProved(proof) ? ' (ours stay)' : ''}`,
    ...verdictLines(api),
    ...nodes.flatMap(({ node, ...verdict }) => [
      `  node ${node}: lines before ${nodeCount(before.traces.get(node))}; after ${nodeCount(after.traces.get(node))}`,
      ...verdictLines(verdict),
    ]),
  ]
}

const MOST_LINES = 20
const verdictLines = ({ left, damaged, unproved, meanwhile }: Verdict): readonly string[] => [
  ...left.map((line) => `    left: ${line}`),
  ...damaged.map((line) => `    damaged: ${line}`),
  ...unproved.map((line) => `    not proved: ${line}`),
  ...meanwhile.slice(0, MOST_LINES).map((line) => `    changed by others meanwhile: ${line}`),
  ...(meanwhile.length > MOST_LINES ? [`    and ${meanwhile.length - MOST_LINES} more; -o json has them all`] : []),
]

const names = (objects: readonly Parameters<typeof titleOf>[0][]): readonly string[] => objects.map(titleOf)

export const planData = (target: Target): Data => {
  const { plan, subject, inventory, broker } = target
  return {
    context: subject.name,
    server: subject.api.server,
    clusterId: inventory.clusterId ?? null,
    isClean: isClean(target),
    nodesUnlooked: isBlind(target),
    workloads: names(plan.workloads),
    nodes: plan.nodes,
    objects: [...names(plan.imported), ...names(plan.objects), ...plan.spaces.map(({ name }) => `Namespace ${name}`), ...names(plan.crds)],
    gatewayLabels: plan.labels,
    names: target.names.lines,
    helmReleases: endedReleases(target),
    broker: { by: broker.way?.by ?? null, objects: names(planned(broker).map(({ object }) => object)), faults: broker.faults },
    kept: plan.kept,
    unread: inventory.unread,
  }
}

export const doneData = (done: Done): Data => {
  const { target, nodes, left, brokerLeft, proof } = done
  return {
    ...planData(target),
    nodes: nodes.map(({ node, why }) => ({ node, clean: why === undefined, ...(why !== undefined && { why }) })),
    left: [...left, ...brokerLeft].map(({ object, why, isUnknown }) => ({ object, why, ...(isUnknown && { unknown: true }) })),
    ...(proof !== undefined && { proof: proofData(proof, isWhole(done) && !isBlind(target)) }),
  }
}

const proofData = (proof: Proof, isAll: boolean): Data => ({
  proved: isAll && isProved(proof),
  api: proof.api,
  nodes: proof.nodes,
  before: dumpData(proof.before),
  after: dumpData(proof.after),
})
const dumpData = ({ api, traces }: Pick<Proof, 'before'>['before']): Data => ({
  objects: { ours: [...api.ours.keys()].sort(), others: api.others.size },
  nodes: Object.fromEntries([...traces].map(([node, trace]) => [node, trace ?? null])),
})
