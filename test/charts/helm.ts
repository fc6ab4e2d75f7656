// The real Helm, and what it makes of the charts.
import { join } from 'node:path'
import { describe } from '@jest/globals'
import { parseObjects } from '../../src/k8s/yaml.ts'
import type { Resource } from '../../src/model/resources.ts'
import { type ExecResult, exec } from '../../src/system/exec.ts'
import { isProgram, kubeProgram } from '../cluster/control-plane.ts'

const ROOT = join(import.meta.dirname, '..', '..')
export type Chart = 'submariner' | 'submariner-k8s-broker'
export const chartFolder = (chart: Chart): string => join(ROOT, 'manifests', 'charts', chart)

/** Why there is no Helm here; undefined where there is. */
export const helmMissing = (): string | undefined =>
  isProgram(kubeProgram('helm')) ? undefined : 'no helm: run scripts/kube-build helm (needs Go)'

/** `describe`, or where there is no Helm one that skips and says why. */
export function describeHelm(title: string, tests: () => void): void {
  const why = helmMissing()
  if (why === undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: ${why})`, tests)
}

export interface HelmOptions {
  readonly okCodes?: readonly number[]
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export const helm = (args: readonly string[], { env = {}, ...options }: HelmOptions = {}): Promise<ExecResult> =>
  exec([kubeProgram('helm'), ...args], { timeoutMs: 300_000, env: { ...env, HOME: '/nonexistent' }, ...options })

/** The objects of `helm template`. Values go through stdin as JSON, which is YAML. */
export async function templated(chart: Chart, values: object, flags: readonly string[] = []): Promise<readonly Resource[]> {
  const { stdout } = await helm(['template', 'release', chartFolder(chart), '--values', '-', ...flags], { input: JSON.stringify(values) })
  return parseObjects(stdout)
}

/** What Helm refuses the values with. */
export async function refusal(chart: Chart, values: object): Promise<string> {
  const { stderr } = await helm(['template', 'release', chartFolder(chart), '--values', '-'], {
    input: JSON.stringify(values),
    okCodes: [1],
  })
  return stderr
}

/** By kind and name; without the annotation by which Helm lets an object outlive its release. */
export function byName(objects: readonly Resource[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    objects.map((object) => [`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, withoutPolicy(object)]),
  )
}

function withoutPolicy(object: Resource): unknown {
  const { 'helm.sh/resource-policy': _, ...annotations } = object.metadata.annotations ?? {}
  const { annotations: __, ...metadata } = object.metadata
  return { ...object, metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata }
}
