import { EXIT, UserError } from '../model/errors.ts'
import { CLUSTER_UID } from '../model/names.ts'
import type { Given } from './cli/given.ts'
import { usage } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { print, say } from './join/stage.ts'
import { type Subject, subjects } from './look/subjects.ts'
import { type BrokerFile, brokerFile } from './uninstall/broker.ts'
import { members } from './uninstall/members.ts'
import { cleanAlone } from './uninstall/node.ts'
import { type Done, leave, phasesOf } from './uninstall/perform.ts'
import { isProved } from './uninstall/proof.ts'
import { SPARE_NAMESPACE } from './uninstall/record.ts'
import { doneData, doneLines, isWhole, planData, planLines } from './uninstall/report.ts'
import { checkTarget, isBlind, isClean, readTarget, type Target } from './uninstall/target.ts'

/** `subctl uninstall [file]`: clusters leave the clusterset; looks at all of them before it changes any. */
export const uninstall: Run = async (context, given) => {
  // Mistakes on the command line come before anybody is asked.
  given.duration('timeout')
  const file = await brokerFile(context, given)
  if (given.many('node').length > 0) return cleanAlone(context, given)
  const found = await chosen(context, given, file)
  // A broker's own cluster comes last: the others leave it in order.
  const targets = (await Promise.all(found.map((subject) => readTarget(context, given, subject, file)))).toSorted(brokersLast)
  if (given.on('plan')) {
    const data = { kind: 'Uninstall', plan: true, clusters: targets.map(planData) }
    print(context, given, [...targets.flatMap(planLines), 'Nothing was changed.'], data)
    return undefined
  }
  const busy = targets.filter((target) => !isClean(target))
  for (const target of busy) checkBroker(given, target, targets)
  for (const target of busy) await checkTarget(target)
  for (const target of busy) await confirm(context, given, target)
  for (const target of busy) context.journal?.plan(phasesOf(target))
  const results: Done[] = []
  for (const target of targets)
    results.push(
      isClean(target)
        ? { target, nodes: [], left: [], brokerLeft: [], proof: undefined, isRecorded: false }
        : await leave({ context, given, target }),
    )
  const data = { kind: 'Uninstall', plan: false, clusters: results.map(doneData) }
  print(context, given, results.flatMap(doneLines), data)
  judge(given, results)
  return undefined
}

async function chosen(context: Context, given: Given, file: BrokerFile | undefined): Promise<readonly Subject[]> {
  if (!given.on('all')) return subjects(context, given)
  if (given.text('contexts') !== undefined || given.text('context') !== undefined)
    throw usage('--all finds the contexts by itself: give either', 'all')
  if (file === undefined) throw usage('--all needs the broker file', 'all')
  return members(context, given, file)
}

const brokersLast = (a: Target, b: Target): number =>
  Number(a.inventory.brokerSpace.object !== undefined) - Number(b.inventory.brokerSpace.object !== undefined)

/** Where others are members still, the broker stays. */
function checkBroker(given: Given, { inventory: { brokerSpace } }: Target, targets: readonly Target[]): void {
  if (!given.on('broker')) return
  const uids = targets.map(({ inventory }) => inventory.clusterUid)
  const clusters = brokerSpace.ours.filter(
    ({ kind, metadata }) => kind === 'Cluster' && !uids.includes(metadata.annotations?.[CLUSTER_UID] ?? ''),
  )
  if (clusters.length === 0) return
  const names = clusters.map(({ metadata }) => metadata.name).join(', ')
  throw new UserError('SUB0805', `The broker on this cluster has other members: ${names}`, {
    hint: 'Uninstall them first, or leave out --broker. Those that are gone for good: `subctl forget CLUSTER`.',
  })
}

async function confirm(context: Context, given: Given, target: Target): Promise<void> {
  if (given.on('yes')) return
  const { title } = target
  if (context.ask === undefined)
    throw new UserError('SUB0803', `Cluster "${title}" is uninstalled only where you confirm it: --yes`, { exitCode: EXIT.usage })
  say(context, planLines(target).join('\n'))
  const answer = await context.ask(`Type the name of the cluster, ${title}, to uninstall it: `, '--yes')
  if (answer.trim() !== title) throw new UserError('SUB0803', `That is not "${title}": nothing was changed`)
}

