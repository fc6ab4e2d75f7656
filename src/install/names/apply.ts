// Carries out a plan of names: rights, then the DNS itself, then a look from a pod; and the way back where that look is bad.
import { ApiError, ConflictError, type KubeApi } from '../../k8s/api.ts'
import { put } from '../../k8s/put.ts'
import { EXIT, messageOf, UserError } from '../../model/errors.ts'
import type { NameResult } from '../../model/nettest-name.ts'
import type { Resource } from '../../model/resources.ts'
import type { Limit } from '../apply/apply.ts'
import { at } from '../tree.ts'
import { type Judgement, judge, questionsOf } from './answers.ts'
import { type Edit, editTitle, undo } from './edit.ts'
import { kickDns } from './kick.ts'
import type { NamesPlan } from './plan.ts'
import { accessReview, MULTICLUSTER_ROLE, VERBS } from './rights.ts'

/** Looks names up as a pod of the cluster does; text: why it could not. */
export type Ask = (names: readonly string[], signal: AbortSignal) => Promise<readonly NameResult[] | string>

export interface NamesOptions extends Limit {
  readonly ask: Ask
  /** How the names were answered when the way there began; asked now where it is not given, or says nothing good. */
  readonly before?: ReturnType<Ask> | undefined
  readonly progress: (text: string) => void
}

/** A kubelet brings a changed ConfigMap within a minute and a half, and CoreDNS looks every 30 to 45 s. */
const MOST_MS = 180_000
/** A server that is just reloading may miss a question. */
const BAD_LOOKS = 2
const PAUSE_MS = 1_000
const TELL_MS = 15_000
const RIGHT_MS = 20_000
/** Where the zones were answered before, in another way, an answer says nothing of the change: it is looked at for as long as it may take to be read. */
const REREAD_MS = 60_000

/** Throws a UserError after it has put everything back, where the change does no good. Says whether anything was changed. */
export async function applyNames(api: KubeApi, plan: NamesPlan, options: NamesOptions): Promise<boolean> {
  if (plan.mode === 'none') return takeAway(api, plan, options)
  const given = await giveRights(api, plan, options)
  if (plan.edits.length === 0) return given
  const wasServed = await checkBefore(plan, options)
  const made: Edit[] = []
  try {
    for (const edit of plan.edits) {
      await makeEdit(api, edit)
      made.push(edit)
      options.progress(`changed ${editTitle(edit)}`)
    }
    await kickDns(api)
    await untilServed(plan, { ...options, leastMs: wasServed ? REREAD_MS : 0 })
  } catch (error) {
    await putBack(api, made, options)
    if (given) await dropRights(api, { rights: [] }).catch(() => undefined)
    throw error
  }
  await dropRights(api, plan)
  return true
}

async function takeAway(api: KubeApi, plan: NamesPlan, options: NamesOptions): Promise<boolean> {
  for (const edit of plan.edits) {
    await makeEdit(api, edit)
    options.progress(`changed ${editTitle(edit)} back`)
  }
  await dropRights(api, plan)
  return plan.edits.length > 0
}

async function giveRights(api: KubeApi, { rights, account }: NamesPlan, options: NamesOptions): Promise<boolean> {
  const written = []
  for (const object of rights) written.push(await put(api, object))
  if (account === undefined) return false
  const until = Math.min(options.deadline, options.clock.now() + RIGHT_MS)
  for (;;) {
    const denied = await deniedOf(api, account)
    if (denied === undefined) break
    if (options.clock.now() >= until)
      throw new UserError(
        'SUB1004',
        `The cluster’s DNS was not changed: its account ${account.namespace}/${account.name} may not read ServiceImports: ${denied}`,
      )
    await options.clock.sleep(500, options.signal)
    options.signal.throwIfAborted()
  }
  return written.some((one) => one !== 'same')
}

/** Why the account may not do it; undefined where it may, or where one may not ask. */
async function deniedOf(api: KubeApi, account: NonNullable<NamesPlan['account']>): Promise<string | undefined> {
  for (const verb of VERBS) {
    const answer = await api.create(accessReview(account, verb)).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 403) return undefined
      throw error
    })
    if (answer !== undefined && at(answer, 'status', 'allowed') !== true)
      return String(at(answer, 'status', 'reason') || `no role lets it ${verb} them`)
  }
  return undefined
}

/** A role that an earlier join has bound is of no use where our own server answers. */
export async function dropRights(api: KubeApi, { rights }: Pick<NamesPlan, 'rights'>): Promise<void> {
  if (rights.length > 0) return
  await api.remove('ClusterRoleBinding', MULTICLUSTER_ROLE)
  await api.remove('ClusterRole', MULTICLUSTER_ROLE)
}

