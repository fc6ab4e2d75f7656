// The packaged binary, and the user's way with it: a broker, then a join for each cluster.
import { join } from 'node:path'
import { ExecError, type ExecResult, exec } from '../../src/system/exec.ts'
import { brokerFile, brokerName, kubeconfigOf } from './access.ts'
import type { ClusterLayout, HostLayout } from './layout.ts'
import type { Site } from './sites.ts'

export const SUBCTL = join(import.meta.dirname, '..', '..', 'dist', 'subctl')

export interface SubctlOptions {
  readonly okCodes?: readonly number[]
  readonly timeoutMs?: number
}

/** Runs subctl as a user on the machine would, with the kubeconfig of a lab or a bed. A failure says all that it has printed. */
export async function subctl(
  site: Site,
  args: readonly string[],
  { okCodes = [0], timeoutMs = 180_000 }: SubctlOptions = {},
): Promise<ExecResult> {
  try {
    return await exec([SUBCTL, ...args], { okCodes, timeoutMs, env: { KUBECONFIG: kubeconfigOf(site), HOME: site.folder } })
  } catch (error) {
    if (error instanceof ExecError) error.message += `\n${lastLines(error.result.stderr)}${lastLines(error.result.stdout)}`
    throw error
  }
}
const MOST_SHOWN = 4_000
const lastLines = (text: string): string => (text.trim() === '' ? '' : `${text.trimEnd().slice(-MOST_SHOWN)}\n`)

/** Makes a cluster the broker. A central one has written its file by itself. */
export async function deployBroker(site: Site): Promise<void> {
  if (site.layout.options.broker === 'cluster') await subctl(site, deployArgs(site))
}
export const deployArgs = (site: Site): readonly string[] => [
  ...['deploy-broker', '--context', brokerName(site), '--file', brokerFile(site), '--yes'],
]

/** What a user types to have a cluster join with all its gateways; it finds the networks by itself. */
export const joinArgs = (site: Site, { name, nodes, isNatted }: ClusterLayout<HostLayout>): readonly string[] => [
  ...['join', brokerFile(site), '--cluster-id', name, '--context', name, '--yes'],
  // There is no world outside to be asked for a public address: behind NAT each gateway's Node says it.
  ...['--air-gapped', '--natt', String(isNatted)],
  ...nodes.filter(({ role }) => role === 'gateway').flatMap((node) => ['--gateway', node.name]),
]

/** Joins a cluster of a lab. `more` are flags. A lab has no kubelets: it starts the agents itself. */
export async function joinCluster(lab: Site, cluster: ClusterLayout<HostLayout>, more: readonly string[] = []): Promise<void> {
  await subctl(lab, [...joinArgs(lab, cluster), '--workloads', 'false', ...more])
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
  lab: Site,
  contexts: readonly string[],
): Promise<{ readonly code: number; readonly failed: readonly FailedCheck[] }> {
  const { code, stdout } = await subctl(lab, ['verify', '--contexts', contexts.join(), '-o', 'json'], { okCodes: [0, 2, 75] })
  const { clusters } = JSON.parse(stdout) as Report
  const failed = clusters.flatMap(({ context, checks }) =>
    checks.filter(({ result }) => result === 'failed').map(({ id, reason = '' }) => ({ context, id, reason })),
  )
  return { code, failed }
}
