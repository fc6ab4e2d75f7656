// Whose an export is: what a program keeps as it wants it is not changed behind its back.
import { MANAGED_BY, releaseOf } from '../../install/objects/helm.ts'
import { textAt } from '../../install/tree.ts'
import type { Meta } from '../../model/resources.ts'

/** Marks that GitOps programs put on what they look after. */
const MARKS: readonly (readonly [key: string, program: string])[] = [
  ['argocd.argoproj.io/tracking-id', 'Argo CD'],
  ['argocd.argoproj.io/instance', 'Argo CD'],
  ['kustomize.toolkit.fluxcd.io/name', 'Flux'],
  ['helm.toolkit.fluxcd.io/name', 'Flux'],
]
/** What people type. */
const BY_HAND = ['subctl', 'kubectl']

/** The program that looks after the object, as it says itself; undefined where nothing says so, as of one that kubectl has made. */
export function ownerOf({ labels = {}, annotations = {}, ownerReferences = [] }: Meta): string | undefined {
  const [owner] = ownerReferences
  if (owner !== undefined) return `${textAt(owner, 'kind') ?? 'an object'} ${textAt(owner, 'name') ?? ''}`.trim()
  const program = MARKS.find(([key]) => labels[key] !== undefined || annotations[key] !== undefined)?.[1]
  if (program !== undefined) return program
  const release = releaseOf({ name: '', labels, annotations })
  if (release !== undefined) return `the Helm release ${release}`
  const manager = labels[MANAGED_BY]
  return manager === undefined || BY_HAND.includes(manager) ? undefined : manager
}
