// How names of the clusterset are answered in a cluster: join, verify and uninstall come here, and from here to the cluster's own DNS.
//
// Contract. planNames only reads. Its `mode` decides whether the pods of `subctl dns` are among the objects of the plan (JoinSettings.dnsServer), so it is asked
// before those are planned; `lines` stand under --plan. begin has a pod look at how names are answered before the change, beside all else; apply is called once all
// objects are in: kinds, rights and workloads of services, and the ConfigMap. It waits until names are answered, and takes back what it changed where the cluster's
// DNS gets worse; close always comes last. planUndo only reads too; its undo is called by uninstall, and by
// a join with --service-discovery false, while kinds, rights and our DNS server are there still. What undo cannot do it throws as a UserError: all else goes on.
import type { Limit } from '../../install/apply/apply.ts'
import { questionsOf } from '../../install/names/answers.ts'
import { applyNames, dropRights, makeEdit, type NamesOptions } from '../../install/names/apply.ts'
import { diffLines, type Edit, editTitle } from '../../install/names/edit.ts'
import { kickDns } from '../../install/names/kick.ts'
import { type NamesPlan as DnsPlan, planNames as planDns } from '../../install/names/plan.ts'
import { readBrokers, readDns } from '../../install/names/read.ts'
import { missingRights } from '../../install/names/rights.ts'
import { planTakeBack } from '../../install/names/take-back.ts'
import type { DnsWish, JoinSettings } from '../../install/objects/settings.ts'
import type { Image } from '../../install/objects/workloads.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { messageOf, UserError } from '../../model/errors.ts'
import { brokerNamespaces } from '../../model/mcs-place.ts'
import { DNS_WORKLOAD, NAMESPACE } from '../../model/names.ts'
import { openAsking } from './ask.ts'

export type NamesMode = Exclude<DnsWish, 'auto'>
export interface NamesProgress extends Limit {
  readonly say: (text: string) => void
}

export interface NamesPlan {
  readonly mode: NamesMode
  /** Why this one, for people. */
  readonly why: string
  /** What changes in the cluster's own DNS, as a difference; none where nothing does. */
  readonly lines: readonly string[]
  /** What a person has to do, or to know; told by join. */
  readonly notes: readonly string[]
  /** `image` is what the pods run that look; without it that of the agents there. */
  readonly begin: (api: KubeApi, progress: NamesProgress, image?: Image) => NamesRun
}
export interface NamesRun {
  /** Whether the cluster's DNS is as planned: with `auto` it may be left as it is, which has been said then. */
  readonly apply: () => Promise<boolean>
  readonly close: () => Promise<void>
}
export interface NamesUndo {
  /** What goes, or is put back; none where there is nothing. */
  readonly lines: readonly string[]
  readonly undo: (api: KubeApi, progress: NamesProgress) => Promise<void>
}

/** What of a join says how names are answered. */
export type NamesSettings = Pick<JoinSettings, 'dns' | 'zones' | 'serviceDiscovery' | 'broker'>

/** What the cluster's wish comes to. Throws a UserError where it cannot be had. */
export async function planNames(api: KubeApi, settings: NamesSettings): Promise<NamesPlan> {
  const wish = settings.serviceDiscovery ? settings.dns : 'none'
  const plan = await readPlan(api, wish, settings)
  const lines = [...(await missingRights(api, plan.rights)).map((title) => `+ ${title}`), ...plan.edits.flatMap(editLines)]
  const notes = settings.serviceDiscovery ? [...plan.hand, ...plan.notes] : []
  // What is left to a person changes nothing here; which server it is for still counts.
  const { mode } = plan
  const why = settings.serviceDiscovery ? plan.why : 'services are not exchanged'
  return { mode, why, lines, notes, begin: (at, progress, image) => beginWish(at, { wish, plan, settings }, { ...progress, image }) }
}

interface Wished {
  readonly wish: DnsWish
  readonly plan: DnsPlan
  readonly settings: NamesSettings
}
function beginWish(
  api: KubeApi,
  { wish, plan, settings }: Wished,
  progress: NamesProgress & { readonly image: Image | undefined },
): NamesRun {
  const { mode, edits, zones, domain } = plan
  const asking = openAsking(api, progress)
  const before = mode === 'none' || edits.length === 0 ? undefined : asking.ask(questionsOf(zones, domain), progress.signal)
  return { apply: () => applyWish(api, { wish, mode, settings, before, ask: asking.ask }, progress), close: asking.close }
}

async function readPlan(api: KubeApi, wish: DnsWish, { broker, zones }: NamesSettings): Promise<DnsPlan> {
  const [facts, service, here] = await Promise.all([readDns(api), api.get('Service', DNS_WORKLOAD, NAMESPACE), readBrokers(api, NAMESPACE)])
  const brokers = brokerNamespaces(broker.namespace, ...here)
  return planDns(facts, { wish, zones, server: service?.spec?.clusterIP, brokers })
}

/** `~ ConfigMap kube-system/coredns Corefile`, and the lines that come and go. */
const editLines = (edit: Edit): readonly string[] => {
  const mark = edit.object === 'create' ? '+' : edit.object === 'remove' ? '-' : '~'
  return [`${mark} ${editTitle(edit)} ${edit.path[1]}`, ...diffLines(edit).map((line) => `    ${line}`)]
}

interface Wish extends Pick<NamesOptions, 'ask' | 'before'> {
  readonly wish: DnsWish
  readonly mode: NamesMode
  readonly settings: NamesSettings
}
/** Where nobody asked for it by name, a DNS that no pod can look at is no reason for a join to fail. */
async function applyWish(api: KubeApi, wished: Wish, progress: NamesProgress): Promise<boolean> {
  const isAuto = wished.wish === 'auto'
  try {
    await applyPlan(api, { ...wished, ...(isAuto && { wish: wished.mode }) }, progress)
    return true
  } catch (error) {
    if (!isAuto || !(error instanceof UserError)) throw error
    if (error.id === 'SUB1002')
      throw new UserError(error.id, `What --dns auto had found is no longer so: ${error.message}`, {
        hint: 'Run the command again.',
        cause: error,
      })
    if (error.id !== 'SUB1005') throw error
    progress.say(`note: ${error.message} (${error.id})`)
    return false
  }
}

/** Planned anew: what our server's address is, and what others did meanwhile, is known only now. */
async function applyPlan(api: KubeApi, { wish, settings, ask, before }: Wish, { say, ...limit }: NamesProgress): Promise<void> {
  const plan = await readPlan(api, wish, settings)
  await applyNames(api, plan, { ...limit, progress: (text) => say(`names: ${text}`), ask, before })
}

/** What was set up in the cluster's own DNS. */
export async function planUndo(api: KubeApi): Promise<NamesUndo> {
  const { edits, hand } = planTakeBack(await readDns(api))
  return { lines: [...edits.flatMap(editLines), ...hand.map((what) => `! ${what}`)], undo: (at, progress) => undoNow(at, progress) }
}

async function undoNow(api: KubeApi, { say }: NamesProgress): Promise<void> {
  const { edits, hand } = planTakeBack(await readDns(api))
  const left = [...hand]
  for (const edit of edits) {
    try {
      await makeEdit(api, edit)
      say(`took our part out of ${editTitle(edit)}`)
    } catch (error) {
      left.push(`${editTitle(edit)}: ${messageOf(error)}`)
    }
  }
  if (edits.length > 0) await kickDns(api)
  await dropRights(api, { rights: [] })
  if (left.length > 0) throw new UserError('SUB1008', `Our part of the cluster’s DNS could not be taken out: ${left.join('; ')}`)
}
