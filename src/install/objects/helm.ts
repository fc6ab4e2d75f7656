// Objects that Helm has brought: the charts make the same as this program, and Helm puts its own name over one of our labels.
import type { Meta, Resource } from '../../model/resources.ts'

export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const RELEASE = 'meta.helm.sh/release-name'

/** The release that the object is of; undefined where Helm did not bring it. */
export function releaseOf({ labels = {}, annotations = {} }: Meta): string | undefined {
  return labels[MANAGED_BY] === 'Helm' ? annotations[RELEASE] : undefined
}

/** The object as it is to be applied over one that is there: who manages a release's object is not ours to say, since Helm refuses what is not under its name. */
export function beside<R extends Resource>(existing: Resource | undefined, object: R): R {
  if (existing === undefined || releaseOf(existing.metadata) === undefined) return object
  const { [MANAGED_BY]: _, ...labels } = object.metadata.labels ?? {}
  return { ...object, metadata: { ...object.metadata, labels } }
}
