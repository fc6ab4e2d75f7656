// What a join looks at last: what others have done meanwhile, and what an uninstall that broke off has left.
import { environmentOf, type JoinSettings } from '../../install/objects/settings.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { SETTINGS_CONFIGMAP } from '../../model/names.ts'
import { TEMPLATE_CONFIGMAP } from '../uninstall/record.ts'

/** Throws where the cluster has other settings by now: of two joins at once the later one's count, and the earlier must not say that its own do. */
export async function checkStillOurs(api: KubeApi, settings: JoinSettings): Promise<void> {
  const data = (await api.get('ConfigMap', SETTINGS_CONFIGMAP, settings.namespace))?.data ?? {}
  const others = Object.entries(environmentOf(settings)).filter(([key, value]) => data[key] !== value)
  if (others.length === 0) return
  const named = others.map(([key, value]) => `${key} is "${data[key] ?? ''}", not "${value}"`).join('; ')
  throw new UserError('SUB0434', `Somebody else has changed the settings of this cluster meanwhile: ${named}`)
}

/** The agents are there again: what an uninstall wrote down to go on is of no use any more. */
export async function forgetUninstall(api: KubeApi, namespace: string, say: (text: string) => void): Promise<void> {
  if ((await api.get('ConfigMap', TEMPLATE_CONFIGMAP, namespace)) === undefined) return
  if (await api.remove('ConfigMap', TEMPLATE_CONFIGMAP, namespace))
    say(`removed ConfigMap ${namespace}/${TEMPLATE_CONFIGMAP}, of an uninstall that broke off`)
}
