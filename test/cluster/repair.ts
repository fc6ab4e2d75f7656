// A bed whose clusters have joined is made whole again, whatever a test before has left, or a first go of the same one.
import { existsSync } from 'node:fs'
import type { ExecResult } from '../../src/system/exec.ts'
import { listDaemons } from '../lab/daemons.ts'
import { nodesOf } from '../lab/layout.ts'
import { boxFile } from '../lab/places.ts'
import { isRunning } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { type Bed, kubectl, startPlace, startPlaneAgain } from './bed.ts'
import { subctl } from './joined.ts'

/** Starts what is off or has ended, lets nodes have pods again, and waits until verify finds all in order. */
export async function repair(bed: Bed): Promise<void> {
  for (const { name } of bed.layout.clusters) await startPlaneAgain(bed, name)
  for (const { name } of nodesOf(bed.layout)) if (!existsSync(boxFile(bed, name))) await startPlace(bed, name)
  for (const { key, spec, process } of await listDaemons(bed))
    if (!isRunning(process)) await startPlace(bed, spec.place, key.slice(spec.place.length + 1))
  for (const { name, nodes } of bed.layout.clusters) {
    await kubectl(bed, ['--context', name, 'uncordon', ...nodes.map((node) => node.name)])
    await kubectl(bed, ['--context', name, 'wait', 'node', '--all', '--for=condition=Ready', '--timeout=120s'])
  }
  await untilVerified(bed)
}

/** Waits until verify finds all in order, without pods. Fails with what it says last. */
export async function untilVerified(bed: Bed, limitMs = 240_000): Promise<void> {
  let last: ExecResult | undefined
  const isWell = async (): Promise<boolean> => {
    last = await verify(bed, '--pods false')
    return last.code === 0
  }
  await until('verify finds all in order', isWell, limitMs).catch((error: Error) => {
    throw new Error(`${error.message}\n${last?.stderr ?? ''}${last?.stdout ?? ''}`)
  })
}

/** verify over all clusters of the bed. */
export const verify = (bed: Bed, flags = ''): Promise<ExecResult> =>
  subctl(bed, `verify --contexts ${bed.layout.clusters.map(({ name }) => name).join()} ${flags}`.trim(), { okCodes: [0, 2, 75] })
