// Real clusters that join: the image, the broker, and the joins as a user types them. For tests: joined-harness.ts.
import { join } from 'node:path'
import type { ExecResult } from '../../src/system/exec.ts'
import type { ClusterLayout, HostLayout } from '../lab/layout.ts'
import { deployBroker, joinArgs, type SubctlOptions, subctl as subctlOf } from '../lab/subctl.ts'
import type { Bed } from './bed.ts'

/** What scripts/image makes. */
export const IMAGE = join(import.meta.dirname, '..', '..', 'dist', 'subctl-image-amd64.tar')

/** subctl as a user types it, with the kubeconfig of the bed; words may come as one line. */
export const subctl = (
  bed: Bed,
  args: string | readonly string[],
  { timeoutMs = 600_000, ...options }: SubctlOptions = {},
): Promise<ExecResult> => subctlOf(bed, typeof args === 'string' ? args.split(' ') : args, { timeoutMs, ...options })

/** Makes the broker and has every cluster join, each to its end. `flags` are more flags of every join. */
export async function joinAll(bed: Bed, flags: readonly string[] = []): Promise<void> {
  await deployBroker(bed)
  for (const cluster of bed.layout.clusters) await joinBed(bed, cluster, flags)
}

/** Has one cluster join; done when its gateways are up and connected to those that are there. */
export const joinBed = (bed: Bed, cluster: ClusterLayout<HostLayout>, flags: readonly string[] = []): Promise<ExecResult> =>
  subctl(bed, [...joinArgs(bed, cluster), '--wait', '--timeout', '4m', ...flags])
