// A lab for as long as something is measured in it.
import { downLab, type UpOptions, upBare, upLab } from '../lab/lab.ts'
import type { LabOptions } from '../lab/layout.ts'
import type { Lab } from '../lab/state.ts'
import type { BenchOptions } from './bench.ts'

const open = new Set<Lab>()

/** Ends every lab that is still up: for a run that is broken off. */
export async function endLabs(): Promise<void> {
  for (const lab of open) await downLab(lab)
}

async function using<T>(lab: Lab, work: (lab: Lab) => Promise<T>): Promise<T> {
  open.add(lab)
  try {
    return await work(lab)
  } finally {
    open.delete(lab)
    await downLab(lab)
  }
}

/** Brings a lab up, works in it and takes it down again. */
export async function withLab<T>({ say }: BenchOptions, options: UpOptions, work: (lab: Lab) => Promise<T>): Promise<T> {
  say('a lab comes up')
  return using(await upLab({ name: 'bench', ...options }), work)
}

/** The same without APIs and agents: the network alone. */
export async function withBareLab<T>(options: Partial<LabOptions>, work: (lab: Lab) => Promise<T>): Promise<T> {
  return using(await upBare({ name: 'bench-bare', ...options }), work)
}
