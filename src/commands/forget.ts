// `subctl forget [CLUSTER] [FILE]`: what a cluster that is gone for good has left on the broker.

import { titleOf } from '../install/apply/report.ts'
import { brokerFault } from '../install/broker-view.ts'
import { type Answer, askMember, lastSeen, type Sighting } from '../install/remove/last-seen.ts'
import { type MemberObjects, readMember, removeForGood } from '../install/remove/member.ts'
import { ApiError, type KubeApi } from '../k8s/api.ts'
import { EXIT, UserError } from '../model/errors.ts'
import { CLUSTER_LABEL, sanitise } from '../model/names.ts'
import type { Resource } from '../model/resources.ts'
import { type Given, usage } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { leaveShared } from './discovery/leave-shared.ts'
import { openKube, print, say } from './join/stage.ts'
import { brokerFile, openFile } from './uninstall/broker.ts'

interface Broker {
  readonly api: KubeApi
  readonly namespace: string
}
interface Found {
  readonly clusterId: string
  readonly member: MemberObjects
  readonly seen: readonly Sighting[]
  readonly answer: Answer
}

/** The value of a label, which the id of a member is (Kubernetes, "Labels and Selectors"): what a selector would read otherwise names others too. */
const IS_ID = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

export const forget: Run = async (context, given) => {
  const waitMs = given.duration('timeout')
  const [clusterId] = given.args
  if (clusterId !== undefined && !IS_ID.test(clusterId))
    throw usage(`${JSON.stringify(clusterId)} is no id of a cluster: letters, digits, -, _ and . are, 63 of them at most`)
  if (clusterId !== undefined && !given.on('plan') && !given.on('yes') && context.ask === undefined) throw unconfirmed(clusterId)
  const broker = await openBroker(context, given)
  try {
    if (clusterId === undefined) return await listMembers(context, given, broker)
    return await forgetOne(context, given, { ...broker, clusterId, waitMs })
  } catch (error) {
    // What a kubeconfig leads to is told of as any cluster is.
    const isMissing = error instanceof ApiError && error.code === 404
    throw given.text('context') === undefined || isMissing ? brokerFault(error, broker.api.server, broker.namespace) : error
  }
}

/** Said before anybody is asked or waited for. */
const unconfirmed = (clusterId: string): UserError =>
  new UserError('SUB0803', `Cluster "${clusterId}" is forgotten only where you confirm it: --yes`, {
    exitCode: EXIT.usage,
    hint: `Look at \`subctl forget ${clusterId} --plan\`, then give --yes.`,
  })

async function openBroker(context: Context, given: Given): Promise<Broker> {
  if (given.text('context') !== undefined) return { api: await openKube(context, given), namespace: given.need('broker-namespace') }
  const file = await brokerFile(context, given, 1)
  if (file === undefined)
    throw new UserError('SUB0305', 'There is no broker file broker-info.subm here', {
      hint: 'Name it, `subctl forget CLUSTER FILE`, or the broker’s own cluster: --context NAME.',
    })
  return { api: await openFile(context, file), namespace: file.info.namespace }
}

async function listMembers(context: Context, given: Given, { api, namespace }: Broker): Promise<undefined> {
  const labelled = { namespace, labels: { [CLUSTER_LABEL]: '' } }
  const kinds = ['ServiceAccount', 'Cluster', 'Endpoint'] as const
  const all = (await Promise.all(kinds.map((kind) => api.list(kind, labelled)))).flatMap(({ items }): readonly Resource[] => items)
  const byId = Map.groupBy(all, ({ metadata }) => metadata.labels?.[CLUSTER_LABEL] ?? '')
  const members = await Promise.all(
    [...byId.keys()].sort().map(async (id) => ({ clusterId: id, seen: await lastSeen(api, id, namespace) })),
  )
  const lines = members.map(({ clusterId, seen }) => {
    const hasCluster = byId.get(clusterId)?.some(({ kind }) => kind === 'Cluster')
    return `${clusterId.padEnd(20)} ${seenLine(seen).replace(/^last seen /, '')}${hasCluster ? '' : '; it has no Cluster object there'}`
  })
  print(context, given, lines.length === 0 ? ['The broker has no members.'] : lines, { kind: 'MemberList', members })
  return undefined
}

