import type { NamesSetup } from '../../checks/services/names-setup.ts'
import type { CheckContext } from '../../checks/subject.ts'
import { releaseOf } from '../../install/objects/helm.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { SETTINGS_CONFIGMAP } from '../../model/names.ts'
import { printable } from '../look/tables.ts'
import { planNames } from '../names/set-up.ts'
import { settingsFrom } from '../upgrade/settings.ts'

/** Who answers names of the clusterset, and what a join with the settings of this cluster would change in its DNS. */
export async function namesSetup({ api, look, namespace }: Pick<CheckContext, 'api' | 'look' | 'namespace'>): Promise<NamesSetup> {
  const [{ settings: data }, map] = await Promise.all([look(), api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace)])
  const settings = settingsFrom(data)
  const { mode, why, lines, notes } = await planNames(api, settings)
  const release = map && releaseOf(map.metadata)
  const ofHelm = release && `Helm (release ${release}) leaves the cluster’s DNS alone`
  if (mode === 'none' && settings.serviceDiscovery)
    return { mode, why, changes: await wouldChange(api, settings), notes, byHand: ofHelm ?? 'it was joined with --dns none' }
  // Its values decide which pods there are, before anybody has seen the cluster's DNS.
  if (ofHelm !== undefined && mode === 'own' && settings.dns !== 'own')
    return { mode: 'none', why, changes: [`first have the pods of \`subctl dns\`, ${OWN_FIRST}`], notes, byHand: ofHelm }
  const byHand = ofHelm === undefined ? {} : { byHand: ofHelm }
  return { mode, why, changes: lines.map(printable), notes, ...byHand }
}

const OWN_FIRST = 'since this cluster’s DNS cannot answer by itself: join with --dns own, or set dns.mode to own in the chart’s values'

/** What would be set up where it is left to a person; nothing where that cannot be told. */
async function wouldChange(api: KubeApi, settings: ReturnType<typeof settingsFrom>): Promise<readonly string[]> {
  try {
    const { mode, lines } = await planNames(api, { ...settings, dns: 'auto' })
    return mode === 'own' ? [`first have the pods of \`subctl dns\`, ${OWN_FIRST}`] : lines.map(printable)
  } catch (error) {
    if (error instanceof UserError) return []
    throw error
  }
}
