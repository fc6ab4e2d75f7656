// Which services take no part in a cluster, by the settings that its agents have.
import { type Guard, refusalOf } from '../../discovery/service/guard.ts'

type Settings = Readonly<Record<string, string>>

/** As the agent reads it from the ConfigMap of its settings; `own` is its namespace. */
export function guardOf(settings: Settings, own: string): Guard {
  const broker = settings.BROKER_K8S_REMOTENAMESPACE
  const allowed = (settings.SUBMARINER_ALLOWEDNAMESPACES ?? '').split(',').map((name) => name.trim())
  return { allowed: new Set(allowed), own, ...(broker !== undefined && { broker }) }
}

/** Why nothing of a namespace is imported, for people; undefined where it may be. */
export const keptOut = (guard: Guard, namespace: string): string | undefined =>
  refusalOf(guard, { namespace, name: '' }) && `${namespace} is not allowed by name here: join --allow-namespaces`
