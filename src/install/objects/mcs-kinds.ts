// The kinds of the Multi-Cluster Services API where another program has brought them: used as they are, never changed, never marked as ours.
import { parseJson } from '../../k8s/answers.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import type { Resource } from '../../model/resources.ts'
import { isMarked } from '../remove/mark.ts'
import { at, listAt, textAt } from '../tree.ts'
import { mcsCrds } from './manifests.ts'

/** v1beta1 is what our agents use; upstream's, and CoreDNS's option `multicluster`, know v1alpha1 alone. */
const WANTED = ['v1beta1', 'v1alpha1'] as const

/** A CRD that is another program's, and what it lacks. */
export interface ForeignKind {
  readonly name: string
  readonly served: readonly string[]
  readonly missing: readonly string[]
}

/** The CRDs of these names that are there and not ours. */
export async function foreignKinds(api: KubeApi, crds: readonly Resource[]): Promise<readonly ForeignKind[]> {
  const found = await Promise.all(
    crds.map(async ({ metadata: { name } }): Promise<ForeignKind | undefined> => {
      const there = await api.get('CustomResourceDefinition', name)
      if (there === undefined || isMarked(there.metadata)) return undefined
      const versions = listAt(there, 'spec', 'versions').filter((version) => at(version, 'served') === true)
      const served = versions.flatMap((version) => textAt(version, 'name') ?? [])
      return { name, served, missing: WANTED.filter((version) => !served.includes(version)) }
    }),
  )
  return found.filter((kind) => kind !== undefined)
}

/** Names of the MCS CRDs that a member leaves to their owner. Throws where one of them does not do. */
export async function adoptedKinds(api: KubeApi): Promise<readonly string[]> {
  const foreign = await foreignKinds(api, mcsCrds())
  const lacking = foreign.filter(({ missing }) => missing.length > 0)
  if (lacking.length > 0) throw new UserError('SUB0430', `Services across clusters cannot be had here: ${lacking.map(lackText).join('; ')}`)
  return foreign.map(({ name }) => name)
}

/** Whether the object is a CRD of one of these names. */
export const isAdopted = ({ kind, metadata }: Resource, names: readonly string[]): boolean =>
  kind === 'CustomResourceDefinition' && names.includes(metadata.name)

export const lackText = ({ name, served, missing }: ForeignKind): string =>
  `the CRD ${name} is another program’s and serves ${served.join(' and ') || 'nothing'}, not ${missing.join(' and ')}`

/** Whether the server knows the kinds in the version that our agents use. */
export async function servesServices(api: KubeApi): Promise<boolean> {
  try {
    return listAt(parseJson(await api.raw('/apis/multicluster.x-k8s.io/v1beta1')), 'resources').some(
      (resource) => textAt(resource, 'name') === 'serviceimports',
    )
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return false
    throw error
  }
}
