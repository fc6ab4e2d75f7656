export interface Weighted {
  readonly cluster: string
  readonly weight: number
}

/** A longer round is cut: its shares are as good as right by then. */
const MOST_TURNS = 256

/** One whole round of smooth weighted round robin: each cluster as often as its weight has it, spread as evenly as can be. Clusters without weight are left out. */
export function rotationOf(all: readonly Weighted[]): readonly string[] {
  const part = all.map(({ weight }) => weight).reduce(divisor, 0)
  const turning = all.filter(({ weight }) => weight > 0).map(({ cluster, weight }) => ({ cluster, weight: weight / part, now: 0 }))
  const total = turning.reduce((sum, { weight }) => sum + weight, 0)
  return Array.from({ length: Math.min(total, MOST_TURNS) }, () => {
    for (const each of turning) each.now += each.weight
    const next = turning.reduce((best, each) => (each.now > best.now ? each : best))
    next.now -= total
    return next.cluster
  })
}

/** The greatest common one. */
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
