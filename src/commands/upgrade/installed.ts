// What a cluster runs now, and what keeps it from being upgraded.
import { releaseOf } from '../../install/objects/helm.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { DaemonSet, Gateway, Resource } from '../../model/resources.ts'

export interface Installed {
  readonly settings: Readonly<Record<string, string>>
  readonly daemonSets: readonly DaemonSet[]
  readonly gateways: readonly Gateway[]
  /** Versions that agents say they are of, such as `0.1.0+1a2b3c4`. */
  readonly versions: readonly string[]
  readonly image: string
}

const WORKLOADS = [GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD]

/** Reads it. Throws where there is nothing that join installed. */
export async function readInstalled(api: KubeApi): Promise<Installed> {
  const inside = { namespace: NAMESPACE }
  const map = await api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE)
  if (map === undefined)
    throw new UserError(
      'SUB0424',
      `This cluster (${api.server}) has no settings of a join: ConfigMap ${NAMESPACE}/${SETTINGS_CONFIGMAP} is not there`,
    )
  const sets = (await api.list('DaemonSet', inside)).items.filter(({ metadata }) => WORKLOADS.includes(metadata.name))
  checkHelm([map, ...sets])
  const image = sets.map(imageOf).find((name) => name !== undefined)
  if (image === undefined)
    throw new UserError('SUB0424', `This cluster (${api.server}) has joined, but runs no agents that join has installed`, {
      hint: 'Join it again: subctl join installs them with the settings given.',
    })
  const [gateways, agents] = await Promise.all([api.list('Gateway', inside), api.list('RouteAgent', inside)])
  const versions = [...gateways.items, ...agents.items].map(({ status }) => status?.version ?? '').filter((text) => text !== '')
  return { settings: map.data ?? {}, daemonSets: sets, gateways: gateways.items, versions: [...new Set(versions)].sort(), image }
}

const imageOf = (set: DaemonSet): string | undefined => set.spec?.template?.spec?.containers?.[0]?.image

function checkHelm(objects: readonly Resource[]): void {
  const release = objects.map(({ metadata }) => releaseOf(metadata)).find((name) => name !== undefined)
  if (release === undefined) return
  throw new UserError('SUB0423', 'These agents were installed by Helm', {
    hint: `Upgrade them with it: helm upgrade ${release} CHART --namespace ${NAMESPACE} --reset-then-reuse-values`,
  })
}

/** The version's numbers: `0.1.0` of `v0.1.0-rc1+1a2b3c4`. */
const numbersOf = (version: string): readonly number[] => (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number)

/** Whether the first version is older; builds of one version are equal, and what is no version is not older than anything. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(than)]
  const at = a.findIndex((part, i) => part !== b[i])
  return at >= 0 && b.length > 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** Throws where agents are newer than this program, unless that is wanted. */
export function checkVersions(versions: readonly string[], own: string, accepted: { readonly downgrade: boolean }): void {
  const newer = versions.find((version) => isOlder(own, version))
  if (newer === undefined || accepted.downgrade) return
  throw new UserError('SUB0425', `The agents are of version ${newer}, this subctl of ${own}`, { hint: 'On purpose: --allow-downgrade.' })
}

/** The image to go to: the one that is named, else the same repository with this version. Throws where the present one is named by its digest alone. */
export function imageFor(current: string, given: string | undefined, version: string): string {
  if (given !== undefined) return given
  const [, repository] = /^(.+?)(?::[\w][\w.-]*)?$/.exec(current.replace(/@.*$/, '')) ?? []
  if (repository === undefined || current.includes('@'))
    throw new UserError('SUB0102', `The agents run ${current}, which a digest names: say the new image by --image`, { exitCode: 64 })
  return `${repository}:${version.replace(/\+.*$/, '')}`
}
