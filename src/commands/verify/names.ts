import type { NamesSetup } from '../../checks/services/names-setup.ts'
import type { CheckContext } from '../../checks/subject.ts'
import { planNames } from '../names/set-up.ts'
import { settingsFrom } from '../upgrade/settings.ts'

/** Who answers names of the clusterset, and what a join with the settings of this cluster would change in its DNS. */
export async function namesSetup({ api, look }: Pick<CheckContext, 'api' | 'look'>): Promise<NamesSetup> {
  const { settings } = await look()
  const { mode, why, lines, notes } = await planNames(api, settingsFrom(settings))
  return { mode, why, changes: lines, notes }
}