/** Throws where something is left or not proved, with the commands that finish it. */
function judge(given: Given, results: readonly Done[]): void {
  const open = results.filter((done) => !isWhole(done))
  if (open.length > 0) {
    const isLate = open.every(
      ({ nodes, left, brokerLeft }) =>
        brokerLeft.length === 0 && left.every((one) => one.isLate) && nodes.every(({ why }) => why === undefined),
    )
    const isAsked = open.every(
      ({ nodes, left, brokerLeft }) =>
        left.length === 0 && nodes.every(({ why }) => why === undefined) && brokerLeft.every((one) => one.isUnknown),
    )
    const what = isAsked ? 'All is gone but for what the broker may hold, which could not be looked at' : 'Something of ours is left'
    throw new UserError('SUB0804', `${what}: ${open.map(({ target }) => `"${target.title}"`).join(', ')}`, {
      hint: open.flatMap((done) => commands(given, done)).join('\n'),
      exitCode: isLate ? EXIT.timedOut : EXIT.failed,
    })
  }
  const failed = results.filter(({ proof }) => proof !== undefined && !isProved(proof))
  if (failed.length > 0)
    throw new UserError(
      'SUB0806',
      `It is not proved for ${failed.map(({ target }) => `"${target.title}"`).join(', ')} that no trace is left`,
      {
        exitCode: EXIT.checkFailed,
      },
    )
  const blind = given.on('prove') ? results.filter(({ target }) => isBlind(target)) : []
  if (blind.length > 0)
    throw new UserError('SUB0806', `The nodes were not looked at: ${blind.map(({ target }) => `"${target.title}"`).join(', ')}`, {
      hint: 'No agents are installed there, so that the image to look by must be named: --image IMAGE.',
      exitCode: EXIT.failed,
    })
}

function commands(given: Given, { target, nodes, left, brokerLeft, isRecorded }: Done): readonly string[] {
  const { subject, title, inventory, broker } = target
  const at = subject.name === 'current' ? '' : ` --context ${subject.name}`
  const image = given.text('image')
  const dirty = nodes.filter(({ why }) => why !== undefined).map(({ node }) => node)
  const known = inventory.nodes.map(({ metadata }) => metadata.name)
  return [
    ...(dirty.length === 0
      ? []
      : [
          `Nodes, once they are up (a reboot cleans them too): subctl uninstall${at} ${dirty.map((node) => `--node ${node}`).join(' ')} --image ${image ?? target.image} --yes`,
          ...(dirty.some((node) => !known.includes(node)) && isRecorded
            ? [
                `Where a machine is gone for good nothing is to be done but to take away the record: kubectl${at} delete namespace ${SPARE_NAMESPACE}`,
              ]
            : []),
        ]),
    ...(left.length === 0 ? [] : [`Objects: subctl uninstall${at} --yes`]),
    ...(brokerLeft.length === 0 ? [] : [forgetLine(inventory.clusterId ?? title, broker)]),
    ...(isRecorded && brokerLeft.length > 0 ? [recordLine(given, at, broker)] : []),
  ]
}

/** Without a way to the broker no run can see that nothing is left there. */
function recordLine(given: Given, at: string, { way, later }: Target['broker']): string {
  if ((way?.forget ?? later) === undefined) return `The record of it, after that: kubectl${at} delete namespace ${SPARE_NAMESPACE}`
  return `The record of it, after that: subctl ${['uninstall', ...given.args].join(' ')}${at} --yes`
}

/** By what has worked, or else by what must be brought: a file that was refused would be refused again. */
function forgetLine(clusterId: string, { way, isUnknown, later }: Target['broker']): string {
  if (!isUnknown && way?.forget !== undefined) return `On the broker: subctl forget ${clusterId} ${way.forget} --yes`
  const when = later === undefined ? 'by the kubeconfig of its cluster' : 'once it answers'
  const note = isUnknown ? ' (SUB0807 says that nothing is left)' : ''
  return `On the broker, ${when}${note}: subctl forget ${clusterId} ${later ?? '--context NAME'} --yes`
}
