// Whether all that an install brings into a cluster is there.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import type { Kind } from '../../model/kinds.ts'

export interface InstalledObject {
  readonly kind: Kind
  readonly name: string
  readonly namespace?: string | undefined
}
/** What an install with a cluster's settings consists of. */
export interface Installed {
  readonly objects: readonly InstalledObject[]
  /** The Helm release that brought it; undefined where Helm did not. */
  readonly release: string | undefined
}
export interface Gone {
  /** `ClusterRole submariner-route-agent`: those that are not there. */
  readonly missing: readonly string[]
  /** Those that may not be read: nothing is known of them. */
  readonly hidden: readonly string[]
}

export async function missingObjects(api: KubeApi, { objects }: Installed): Promise<Gone> {
  const found = await Promise.all(
    objects.map(async (object) => ({ title: `${object.kind} ${object.name}`, is: await stateOf(api, object) })),
  )
  const titles = (state: State): readonly string[] => found.flatMap(({ title, is }) => (is === state ? [title] : []))
  return { missing: titles('missing'), hidden: titles('hidden') }
}

type State = 'there' | 'missing' | 'hidden'
async function stateOf(api: KubeApi, { kind, name, namespace }: InstalledObject): Promise<State> {
  try {
    return (await api.get(kind, name, namespace)) === undefined ? 'missing' : 'there'
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return 'hidden'
    // A kind that is not served has no objects.
    if (error instanceof ApiError && error.code === 404) return 'missing'
    throw error
  }
}
