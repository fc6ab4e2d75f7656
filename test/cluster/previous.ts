// The build before this one: what an upgrade starts from.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ExecResult, exec } from '../../src/system/exec.ts'
import { kubeconfigOf } from '../lab/access.ts'
import type { ClusterLayout, HostLayout } from '../lab/layout.ts'
import { deployArgs, joinArgs } from '../lab/subctl.ts'
import type { Bed } from './bed.ts'

export interface Previous {
  /** Its binary. */
  readonly subctl: string
  /** The archive of its image. */
  readonly tar: string
  readonly image: string
}

/** It, made now where the cache does not have it; or why there is none. */
export function previousBuild(): Previous | string {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'image-previous')
  try {
    const folder = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 }).trim()
    return { subctl: join(folder, 'subctl'), tar: join(folder, 'image.tar'), image: readFileSync(join(folder, 'name'), 'utf8').trim() }
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 3 && 'stderr' in error) return String(error.stderr).trim()
    throw error
  }
}

/** The former subctl as a user types it. */
export const typeFormer = (bed: Bed, { subctl }: Previous, args: readonly string[]): Promise<ExecResult> =>
  exec([subctl, ...args], { timeoutMs: 600_000, env: { KUBECONFIG: kubeconfigOf(bed), HOME: bed.folder } })

/** Makes the broker and has every cluster join, with the former build on all sides. */
export async function joinAllFormer(bed: Bed, previous: Previous): Promise<void> {
  await typeFormer(bed, previous, deployArgs(bed))
  const joins = (cluster: ClusterLayout<HostLayout>) => [...joinArgs(bed, cluster), '--image', previous.image, '--wait', '--timeout', '4m']
  await Promise.all(bed.layout.clusters.map((cluster) => typeFormer(bed, previous, joins(cluster))))
}
