// The packaged binary, and the user's way with it: a broker, then a join for each cluster.
import { join } from 'node:path'
import { type ExecResult, exec } from '../../src/system/exec.ts'
import { brokerFile, brokerName, kubeconfigOf } from './access.ts'
import type { ClusterLayout } from './layout.ts'
import type { Lab } from './state.ts'

export const SUBCTL = join(import.meta.dirname, '..', '..', 'dist', 'subctl')

export interface SubctlOptions {
  readonly okCodes?: readonly number[]
  readonly timeoutMs?: number
}

/** Runs subctl as a user on the machine would, with the lab's kubeconfig. */
export const subctl = (
  lab: Lab,
  args: readonly string[],
  { okCodes = [0], timeoutMs = 180_000 }: SubctlOptions = {},
): Promise<ExecResult> => exec([SUBCTL, ...args], { okCodes, timeoutMs, env: { KUBECONFIG: kubeconfigOf(lab), HOME: lab.folder } })

/** Makes a cluster the broker. A central one has written its file by itself. */
export async function deployBroker(lab: Lab): Promise<void> {
  if (lab.layout.options.broker === 'cluster')
    await subctl(lab, ['deploy-broker', '--context', brokerName(lab), '--file', brokerFile(lab), '--yes'])
}

/** Joins a cluster; it finds the networks by itself. `more` are flags. */
export async function joinCluster(lab: Lab, { name, nodes, isNatted }: ClusterLayout, more: readonly string[] = []): Promise<void> {
  const gateways = nodes.filter(({ role }) => role === 'gateway').flatMap((node) => ['--gateway', node.name])
  // There is no world outside to be asked for a public address: behind NAT each gateway's Node says it.
  const nat = isNatted ? ['--natt', 'true'] : ['--natt', 'false']
  await subctl(lab, [
    'join',
    brokerFile(lab),
    '--cluster-id',
    name,
    '--context',
    name,
    '--yes',
    '--air-gapped',
    // A lab has no kubelets: it starts the agents itself.
    '--workloads',
    'false',
    ...gateways,
    ...nat,
    ...more,
  ])
}

export interface FailedCheck {
  readonly context: string
  readonly id: string
  readonly reason: string
}
interface Report {
  readonly clusters: readonly {
    readonly context: string
    readonly checks: readonly { readonly id: string; readonly result: string; readonly reason?: string }[]
  }[]
}

/** Runs verify over the contexts: its exit code, and the checks that failed. */
export async function verify(
  lab: Lab,
  contexts: readonly string[],
): Promise<{ readonly code: number; readonly failed: readonly FailedCheck[] }> {
  const { code, stdout } = await subctl(lab, ['verify', '--contexts', contexts.join(), '-o', 'json'], { okCodes: [0, 2, 75] })
  const { clusters } = JSON.parse(stdout) as Report
  const failed = clusters.flatMap(({ context, checks }) =>
    checks.filter(({ result }) => result === 'failed').map(({ id, reason = '' }) => ({ context, id, reason })),
  )
  return { code, failed }
}