/** Whether the zones are answered already. Throws where the answers could not be looked at later, or are bad as they are. */
async function checkBefore({ zones, domain }: NamesPlan, { ask, before, signal }: NamesOptions): Promise<boolean> {
  const judged = (results: readonly NameResult[] | string): Judgement | undefined =>
    typeof results === 'string' ? undefined : judge(results, zones, domain)
  const early = before && judged(await before)
  if (early?.isClusterUp === true) return early.isServed
  const results = await ask(questionsOf(zones, domain), signal)
  const seen = judged(results)
  if (seen?.isClusterUp === true) return seen.isServed
  const why =
    seen === undefined ? `no pod can look names up: ${results}` : `it does not answer the cluster’s own names as it is (${seen.text})`
  throw new UserError('SUB1005', `The cluster’s DNS was not changed: ${why}`, {
    hint: 'Mend that and run join again, or join with --dns none.',
  })
}

/** Writes one change, if what it changes is as it was read. */
export async function makeEdit(api: KubeApi, edit: Edit): Promise<void> {
  const { kind, name, namespace, path, before, after, object } = edit
  const annotations = Object.fromEntries(Object.entries(edit.annotations ?? {}).map(([key, [, to]]) => [key, to]))
  const there = await api.get(kind, name, namespace)
  const metadata = { name, ...(namespace !== undefined && { namespace }) }
  if (there === undefined && object === 'create') {
    const marks = Object.fromEntries(Object.entries(annotations).filter((one): one is [string, string] => one[1] !== null))
    const made: Resource = { ...{ [path[0]]: { [path[1]]: after } }, apiVersion: 'v1', kind, metadata: { ...metadata, annotations: marks } }
    await api.create(made)
    return
  }
  if (there === undefined && object === 'remove') return
  if (JSON.stringify(at(there, ...path)) !== JSON.stringify(before))
    throw new ConflictError(409, 'Conflict', `${editTitle(edit)} was changed by somebody else meanwhile: run the command again`)
  const { uid, resourceVersion } = there?.metadata ?? {}
  if (object === 'remove') await api.remove(kind, name, namespace, { ...(uid !== undefined && { uid }) })
  else
    await api.patch(kind, name, namespace, {
      metadata: { resourceVersion, ...(Object.keys(annotations).length > 0 && { annotations }) },
      [path[0]]: { [path[1]]: after ?? null },
    })
}

/** Looks until all is answered. Throws where the cluster's own names are not, or time runs out. */
async function untilServed(plan: NamesPlan, options: NamesOptions & { readonly leastMs: number }): Promise<void> {
  const { ask, clock, signal, progress, leastMs } = options
  const began = clock.now()
  const until = Math.min(began + MOST_MS, options.deadline)
  let [bad, told, last] = [0, began, 'nothing was looked up']
  while (clock.now() < until) {
    const results = await ask(questionsOf(plan.zones, plan.domain), signal)
    signal.throwIfAborted()
    if (typeof results === 'string') last = results
    else {
      const { isClusterUp, isServed, text } = judge(results, plan.zones, plan.domain)
      last = text
      if (isClusterUp && isServed && clock.now() - began >= leastMs)
        return progress(`${plan.zones.join(', ')} answered, after ${seconds(clock.now() - began)}`)
      bad = isClusterUp ? 0 : bad + 1
      if (bad >= BAD_LOOKS)
        throw new UserError(
          'SUB1006',
          `The cluster’s own names were no longer answered after the change for ${plan.zones.join(', ')} (${text}): it was taken back`,
          { hint: hintOf(plan) },
        )
    }
    if (clock.now() - told >= TELL_MS) {
      told = clock.now()
      progress(`waiting for the cluster’s DNS to read the change, ${seconds(clock.now() - began)}: ${last}`)
    }
    await clock.sleep(PAUSE_MS, signal)
  }
  throw new UserError(
    'SUB1007',
    `The cluster’s DNS ${leastMs > 0 ? 'had not read the change for' : 'did not answer'} ${plan.zones.join(', ')} within ${seconds(clock.now() - began)} (${last}): the change was taken back`,
    { exitCode: EXIT.timedOut, hint: until < began + MOST_MS ? MORE_TIME : hintOf(plan) },
  )
}

const MORE_TIME = `Run the command again with a longer --timeout: a change of the cluster’s DNS is read within a minute or two.`

/** Another way than the one that failed. */
function hintOf({ mode }: NamesPlan): string {
  const log = 'Look into the log of the DNS pods (kubectl logs --namespace kube-system --selector k8s-app=kube-dns)'
  return mode === 'own'
    ? `${log}, and of the pods of submariner-dns; then run join again. Until then: --dns none, or the --dns and --zone of before.`
    : `${log}; then run join again. Until then: --dns own, or --dns none.`
}
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

/** Exactly what was there before, in the opposite order. What cannot be put back is said with the object's name. */
async function putBack(api: KubeApi, made: readonly Edit[], { progress }: NamesOptions): Promise<void> {
  for (const edit of made.toReversed()) {
    try {
      await makeEdit(api, undo(edit))
      progress(`took the change of ${editTitle(edit)} back`)
    } catch (error) {
      progress(`! ${editTitle(edit)} could not be put back: ${messageOf(error)}. Run subctl uninstall, or remove our part by hand`)
    }
  }
  if (made.length > 0) await kickDns(api)
}
