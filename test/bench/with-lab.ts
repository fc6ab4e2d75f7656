// A lab for as long as something is measured in it.
import { exec } from '../../src/system/exec.ts'
import { downLab, type UpOptions, upBare, upLab } from '../lab/lab.ts'
import type { LabOptions } from '../lab/layout.ts'
import type { Lab } from '../lab/state.ts'
import type { BenchOptions } from './bench.ts'
import { withSite } from './open-sites.ts'

/** Brings a lab up, works in it and takes it down again. Nothing passes between its clusters in the clear, so what is answered came through a tunnel. */
export async function withLab<T>({ say }: BenchOptions, options: UpOptions, work: (lab: Lab) => Promise<T>): Promise<T> {
  say('a lab comes up')
  const up = (signal: AbortSignal): Promise<Lab> => upLab({ name: 'bench', ...options, signal })
  return withSite({ up, down: downLab }, async (lab) => {
    await closeClear(lab)
    return work(lab)
  })
}

/** A lab's routers know the way to each other's pods, to show leaks; here they forget it. */
async function closeClear(lab: Lab): Promise<void> {
  for (const { name, router } of lab.layout.clusters) {
    const others = lab.layout.clusters.filter((other) => other.name !== name)
    const lines = others.flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr].map((cidr) => `route replace blackhole ${cidr}`))
    await exec(['ip', '-n', router.ns, '-batch', '-'], { input: `${lines.join('\n')}\n` })
  }
}

/** The same without APIs and agents: the network alone, with nothing in the clear either. */
export async function withBareLab<T>(options: Partial<LabOptions>, work: (lab: Lab) => Promise<T>): Promise<T> {
  return withSite({ up: () => upBare({ name: 'bench-bare', ...options }), down: downLab }, async (lab) => {
    await closeClear(lab)
    return work(lab)
  })
}
