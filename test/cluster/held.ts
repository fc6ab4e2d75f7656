// What nodes and APIs of a bed hold: what an uninstall must leave as it was before the first join.
import { expect } from '@jest/globals'
import { dumpApi } from '../../src/install/remove/prove-api.ts'
import { apiOf } from '../lab/access.ts'
import { type Dump, dump, dumpDiff } from '../lab/dump.ts'
import { clusterOf } from '../lab/layout.ts'
import { wait } from '../lab/until.ts'
import { type Bed, execOn } from './bed.ts'

export interface Held {
  readonly nodes: Readonly<Record<string, Dump>>
  readonly files: Readonly<Record<string, string>>
  readonly objects: Readonly<Record<string, readonly string[]>>
}
/** What these clusters hold now, but for what their own programs make anew all the time. */
export async function held(bed: Bed, clusters: readonly string[]): Promise<Held> {
  const names = clusters.flatMap((name) => clusterOf(bed.layout, name).nodes.map((node) => node.name))
  const nodes = await Promise.all(names.map(async (name) => [name, withoutCarrier(await dump(bed, name))] as const))
  const files = await Promise.all(names.map(async (name) => [name, runFiles((await execOn(bed, name, ['ls', '/run'])).stdout)] as const))
  const objects = await Promise.all(
    clusters.map(async (name) => {
      const { others } = await dumpApi(await apiOf(bed, name), () => false)
      return [
        name,
        [...others]
          .map(([key, digest]) => `${key} ${digest}`)
          .filter(isLasting)
          .sort(),
      ] as const
    }),
  )
  return { nodes: Object.fromEntries(nodes), files: Object.fromEntries(files), objects: Object.fromEntries(objects) }
}
/** A bridge of pods has a carrier while one is there, and for a moment after. */
const withoutCarrier = (sections: Dump): Dump =>
  Object.fromEntries(Object.entries(sections).map(([section, lines]) => [section, lines.map(carrierless)]))
const carrierless = (line: string): string =>
  / cni0:? /.test(line) ? line.replace(/NO-CARRIER,|,LOWER_UP| linkdown(?= )/g, '').replace(/ state \S+/, '') : line
/** Every iptables program of the node makes the lock, and keeps it. */
const runFiles = (list: string): string => list.replace('xtables.lock\n', '')
/** Pods of the cluster's own may be made anew meanwhile. */
const isLasting = (line: string): boolean =>
  !/^(Pod|EndpointSlice|Endpoints|ReplicaSet|ControllerRevision|Lease|CertificateSigningRequest) /.test(line)

/**
 * Throws where something is not as it was. The cluster's own programs may still be at work on what a node that was down, or an API, has missed: they get a
 * minute. Nothing of ours would go in it.
 */
export async function expectSame(bed: Bed, before: Held): Promise<void> {
  const end = Date.now() + 60_000
  for (;;) {
    const now = await held(bed, Object.keys(before.objects))
    try {
      for (const [name, was] of Object.entries(before.nodes)) expect([name, dumpDiff(was, now.nodes[name] ?? {})]).toEqual([name, []])
      expect(now.files).toEqual(before.files)
      expect(now.objects).toEqual(before.objects)
      return
    } catch (error) {
      if (Date.now() > end) throw error
      await wait(2_000)
    }
  }
}
