import type { KubeApi } from '../../k8s/api.ts'
import { EXIT, UserError } from '../../model/errors.ts'
import type { Given } from '../cli/given.ts'
import { usage } from '../cli/given.ts'
import type { Context } from '../context.ts'

/** One cluster that the user asked about. */
export interface Subject {
  /** The kubeconfig's context, or `current`. */
  readonly name: string
  readonly api: KubeApi
}

/** The clusters of --contexts, or that of --context or the current one. */
export async function subjects(context: Context, given: Given): Promise<readonly Subject[]> {
  const kubeconfig = given.text('kubeconfig')
  const several = given.text('contexts')
  if (several !== undefined && given.text('context') !== undefined)
    throw usage('--context and --contexts are both given; --contexts alone is enough', 'contexts')
  const names = several?.split(',').map((name) => name.trim()) ?? [given.text('context')]
  if (names.includes('')) throw usage('--contexts has an empty name', 'contexts')
  if (new Set(names).size < names.length) throw usage('--contexts names a context twice', 'contexts')
  return Promise.all(
    names.map(async (name) => ({
      name: name ?? 'current',
      api: await context.kube({ ...(kubeconfig !== undefined && { kubeconfig }), ...(name !== undefined && { context: name }) }),
    })),
  )
}

/** `flag` names the namespace of the agents. */
export const notJoined = ({ name, api }: Subject, namespace: string, flag = '-n'): UserError =>
  new UserError(
    'SUB0602',
    `The cluster of context "${name}" (${api.server}) has not joined a clusterset: namespace "${namespace}" has no settings of ours.`,
    {
      hint: `Join it with \`subctl join broker-info.subm --cluster-id NAME\`, or name the namespace with ${flag}.`,
      exitCode: EXIT.failed,
    },
  )
