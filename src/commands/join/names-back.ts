// Where the cluster's DNS could not be changed, the settings say again of names what they said before: both always fit each other.
import { type ApplyOptions, applyPlan } from '../../install/apply/apply.ts'
import { compare } from '../../install/apply/compare.ts'
import { DNS_WISHES, type JoinSettings } from '../../install/objects/settings.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import { DNS_WORKLOAD, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { parseZones } from '../../model/zones.ts'
import type { NamesRun } from '../names/set-up.ts'

type Former = Pick<JoinSettings, 'dns' | 'zones' | 'dnsServer'>

export interface NamesBack {
  /** What the settings said before this join; undefined where there were none. */
  readonly former: Former | undefined
  readonly wished: Former
  /** Objects that differ for it, as they were: the settings, and the pods of our DNS server where there were some. */
  readonly objects: readonly Resource[]
}

/** Asked before anything is written. `plan` makes the objects of a join out of settings. */
export async function planNamesBack(
  api: KubeApi,
  settings: JoinSettings,
  plan: (settings: JoinSettings) => readonly Resource[],
): Promise<NamesBack> {
  const former = await readFormer(api, settings.namespace)
  if (former === undefined || !settings.serviceDiscovery) return { former, wished: settings, objects: [] }
  const wished = new Set(plan(settings).map((object) => JSON.stringify(object)))
  const objects = plan({ ...settings, ...former }).filter((object) => !wished.has(JSON.stringify(object)))
  return { former, wished: settings, objects }
}

async function readFormer(api: KubeApi, namespace: string): Promise<Former | undefined> {
  const [map, server] = await Promise.all([
    api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace),
    api.get('Deployment', DNS_WORKLOAD, namespace),
  ])
  const dns = DNS_WISHES.find((wish) => wish === map?.data?.SUBMARINER_DNS)
  if (dns === undefined) return undefined
  try {
    return { dns, zones: parseZones(map?.data?.SUBMARINER_DNS_ZONES ?? ''), dnsServer: server !== undefined }
  } catch (error) {
    // Nobody could go by such settings before either.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** How long the way back may take, also where the join's own time is over or it was interrupted. */
const MOST_MS = 30_000

interface Saying extends Pick<ApplyOptions, 'clock'> {
  readonly say: (text: string) => void
}

/** Has the cluster's DNS changed, and says whether it is. Where that fails the settings are as before, and it throws; where it is left out with a note they stay. */
export async function applyOrBack(api: KubeApi, named: Pick<NamesRun, 'apply'>, back: NamesBack, saying: Saying): Promise<boolean> {
  try {
    const isDone = await named.apply()
    if (!isDone && back.objects.length > 0)
      saying.say(
        `note: the settings say ${flagsOf(back.wished)} all the same: run join again with that once the cluster’s DNS can be looked at`,
      )
    return isDone
  } catch (error) {
    await putNamesBack(api, back, saying)
    throw error
  }
}

/** Never throws: what made it necessary is to be told. Says what was put back, or what is left and the line that mends it. */
async function putNamesBack(api: KubeApi, { former, wished, objects }: NamesBack, { clock, say }: Saying): Promise<void> {
  if (former === undefined) return say(`note: the settings keep ${flagsOf(wished)}: names are answered once a join with that succeeds`)
  if (objects.length === 0) return
  try {
    const signal = new AbortController().signal
    const options = { clock, signal, deadline: clock.now() + MOST_MS, progress: () => undefined }
    await applyPlan(api, await compare(api, objects), options)
    say(`names: the settings say ${flagsOf(former)} again, as the cluster’s DNS does`)
    if (wished.dnsServer && !former.dnsServer) say(`note: nobody asks the pods of ${DNS_WORKLOAD} now; the next join takes them out`)
  } catch (error) {
    say(
      `! the settings say ${flagsOf(wished)}, and the cluster’s DNS goes by ${flagsOf(former)}: ${messageOf(error)}. Join again with ${flagsOf(former)}`,
    )
  }
}

/** As it is typed. */
const flagsOf = ({ dns, zones }: Former): string => [`--dns ${dns}`, ...zones.slice(1).map((zone) => `--zone ${zone}`)].join(' ')