const seenLine = ([newest]: readonly Sighting[]): string =>
  newest === undefined ? 'never seen' : `last seen ${newest.when}: ${newest.what}`

async function forgetOne(
  context: Context,
  given: Given,
  { api, namespace, clusterId, waitMs }: Broker & { readonly clusterId: string; readonly waitMs: number },
): Promise<undefined> {
  const member = await readMember(api, { clusterId, namespace, clusterUid: undefined })
  if (member.objects.length === 0) throw new UserError('SUB0807', `The broker at ${api.server} knows no cluster "${clusterId}"`)
  const seen = await lastSeen(api, clusterId, namespace)
  for (const { when, what } of seen) say(context, `${when}: ${what}`)
  say(context, `asking "${clusterId}" for a sign of life, up to ${waitMs / 1000} s`)
  const answer = await askMember(api, { name: sanitise(clusterId), namespace }, { ...context, waitMs })
  say(context, ANSWERS[answer])
  const found: Found = { clusterId, member, seen, answer }
  if (!given.on('plan')) {
    await allow(context, given, found)
    const progress = (text: string): void => say(context, text)
    const left = await removeForGood(api, { clusterId, namespace, clusterUid: undefined }, { ...context, progress })
    // Now that nobody can write them again.
    if (left.length === 0 && member.shared.length > 0) await leaveShared(api, { clusterId, namespace }, progress)
    if (left.length > 0)
      throw new UserError('SUB0804', `Not removed: ${left.map(({ object, why }) => `${object}: ${why}`).join('; ')}`, {
        hint: `Use the kubeconfig of the broker’s cluster: subctl forget ${clusterId} --context NAME --yes`,
      })
  }
  report(context, given, found)
  return undefined
}

const ANSWERS: Readonly<Record<Answer, string>> = {
  answers: 'it is alive: its gateway put its Cluster object on the broker right again',
  silent: 'no answer: no gateway of it looks after its objects on the broker',
  'cannot be asked': 'it cannot be asked: it has published no Cluster object',
}

async function allow(context: Context, given: Given, { clusterId, answer, seen }: Found): Promise<void> {
  if (answer === 'answers' && !given.on('force'))
    throw new UserError('SUB0808', `Cluster "${clusterId}" is alive (${seenLine(seen)})`, {
      hint: `Take it out in order: subctl uninstall --context CONTEXT. Or cut it off, with all its traffic to the others: subctl forget ${clusterId} --force`,
    })
  if (given.on('yes')) return
  if (context.ask === undefined) throw unconfirmed(clusterId)
  const what = answer === 'answers' ? 'cut it off, though it is alive' : 'forget it'
  const typed = await context.ask(`Type the name of the cluster, ${clusterId}, to ${what}: `, '--yes')
  if (typed.trim() !== clusterId)
    throw new UserError('SUB0803', `That is not "${clusterId}": nothing was changed`, {
      hint: 'Run the command again, or look at it with --plan first.',
    })
}

function report(context: Context, given: Given, { clusterId, member, seen, answer }: Found): void {
  const isPlan = given.on('plan')
  const objects = member.objects.map(titleOf)
  const shared = member.shared.map(titleOf)
  const lines = [
    `Cluster "${clusterId}" was ${seenLine(seen)}; ${ANSWERS[answer]}.`,
    ...objects.map((object) => `  - ${object}`),
    ...shared.map((object) => `  ~ ${object}: its part`),
    isPlan
      ? `Plan: ${objects.length} to remove. ${answer === 'cannot be asked' ? 'Nothing was changed.' : 'The question on its Cluster object is gone again; nothing else was changed.'}`
      : `Cluster "${clusterId}" is forgotten: ${objects.length} objects removed.`,
  ]
  print(context, given, lines, { kind: 'Forget', plan: isPlan, clusterId, answer, seen, objects, shared })
}
